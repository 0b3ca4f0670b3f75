"""Advanced SubStation Alpha (.ass, .ssa), written with pysubs2; what karaoke and burn-in use.

Times are centiseconds, and the format ends at 9:59:59.99: a later cue is refused rather than moved.
It is read as libass' "ASS File Format Guide" describes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary_subs._text import quoted
from canary_subs.errors import NotSubtitles, UsageError
from canary_subs.formats.damage import Gathered
from canary_subs.formats.text import (
    measured_words,
    plain,
    plain_lines,
    split_lines,
    tidy,
    without_overrides,
    words_in_lines,
)
from canary_subs.formats.timestamps import clock_ms
from canary_subs.model import Cue, Document, Subtitles
from canary_subs.plugin.hookspecs import ReadHints

if TYPE_CHECKING:
    import pysubs2

_LAST_MS = 35_999_990

_SECTION = re.compile(r"^[ \t]*\[(Script Info|Events|V4\+? Styles)\]", re.IGNORECASE | re.MULTILINE)
_COLUMNS = (
    *("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect"),
    "text",
)
#: Begins a drawing, or with 0 ends it.
_DRAWING = re.compile(r"\\p(\d+)")
_ESCAPES = {r"\N": "\n", r"\n": "\n", r"\h": " ", r"\{": "{", r"\}": "}"}
_ESCAPE = re.compile(r"\\[Nnh{}]")


@dataclass(frozen=True, kw_only=True)
class AssOptions:
    """``width`` and ``height`` are the script's own pixels, which players scale to the picture.

    ``font_size`` is in those pixels. ``karaoke``: words fill as they are said, where their times
    were measured.
    """

    font: str = "Arial"
    font_size: int = 64
    width: int = 1920
    height: int = 1080
    karaoke: bool = False


class AssWriter:
    """`hookspecs.Writer` for ASS."""

    suffix = ".ass"

    def __init__(self, options: AssOptions) -> None:
        self._options = options

    def write(self, document: Document) -> bytes:
        """The file, in UTF-8 without a byte order mark, lines ending in CRLF.

        Raises `UsageError` for a track that goes on after the format's last time.
        """
        import pysubs2

        if document.cues and document.cues[-1].end_ms > _LAST_MS:
            raise UsageError(
                f"{document.media.path}: ASS ends at 9:59:59.99 and this track goes on; "
                "write srt or vtt"
            )
        script = pysubs2.SSAFile()
        script.info = {
            "Title": plain(document.media.path.stem),
            "ScriptType": "v4.00+",
            "WrapStyle": "0",
            "ScaledBorderAndShadow": "yes",
            "PlayResX": str(self._options.width),
            "PlayResY": str(self._options.height),
            "Language": plain("+".join(document.track.languages)),
        }
        script.styles = {"Default": self._style()}
        timed = measured_words(document) if self._options.karaoke else frozenset()
        for cue in document.cues:
            text = _filled(cue) if timed and timed.issuperset(cue.words) else None
            if text is None:
                text = r"\N".join(without_overrides(line) for line in plain_lines(cue))
            if text:
                script.append(
                    pysubs2.SSAEvent(
                        start=cue.start_ms,
                        end=cue.end_ms,
                        text=text,
                        name=plain(cue.speaker or "").replace(",", " "),
                    )
                )
        written: str = script.to_string("ass", header_notice="")
        return written.replace("\n", "\r\n").encode()

    def _style(self) -> pysubs2.SSAStyle:
        import pysubs2

        options = self._options
        margin = options.height // 20
        return pysubs2.SSAStyle(
            fontname=plain(options.font).replace(",", " "),
            fontsize=options.font_size,
            primarycolor=pysubs2.Color(255, 255, 255),
            # Before its time a word of karaoke is grey.
            secondarycolor=pysubs2.Color(160, 160, 160),
            outlinecolor=pysubs2.Color(0, 0, 0),
            backcolor=pysubs2.Color(0, 0, 0, 128),
            outline=max(1, options.font_size / 20),
            shadow=0,
            marginl=margin,
            marginr=margin,
            marginv=margin,
            alignment=pysubs2.Alignment.BOTTOM_CENTER,
        )


def _filled(cue: Cue) -> str | None:
    r"""The cue's text with ``\k`` before each word: the centiseconds until the next one begins."""
    lines = words_in_lines(cue)
    if lines is None:
        return None
    words = [word for line in lines for _, word in line]
    starts = [min(max(word.start_ms, cue.start_ms), cue.end_ms) for word in words]
    bounds = [(ms - cue.start_ms + 5) // 10 for ms in [*starts, cue.end_ms]]
    text = f"{{\\k{bounds[0]}}}" if bounds and bounds[0] else ""
    index = 0
    for number, line in enumerate(lines):
        text += r"\N" if number else ""
        for shown, _ in line:
            length = max(0, bounds[index + 1] - bounds[index])
            text += f"{{\\k{length}}}{without_overrides(shown)}"
            index += 1
    return text


class AssReader:
    """`hookspecs.Reader` for ASS and its elder form SSA."""

    suffixes = (".ass", ".ssa")

    def sniff(self, data: bytes, hints: ReadHints) -> bool:
        return _SECTION.search(hints.text) is not None

    def read(self, data: bytes, hints: ReadHints) -> Subtitles:
        """Dialogue in the order of its starts, as its order in the file says nothing; no drawings.

        Raises `NotSubtitles`.
        """
        found = Gathered()
        columns = list(_COLUMNS)
        in_events = False
        for number, raw in enumerate(split_lines(hints.text), 1):
            line = raw.strip()
            if re.fullmatch(r"\[[^\]]*\]", line):
                in_events = line.lower() == "[events]"
            if not in_events:
                continue
            kind, _, rest = line.partition(":")
            if kind == "Format":
                columns = [column.strip().lower() for column in rest.split(",")]
                if not {"start", "end", "text"} <= set(columns):
                    raise NotSubtitles(
                        f"line {number}: the events' format lacks start, end or text"
                    )
            elif kind == "Dialogue":
                _read_dialogue(found, number, rest, columns)
        found.sort()
        return found.subtitles()


def _read_dialogue(found: Gathered, number: int, rest: str, columns: list[str]) -> None:
    values = rest.split(",", len(columns) - 1)
    if len(values) < len(columns):
        found.lost(number, f"{len(values)} values instead of {len(columns)}")
        return
    event = dict(zip(columns, values, strict=True))
    start_ms, end_ms = clock_ms(event["start"]), clock_ms(event["end"])
    if start_ms is None or end_ms is None:
        found.lost(number, f"not a time: {quoted(event['start'] + ' to ' + event['end'])}")
        return
    text, drawn = _shown(event["text"])
    if drawn and not text.strip():
        return
    text = _ESCAPE.sub(lambda match: _ESCAPES[match.group()], text)
    found.cues.append(
        Cue(
            start_ms=start_ms,
            end_ms=end_ms,
            lines=tidy(text.split("\n")),
            speaker=event.get("name", "").strip() or None,
        )
    )


def _shown(text: str) -> tuple[str, bool]:
    """What is shown of a text without its overrides and drawings, and whether it has drawings."""
    shown: list[str] = []
    drawing = drawn = False
    at = 0
    while (begin := text.find("{", at)) >= 0 and (end := text.find("}", begin)) >= 0:
        escaped = text[begin - 1 : begin] == "\\"  # such a brace is text
        if not drawing:
            shown.append(text[at : begin + escaped])
        if escaped:
            at = begin + 1
            continue
        if switches := _DRAWING.findall(text, begin, end):
            drawing = int(switches[-1][:9]) > 0
            drawn |= drawing
        at = end + 1
    return "".join(shown) + ("" if drawing else text[at:]), drawn
