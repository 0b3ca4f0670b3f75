"""What the model's card promises is counted right, and a figure that falls short is named."""

from __future__ import annotations

import pytest

from examples.demo_model.figures import BINDING_S, LENGTHS_S, Figures
from examples.demo_model.grammar import LANGUAGES
from examples.demo_model.measures import Tally, exact_sentences, word_errors


def good() -> Figures:
    figures = Figures(invented={"noise": (0, 9)})
    for language in LANGUAGES:
        for length_s in LENGTHS_S:
            tally = Tally(examples=1, words=100, errors=1, starts_ms=[20.0])
            figures.transcripts[language, length_s].add(tally)
    figures.pairs["en", "de"].add(Tally(sentences=100, exact=95))
    figures.timed.add(Tally(examples=1, words=10, frame_starts_ms=[200.0]))
    return figures


def test_good_figures_have_no_shortfalls(capsys: pytest.CaptureFixture[str]) -> None:
    figures = good()
    assert list(figures.shortfalls()) == []
    figures.show()
    shown = capsys.readouterr().out
    assert "| all | 1-20 s | 12 | 1200 | 1.00 % | 20 ms | 20 ms |" in shown
    assert "| all | all | 100 | 95.0 % |" in shown


def test_each_figure_that_falls_short_is_named() -> None:
    figures = good()
    figures.transcripts["fr", BINDING_S[0]].errors = 50
    figures.transcripts["de", BINDING_S[1]].starts_ms = [400.0]
    figures.pairs["en", "de"].exact = 90
    figures.invented = {"noise": (2, 9)}
    short = "\n".join(figures.shortfalls())
    for name in ("WER of fr", "word starts of de", "exact translations", "invented over noise"):
        assert name in short


def test_the_longest_examples_may_be_worse() -> None:
    figures = good()
    for language in LANGUAGES:
        figures.transcripts[language, LENGTHS_S[-1]].errors = 90
    assert list(figures.shortfalls()) == []


def test_counts() -> None:
    assert word_errors("a b c d".split(), "a x c".split()) == 2
    assert exact_sentences(["One two.", "Three?", "Four."], "One two. Thre? Four.") == 2
