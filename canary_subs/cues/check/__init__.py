"""Quality checks: rules that find what a person should look at, each with its limit.

Each rule is a function from a `CheckRequest` to findings that measures one thing, described by its
docstring. A rule that lacks what it needs (no audio, no original) finds nothing. Related rules form
a check, which is a provider of the hook ``canary_subs_checks``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from canary_subs.cues.check import screen, speech, translation, wording
from canary_subs.model import Finding
from canary_subs.plugin.hookspecs import CheckRequest

Rule = Callable[[CheckRequest], Iterator[Finding]]

#: Check -> its rules, by the names that their findings carry.
RULES: Mapping[str, Mapping[str, Rule]] = MappingProxyType(
    {
        "screen": {
            "empty": screen.empty,
            "backwards": screen.backwards,
            "order": screen.order,
            "overlap": screen.overlap,
            "beyond-end": screen.beyond_end,
            "lines": screen.lines,
            "line-width": screen.line_width,
            "reading-speed": screen.reading_speed,
            "flash": screen.flash,
            "too-short": screen.too_short,
            "too-long": screen.too_long,
            "gap": screen.gap,
        },
        "speech": {
            "unsubtitled": speech.unsubtitled,
            "no-speech": speech.no_speech,
            "sync": speech.out_of_sync,
        },
        "wording": {
            "repeated": wording.repeated,
            "language": wording.language,
            "low-confidence": wording.low_confidence,
        },
        "translation": {
            "untranslated": translation.untranslated,
            "numbers": translation.numbers,
        },
    }
)


class RuleCheck:
    """The built-in check of that name, as a `hookspecs.Check`."""

    def __init__(self, name: str) -> None:
        self._rules = RULES[name]

    def check(self, request: CheckRequest) -> Iterator[Finding]:
        for rule in self._rules.values():
            yield from rule(request)


def in_time(finding: Finding) -> tuple[int, int]:
    """The key that sorts findings in the order of the video."""
    return finding.start_ms, finding.end_ms
