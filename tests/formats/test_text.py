"""What every format relies on."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary_subs.formats import canary_subs_writers
from canary_subs.formats.text import plain, words_in_lines
from canary_subs.model import Context, Cue, Word
from canary_subs.plugin.hookspecs import Provider, Writer
from tests.formats.documents import BYE, USUAL, hostile_text, seen, thorough, word


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("  a \t b\r\nc  ", "a b c"),
        ("a\x00\x1b[31mb", "a[31mb"),
        ("\ufeffa\u2028b", "a b"),
        ("a\u202eb", "ab"),
        ("\u202bשלום", "\u202bשלום\u202c"),
        ("\u202bשלום\u202c", "\u202bשלום\u202c"),
        ("\u2067a\u202bb", "\u2067a\u202bb\u202c\u2069"),
        ("a\u202c\u2069b", "ab"),
        ("\u200fשלום!", "\u200fשלום!"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("\ud800", ""),
    ],
)
def test_plain(text: str, result: str) -> None:
    assert plain(text) == result


@thorough
@given(st.one_of(st.text(), hostile_text))
def test_plain_shows_what_was_there_on_one_line(text: str) -> None:
    result = plain(text)
    assert plain(result) == result
    assert len(result.splitlines()) <= 1
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in result)
    assert seen(result).replace(" ", "") == seen(text).replace(" ", "")
    result.encode()


def test_words_are_found_in_their_lines() -> None:
    cue = USUAL.cues[1]
    assert words_in_lines(cue) == [[("Bis ", BYE[0]), ("dann", BYE[1])], [("mal.", BYE[2])]]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("Bis bald",), BYE),
        (("Bis dann",), BYE),
        (("Bis dann", "mal. Ja"), BYE),
        (("Bis",), ()),
        (("a",), (word("\x00", 0, 1),)),
    ],
)
def test_an_edited_cue_has_no_words(lines: tuple[str, ...], words: tuple[Word, ...]) -> None:
    assert words_in_lines(Cue(start_ms=0, end_ms=9, lines=lines, words=words)) is None


@pytest.mark.parametrize("provider", canary_subs_writers(), ids=lambda provider: provider.name)
def test_every_writer_is_pure_and_writes_utf_8(provider: Provider[Writer]) -> None:
    writer = provider.make(provider.options(), Context())
    data = writer.write(USUAL)
    assert isinstance(data, bytes)
    assert writer.suffix == f".{provider.name}"
    assert data == provider.make(provider.options(), Context()).write(USUAL)
    assert "Guten" in data.decode() and not data.startswith(b"\xef\xbb\xbf")
