"""Cues on the frames of a timeline, and the timecode of those frames (SMPTE ST 12-1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from canary_subs.errors import UsageError
from canary_subs.model import Cue, Document
from canary_subs.time import ms_to_frames, round_half_up

#: Frame rates that timelines have.
RATES = tuple(
    Fraction(*rate)
    for rate in (
        (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1),
        (48000, 1001), (48, 1), (50, 1), (60000, 1001), (60, 1),
    )
)  # fmt: skip

#: A measured rate this near to a timeline's is that one; 24 and 23.976 are 0.1 % apart.
_NEAR = Fraction(4, 10_000)

_TIMECODE = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)[:;](\d\d)")
_RATE = re.compile(r"\d{1,6}(?:\.\d{1,4}|/[1-9]\d{0,5})?")

#: What has no place in a line of text: controls, halves of pairs, marks of byte order.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")


@dataclass(frozen=True, kw_only=True)
class TimelineOptions:
    #: The timecode of the video's first frame.
    start: str = "01:00:00:00"
    #: Frames a second, as 25 or 30000/1001; None: that of the video.
    frame_rate: str | None = None

    def __post_init__(self) -> None:
        if not _TIMECODE.fullmatch(self.start):
            raise ValueError(f"start is a timecode, as 01:00:00:00, not {self.start!r}")
        if self.frame_rate is not None:
            if not _RATE.fullmatch(self.frame_rate):
                raise ValueError(
                    f"frame_rate is written as 25 or 30000/1001, not {self.frame_rate!r}"
                )
            if _standard(Fraction(self.frame_rate)) is None:
                raise ValueError(f"no timeline has {self.frame_rate} frames a second")


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A cue on the frames from ``start_frames`` up to, not including, ``end_frames``."""

    start_frames: int
    end_frames: int
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A frame rate, how its timecode counts, and the frames that lie before the video."""

    rate: Fraction
    #: Frame numbers left out at the start of each minute but every tenth.
    dropped: int = 0
    offset_frames: int = 0

    @property
    def nominal(self) -> int:
        """Frames that a second of timecode counts."""
        return round_half_up(self.rate)

    def timecode(self, frames: int) -> str:
        """The timecode of a frame of the video: "01:00:59;29". Raises `UsageError` after 24 h."""
        number = frames + self.offset_frames
        if self.dropped:
            tens, rest = divmod(number, self.nominal * 600 - 9 * self.dropped)
            minutes = max(rest - self.dropped, 0) // (self.nominal * 60 - self.dropped)
            number += self.dropped * (9 * tens + minutes)
        seconds, frame = divmod(number, self.nominal)
        if seconds >= 24 * 3600:
            raise UsageError("a timeline ends at 24 hours of timecode; set an earlier start")
        hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
        mark = ";" if self.dropped else ":"
        return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{frame:02}"


def timeline(document: Document, options: TimelineOptions) -> Timeline:
    """The video's timeline, as editing programs count it: 29.97 and 59.94 drop frame numbers.

    Raises `UsageError` where no timeline has the video's frame rate.
    """
    rate = _rate(document, options)
    drops = rate in (Fraction(30000, 1001), Fraction(60000, 1001))
    empty = Timeline(rate=rate, dropped=round_half_up(rate) // 15 if drops else 0)
    return replace(empty, offset_frames=_number(options.start, empty))


def timeline_for(document: Document, options: TimelineOptions) -> Timeline:
    """The video's timeline, no number left out. Raises `UsageError` as `timeline`."""
    empty = Timeline(rate=_rate(document, options))
    return replace(empty, offset_frames=_number(options.start, empty))


def _rate(document: Document, options: TimelineOptions) -> Fraction:
    given = options.frame_rate
    rate = Fraction(given) if given is not None else document.media.frame_rate
    standard = _standard(rate) if rate is not None else None
    if standard is None:
        known = "unknown" if rate is None else f"{float(rate):.3f}, which no timeline has"
        raise UsageError(
            f"{document.media.path}: its frame rate is {known}; set frame_rate, as 25 or 24000/1001"
        )
    return standard


def _standard(rate: Fraction) -> Fraction | None:
    nearest = min(RATES, key=lambda one: abs(one - rate))
    return nearest if abs(nearest - rate) <= nearest * _NEAR else None


def _number(timecode: str, line: Timeline) -> int:
    """The frame that a timecode counts; one that is left out is the next."""
    match = _TIMECODE.fullmatch(timecode)
    assert match is not None  # checked when the options were made
    hours, minutes, seconds, frame = map(int, match.groups())
    minutes += 60 * hours
    left_out = line.dropped * (minutes - minutes // 10)
    if seconds == 0 and minutes % 10:
        frame = max(frame, line.dropped)
    if frame >= line.nominal:
        raise UsageError(f"start: {timecode} names a frame that {line.nominal} a second lack")
    return (minutes * 60 + seconds) * line.nominal + frame - left_out


def place(document: Document, line: Timeline) -> Iterator[Placed]:
    """Every cue that shows something, on frames of its own, in order."""
    end = 0
    for cue in document.cues:
        lines = tuple(shown for text in cue.lines for shown in [plain(text)] if shown)
        if not lines:
            continue
        start = max(ms_to_frames(cue.start_ms, line.rate), end)
        end = max(ms_to_frames(cue.end_ms, line.rate), start + 1)
        yield Placed(start_frames=start, end_frames=end, lines=_spoken(cue, lines))


def plain(text: str) -> str:
    """Text on one line, without anything unseen that a program might act on."""
    return " ".join(_UNSEEN.sub("", " ".join(text.split())).split())


def _spoken(cue: Cue, lines: tuple[str, ...]) -> tuple[str, ...]:
    name = plain(cue.speaker) if cue.speaker else ""
    return (f"{name}: {lines[0]}", *lines[1:]) if name else lines
