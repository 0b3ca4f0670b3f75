"""Function words of the 25 languages of canary-1b-v2: words that tie what stands beside them.

They stand in ``data/function_words``, one file a language.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

_FOLDER = files("canary_subs.cues") / "data" / "function_words"


@dataclass(frozen=True)
class FunctionWords:
    """One language's ties; all but ``enclitics`` lean on the word after them."""

    #: With determiners and possessives that never stand alone.
    articles: frozenset[str]
    prepositions: frozenset[str]
    #: Those that stand before the verb, and contracted ones ("don't").
    negations: frozenset[str]
    #: Subjects.
    pronouns: frozenset[str]
    #: With relative pronouns and subordinators: a line had better begin with them.
    conjunctions: frozenset[str]
    #: With pronouns that are subjects as often as objects: a weaker tie.
    auxiliaries: frozenset[str]
    #: Before a name, without their full stop.
    titles: frozenset[str]
    #: Words that lean on the one before them.
    enclitics: frozenset[str]

    @cached_property
    def leaning(self) -> frozenset[str]:
        """Articles, prepositions and negations: nothing comes between them and the next word."""
        return self.articles | self.prepositions | self.negations

    @cached_property
    def common(self) -> frozenset[str]:
        """Words that are no names, so that their capital begins a sentence."""
        return self.leaning | self.pronouns | self.conjunctions | self.auxiliaries


def _set(words: str) -> frozenset[str]:
    return frozenset(word.strip("'-") for word in words.casefold().split())


#: What stands after a number and belongs to it, in any language.
UNITS = _set(
    "% ‰ ° °c °f mm cm dm m km g kg mg t l ml cl s ms h min hz khz mhz ghz w kw mw v mv a b kb mb"
    " gb tb bit € $ £ ¥ zł kč ft eur usd gbp percent prozent procent"
)

#: Languages that write an ordinal with a full stop after the number.
ORDINAL_LANGUAGES = _set("cs da de et fi hr hu lv no pl sk sl")


@cache
def languages() -> frozenset[str]:
    """The languages that have function words."""
    names = (file.name for file in _FOLDER.iterdir())
    return frozenset(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


@cache
def function_words(language: str) -> FunctionWords | None:
    """The function words of a language (its primary subtag); None where it has none."""
    if language not in languages():
        return None
    lists = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return FunctionWords(**{name: _set(words) for name, words in lists.items()})
