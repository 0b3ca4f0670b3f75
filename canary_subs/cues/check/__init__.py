"""Quality checks: rules that find what a person should look at, each with its limit.

Each rule is a function from a `CheckRequest` to findings that measures one thing, described by its
docstring. A rule that lacks what it needs (no audio, no original) finds nothing. Related rules form
a check, which is a provider of the hook ``canary_subs_checks``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from canary_subs.cues.check import screen, speech, translation, wording
from canary_subs.model import Finding
from canary_subs.plugin.hookspecs import Check, CheckRequest

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


def check(request: CheckRequest, checks: Iterable[Check]) -> tuple[Finding, ...]:
    """The findings of all ``checks``, in the order of the video.

    Raises `TypeError` for what is not a `Finding`, and `ValueError` for one about a cue that the
    track does not have.
    """
    found: list[Finding] = []
    for one in checks:
        for finding in one.check(request):
            if not isinstance(finding, Finding):
                raise TypeError(f"a check must give Findings, not {finding!r:.60}")
            if finding.cue is not None and not 0 <= finding.cue < len(request.cues):
                raise ValueError(f"{finding.rule}: there is no cue {finding.cue}")
            found.append(finding)
    return tuple(sorted(found, key=in_time))


def in_time(finding: Finding) -> tuple[int, int]:
    """The key that sorts findings in the order of the video."""
    return finding.start_ms, finding.end_ms
