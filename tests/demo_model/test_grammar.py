"""The demonstration model's language: parallel, unambiguous, large enough, honestly held out."""

import itertools
from collections import Counter

import pytest

from examples.demo_model.grammar import LANGUAGES, TEMPLATES, draw, sentences

EVERY = [*sentences(held_out=False), *sentences(held_out=True)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_sentences_share_a_wording(language: str) -> None:
    wordings = Counter(sentence.text(language) for sentence in EVERY)
    assert wordings.most_common(1)[0][1] == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_at_least_120_words(language: str) -> None:
    words = {word.strip(".,?¿").lower() for one in EVERY for word in one.text(language).split()}
    assert len(words) >= 120


def test_about_a_tenth_is_held_out_of_every_template() -> None:
    total = Counter(one.template.name for one in EVERY)
    kept_back = Counter(one.template.name for one in EVERY if one.held_out)
    assert set(kept_back) == {template.name for template in TEMPLATES}
    assert 0.08 < sum(kept_back.values()) / sum(total.values()) < 0.12


@pytest.mark.parametrize("held_out", [True, False])
def test_drawing_is_balanced_over_templates_and_repeats_itself(held_out: bool) -> None:
    drawn = list(itertools.islice(draw(3, held_out=held_out), 10 * len(TEMPLATES)))
    assert all(one.held_out == held_out for one in drawn)
    assert set(Counter(one.template.name for one in drawn).values()) == {10}
    again = itertools.islice(draw(3, held_out=held_out), len(drawn))
    assert [one.choice for one in again] == [one.choice for one in drawn]


def test_agreement() -> None:
    wordings = {one.texts.en: one.texts for one in EVERY}
    assert wordings["Where is the old bird?"] == (
        "Where is the old bird?",
        "Wo ist der alte Vogel?",
        "Où est le vieil oiseau?",
        "¿Dónde está el pájaro viejo?",
    )
    assert wordings["Anna gives the student an apple."] == (
        "Anna gives the student an apple.",
        "Anna gibt dem Studenten einen Apfel.",
        "Anna donne une pomme à l'étudiant.",
        "Anna da una manzana al estudiante.",
    )
