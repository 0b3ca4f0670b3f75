"""What the rules share: making findings, and the texts and words of cues."""

from __future__ import annotations

from collections.abc import Sequence

from canary_subs.model import Cue, Finding

#: Formats round times to 10 ms (ASS) or to frames; exceeding a limit by no more is not reported.
ROUNDING_MS = 10

#: How texts begin that describe a sound or are sung: nobody says them.
_LABELS = ("[", "(", "♪", "♫", "（", "【", "#")

_PUNCTUATION = ".,;:!?…\"'`´’‘“”„«»‹›()[]{}<>-–—¿¡*_/\\|♪♫。、！？，：；「」『』（）・"


def in_time(cues: Sequence[Cue]) -> list[tuple[int, Cue]]:
    """Cues with their index, in the order in which they appear."""
    return sorted(enumerate(cues), key=lambda item: item[1].start_ms)


def finding(rule: str, index: int, cue: Cue, measured: str, limit: str) -> Finding:
    """A finding about the cue at ``index``."""
    return Finding(
        rule=rule,
        start_ms=cue.start_ms,
        end_ms=max(cue.start_ms, cue.end_ms),
        measured=measured,
        limit=limit,
        cue=index,
    )


def text_of(cue: Cue) -> str:
    """The text of a cue on one line."""
    return " ".join(" ".join(cue.lines).split())


def is_label(cue: Cue) -> bool:
    """Whether a cue describes a sound ("[door slams]") or is sung ("♪ la la")."""
    return text_of(cue).lstrip("-– ").startswith(_LABELS)


def words_of(cue: Cue) -> list[str]:
    """The words of a cue without the punctuation around them."""
    bare = (word.strip(_PUNCTUATION) for word in text_of(cue).split())
    return [word for word in bare if word]


def seconds(ms: int) -> str:
    """A duration for people: "1.25 s"."""
    return f"{ms / 1000:.2f} s"
