"""What all tests share."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from canary_subs import _process

# Read when torch is loaded, by whichever test comes first.
_process.prepare()

# A busy machine is no failure: tests are held to what they compute, not to how long it takes.
# A change is judged by what it changed: the same examples every time. `EXAMPLES=10000 make test`
# draws as many new ones.
settings.register_profile("house", deadline=None, derandomize="EXAMPLES" not in os.environ)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def every_record_is_caught(caplog: pytest.LogCaptureFixture) -> None:
    """NeMo's own `transcribe`, a rival in some tests, turns down whatever handlers there are."""
    caplog.handler.setLevel(0)
