"""Which language a text is in, as far as its script and its smallest words tell.

No model: function words make up a third to a half of running text and differ between languages,
also between near ones. A word counts for a language the more, the fewer languages have it. Where
the evidence is thin there is no answer.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from canary_subs.cues.function_words import function_words, languages
from canary_subs.model import primary

#: The scripts of languages that are not written in Latin letters, as Unicode names characters.
_SCRIPTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        language: frozenset(scripts.split())
        for language, scripts in {
            "bg": "CYRILLIC", "mk": "CYRILLIC", "ru": "CYRILLIC", "uk": "CYRILLIC",
            "be": "CYRILLIC", "sr": "CYRILLIC LATIN", "el": "GREEK", "ar": "ARABIC",
            "fa": "ARABIC", "ur": "ARABIC", "he": "HEBREW", "hi": "DEVANAGARI", "th": "THAI",
            "ja": "HIRAGANA KATAKANA CJK KATAKANA-HIRAGANA", "zh": "CJK", "yue": "CJK",
            "ko": "HANGUL CJK",
        }.items()
    }
)  # fmt: skip
_LATIN = frozenset({"LATIN"})

#: A text must show so much more evidence for another language than for its own (in words that
#: only one language has), and so many times as much, before it counts as being in the other.
_MARGIN = 1.5
_TIMES = 4.0


def other_script(text: str, language: str) -> str | None:
    """The script that most letters of ``text`` are in where it is not the language's own.

    None for under four letters, and where a quarter or more are in the language's own script.
    """
    expected = _SCRIPTS.get(primary(language), _LATIN)
    scripts = Counter(_script(c) for c in text if c.isalpha())
    total = sum(scripts.values())
    own = sum(scripts[script] for script in expected)
    if total < 4 or 4 * own >= total:
        return None
    return scripts.most_common(1)[0][0].capitalize()


def other_language(words: Sequence[str], language: str) -> str | None:
    """The language that ``words`` are plainly in where it is not ``language``; None if unsure."""
    own = primary(language)
    if own not in languages():
        return None
    evidence = _evidence(words)
    ranked = sorted(((weight, one) for one, weight in evidence.items()), reverse=True)
    if not ranked or ranked[0][1] == own:
        return None
    weight, other = ranked[0]
    known = evidence.get(own, 0.0)
    return other if weight - known >= _MARGIN and weight >= _TIMES * known else None


def _evidence(words: Iterable[str]) -> Mapping[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    owners = _owners()
    # A word that is said again says nothing new.
    for word in {word.casefold().replace("’", "'") for word in words}:
        owned_by = owners.get(word, ())
        for language in owned_by:
            found[language] += 1 / len(owned_by)
    return found


@cache
def _owners() -> Mapping[str, tuple[str, ...]]:
    owners: dict[str, list[str]] = {}
    for language in sorted(languages()):
        words = function_words(language)
        assert words is not None
        classes = (
            *(words.articles, words.prepositions, words.negations, words.pronouns),
            *(words.conjunctions, words.auxiliaries, words.enclitics),
        )
        for word in frozenset().union(*classes):
            owners.setdefault(word, []).append(language)
    return {word: tuple(found) for word, found in owners.items()}


@cache
def _script(character: str) -> str:
    return unicodedata.name(character, "").split(" ")[0]
