"""Word times for texts of engines that give none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from canary_subs.model import Span, Timing, Utterance, Word
from canary_subs.time import divided


def with_words(utterance: Utterance) -> Utterance:
    """The utterance; where it has text without words, the text's words share its span."""
    if utterance.words or not utterance.text:
        return utterance
    words = spread(utterance.text.split(), utterance.span)
    return replace(utterance, words=words, timing=Timing.SPREAD)


def spread(texts: Sequence[str], span: Span) -> tuple[Word, ...]:
    """Words that share ``span`` by the length of their texts: `Timing.SPREAD`.

    The times rise, leave no gap and fill the span. Each word counts one character more than it
    has, for the space beside it.
    """
    parts = divided(span, [len(text) + 1 for text in texts])
    return tuple(
        Word(text=text, start_ms=part.start_ms, end_ms=part.end_ms)
        for text, part in zip(texts, parts, strict=True)
    )
