"""The language of a text, judged by its script and its function words.

No model: function words make up a third to a half of running text and differ even between related
languages. A word counts for a language more, the fewer languages have it. Weak evidence gives no
answer.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from canary_subs.cues.function_words import function_words, languages
from canary_subs.model import primary

#: The scripts of languages not written in Latin letters, by the names of Unicode.
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

#: A text counts as being in another language if that has this much more evidence (in words that
#: only one language has) than its own, and this many times as much.
_MARGIN = 1.5
_TIMES = 4.0


def other_script(text: str, language: str) -> str | None:
    """The script of most letters of ``text``, if that is not the language's own.

    None for fewer than four letters, and if a quarter or more are in the language's own script.
    """
    expected = _SCRIPTS.get(primary(language), _LATIN)
    scripts = Counter(_script(c) for c in text if c.isalpha())
    total = sum(scripts.values())
    own = sum(scripts[script] for script in expected)
    if total < 4 or 4 * own >= total:
        return None
    return scripts.most_common(1)[0][0].capitalize()


def other_language(words: Sequence[str], language: str) -> str | None:
    """The language that ``words`` are clearly in, if not ``language``; None if uncertain."""
    own = primary(language)
    if own not in languages():
        return None
    evidence = _evidence(words)
    ranked = sorted(((weight, one) for one, weight in evidence.items()), reverse=True)
    if not ranked or ranked[0][1] == own:
        return None
    weight, other = ranked[0]
    own_weight = evidence.get(own, 0.0)
    clear = weight - own_weight >= _MARGIN and weight >= _TIMES * own_weight
    return other if clear else None


def _evidence(words: Iterable[str]) -> Mapping[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    owners = _owners()
    # Repeating a word adds no evidence.
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
