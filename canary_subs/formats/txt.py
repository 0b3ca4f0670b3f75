"""Plain text (.txt): what was said, in paragraphs, for reading and searching."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from canary_subs.formats.text import plain
from canary_subs.model import Document, Utterance

_SENTENCE_ENDS = frozenset(".!?…。！？؟।۔")
_CLOSERS = "\"'’”»›)]」』"


@dataclass(frozen=True, kw_only=True)
class TxtOptions:
    """``pause_ms``: silence after a sentence that begins a paragraph; twice that always does."""

    pause_ms: int = 2000


class TxtWriter:
    """`hookspecs.Writer` for plain text."""

    suffix = ".txt"

    def __init__(self, options: TxtOptions) -> None:
        self._pause_ms = options.pause_ms

    def write(self, document: Document) -> bytes:
        """The file, in UTF-8 without a byte order mark, lines ending in LF."""
        paragraphs: list[str] = []
        last_ms = 0
        for text, start_ms, end_ms in _spoken(document):
            pause = start_ms - last_ms
            ended = (
                not paragraphs or paragraphs[-1].rstrip().rstrip(_CLOSERS)[-1:] in _SENTENCE_ENDS
            )
            if not paragraphs or pause >= (self._pause_ms if ended else 2 * self._pause_ms):
                paragraphs.append("")
            paragraphs[-1] += text
            last_ms = end_ms
        lines = [line for line in map(plain, paragraphs) if line]
        return "\n".join(f"{line}\n" for line in lines).encode()


def _spoken(document: Document) -> Iterator[tuple[str, int, int]]:
    """Text with its start and end, in order; each text ends with the white space after it."""
    for utterance in document.transcript.utterances:
        if utterance.words:
            yield from _words(utterance)
        elif utterance.text.strip():
            yield utterance.text + "\n", utterance.span.start_ms, utterance.span.end_ms


def _words(utterance: Utterance) -> Iterator[tuple[str, int, int]]:
    """The words with what stands between them in the text: not all scripts write spaces."""
    texts = [word.text for word in utterance.words]
    at = 0
    for word, following in zip(utterance.words, [*texts[1:], ""], strict=True):
        found = utterance.text.find(word.text, at)
        space = " "
        if found >= 0:
            at = found + len(word.text)
            if following and utterance.text.startswith(following, at):
                space = ""
        yield word.text + space, word.start_ms, word.end_ms
