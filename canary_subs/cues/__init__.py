"""Cues: how words are laid on the screen, and by which rules."""

from __future__ import annotations

from collections.abc import Iterable

from canary_subs.model import Context
from canary_subs.plugin.hookspecs import Layout, NoOptions, Provider, hookimpl


def _balanced(options: NoOptions, context: Context) -> Layout:
    from canary_subs.cues.layout import Balanced

    return Balanced()


@hookimpl
def canary_subs_layouts() -> Iterable[Provider[Layout]]:
    return [
        Provider(
            name="balanced",
            summary="all breaks of a track chosen together, at the least cost to the reader",
            make=_balanced,
        )
    ]
