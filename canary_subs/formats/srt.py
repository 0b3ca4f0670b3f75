"""SubRip (.srt): what every player reads. Written with the ``srt`` library.

SubRip has no escapes, so text that a player would take for a tag or a time gets an invisible word
joiner inside it and is shown as text; many players hand SubRip to a SubStation renderer, so that
its overrides are disarmed as well. Lines end in CRLF, as SubRip's own do.

It has no standard either: in the files that are read, numbers may be missing or wrong, empty lines
may stand inside a cue, and coordinates may follow the times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from canary_subs._text import quoted
from canary_subs.formats.damage import Gathered
from canary_subs.formats.text import JOINER, plain_lines, split_lines, tidy, without_overrides
from canary_subs.formats.timestamps import arrow_ms, is_damaged_arrow
from canary_subs.model import Cue, Document, Subtitles
from canary_subs.plugin.hookspecs import ReadHints

if TYPE_CHECKING:
    import srt

#: "<i", "</b", "<!--" and, for FFmpeg, "<1": tags; "&lt;": entities; "-->" and "00:00:01,000": a
#: line of times.
_ACTIVE = re.compile(r"<(?=\S)|&(?=#?\w+;)|--(?=>)|\d:(?=\d{1,2}:\d{1,2}[,.:]\d)", re.ASCII)

#: Styling that SubRip files carry; anything else in angle brackets is text.
_STYLING = re.compile(r"</?(?:i|b|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)
#: New lines and hard spaces of HTML and SubStation, which players obey in SubRip too.
_NEW_LINE = re.compile(r"<br\s*/?>|\\N", re.IGNORECASE)
_HARD_SPACE = "\\h"
#: WebVTT has arrows too, after a first line of its own.
_WEBVTT = re.compile(r"\s*WEBVTT\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class SrtOptions:
    """``line_ending``: "crlf" or "lf"."""

    line_ending: Literal["crlf", "lf"] = "crlf"


class SrtWriter:
    """`hookspecs.Writer` for SubRip."""

    suffix = ".srt"

    def __init__(self, options: SrtOptions) -> None:
        self._eol = "\r\n" if options.line_ending == "crlf" else "\n"

    def write(self, document: Document) -> bytes:
        """The file, in UTF-8 without a byte order mark."""
        import srt

        text: str = srt.compose(_subtitles(document), reindex=False, eol=self._eol)
        return text.encode()


def _subtitles(document: Document) -> Iterator[srt.Subtitle]:
    import srt

    index = 0
    for cue in document.cues:
        lines = plain_lines(cue)
        if not lines:
            continue
        index += 1
        yield srt.Subtitle(
            index=index,
            start=timedelta(milliseconds=cue.start_ms),
            end=timedelta(milliseconds=cue.end_ms),
            content="\n".join(map(_shown, lines)),
        )


def _shown(line: str) -> str:
    return _ACTIVE.sub(lambda found: found[0] + JOINER, without_overrides(line))


class SrtReader:
    """`hookspecs.Reader` for SubRip."""

    suffixes = (".srt",)

    def sniff(self, data: bytes, hints: ReadHints) -> bool:
        lines = split_lines(hints.text)
        return any(map(_has_times, lines)) and not _WEBVTT.match(hints.text)

    def read(self, data: bytes, hints: ReadHints) -> Subtitles:
        """Cues in the order of the file; styling is dropped."""
        found = Gathered()
        lines = split_lines(hints.text)
        times = [i for i, line in enumerate(lines) if _has_times(line)]
        for at, following in pairwise([*times, len(lines)]):
            body = lines[at + 1 : following]
            while body and not body[-1].strip():
                body.pop()
            if following < len(lines) and body and body[-1].strip().isdecimal():
                body.pop()  # the next cue's number
            span = arrow_ms(lines[at])
            if span is None:
                found.lost(at + 1, f"not a pair of times: {quoted(lines[at].strip())}")
                continue
            shown = tidy([line for text in body for line in _read_lines(text)])
            found.cues.append(Cue(start_ms=span[0], end_ms=span[1], lines=shown))
        return found.subtitles()


def _has_times(line: str) -> bool:
    return ">" in line and (arrow_ms(line) is not None or is_damaged_arrow(line))


def _read_lines(text: str) -> list[str]:
    """A line of the file as the lines that players show."""
    return _NEW_LINE.sub("\n", _STYLING.sub("", text).replace(_HARD_SPACE, " ")).split("\n")
