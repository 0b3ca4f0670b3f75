"""Cues: words laid out on the screen by the rules of a profile, and checks of the result."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from canary_subs.model import Context
from canary_subs.plugin.hookspecs import Check, Layout, NoOptions, Provider, hookimpl

_CHECKS = {
    "screen": "order, duration, gaps, lines and reading speed of the cues",
    "speech": "cues against the audio: missing, invented, out of sync",
    "wording": "repeated text, the wrong language, words of low confidence",
    "translation": "untranslated text and other numbers than in the original",
}


def _balanced(options: NoOptions, context: Context) -> Layout:
    from canary_subs.cues.layout import Balanced

    return Balanced()


def _check(name: str, options: NoOptions, context: Context) -> Check:
    from canary_subs.cues.check import RuleCheck

    return RuleCheck(name)


@hookimpl
def canary_subs_layouts() -> Iterable[Provider[Layout]]:
    return [
        Provider(
            name="balanced",
            summary="all breaks of a track chosen together, at the least cost to the reader",
            make=_balanced,
        )
    ]


@hookimpl
def canary_subs_checks() -> Iterable[Provider[Check]]:
    return [
        Provider(name=name, summary=summary, make=partial(_check, name))
        for name, summary in _CHECKS.items()
    ]
