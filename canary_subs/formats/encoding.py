"""The encoding of a subtitle file, where nothing states it.

A legacy code page is known by its alphabets: read in the right one, the letters outside ASCII are
those of one language and no capital follows a small letter. East Asian encodings, which have no
small alphabet, are left to charset-normalizer.
"""

from __future__ import annotations

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

#: Code pages by language, the commonest first; KOI8-R is what old Russian files are in.
_PAGES = {
    "cp1252": "en fr de es it pt nl da sv no fi is ga",
    "cp1250": "pl cs hu ro hr sk sl",
    "cp1251": "ru bg uk sr",
    "cp1253": "el",
    "cp1254": "tr",
    "cp1257": "lt lv et",
    "cp1255": "he",
    "cp1256": "ar",
    "cp874": "th",
    "koi8_r": "ru",
}
_EAST_ASIAN = {"ja": "cp932", "zh": "gb18030", "ko": "cp949"}

#: Small letters outside ASCII, as the Unicode CLDR's main and usual auxiliary exemplars have them.
_LETTERS = {
    "en": "éèêëïöüçñáàâ",
    "fr": "àâæçéèêëîïôœùûüÿ",
    "de": "äöüßé",
    "es": "áéíñóúü",
    "it": "àèéìíîòóùú",
    "pt": "áàâãçéêíóôõú",
    "nl": "áéíóúàèëïöüê",
    "da": "åæøéáíóúýö",
    "sv": "åäöéàü",
    "no": "åæøéàóòôêä",
    "fi": "åäöšžé",
    "is": "áðéíóúýþæö",
    "ga": "áéíóú",
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîşţșț",
    "hr": "čćđšž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "sl": "čšžćđ",
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "el": "αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ",
    "tr": "çğıöşüâîû",
    "lt": "ąčęėįšųūž",
    "lv": "āčēģīķļņšūž",
    "et": "äöüõšž",
    "he": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي",
    "th": "".join(map(chr, range(0x0E01, 0x0E2F))),
}
#: At least so many of the letters outside ASCII must be the language's.
_ENOUGH = 0.9
#: So much of a file is examined; more does not change the result.
_JUDGED_BYTES = 50_000
#: Where Unicode's Latin letters end and Greek, Cyrillic and further ones begin.
_AFTER_LATIN = "\u0370"


def decode(data: bytes, language: str | None) -> str:
    """The text of ``data``.

    Its encoding is, in this order: what a byte order mark states, UTF-16 without one, UTF-8, the
    code page of ``language`` (BCP-47) where that is known, the code page whose letters fit best.
    Raises `NotSubtitles` with the reason alone.
    """
    encoding = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), None)
    encoding = encoding or _utf16_without_bom(data) or "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            line = 1 + data[: error.start].decode(encoding, "replace").count("\n")
            raise NotSubtitles(f"line {line}: broken {encoding} text") from None
        text = _legacy(data, language)
    if "\0" in text[:4096]:
        raise NotSubtitles("not text, so not a subtitle file")
    return text.removeprefix("\ufeff").replace("\0", "")


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


def _legacy(data: bytes, language: str | None) -> str:
    if b"\0" in data:
        raise NotSubtitles("not text, so not a subtitle file")
    known = primary(language or "")
    best, best_score = "", _ENOUGH
    if known in _EAST_ASIAN and _decoded(data, _EAST_ASIAN[known]) is not None:
        best = _EAST_ASIAN[known]
    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())
    for page, languages in _PAGES.items() if not best else ():
        if _decoded(data, page) is None:
            continue
        text = telling[:_JUDGED_BYTES].decode(page)
        for one in languages.split():
            # The language that is known wins where it fits; others have to fit better.
            score = _fit(text, one) + (0.1 if one == known else 0)
            if score > best_score:
                best, best_score = page, score
    if not best:
        best = _guessed(data)
    return data.decode(best)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _fit(text: str, language: str) -> float:
    """How well a text's letters outside ASCII are a language's: 1 is all of them."""
    letters = [c for c in text if c.isalpha() and not c.isascii()]
    if not letters:
        return 1.0
    alphabet = _LETTERS[language]
    known = sum(c.lower() in alphabet for c in letters)
    odd = sum(_odd(a, b) for a, b in pairwise(text) if not (a.isascii() and b.isascii()))
    return (known - odd) / len(letters)


def _odd(a: str, b: str) -> bool:
    """Two neighbours that no word has: a capital after a small letter, or two scripts."""
    if a.islower() and b.isupper():
        return True
    latin, other = (a, b) if a.isascii() else (b, a)
    return latin.isascii() and latin.isalpha() and other.isalpha() and other >= _AFTER_LATIN


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes

    guess = from_bytes(data, cp_isolation=["cp932", "gb18030", "big5", "cp949", "cp1258"]).best()
    if guess is None:
        raise NotSubtitles("its encoding is not known; convert it to UTF-8")
    return guess.encoding
