"""Texts for messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary_subs._text import did_you_mean, nearest_name, printable, quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Café 1.mkv", "Café 1.mkv"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("broken \udce9 byte", r"broken \udce9 byte"),
    ],
)
def test_what_cannot_be_printed_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == printable(Path(text)) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_one_valid_printable_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert printable(shown) == shown


def test_quotes_are_short_and_printable() -> None:
    assert quoted("x" * 50) == repr("x" * 40)
    assert quoted("é") == "'é'"
    assert quoted("é\x00") == r"'\xe9\x00'"


def test_unknown_names_are_answered_with_the_nearest_or_all() -> None:
    assert did_you_mean("srr", ["vtt", "srt"]) == "did you mean 'srt'?"
    assert did_you_mean("xyz", ["vtt", "srt"]) == "there are: srt, vtt"
    assert nearest_name("srr", ["vtt", "srt"]) == "srt"
    assert nearest_name("xyz", ["vtt", "srt"]) is None
