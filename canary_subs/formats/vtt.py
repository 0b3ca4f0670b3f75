"""WebVTT (.vtt), as https://www.w3.org/TR/webvtt1/ defines it; what browsers play.

A broken cue costs only itself, where the standard's own parser may lose more.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from canary_subs._text import quoted
from canary_subs.formats.damage import Gathered
from canary_subs.formats.text import (
    measured_words,
    plain,
    plain_lines,
    split_lines,
    tidy,
    words_in_lines,
)
from canary_subs.formats.timestamps import arrow_ms, is_damaged_arrow
from canary_subs.model import Cue, Document, Subtitles, Word
from canary_subs.plugin.hookspecs import ReadHints
from canary_subs.time import clock

_HEAD = re.compile(r"\s*WEBVTT\b", re.IGNORECASE)
#: Browsers show no tag, those that they do not know neither.
_TAG = re.compile(r"</?(?:[a-z][^<>]*)?>|<[\d:.]+>", re.IGNORECASE)
#: Left by converters from SubRip and SubStation; and a new line, as they meant it.
_LEFT_OVER = re.compile(r"\{\\an\d\}")
_NEW_LINE = re.compile(r"<br\s*/?>", re.IGNORECASE)
#: What the standard takes for times, wherever they stand.
_STRICT = re.compile(r"\s*(?:\d{2,}:)?\d\d:\d\d\.\d{3}\s*-->\s*(?:\d{2,}:)?\d\d:\d\d\.\d{3}(?!\S)")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]+)>")


@dataclass(frozen=True, kw_only=True)
class VttOptions:
    """``notes``: say how the track was made, in a comment.

    ``karaoke``: words light up as they are said, where their times were measured.
    """

    notes: bool = True
    karaoke: bool = False


class VttWriter:
    """`hookspecs.Writer` for WebVTT."""

    suffix = ".vtt"

    def __init__(self, options: VttOptions) -> None:
        self._options = options

    def write(self, document: Document) -> bytes:
        """The file, in UTF-8 without a byte order mark, lines ending in LF."""
        timed = measured_words(document) if self._options.karaoke else frozenset()
        blocks = ["WEBVTT\n"]
        if self._options.notes:
            blocks.append(_note(document))
        blocks += _cues(document, timed)
        return "\n".join(blocks).encode()


def _note(document: Document) -> str:
    facts = {
        "Language": "+".join(document.track.languages),
        "Source language": document.transcript.spoken,
        "Engine": document.transcript.engine,
        "Model": document.transcript.model,
        **document.provenance,
    }
    # A comment ends at "-->" as at an empty line; nothing else in it has a meaning.
    lines = [plain(f"{key}: {value}").replace("-->", "->") for key, value in facts.items()]
    return "".join(f"{line}\n" for line in ["NOTE", *lines])


def _cues(document: Document, timed: frozenset[Word]) -> Iterator[str]:
    for cue in document.cues:
        lines = _lit_lines(cue) if timed and timed.issuperset(cue.words) else None
        if lines is None:
            lines = [_escaped(line) for line in plain_lines(cue)]
        if not lines:
            continue
        if speaker := plain(cue.speaker or "").strip():
            lines[0] = f"<v {_escaped(speaker)}>{lines[0]}"
        text = "\n".join(lines)
        yield f"{clock(cue.start_ms)} --> {clock(cue.end_ms)}\n{text}\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _lit_lines(cue: Cue) -> list[str] | None:
    """The cue's lines with a timestamp before each word; they rise and lie inside the cue."""
    lines = words_in_lines(cue)
    if lines is None:
        return None
    latest = cue.start_ms
    result: list[str] = []
    for line in lines:
        text = ""
        for shown, word in line:
            if latest < word.start_ms < cue.end_ms:
                latest = word.start_ms
                text += f"<{clock(latest)}>"
            text += _escaped(shown)
        result.append(text)
    return result


class VttReader:
    """`hookspecs.Reader` for WebVTT."""

    suffixes = (".vtt",)

    def sniff(self, data: bytes, hints: ReadHints) -> bool:
        return _HEAD.match(hints.text) is not None

    def read(self, data: bytes, hints: ReadHints) -> Subtitles:
        """Cues in the order of the file; a voice that speaks all of a cue is its speaker."""
        found = Gathered()
        lines = split_lines(hints.text)
        i = 1
        while i < len(lines):
            first = i
            while i < len(lines) and lines[i].strip():
                i += 1
            _read_block(found, first, lines[first:i])
            i += 1
        return found.subtitles()


def _read_block(found: Gathered, first: int, block: list[str]) -> None:
    """Read one cue, several whose empty lines are missing, or a block that shows nothing."""
    # To browsers, times end a comment, a style sheet or a region, and begin a cue.
    aside = bool(block) and re.match(r"(NOTE|STYLE|REGION)\b", block[0]) is not None
    arrows = [
        i
        for i, line in enumerate(block)
        if "-->" in line
        and (_STRICT.match(line) if aside else arrow_ms(line) is not None or is_damaged_arrow(line))
    ]
    for arrow, following in pairwise([*arrows, len(block)]):
        span = arrow_ms(block[arrow])
        if span is None:
            found.lost(first + arrow + 1, f"not a pair of times: {quoted(block[arrow].strip())}")
            continue
        body = "\n".join(block[arrow + 1 : following])
        voices = _VOICE.findall(body)
        text = _NEW_LINE.sub("\n", _LEFT_OVER.sub("", body))
        text = html.unescape(_TAG.sub("", text))
        found.cues.append(
            Cue(
                start_ms=span[0],
                end_ms=span[1],
                lines=tidy(text.split("\n")),
                speaker=html.unescape(voices[0]).strip() if len(set(voices)) == 1 else None,
            )
        )
