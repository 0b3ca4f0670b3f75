"""Times as subtitle formats write them, to integer milliseconds."""

from __future__ import annotations

import re
from fractions import Fraction

from canary_subs.time import seconds_to_ms

#: Between two times; hands write it with one dash, and word processors make dashes of hyphens.
_ARROW = re.compile(r"\s*(?:-{2}|[-–—])>")
#: What is left of a time that is damaged, and that which shows that it was one.
_PART_OF_CLOCK = re.compile(r"(?=\D{0,20}\d)[\w.,:;]{1,20}")
_LIKE_CLOCK = re.compile(r"\w{1,4}[.,:;]\w{1,4}[.,:;]")

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
    """The times around the arrow of a line, which settings may follow; None where they are not.

    SubRip and WebVTT write them so.
    """
    before, arrow, after = _at_arrow(line)
    start_ms = clock_ms(before) if arrow else None
    end_ms = clock_ms(after.split(maxsplit=1)[0]) if after.strip() else None
    return None if start_ms is None or end_ms is None else (start_ms, end_ms)


def is_damaged_arrow(line: str) -> bool:
    """Whether a line is a pair of times that `arrow_ms` cannot read, rather than a text.

    One side of the arrow looks like a time; the other may be a part of one, or missing:
    "The score went 2 --> 3." is text.
    """
    before, arrow, after = _at_arrow(line)
    if not arrow or arrow_ms(line) is not None:
        return False
    sides = before.strip(), (after.split(maxsplit=1) or [""])[0]
    if not all(not side or _PART_OF_CLOCK.fullmatch(side) for side in sides):
        return False
    return any(clock_ms(side) is not None or _LIKE_CLOCK.match(side) for side in sides)


def _at_arrow(line: str) -> tuple[str, str, str]:
    """A line before its first arrow, the arrow, and the line after it."""
    match = _ARROW.search(line)
    return (line[: match.start()], match[0], line[match.end() :]) if match else (line, "", "")
