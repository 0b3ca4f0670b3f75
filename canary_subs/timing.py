"""Seconds, samples and frames to and from integer milliseconds; one rounding rule: half goes up.

Everything is exact integer or ``Fraction`` arithmetic, so that a time converted twice does not
drift and the same film gives the same bytes on every machine.
"""

from __future__ import annotations

from fractions import Fraction


def round_half_up(value: Fraction) -> int:
    """The nearest integer; a half goes up, also below zero."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def seconds_to_ms(seconds: float | Fraction) -> int:
    """Seconds to milliseconds."""
    return round_half_up(Fraction(seconds) * 1000)


def samples_to_ms(samples: int, sample_rate_hz: int) -> int:
    """A position in sound to milliseconds."""
    return round_half_up(Fraction(samples * 1000, sample_rate_hz))


def ms_to_samples(ms: int, sample_rate_hz: int) -> int:
    """Milliseconds to a position in sound."""
    return round_half_up(Fraction(ms * sample_rate_hz, 1000))


def frames_to_ms(frames: int, frame_rate: Fraction) -> int:
    """A frame count to milliseconds at ``frame_rate`` frames a second."""
    return round_half_up(Fraction(frames * 1000) / frame_rate)


def ms_to_frames(ms: int, frame_rate: Fraction) -> int:
    """Milliseconds to the nearest frame at ``frame_rate`` frames a second."""
    return round_half_up(Fraction(ms, 1000) * frame_rate)


def clock(ms: int, *, decimal: str = ".") -> str:
    """``ms`` as ``H:MM:SS.mmm``, hours at least two digits: "01:02:03.004"."""
    if ms < 0:
        raise ValueError(f"a time on the video's timeline cannot be negative ({ms} ms)")
    seconds, millis = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{decimal}{millis:03}"
