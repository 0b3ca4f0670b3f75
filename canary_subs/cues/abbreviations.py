"""Abbreviations of the 25 languages of canary-1b-v2, whose full stop does not end a sentence.

They stand in ``data/abbreviations``, one file a language.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FOLDER = files("canary_subs.cues") / "data" / "abbreviations"


@dataclass(frozen=True)
class Abbreviations:
    """One language's abbreviations, without their last full stop."""

    #: They belong to the word after them.
    before: frozenset[str] = frozenset()
    #: They belong to a number after them.
    numbered: frozenset[str] = frozenset()
    #: They end a sentence before a capital.
    closing: frozenset[str] = frozenset()


@cache
def languages() -> frozenset[str]:
    """The languages that have abbreviations."""
    names = (file.name for file in _FOLDER.iterdir())
    return frozenset(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


@cache
def abbreviations(language: str) -> Abbreviations:
    """The abbreviations of a language (its primary subtag); empty lists where it has none."""
    if language not in languages():
        return Abbreviations()
    lists = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Abbreviations(**{name: frozenset(words.split()) for name, words in lists.items()})
