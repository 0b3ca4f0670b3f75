"""The encoding of a subtitle file, where nothing states it.

A legacy code page is found by trial: the text is decoded with every page that a language uses, and
the likeliest is taken, by its letters and words. Read in a wrong page, letters are other languages'
or none, symbols stand inside words, capitals follow small letters, and no word is common.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

from canary_subs.errors import NotSubtitles
from canary_subs.model import primary

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)

#: The language that is given decides, unless none of its pages gives as much.
_GIVEN_ENOUGH = 0.6
#: A result below this, or this little before another one, counts as doubtful.
_SURE = 0.7
_CLEAR = 0.04
#: So much of a file is examined; more does not change the result.
_JUDGED_BYTES = 30_000
#: Where Unicode's Latin letters end and Greek, Cyrillic and further ones begin.
_AFTER_LATIN = "\u0370"
#: Signs outside ASCII that texts in any language hold.
_SIGNS = frozenset(
    "“”„‘’‚«»‹›–—…¿¡♪♫°€£§©\u00a0·•½¼¾´。、「」『』，？！：；（）・～《》\u3000׳״،؟؛"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
#: Thai: a vowel that is written before a consonant, before something else; a vowel sign after
#: anything but a consonant; a tone mark after anything but a consonant or a vowel sign.
_THAI_ODD = re.compile(
    "[\u0e40-\u0e44][^\u0e01-\u0e2e]|[^\u0e01-\u0e2e][\u0e31\u0e34-\u0e3a]"
    "|[^\u0e01-\u0e2e\u0e31\u0e34-\u0e3a][\u0e47-\u0e4e]"
)
#: The letters of scripts that have no alphabet in the data.
_IN_SCRIPT = {
    "kana": re.compile("[\u3041-\u30ff\u4e00-\u9fff]"),
    "han": re.compile("[\u4e00-\u9fff]"),
    "hangul": re.compile("[\uac00-\ud7a3]"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Language:
    """How one language is known."""

    pages: tuple[str, ...]
    letters: frozenset[str]
    script: str
    words: frozenset[str]
    #: Characters, in place of words.
    common: frozenset[str]


@cache
def _languages() -> Mapping[str, _Language]:
    data = tomllib.loads(
        (files("canary_subs.formats") / "code_pages.toml").read_text(encoding="utf-8")
    )
    return {
        name: _Language(
            pages=tuple(one["pages"].split()),
            letters=frozenset(one.get("letters", "")),
            script=one.get("script", ""),
            words=frozenset(one.get("words", "").split()),
            common=frozenset(one.get("common", "")),
        )
        for name, one in data.items()
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodedText:
    """A text, and why its encoding is doubtful; empty where it is not."""

    text: str
    doubt: str = ""


def decode(data: bytes, language: str | None) -> DecodedText:
    """The text of ``data``.

    Its encoding is, in this order: what a byte order mark states, UTF-16 without one, UTF-8, the
    code page that fits best, above all one of ``language`` (BCP-47) where that is known.
    Raises `NotSubtitles` with the reason alone.
    """
    encoding = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), None)
    encoding = encoding or _utf16_without_bom(data) or "utf-8"
    doubt = ""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            line = 1 + data[: error.start].decode(encoding, "replace").count("\n")
            raise NotSubtitles(f"line {line}: broken {encoding} text") from None
        text, doubt = _legacy(data, language)
    if "\0" in text[:4096]:
        raise NotSubtitles("not text, so not a subtitle file")
    return DecodedText(text=text.removeprefix("\ufeff").replace("\0", ""), doubt=doubt)


def _utf16_without_bom(data: bytes) -> str | None:
    """UTF-16 shows itself by the zero bytes of its digits and line ends."""
    head = data[:4096]
    zeros = head.count(0)
    if len(head) < 8 or zeros * 5 < len(head):
        return None
    odd = head[1::2].count(0)
    if odd > 0.9 * zeros:
        return "utf-16-le"
    return "utf-16-be" if odd < 0.1 * zeros else None


def _legacy(data: bytes, language: str | None) -> tuple[str, str]:
    """The text in the likeliest code page, and why that is doubtful."""
    if b"\0" in data:
        raise NotSubtitles("not text, so not a subtitle file")
    known = primary(language or "")
    known = {"nb": "no", "nn": "no", "bs": "hr", "yue": "zh", "mk": "sr"}.get(known, known)
    sample = _sample(data)
    trials = {
        page: _Trial.of(text)
        for page in dict.fromkeys(page for one in _languages().values() for page in one.pages)
        if _decoded(data, page) is not None and (text := _decoded(sample, page)) is not None
    }
    scores = sorted(
        (
            (trials[page].score(one), name == known, -place, page)
            for name, one in _languages().items()
            for place, page in enumerate(one.pages)
            if page in trials
        ),
        reverse=True,
    )
    if not scores:
        raise NotSubtitles("its encoding is not known; convert it to UTF-8")
    given = [score for score in scores if score[1] and score[0] >= _GIVEN_ENOUGH]
    ranked = given or scores
    best, _, _, page = ranked[0]
    text = data.decode(page)
    others = [
        other
        for score, _, _, other in ranked
        if best - score < _CLEAR and trials[other].text != trials[page].text
    ]
    if best < _SURE or others:
        also = f" or {others[0]}" if others else ""
        return text, (
            f"its encoding is not certain ({page}{also}): convert it to UTF-8, or name its language"
        )
    return text, ""


def _sample(data: bytes) -> bytes:
    """The first lines that hold more than ASCII, since others say nothing of the code page."""
    telling: list[bytes] = []
    size = 0
    for line in data.splitlines():
        if not line.isascii() and size < _JUDGED_BYTES:
            telling.append(line[:_JUDGED_BYTES])
            size += len(telling[-1])
    return b"\n".join(telling)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trial:
    """A text as one code page gives it."""

    text: str
    #: Characters outside ASCII, in small form.
    characters: Counter[str]
    #: How many neighbours no word has.
    odd: int
    words: Counter[str]

    @classmethod
    def of(cls, text: str) -> _Trial:
        odd = sum(_odd(a, b) for a, b in pairwise(f" {text} ") if not (a + b).isascii())
        return cls(
            text=text,
            characters=Counter(c for c in text.lower() if not c.isascii()),
            odd=odd,
            words=Counter(_WORD.findall(text.lower())),
        )

    def score(self, language: _Language) -> float:
        """How likely the text is in a language; about 1 and above where it is."""
        total = sum(self.characters.values())
        if not total:
            return 0.0
        own = sum(n for c, n in self.characters.items() if self._is_own(c, language))
        signs = sum(n for c, n in self.characters.items() if c in _SIGNS)
        strange = total - own - signs
        letters = (own + 0.5 * signs - strange - self.odd) / total
        return letters + self._familiar(language)

    @staticmethod
    def _is_own(character: str, language: _Language) -> bool:
        if language.script:
            return _IN_SCRIPT[language.script].match(character) is not None
        return character in language.letters

    def _familiar(self, language: _Language) -> float:
        """The share of common words, or of common characters."""
        if language.common:
            total = sum(self.characters.values())
            return sum(n for c, n in self.characters.items() if c in language.common) / total
        total = sum(self.words.values())
        return sum(n for w, n in self.words.items() if w in language.words) / max(1, total)


def _odd(a: str, b: str) -> bool:
    """Neighbours that no word has: a symbol beside a letter, a capital after a small one, ..."""
    if a.islower() and b.isupper():
        return True
    if "ก" <= a <= "๎" or "ก" <= b <= "๎":
        return _THAI_ODD.fullmatch(a + b) is not None
    if unicodedata.category(b) == "Mn":
        return not a.isalpha() and unicodedata.category(a) != "Mn"
    for sign, letter in ((a, b), (b, a)):
        if not sign.isascii() and not sign.isalnum() and sign not in _SIGNS and letter.isalpha():
            return sign < "\u0590"  # later scripts have marks that are no letters
    latin, other = (a, b) if a.isascii() else (b, a)
    return latin.isascii() and latin.isalpha() and other.isalpha() and other >= _AFTER_LATIN
