"""The engine keeps the rules that plugin authors are held to, with the demonstration model."""

from __future__ import annotations

import canary_subs.canary
from canary_subs.testing import check_engine


def test_the_demonstration_model_keeps_the_rules_of_engines() -> None:
    (provider,) = canary_subs.canary.canary_subs_engines()
    check_engine(provider, model="demo")
