"""The files of words that native speakers correct: complete, and nothing in them is mistyped."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any
from unicodedata import is_normalized

import pytest

from canary_subs import cues
from canary_subs.cues import abbreviations, function_words, sound_labels
from canary_subs.cues.sdh import KINDS

FOLDER = Path(cues.__file__).parent / "data"
LANGUAGES = "bg cs da de el en es et fi fr hr hu it lt lv mt nl pl pt ro ru sk sl sv uk".split()
LISTS = {field.name for field in fields(function_words.FunctionWords)}

#: Lists that a language may leave empty: Hungarian has postpositions, many have no enclitics.
MAY_BE_EMPTY = {("hu", "prepositions"), *((language, "enclitics") for language in LANGUAGES)}


def table(kind: str, language: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / kind / f"{language}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["abbreviations", "function_words", "sound_labels"])
def test_there_is_one_file_for_each_of_25_languages(kind: str) -> None:
    assert sorted(path.name for path in (FOLDER / kind).iterdir()) == [
        f"{language}.toml" for language in LANGUAGES
    ]
    assert (
        sound_labels.languages()
        == function_words.languages()
        == abbreviations.languages()
        == set(LANGUAGES)
    )


@pytest.mark.parametrize("kind", ["abbreviations", "function_words", "sound_labels"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_begins_with_how_to_correct_it(kind: str, language: str) -> None:
    text = (FOLDER / kind / f"{language}.toml").read_text(encoding="utf-8")
    assert text.startswith("# ") and "# To correct " in text
    assert is_normalized("NFC", text)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_sound_has_a_label_of_its_own(language: str) -> None:
    labels = table("sound_labels", language)
    assert set(labels) == KINDS
    for label in labels.values():
        assert isinstance(label, str) and label and label == " ".join(label.split())
    assert len(set(labels.values())) == len(labels)
    assert sound_labels.labels(language) == labels


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_list_of_function_words_is_there(language: str) -> None:
    lists = table("function_words", language)
    assert set(lists) == LISTS
    for name, words in lists.items():
        assert words.split() or (language, name) in MAY_BE_EMPTY, name
        assert not set(words) & set('’,;."()'), f"{name} holds punctuation"
        repeated = [word for word, count in Counter(words.split()).items() if count > 1]
        assert not repeated, f"{name} holds a word twice"
    read = function_words.function_words(language)
    assert read is not None
    assert "'" not in {word[-1] for name in LISTS for word in getattr(read, name)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_list_of_abbreviations_is_there(language: str) -> None:
    lists = table("abbreviations", language)
    assert set(lists) == {field.name for field in fields(abbreviations.Abbreviations)}
    words = [word for one in lists.values() for word in one.split()]
    assert all(one.split() for one in lists.values())
    assert len(words) == len(set(words)), "a word stands twice"
    assert not [word for word in words if word.endswith(".") or word != word.casefold()]


def test_other_languages_have_none() -> None:
    for language in ("ja", "", "..", "../sound_labels/de", "DE"):
        assert sound_labels.labels(language) == {}
        assert function_words.function_words(language) is None
