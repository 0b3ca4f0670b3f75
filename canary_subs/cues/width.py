"""The width of a text on the screen, and its number of visible characters."""

from __future__ import annotations

from functools import lru_cache

from wcwidth import iter_graphemes, wcwidth, width


@lru_cache(maxsize=1 << 16)
def columns(text: str) -> int:
    """The columns of ``text`` on the screen.

    Combining marks and direction marks have none, East Asian wide characters and emoji have two
    (Unicode Standard Annex 11); an emoji of several code points counts once.
    """
    if text.isascii():
        return len(text)
    return width(text)


@lru_cache(maxsize=1 << 16)
def characters(text: str) -> int:
    """The number of visible characters: grapheme clusters with a width, and spaces."""
    if text.isascii():
        return len(text)
    return sum(1 for grapheme in graphemes(text) if width(grapheme))


def graphemes(text: str) -> list[str]:
    """The text as grapheme clusters, which readers call characters (Unicode Annex 29)."""
    return list(iter_graphemes(text))


def is_wide(character: str) -> bool:
    """Whether a single character takes two columns."""
    return wcwidth(character) == 2
