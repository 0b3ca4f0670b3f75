"""Avid Media Composer: captions as its SubCap effect reads them (the format of Avid DS), markers.

Both are UTF-8 text without a standard; they are written as Media Composer exports them.
"""

from __future__ import annotations

import re

from canary_subs.model import Document
from canary_subs_nle.timeline import TimelineOptions, place, timeline

#: An invisible character (U+2060, word joiner) before what would be an instruction.
_JOINER = "\u2060"

#: The beginning of a line that is more than text: a comment, a section, a time.
_INSTRUCTION = re.compile(r"^(?=@|<\s*(?:begin|end)\b|\d\d:\d\d:\d\d[:;]\d\d)", re.IGNORECASE)


class AvidDsWriter:
    """Captions: times, lines, an empty line."""

    suffix = ".avid-ds.txt"

    def __init__(self, options: TimelineOptions) -> None:
        self._options = options

    def write(self, document: Document) -> bytes:
        """The file, in UTF-8. Raises `UsageError` for what no timeline can hold."""
        line = timeline(document, self._options)
        blocks = ["<begin subtitles>\n"]
        for cue in place(document, line):
            times = f"{line.timecode(cue.start_frames)} {line.timecode(cue.end_frames)}"
            text = "\n".join(_INSTRUCTION.sub(_JOINER, shown) for shown in cue.lines)
            blocks.append(f"{times}\n{text}\n")
        return "\n".join([*blocks, "<end subtitles>\n"]).encode()


class AvidMarkersWriter:
    """A marker at the start of each cue, one a line: user, timecode, track, colour, text, 1."""

    suffix = ".avid-markers.txt"

    def __init__(self, options: TimelineOptions) -> None:
        self._options = options

    def write(self, document: Document) -> bytes:
        """The file, in UTF-8. Raises `UsageError` for what no timeline can hold."""
        line = timeline(document, self._options)
        rows = (
            ("canary-subs", line.timecode(cue.start_frames), "V1", "blue", " ".join(cue.lines), "1")
            for cue in place(document, line)
        )
        return "".join("\t".join(row) + "\n" for row in rows).encode()
