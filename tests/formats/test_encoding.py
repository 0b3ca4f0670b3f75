"""Legacy code pages: one file for each page of 34 languages, of 200 cues and of 5."""

from __future__ import annotations

import pytest

from canary_subs.formats.encoding import decode
from tests.formats.code_page_texts import CASES, subrip


@pytest.mark.parametrize("cues", [5, 200])
@pytest.mark.parametrize(("language", "page"), CASES)
def test_every_code_page_is_read_by_its_text_alone(language: str, page: str, cues: int) -> None:
    text = subrip(language, page, cues)
    found = decode(text.encode(page), None)
    assert found.text == text


@pytest.mark.parametrize("cues", [5, 200])
@pytest.mark.parametrize(("language", "page"), CASES)
def test_the_language_that_is_given_is_used(language: str, page: str, cues: int) -> None:
    text = subrip(language, page, cues)
    found = decode(text.encode(page), language)
    assert found.text == text


def test_doubt_is_reported() -> None:
    found = decode("1\n00:00:01,000 --> 00:00:02,000\nš\n".encode("cp1250"), None)
    assert "its encoding is not certain" in found.doubt and "UTF-8" in found.doubt
    assert not decode("Où étais-tu ?".encode(), None).doubt
    assert decode(bytes(range(1, 256)) * 4, None).doubt
