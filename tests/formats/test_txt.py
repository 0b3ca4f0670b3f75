"""Plain text in paragraphs."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from canary_subs.formats.txt import TxtOptions, TxtWriter
from canary_subs.model import Utterance
from tests.formats.documents import document, hostile_text, seen, thorough, utterance, word


def write(*utterances: Utterance, pause_ms: int = 2000) -> str:
    writer = TxtWriter(TxtOptions(pause_ms=pause_ms))
    return writer.write(document(utterances=utterances)).decode()


def test_a_pause_after_a_sentence_begins_a_paragraph() -> None:
    first = utterance(word("Good", 0, 300), word("day.", 400, 800))
    near = utterance(word("Come", 2000, 2300), word("in.", 2400, 2800))
    far = utterance(word("Well", 4800, 5000))
    on = utterance(word("then.", 8000, 8300))
    assert write(first, near, far, on) == "Good day. Come in.\n\nWell then.\n"


def test_a_pause_twice_as_long_always_does() -> None:
    broken = utterance(word("But", 0, 300), word("no.", 4300, 4800))
    assert write(broken) == "But\n\nno.\n"


def test_spaces_are_those_of_the_text() -> None:
    spoken = utterance(word("東京", 0, 300), word("です。", 300, 600), text="東京です。")
    assert write(spoken) == "東京です。\n"


def test_text_without_words_is_written() -> None:
    bare = replace(utterance(word("x", 0, 900)), words=(), text="Nobody timed this.")
    assert write(bare, bare) == "Nobody timed this. Nobody timed this.\n"


def test_nothing_said() -> None:
    assert write() == ""


@thorough
@given(st.lists(hostile_text.filter(seen), min_size=1, max_size=8))
def test_every_word_is_there_in_order(texts: list[str]) -> None:
    words = [word(text, i * 100, i * 100 + 90) for i, text in enumerate(texts)]
    shown = write(utterance(*words))
    assert "".join(seen(shown).split()) == "".join("".join(seen(t).split()) for t in texts)
