"""Reads the formats whose times stand around an arrow: SubRip and WebVTT.

SubRip has no standard: numbers may be missing or wrong, empty lines may stand inside a cue, and
the times may carry coordinates. WebVTT is read as W3C's "WebVTT: The Web Video Text Tracks
Format" says, but a broken cue costs only itself.
"""

from __future__ import annotations

import html
import re
from fractions import Fraction
from itertools import pairwise

from canary_subs.formats.read_lines import Found, clock_ms, shown, split_lines, tidy
from canary_subs.model import Cue

#: A line of times, also a damaged one: a digit at either edge.
_ARROW = re.compile(r"\W{0,3}\d.*-->|.*-->\s{0,3}\d")
#: Styling that SubRip files carry; anything else in angle brackets is text.
_SUBRIP_TAG = re.compile(r"</?(?:i|b|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)
_WEBVTT_TAG = re.compile(r"</?(?:c|i|b|u|ruby|rt|v|lang)?(?:[.\s][^<>]*)?>|<[\d:.]+>")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]+)>")


def read_subrip(text: str, frame_rate: Fraction | None) -> Found:
    """Cues in the order of the file."""
    found = Found()
    lines = split_lines(text)
    arrows = [i for i, line in enumerate(lines) if _ARROW.match(line)]
    for arrow, following in pairwise([*arrows, len(lines)]):
        body = lines[arrow + 1 : following]
        while body and not body[-1].strip():
            body.pop()
        if following < len(lines) and body and body[-1].strip().isdecimal():
            body.pop()  # the next cue's number
        cue_lines = tidy([_SUBRIP_TAG.sub("", line) for line in body])
        _add(found, arrow, lines[arrow], cue_lines, None)
    return found


def read_webvtt(text: str, frame_rate: Fraction | None) -> Found:
    """Cues in the order of the file; a voice that speaks the whole cue is its speaker."""
    found = Found()
    lines = split_lines(text)
    i = 1
    while i < len(lines):
        block = i
        while i < len(lines) and lines[i].strip():
            i += 1
        _read_block(found, block, lines[block:i])
        i += 1
    return found


def _read_block(found: Found, first: int, block: list[str]) -> None:
    """One cue, several whose empty lines are missing, or a block that shows nothing."""
    if not block or re.match(r"(NOTE|STYLE|REGION)\b", block[0]):
        return
    arrows = [i for i, line in enumerate(block) if "-->" in line]
    for arrow, following in pairwise([*arrows, len(block)]):
        body = "\n".join(block[arrow + 1 : following])
        voices = _VOICE.findall(body)
        plain = html.unescape(_WEBVTT_TAG.sub("", body))
        speaker = html.unescape(voices[0]).strip() if len(set(voices)) == 1 else None
        _add(found, first + arrow, block[arrow], tidy(plain.split("\n")), speaker)


def _add(found: Found, index: int, times: str, lines: tuple[str, ...], who: str | None) -> None:
    before, _, after = times.partition("-->")
    settings = after.split(maxsplit=1)
    start_ms = clock_ms(before)
    end_ms = clock_ms(settings[0]) if settings else None
    if start_ms is None or end_ms is None:
        found.missed(index + 1, f"not a pair of times: {shown(times.strip())}")
        return
    found.cues.append(Cue(start_ms=start_ms, end_ms=end_ms, lines=lines, speaker=who))
