"""A profile's limits for one video in milliseconds: what layout aims at and checks measure."""

from __future__ import annotations

from fractions import Fraction

from canary_subs.cues.width import characters
from canary_subs.model import Cue, Profile

#: Assumed for a video without a picture.
DEFAULT_FRAME_RATE = Fraction(25)
#: Slide shows and broken headers claim rates outside these, where counting frames makes no sense.
_SLOWEST, _FASTEST = Fraction(12), Fraction(120)


def frames_ms(frames: int, frame_rate: Fraction | None) -> int:
    """The duration of ``frames`` frames in milliseconds, rounded up.

    So a gap of two frames at 23.976 (83.4 ms) is never shorter than two frames. Rates below 12 and
    above 120 count as 12 and 120.
    """
    rate = min(max(frame_rate or DEFAULT_FRAME_RATE, _SLOWEST), _FASTEST)
    milliseconds = Fraction(frames * 1000) / rate
    return -(-milliseconds.numerator // milliseconds.denominator)


def min_gap_ms(profile: Profile, frame_rate: Fraction | None) -> int:
    """The minimum gap between two cues."""
    return frames_ms(profile.min_gap_frames, frame_rate)


def close_gap_ms(profile: Profile, frame_rate: Fraction | None) -> int:
    """A gap shorter than this closes to the minimum gap."""
    return frames_ms(profile.close_gap_frames, frame_rate)


def snap_ms(profile: Profile, frame_rate: Fraction | None) -> int:
    """A start or end of a cue this close to a shot change moves onto it."""
    return frames_ms(profile.snap_frames, frame_rate)


def cue_characters(cue: Cue) -> int:
    """The number of characters of a cue; a line break counts as the space that it replaces."""
    return characters(" ".join(cue.lines))


def cps(cue: Cue) -> float:
    """Characters per second; infinite for a cue without duration."""
    return cue_characters(cue) * 1000 / cue.duration_ms if cue.duration_ms > 0 else float("inf")
