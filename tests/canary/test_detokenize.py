"""From tokens to words."""

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from canary_subs.canary.detokenize import Detokenizer
from tests.canary.conftest import tiny


class Tokens:
    """A tokenizer of a few tokens, in SentencePiece's spelling."""

    vocab = ("<unk>", "<|en|>", "<|3|>", "<|7|>", "▁hel", "lo", "▁wor", "ld", ".", "▁", "<|12|>")

    def ids_to_text(self, ids: list[int]) -> str:
        return "".join(self.vocab[i] for i in ids).replace("▁", " ")


def test_tokens_belong_to_words_and_special_ones_to_none() -> None:
    found = Detokenizer(Tokens()).detokenize([1, 4, 5, 0, 6, 7, 8])
    assert found.words == ("hello", "world.")
    assert found.owners == (None, 0, 0, None, 1, 1, 1)
    assert found.text == "hello world."


def test_a_word_is_as_sure_as_its_tokens_in_the_middle() -> None:
    found = Detokenizer(Tokens()).detokenize([4, 5, 6, 7])
    sure = found.confidences([math.log(0.9), math.log(0.4), 0.0, 0.0])
    assert sure[0] is not None and abs(sure[0] - 0.6) < 1e-9
    assert sure[1] == 1.0


def test_frame_tokens_stand_around_words_and_a_lost_one_costs_no_word() -> None:
    detokenizer = Detokenizer(Tokens())
    assert detokenizer.framed_words([2, 4, 5, 3, 3, 6, 7, 10]) == [
        ("hello", 3, 7),
        ("world", 7, 12),
    ]
    assert detokenizer.framed_words([2, 4, 5, 3, 6, 7, 10]) == [("hello", 3, 7), ("world", 7, 12)]
    assert detokenizer.framed_words([4, 5]) == []


@given(st.lists(st.integers(0, 700), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_tokens_give_complete_words_with_owners_in_order(ids: list[int]) -> None:
    model: Any = tiny("one tokenizer")
    found = Detokenizer(model.tokenizer).detokenize(ids)
    assert len(found.owners) == len(ids)
    owners = [owner for owner in found.owners if owner is not None]
    assert owners == sorted(owners)
    assert all(0 <= owner < len(found.words) for owner in owners)
    assert len(found.confidences([-0.5] * len(ids))) == len(found.words)
