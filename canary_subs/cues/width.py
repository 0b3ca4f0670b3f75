"""How wide a text looks and how many characters it has, as eyes count them."""

from __future__ import annotations

from functools import lru_cache

from wcwidth import iter_graphemes, wcwidth, width


@lru_cache(maxsize=1 << 16)
def columns(text: str) -> int:
    """Columns that ``text`` takes on a screen.

    Combining marks and direction marks take none, East Asian wide characters and emoji take two
    (Unicode Standard Annex 11); an emoji joined of several counts once.
    """
    if text.isascii():
        return len(text)
    return width(text)


@lru_cache(maxsize=1 << 16)
def characters(text: str) -> int:
    """Characters that a reader reads: grapheme clusters with a width, spaces counted."""
    if text.isascii():
        return len(text)
    return sum(1 for grapheme in graphemes(text) if width(grapheme))


def graphemes(text: str) -> list[str]:
    """The text cut into what a reader calls characters (Unicode Standard Annex 29)."""
    return list(iter_graphemes(text))


def is_wide(character: str) -> bool:
    """Whether a single character takes two columns."""
    return wcwidth(character) == 2
