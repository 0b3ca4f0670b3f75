"""Is a track any good? Rules that find what a person should look at, each with its limit.

Each rule is a function from a `Material` to findings that measures one thing; its documentation is
what lists show. A rule that lacks what it needs (no sound, no source track) says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from canary_subs.cues.check import screen, sound, translation, wording
from canary_subs.cues.check.material import Material
from canary_subs.model import Cue, Finding, Profile, Span

Rule = Callable[[Material], Iterator[Finding]]

#: Every rule by the name that its findings carry.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
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
        "unsubtitled": sound.unsubtitled,
        "no-speech": sound.no_speech,
        "sync": sound.out_of_sync,
        "repeated": wording.repeated,
        "language": wording.language,
        "low-confidence": wording.low_confidence,
        "untranslated": translation.untranslated,
        "numbers": translation.numbers,
    }
)


def check(
    cues: Sequence[Cue],
    profile: Profile,
    *,
    language: str | None = None,
    frame_rate: Fraction | None = None,
    duration_ms: int | None = None,
    speech: Sequence[Span] | None = None,
    source: Sequence[Cue] | None = None,
) -> tuple[Finding, ...]:
    """Everything in a track that a person should look at, in the order of the film.

    ``language`` is the track's; ``speech`` where somebody speaks, rising and disjoint; ``source``
    the track that this one translates. What is None is not known, and its rules say nothing.
    Confidences are those of the cues' words.
    """
    material = Material(
        cues=tuple(cues),
        profile=profile,
        language=language,
        frame_rate=frame_rate,
        duration_ms=duration_ms,
        speech=None if speech is None else tuple(speech),
        source=None if source is None else tuple(source),
    )
    found = [one for rule in RULES.values() for one in rule(material)]
    return tuple(sorted(found, key=lambda one: (one.start_ms, one.end_ms)))
