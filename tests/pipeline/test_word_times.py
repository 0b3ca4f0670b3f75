"""Words spread over a span where the engine gave no times."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from canary_subs.model import Span, Word
from canary_subs.pipeline.word_times import spread


def test_words_share_the_span_by_their_length() -> None:
    assert spread(["a", "long"], Span(start_ms=1000, end_ms=1700)) == (
        Word(text="a", start_ms=1000, end_ms=1200),
        Word(text="long", start_ms=1200, end_ms=1700),
    )
    assert spread([], Span(start_ms=0, end_ms=500)) == ()


@given(texts=st.lists(st.text(max_size=12), max_size=30), width=st.integers(0, 30_000))
@settings(max_examples=100, deadline=None)
def test_spread_words_fill_the_span_in_order(texts: list[str], width: int) -> None:
    span = Span(start_ms=500, end_ms=500 + width)
    words = spread(texts, span)
    assert [word.text for word in words] == texts
    assert all(word.confidence is None for word in words)
    assert all(word.start_ms <= word.end_ms for word in words)
    assert all(one.end_ms == other.start_ms for one, other in pairwise(words))
    if words:
        assert (words[0].start_ms, words[-1].end_ms) == (span.start_ms, span.end_ms)
