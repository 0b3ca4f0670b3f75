"""What is known of a track when it is checked, and what every rule asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from canary_subs.model import Cue, Finding, Profile, Span

#: Formats round times to 10 ms (ASS) or to frames; a rule broken by no more than this is kept.
ROUNDING_MS = 10

#: How texts begin that describe a sound or are sung: no words that anybody says.
_LABELS = ("[", "(", "♪", "♫", "（", "【", "#")


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """A track under examination; what is None is not known, and rules that need it say nothing."""

    cues: tuple[Cue, ...]
    profile: Profile
    #: BCP-47.
    language: str | None = None
    frame_rate: Fraction | None = None
    #: The film's.
    duration_ms: int | None = None
    #: Where somebody speaks, rising and disjoint.
    speech: tuple[Span, ...] | None = None
    #: The cues that this track translates.
    source: tuple[Cue, ...] | None = None

    def in_time(self) -> list[tuple[int, Cue]]:
        """Cues with their index, in the order in which they appear."""
        return sorted(enumerate(self.cues), key=lambda item: item[1].start_ms)


def finding(rule: str, index: int, cue: Cue, measured: str, limit: str) -> Finding:
    """Something about one cue."""
    return Finding(
        rule=rule,
        start_ms=cue.start_ms,
        end_ms=max(cue.start_ms, cue.end_ms),
        measured=measured,
        limit=limit,
        cue=index,
    )


def text_of(cue: Cue) -> str:
    """What a cue says, on one line."""
    return " ".join(" ".join(cue.lines).split())


def is_label(cue: Cue) -> bool:
    """Whether a cue describes a sound ("[door slams]") or is sung ("♪ la la")."""
    return text_of(cue).lstrip("-– ").startswith(_LABELS)


def words_of(cue: Cue) -> list[str]:
    """The words of a cue without the punctuation around them."""
    bare = (word.strip(_PUNCTUATION) for word in text_of(cue).split())
    return [word for word in bare if word]


_PUNCTUATION = ".,;:!?…\"'`´’‘“”„«»‹›()[]{}<>-–—¿¡*_/\\|♪♫。、！？，：；「」『』（）・"


def seconds(ms: int) -> str:
    """A duration for people: "1.25 s"."""
    return f"{ms / 1000:.2f} s"
