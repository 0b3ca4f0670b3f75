"""WebVTT (.vtt), as https://www.w3.org/TR/webvtt1/ defines its syntax; what browsers play."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from canary_subs.formats.text import measured_words, plain, plain_lines, words_in_lines
from canary_subs.model import Cue, Document, Word
from canary_subs.time import clock


@dataclass(frozen=True, kw_only=True)
class VttOptions:
    """``notes``: say how the track came about, in a comment.

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
        """The whole file, UTF-8 without a byte order mark, lines ending in LF."""
        timed = measured_words(document) if self._options.karaoke else frozenset()
        blocks = ["WEBVTT\n"]
        if self._options.notes:
            blocks.append(_note(document))
        blocks += _cues(document, timed)
        return "\n".join(blocks).encode()


def _note(document: Document) -> str:
    facts = {
        "Language": document.language,
        "Source language": document.transcript.source_language,
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
