"""Where a text may break: the rank of a break between any two words, in 25 languages.

The rules are those that the guides share (Netflix Timed Text Style Guide, General Requirements,
"Line treatment"; BBC Subtitle Guidelines, "Break at natural points"): break after punctuation,
before conjunctions and prepositions; never between article and noun, preposition and noun, first
and last name, title and name, pronoun and verb, verb and negation, number and unit.
Without a part-of-speech tagger, these are decided by lists of function words (`function_words`) in
the languages of canary-1b-v2; other languages get the rules for names, numbers and punctuation,
and scripts without spaces the line-breaking rules of their typography (kinsoku, JIS X 4051).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from canary_subs.cues.abbreviations import abbreviations
from canary_subs.cues.function_words import ORDINAL_LANGUAGES, UNITS, FunctionWords, function_words
from canary_subs.cues.width import is_wide
from canary_subs.model import primary


class Break(IntEnum):
    """How good a break between two words is, best first."""

    SENTENCE = 0  #: a sentence ends
    CLAUSE = 1  #: a comma, a dash, a closing bracket
    OPENING = 2  #: before a conjunction or preposition
    PLAIN = 3  #: between two unrelated words
    AVOID = 4  #: after a conjunction, between auxiliary and verb
    FORBIDDEN = 5  #: article and noun, preposition and noun, first and last name ...


_SENTENCE_ENDS = frozenset(".!?…。！？｡؟।۔․‽")
_CLAUSE_ENDS = frozenset(",;:—–،؛、，；：)]}»」』）】")
_CLOSERS = "\"'’”»›)]}」』）】〉》"
_OPENERS = "\"'‘’“„«‹([{「『（【〈《¿¡-–—"
_STRIP = "".join(_SENTENCE_ENDS | _CLAUSE_ENDS) + _CLOSERS + _OPENERS

_BRACKETS = frozenset("“„«‹([{「『（【¿¡")
_DASHES = frozenset("-–—")
_SEMICOLONS = frozenset(";\u037e")
_THAT = frozenset(("que", "qu", "qu'", "che", "că"))
#: Before "that", these are one word with it.
_ONE_WITH_THAT = frozenset("ce est-ce parce tandis afin ciò quello aquello aquilo".split())
#: "U.S", without the last full stop.
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_ORDINAL = re.compile(r"\d{1,2}\.")

#: Japanese and Chinese: what may not begin a line, and what may not end one.
_NOT_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々ー’”）〕］｝〉》」』】°′″℃¢％‰"
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ…‥,.!?:;)]}"
)
_NOT_LAST = frozenset("‘“（〔［｛〈《「『【([{")
_JAPANESE_PARTICLES = frozenset("はがをにへとでもの")

#: Languages written without spaces between words.
UNSPACED = frozenset({"ja", "zh", "yue", "th", "lo", "km", "my"})


def is_unspaced(language: str) -> bool:
    """Whether the language (BCP-47) is written without spaces between words."""
    return primary(language) in UNSPACED


@dataclass(frozen=True, slots=True)
class _Shape:
    """The properties of one word, independent of its neighbours."""

    core: str  #: casefolded, punctuation stripped
    end: Break | None  #: SENTENCE or CLAUSE if its punctuation ends one
    opens: bool  #: begins with an opening bracket or quote
    dash: bool  #: only a dash
    small: bool  #: begins with a small letter
    titled: bool  #: Capitalised like a name
    number: bool
    ordinal: bool  #: "3.", which is "third" in many languages
    initial: bool  #: "K.", an initial of a name
    semicolon: bool  #: ends with the Greek question mark
    stop: bool  #: ends with one full stop, as an abbreviation does


@lru_cache(maxsize=1 << 16)
def _shape(text: str) -> _Shape:
    bare = text.strip(_STRIP)
    tail = text.rstrip(_CLOSERS)
    end: Break | None = None
    if tail and tail[-1] in _SENTENCE_ENDS:
        end = Break.SENTENCE
    elif text and (text[-1] in _CLAUSE_ENDS or (tail and tail[-1] in _CLAUSE_ENDS)):
        end = Break.CLAUSE
    return _Shape(
        core=bare.casefold().replace("’", "'"),
        end=end,
        opens=text[:1] in _BRACKETS or (text[:1] == '"' and bool(bare)),
        dash=text in _DASHES,
        small=bare[:1].islower(),
        titled=len(bare) > 1 and bare[0].isupper() and not bare.isupper(),
        number=bare[:1].isdigit(),
        ordinal=bool(_ORDINAL.fullmatch(text)),
        initial=len(text) == 2 and text[0].isupper() and text[1] == ".",
        semicolon=tail[-1:] in _SEMICOLONS,
        stop=text[-1:] == "." and text[-2:-1] != ".",
    )


def rank_breaks(texts: Sequence[str], language: str) -> list[Break]:
    """The rank of a break before each word of ``texts``; the first is `Break.SENTENCE`.

    ``language`` is a BCP-47 tag; its primary subtag chooses the rules.
    """
    code = primary(language)
    words = function_words(code)
    shapes = [_shape(text) for text in texts]
    ranks = [Break.SENTENCE] * len(texts)
    for i in range(1, len(texts)):
        rank = _rank(shapes[i - 1], shapes[i], words, code)
        if rank is None:
            first_word = ranks[i - 1] is Break.SENTENCE
            rank = Break.FORBIDDEN if not first_word and _name(shapes, i) else Break.PLAIN
        if rank in (Break.PLAIN, Break.OPENING) and code in UNSPACED:
            rank = _rank_unspaced(texts[i - 1], texts[i])
        ranks[i] = rank
    return ranks


def _name(shapes: Sequence[_Shape], i: int) -> bool:
    """Whether word i and the one before it are two names: capitalised next to lower case.

    If all neighbours are capitalised too, as in a title, they are not taken for names.
    """
    if not (shapes[i - 1].titled and shapes[i].titled):
        return False
    return shapes[i - 2].small or (i + 1 < len(shapes) and shapes[i + 1].small)


def _rank(left: _Shape, right: _Shape, words: FunctionWords | None, code: str) -> Break | None:
    """The rank by the words themselves; None if only being a name could connect them."""
    ends = left.end is Break.SENTENCE or (left.semicolon and code == "el")
    if "." in left.core and left.end is None and left.core in abbreviations(code).before:
        return Break.FORBIDDEN  # "dott.ssa Rossi"
    if ends and left.stop and right.core:
        if (rank := _rank_abbreviation(left, right, words, code)) is not None:
            return rank
        ends = not _goes_on(left, right, code)
    # Separate punctuation belongs to the word before it or, if it opens, to the one after it.
    if not right.core and not right.opens:
        return Break.SENTENCE if ends and right.dash else Break.FORBIDDEN
    if not left.core and left.opens:
        return Break.FORBIDDEN
    if words and left.core in words.titles and left.end is not Break.CLAUSE:
        return Break.FORBIDDEN
    if left.ordinal and code in ORDINAL_LANGUAGES:
        return Break.AVOID
    if left.initial:
        return Break.FORBIDDEN if right.titled or right.initial else Break.PLAIN
    if ends:
        # Lower case follows an abbreviation, or a question inside a sentence.
        return Break.CLAUSE if right.small else Break.SENTENCE
    if left.end is Break.CLAUSE or right.opens or not left.core:
        return Break.CLAUSE
    if left.number and (right.core in UNITS or right.number):
        return Break.FORBIDDEN
    if words is None:
        return Break.AVOID if left.number else None
    return _rank_words(left, right, words)


def _rank_abbreviation(
    left: _Shape, right: _Shape, words: FunctionWords | None, code: str
) -> Break | None:
    """The rank after an abbreviation that decides it; None after any other word."""
    known = abbreviations(code)
    if left.core in known.before or (left.core in known.numbered and right.number):
        return Break.FORBIDDEN
    if left.core in known.closing or not _DOTTED.fullmatch(left.core) or right.small:
        return None
    # "the U.S. Army", but "in the U.S. They ..."
    return Break.SENTENCE if words and right.core in words.common else Break.AVOID


def _goes_on(left: _Shape, right: _Shape, code: str) -> bool:
    """Whether the sentence goes on after an abbreviation: a small letter or a number follows."""
    known = abbreviations(code)
    short = left.core in known.closing | known.numbered or _DOTTED.fullmatch(left.core)
    return bool(short) and (right.small or right.number)


def _rank_words(left: _Shape, right: _Shape, words: FunctionWords) -> Break | None:
    """The rank of two words without punctuation between them, by their classes."""
    if right.core in words.enclitics:
        return Break.FORBIDDEN
    that = right.core in _THAT or right.core.startswith("qu'")
    if that and (left.core in words.articles or left.core in _ONE_WITH_THAT):
        return Break.FORBIDDEN  # "what": "ce que", "lo que", "o que"
    if right.core in words.conjunctions:
        # "before that" in Romance languages is one conjunction of two words.
        double = left.core in words.prepositions and right.core in _THAT
        return Break.AVOID if double or left.core in words.conjunctions else Break.OPENING
    if left.core in words.leaning:
        return Break.FORBIDDEN
    preposition = right.core in words.prepositions
    if left.core in words.pronouns:
        return Break.OPENING if preposition else Break.FORBIDDEN
    if left.core in words.conjunctions:
        return Break.AVOID
    if preposition:
        return Break.OPENING
    if left.core in words.auxiliaries or left.number or right.core in words.negations:
        return Break.AVOID
    return None


def _rank_unspaced(left: str, right: str) -> Break:
    """Kinsoku first; then a change of script or a particle is better than inside a word."""
    if not left or not right:
        return Break.PLAIN
    a, b = left[-1], right[0]
    if b in _NOT_FIRST or a in _NOT_LAST:
        return Break.FORBIDDEN
    if not (is_wide(a) and is_wide(b)):
        return Break.PLAIN
    if a in _JAPANESE_PARTICLES and not "ぁ" <= b <= "ゟ":
        return Break.OPENING
    if _script(a) == _script(b) != "kana":
        return Break.AVOID
    return Break.PLAIN


def _script(character: str) -> str:
    if "ぁ" <= character <= "ゟ":
        return "kana"
    return "katakana" if "゠" <= character <= "ヿ" else "han"
