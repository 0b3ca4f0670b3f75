"""Rules about cues on the screen and their neighbours: the profile's limits, and plain order."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from canary_subs.cues.check.findings import ROUNDING_MS, finding, in_time, seconds, text_of
from canary_subs.cues.limits import cue_characters, min_gap_ms
from canary_subs.cues.width import columns
from canary_subs.model import Finding
from canary_subs.plugin.hookspecs import CheckRequest

#: Nobody can read a text shown for less time than this, whatever the profile.
FLASH_MS = 500
#: A cue may outlast the video by this much: containers state durations loosely.
BEYOND_END_MS = 500
#: With an unknown frame rate, the minimum gap counts frames of the fastest usual rate.
_FASTEST_RATE = Fraction(60)


def empty(request: CheckRequest) -> Iterator[Finding]:
    """A cue that shows nothing."""
    for index, cue in enumerate(request.cues):
        if not columns(text_of(cue)):
            yield finding("empty", index, cue, "no text", "some")


def backwards(request: CheckRequest) -> Iterator[Finding]:
    """A cue that does not end after it starts."""
    for index, cue in enumerate(request.cues):
        if cue.end_ms <= cue.start_ms:
            yield finding("backwards", index, cue, f"{cue.duration_ms} ms long", "over 0 ms")


def order(request: CheckRequest) -> Iterator[Finding]:
    """A cue that comes after a later one in the file."""
    for index, (before, cue) in enumerate(pairwise(request.cues), 1):
        if cue.start_ms < before.start_ms:
            early = f"starts {seconds(before.start_ms - cue.start_ms)} before the one above it"
            yield finding("order", index, cue, early, "rising times")


def overlap(request: CheckRequest) -> Iterator[Finding]:
    """A cue that appears while another is shown."""
    shown_until_ms: int | None = None
    for index, cue in in_time(request.cues):
        if shown_until_ms is not None and cue.start_ms < shown_until_ms:
            shared = seconds(min(shown_until_ms, max(cue.end_ms, cue.start_ms)) - cue.start_ms)
            yield finding("overlap", index, cue, f"{shared} together", "one cue at a time")
        shown_until_ms = max(shown_until_ms or 0, cue.end_ms)


def gap(request: CheckRequest) -> Iterator[Finding]:
    """A cue closer to the one before it than the profile's minimum gap."""
    limit_ms = min_gap_ms(request.profile, request.frame_rate or _FASTEST_RATE)
    for (_, before), (index, cue) in pairwise(in_time(request.cues)):
        gap_ms = cue.start_ms - max(before.end_ms, before.start_ms)
        if 0 <= gap_ms < limit_ms - ROUNDING_MS:
            frames = f"{request.profile.min_gap_frames} frames, {limit_ms} ms"
            yield finding("gap", index, cue, f"{gap_ms} ms", frames)


def beyond_end(request: CheckRequest) -> Iterator[Finding]:
    """A cue that starts or stays after the end of the video."""
    if request.duration_ms is None:
        return
    for index, cue in enumerate(request.cues):
        late_ms = cue.end_ms - request.duration_ms
        if late_ms > BEYOND_END_MS:
            measured = f"ends {seconds(late_ms)} after the video"
            yield finding("beyond-end", index, cue, measured, seconds(BEYOND_END_MS))


def flash(request: CheckRequest) -> Iterator[Finding]:
    """A cue too short to be read at all."""
    limit_ms = min(FLASH_MS, request.profile.min_duration_ms)
    for index, cue in enumerate(request.cues):
        if 0 < cue.duration_ms < limit_ms - ROUNDING_MS:
            yield finding("flash", index, cue, seconds(cue.duration_ms), seconds(limit_ms))


def too_short(request: CheckRequest) -> Iterator[Finding]:
    """A cue shorter than the profile's minimum, but not a flash."""
    limit_ms = request.profile.min_duration_ms
    for index, cue in enumerate(request.cues):
        if FLASH_MS - ROUNDING_MS <= cue.duration_ms < limit_ms - ROUNDING_MS:
            yield finding("too-short", index, cue, seconds(cue.duration_ms), seconds(limit_ms))


def too_long(request: CheckRequest) -> Iterator[Finding]:
    """A cue longer than the profile's maximum."""
    limit_ms = request.profile.max_duration_ms
    for index, cue in enumerate(request.cues):
        if cue.duration_ms > limit_ms + ROUNDING_MS:
            yield finding("too-long", index, cue, seconds(cue.duration_ms), seconds(limit_ms))


def lines(request: CheckRequest) -> Iterator[Finding]:
    """A cue of more lines than the profile allows."""
    limit = request.profile.max_lines
    for index, cue in enumerate(request.cues):
        if len(cue.lines) > limit:
            yield finding("lines", index, cue, f"{len(cue.lines)} lines", f"{limit} lines")


def line_width(request: CheckRequest) -> Iterator[Finding]:
    """A line wider than the profile allows, in columns on the screen, not code points."""
    limit = request.profile.max_columns
    for index, cue in enumerate(request.cues):
        widest = max(map(columns, cue.lines), default=0)
        if widest > limit:
            yield finding("line-width", index, cue, f"{widest} columns", f"{limit} columns")


def reading_speed(request: CheckRequest) -> Iterator[Finding]:
    """A cue that must be read faster than the profile allows."""
    limit = request.profile.max_cps
    for index, cue in enumerate(request.cues):
        count = cue_characters(cue)
        if cue.duration_ms > 0 and count * 1000 > limit * (cue.duration_ms + ROUNDING_MS):
            speed = count * 1000 / cue.duration_ms
            yield finding("reading-speed", index, cue, f"{speed:.1f} cps", f"{limit:g} cps")
