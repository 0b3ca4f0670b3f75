"""Times: seconds, samples and frames to and from integer milliseconds, and arithmetic of spans.

One rounding rule: half goes up.

Everything is exact integer or ``Fraction`` arithmetic, so that a time converted twice does not
drift and the same video gives the same bytes on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from canary_subs.model import Span


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


def parse_frame_rate(text: str) -> Fraction | None:
    """A frame rate as people write it: "25", "23.976", "30000/1001"; None for anything else.

    23.976 and its like are how 24000/1001 is written.
    """
    match = re.fullmatch(r"\s*(\d{1,6}(?:[.,]\d{1,6})?)(?:/(\d{1,6}))?\s*", text, re.ASCII)
    if match is None or (match[2] and not int(match[2])):
        return None
    rate = Fraction(match[1].replace(",", ".")) / int(match[2] or 1)
    if not 1 <= rate <= 240:
        return None
    exact = Fraction(round(rate) * 1000, 1001)
    return exact if abs(exact - rate) < Fraction(1, 200) else rate


def clock(ms: int, *, decimal: str = ".") -> str:
    """``ms`` as ``H:MM:SS.mmm``, hours at least two digits: "01:02:03.004"."""
    if ms < 0:
        raise ValueError(f"a time on the video's timeline cannot be negative ({ms} ms)")
    seconds, millis = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{decimal}{millis:03}"


def uncovered(spans: Sequence[Span], covers: Sequence[Span]) -> Iterator[Span]:
    """The parts of rising, disjoint ``spans`` outside ``covers`` (rising by start)."""
    at = 0
    for span in spans:
        start_ms = span.start_ms
        while at < len(covers) and covers[at].end_ms <= start_ms:
            at += 1
        i = at
        while i < len(covers) and covers[i].start_ms < span.end_ms:
            if covers[i].start_ms > start_ms:
                yield Span(start_ms=start_ms, end_ms=covers[i].start_ms)
            start_ms = max(start_ms, covers[i].end_ms)
            i += 1
        if start_ms < span.end_ms:
            yield Span(start_ms=start_ms, end_ms=span.end_ms)


def divided(span: Span, weights: Sequence[int]) -> list[Span]:
    """``span`` cut without gaps into one span for each weight, in proportion to the weights.

    Weights are positive.
    """
    total = sum(weights)
    edges_ms = [span.start_ms]
    passed = 0
    for weight in weights:
        passed += weight
        edges_ms.append(span.start_ms + round_half_up(Fraction(passed * span.duration_ms, total)))
    return [Span(start_ms=start, end_ms=end) for start, end in pairwise(edges_ms)]


def joined(spans: Sequence[Span], gap_ms: int = 0) -> list[Span]:
    """``spans`` (rising by start) as disjoint spans, those up to ``gap_ms`` apart made one."""
    result: list[Span] = []
    for span in spans:
        if result and span.start_ms - result[-1].end_ms <= gap_ms:
            end_ms = max(result[-1].end_ms, span.end_ms)
            result[-1] = Span(start_ms=result[-1].start_ms, end_ms=end_ms)
        else:
            result.append(span)
    return result
