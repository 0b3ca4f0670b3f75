"""Whisper's vocabulary: prompts for a segment, and the words in a text's tokens."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from canary_subs_whisper.models import CODES

#: Languages written without spaces between words; each of their characters may be a word.
UNSPACED = frozenset({"ja", "zh", "yue", "th", "lo", "km", "my"})

#: Signs that belong to the word after them.
_OPENING = frozenset("([{«„‚“‘¿¡「『（《〈【")

#: Signs that open or close; with a space before them they open.
_QUOTES = frozenset("\"'")

#: How much of the prompt the text before a segment and the glossary may take.
PROMPT_TOKENS = 223


class Tokens:
    """A model's tokenizer."""

    def __init__(self, tokenizer: Any, *, multilingual: bool) -> None:
        self._tokenizer = tokenizer
        self._multilingual = multilingual
        self.end: int = tokenizer.token_to_id("<|endoftext|>")

    def start(self, spoken: str, target: str) -> list[int]:
        """The tokens that ask for the text of a segment in a language."""
        names = ["startoftranscript"]
        if self._multilingual:
            task = "transcribe" if spoken == target else "translate"
            names += [CODES.get(spoken, spoken), task]
        return [self._tokenizer.token_to_id(f"<|{name}|>") for name in names]

    def plain(self) -> int:
        """The token by which a text comes without timestamps."""
        return int(self._tokenizer.token_to_id("<|notimestamps|>"))

    def context(self, glossary: Iterable[str], previous: str) -> tuple[list[int], list[int]]:
        """What may stand before the start: the glossary, and the end of the text before."""
        terms = self._encode(", ".join(glossary))[: PROMPT_TOKENS // 2]
        return terms, self._encode(previous)[-(PROMPT_TOKENS - len(terms)) :]

    def previous(self) -> int:
        """The token that begins a context."""
        return int(self._tokenizer.token_to_id("<|startofprev|>"))

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens, without timestamps."""
        return str(self._tokenizer.decode([token for token in tokens if token < self.end]))

    def words(self, tokens: Sequence[int], language: str) -> list[tuple[str, int, int]]:
        """The words of a text: (text, first token, token after the last)."""
        words: list[tuple[str, int, int]] = []
        spaced = language not in UNSPACED
        for text, begin, end in self._characters(tokens):
            if words and _joins(words[-1][0], text, spaced=spaced):
                before, first, _ = words.pop()
                words.append((before + text, first, end))
            else:
                words.append((text, begin, end))
        return [(text.strip(), begin, end) for text, begin, end in words if text.strip()]

    def _characters(self, tokens: Sequence[int]) -> Iterable[tuple[str, int, int]]:
        """The shortest runs of tokens that are whole characters."""
        begin = 0
        for end in range(1, len(tokens) + 1):
            text = self.text(tokens[begin:end])
            if "\ufffd" not in text or end == len(tokens):
                yield text, begin, end
                begin = end

    def _encode(self, text: str) -> list[int]:
        if not text.strip():
            return []
        return list(self._tokenizer.encode(f" {text.strip()}", add_special_tokens=False).ids)


def shortened(terms: Sequence[int], before: Sequence[int], size: int) -> list[int]:
    """At most ``size`` tokens: the terms, and as much of the end of the text before as fits."""
    terms = terms[:size]
    keep = min(len(before), size - len(terms))
    return [*terms, *before[len(before) - keep :]]


def _joins(before: str, text: str, *, spaced: bool) -> bool:
    """Whether a text goes on the word before it."""
    if not _says_something(before) or not text.strip():
        return True
    if unicodedata.category(text[0]).startswith("M") or (spaced and not text.startswith(" ")):
        return True
    opens = text.strip()[0] in (_OPENING | _QUOTES if spaced else _OPENING)
    return not opens and not _says_something(text)


def _says_something(text: str) -> bool:
    return any(character.isalnum() for character in text)
