"""SubRip (.srt): what every player reads. Written with the ``srt`` library.

SubRip has no escapes, so text that a player would take for a tag or a time gets an invisible word
joiner inside it and is shown as text; many players hand SubRip to a SubStation renderer, so that
its overrides are disarmed as well. Lines end in CRLF, as SubRip's own do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from canary_subs.formats.text import JOINER, plain_lines, without_overrides
from canary_subs.model import Document

if TYPE_CHECKING:
    import srt

#: "<i", "</b", "<!--" and, for FFmpeg, "<1": tags; "&lt;": entities; "-->" and "00:00:01,000": a
#: line of times.
_ACTIVE = re.compile(r"<(?=\S)|&(?=#?\w+;)|--(?=>)|\d:(?=\d{1,2}:\d{1,2}[,.:]\d)", re.ASCII)


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
        """The whole file, UTF-8 without a byte order mark."""
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
