"""MicroDVD (.sub): frames in braces, ``|`` for a new line.

The frame rate stands in a first cue ``{1}{1}25``, or nowhere.
"""

from __future__ import annotations

import re

from canary_subs._text import quoted
from canary_subs.errors import NotSubtitles
from canary_subs.formats.damage import Gathered
from canary_subs.formats.text import split_lines, tidy
from canary_subs.model import Cue, Subtitles
from canary_subs.plugin.hookspecs import ReadHints
from canary_subs.time import frames_to_ms, parse_frame_rate

_SIGN = re.compile(r"^\{\d+\}\{\d*\}", re.MULTILINE)
_CUE = re.compile(r"\{(\d{1,9})\}\{(\d{0,9})\}(.*)")
_STYLING = re.compile(r"\{[A-Za-z]:[^{}]*\}")
#: How long a cue without an end stays; players keep it until the next one, at most so long.
_OPEN_END_MS = 5000


class MicroDvdReader:
    """`hookspecs.Reader` for MicroDVD."""

    suffixes = (".sub",)

    def sniff(self, data: bytes, hints: ReadHints) -> bool:
        return _SIGN.search(hints.text) is not None

    def read(self, data: bytes, hints: ReadHints) -> Subtitles:
        """Times by the rate in the file's first cue, else by that of the hints.

        Raises `NotSubtitles` where neither is known.
        """
        found = Gathered()
        rate = hints.frame_rate
        for number, line in enumerate(split_lines(hints.text), 1):
            match = _CUE.match(line)
            if match is None:
                if line.strip():
                    found.lost(number, f"no frames in braces: {quoted(line)}")
                continue
            first, last, body = match.groups()
            stated = parse_frame_rate(body) if first == last and int(first) <= 1 else None
            if stated is not None and not found.cues:
                rate = stated
                continue
            if rate is None:
                raise NotSubtitles(
                    f"line {number}: times are in frames and the file states no frame rate; "
                    "give that of the video with --frame-rate"
                )
            start_ms = frames_to_ms(int(first), rate)
            found.cues.append(
                Cue(
                    start_ms=start_ms,
                    end_ms=frames_to_ms(int(last), rate) if last else start_ms + _OPEN_END_MS,
                    lines=tidy(_STYLING.sub("", body).split("|")),
                )
            )
        return found.subtitles()
