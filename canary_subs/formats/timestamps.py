"""Times as subtitle formats write them, to integer milliseconds."""

from __future__ import annotations

import re
from fractions import Fraction

from canary_subs.time import seconds_to_ms

_CLOCK = re.compile(r"\s*(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,:](\d{1,6}))?\s*")


def clock_ms(text: str) -> int | None:
    """``[H:]MM:SS[.fraction]`` in milliseconds; None where the text is not such a time."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    time_s = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return time_s * 1000 + seconds_to_ms(Fraction(f"0.{fraction or 0}"))


def arrow_ms(line: str) -> tuple[int, int] | None:
    """The times around the ``-->`` of a line, which settings may follow; None where they are not.

    SubRip and WebVTT write them so.
    """
    before, _, after = line.partition("-->")
    start_ms = clock_ms(before)
    end_ms = clock_ms(after.split(maxsplit=1)[0]) if after.strip() else None
    return None if start_ms is None or end_ms is None else (start_ms, end_ms)
