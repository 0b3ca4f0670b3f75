"""SubViewer 2 (.sub): times with hundredths on a line, ``[br]`` for a new line in the text."""

from __future__ import annotations

import re

from canary_subs._text import quoted
from canary_subs.formats.damage import Gathered
from canary_subs.formats.text import split_lines, tidy
from canary_subs.formats.timestamps import clock_ms
from canary_subs.model import Cue, Subtitles
from canary_subs.plugin.hookspecs import ReadHints

_SIGN = re.compile(r"^\[INFORMATION\]|^\d\d:\d\d:\d\d\.\d\d,\d\d:\d\d:\d\d\.\d\d\s*$", re.MULTILINE)
_TIMES = re.compile(r"\s*(\d{1,4}:\d\d:\d\d[.:]\d{1,3}),(\d{1,4}:\d\d:\d\d[.:]\d{1,3})\s*")
#: Of the header: "[TITLE]Name", "[COLF]&HFFFFFF,[STYLE]bd".
_HEADER = re.compile(r"\s*\[[A-Z][A-Z ]{0,30}\].{0,500}")
_NEW_LINE = re.compile(r"\[br\]|\|", re.IGNORECASE)
_STYLING = re.compile(r"</?[biu]>|\{[A-Za-z]:[^{}]{0,80}\}", re.IGNORECASE)


class SubViewerReader:
    """`hookspecs.Reader` for SubViewer 2."""

    suffixes = (".sub",)

    def sniff(self, data: bytes, hints: ReadHints) -> bool:
        return _SIGN.search(hints.text) is not None

    def read(self, data: bytes, hints: ReadHints) -> Subtitles:
        """Cues in the order of the file."""
        found = Gathered()
        lines = split_lines(hints.text)
        number = 0
        while number < len(lines):
            line = lines[number]
            number += 1
            match = _TIMES.fullmatch(line)
            if match is None:
                if line.strip() and not (_HEADER.fullmatch(line) and not found.cues):
                    found.lost(number, f"not a time: {quoted(line)}")
                continue
            body: list[str] = []
            while number < len(lines) and lines[number].strip():
                body.append(lines[number])
                number += 1
            start_ms, end_ms = (clock_ms(part) or 0 for part in match.groups())  # they are times
            shown = _NEW_LINE.sub("\n", _STYLING.sub("", "\n".join(body)))
            found.cues.append(Cue(start_ms=start_ms, end_ms=end_ms, lines=tidy(shown.split("\n"))))
        return found.subtitles()
