"""A profile's rules as numbers for one film: what layout aims at and check measures."""

from __future__ import annotations

from fractions import Fraction

from canary_subs.cues.width import characters
from canary_subs.model import Cue, Profile

#: Stands in for the rate of a film without a picture.
DEFAULT_FRAME_RATE = Fraction(25)
#: Slide shows and broken headers claim rates outside these, where rules in frames lose their sense.
_SLOWEST, _FASTEST = Fraction(12), Fraction(120)


def frames_ms(frames: int, frame_rate: Fraction | None) -> int:
    """The whole milliseconds that last at least ``frames`` frames.

    Rounded up, so that a gap of two frames at 23.976 (83.4 ms) is never one of less than two.
    Rates below 12 and above 120 count as these.
    """
    rate = min(max(frame_rate or DEFAULT_FRAME_RATE, _SLOWEST), _FASTEST)
    milliseconds = Fraction(frames * 1000) / rate
    return -(-milliseconds.numerator // milliseconds.denominator)


def min_gap_ms(profile: Profile, frame_rate: Fraction | None) -> int:
    """The least time between two cues."""
    return frames_ms(profile.min_gap_frames, frame_rate)


def close_gap_ms(profile: Profile, frame_rate: Fraction | None) -> int:
    """A gap shorter than this closes to the least one."""
    return frames_ms(profile.close_gap_frames, frame_rate)


def snap_ms(profile: Profile, frame_rate: Fraction | None) -> int:
    """A cue's end or start this near to a shot change moves onto it."""
    return frames_ms(profile.snap_frames, frame_rate)


def cue_characters(cue: Cue) -> int:
    """Characters of a cue; a line break counts as the space that it replaces."""
    return characters(" ".join(cue.lines))


def cps(cue: Cue) -> float:
    """Characters a second; infinite for a cue that lasts no time."""
    return cue_characters(cue) * 1000 / cue.duration_ms if cue.duration_ms > 0 else float("inf")
