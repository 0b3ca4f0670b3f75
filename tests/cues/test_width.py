"""Widths and characters as eyes count them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary_subs.cues.width import characters, columns, graphemes
from tests.cues.streams import thorough


@pytest.mark.parametrize(
    ("text", "wide", "long"),
    [
        ("", 0, 0),
        ("plain words", 11, 11),
        ("naïve", 5, 5),
        (unicodedata.normalize("NFD", "naïve Ångström"), 14, 14),
        ("日本語", 6, 3),
        ("ｶﾀｶﾅ", 4, 4),
        ("한국어", 6, 3),
        (unicodedata.normalize("NFD", "한국어"), 6, 3),
        ("\u202bשלום\u202c", 4, 4),
        ("שָׁלוֹם", 4, 4),
        ("مُدَرِّس", 4, 4),
        ("👩\u200d👩\u200d👧 ok", 5, 4),
        ("🇩🇪🇫🇷", 4, 2),
        ("👍🏽", 2, 1),
        ("zero\u200bwidth", 9, 9),
    ],
)
def test_known_texts(text: str, wide: int, long: int) -> None:
    assert columns(text) == wide
    assert characters(text) == long


@thorough
@given(st.text())
def test_graphemes_are_the_text(text: str) -> None:
    assert "".join(graphemes(text)) == text


@thorough
@given(st.text(st.characters(categories=("L", "N", "Mn")), max_size=40))
def test_composed_and_decomposed_are_equal(text: str) -> None:
    assert columns(unicodedata.normalize("NFC", text)) == columns(
        unicodedata.normalize("NFD", unicodedata.normalize("NFC", text))
    )
