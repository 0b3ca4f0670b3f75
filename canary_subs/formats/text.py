"""Text as every format needs it.

Texts come from models, plugins and other people's files, so they are hostile: control characters,
separators that start a new line, marks that reverse the rest of a line. Writers make them plain
and add the escaping of their format; readers take them apart.
"""

from __future__ import annotations

import re
import unicodedata

from canary_subs.model import Cue, Document, Timing, Word

#: An invisible character (U+2060, word joiner) that keeps two others from meaning something.
JOINER = "\u2060"

#: C0 and C1 controls, lone surrogates, noncharacters, byte order marks, and the direction
#: overrides, which no language needs; white space of every kind is handled before them.
_UNWANTED = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff\u202d\u202e]"
)
_WHITE = re.compile(r"[\s\x85\u2028\u2029\x1c-\x1f]+")
_DISARMED = str.maketrans({"{": "\uff5b", "}": "\uff5d", "\\": f"\\{JOINER}"})
_EMBEDDINGS = frozenset("\u202a\u202b")
_ISOLATES = frozenset("\u2066\u2067\u2068")
_END_EMBEDDING = "\u202c"
_END_ISOLATE = "\u2069"

#: Timings that follow the sound, so that a highlight can follow the words.
_MEASURED = frozenset({Timing.CTC, Timing.FRAMES, Timing.ATTENTION})


def plain(text: str) -> str:
    """One line of text: white space single, no control characters, directions closed."""
    text = _UNWANTED.sub("", _WHITE.sub(" ", text))
    return _closed(" ".join(part for part in text.split(" ") if part))


def _closed(text: str) -> str:
    """The text with every direction it opens closed, and none closed that it did not open."""
    if text.isascii():
        return text
    kept: list[str] = []
    open_ends: list[str] = []
    for character in text:
        if character in _EMBEDDINGS:
            open_ends.append(_END_EMBEDDING)
        elif character in _ISOLATES:
            open_ends.append(_END_ISOLATE)
        elif character in (_END_EMBEDDING, _END_ISOLATE):
            if not open_ends or open_ends[-1] != character:
                continue
            open_ends.pop()
        kept.append(character)
    return "".join(kept + open_ends[::-1])


def plain_lines(cue: Cue) -> list[str]:
    """The cue's lines made safe; those that show nothing are left out."""
    return [line for line in map(plain, cue.lines) if _shows(line)]


def split_lines(text: str) -> list[str]:
    """Lines at LF, CR and CRLF alone; Unicode knows more line ends than subtitle formats do."""
    return re.split(r"\r\n|\r|\n", text)


def tidy(lines: list[str]) -> tuple[str, ...]:
    """Lines that were read, without outer white space, empty ones and each `JOINER`."""
    stripped = (line.replace(JOINER, "").strip() for line in lines)
    return tuple(line for line in stripped if line)


def _shows(line: str) -> bool:
    """Whether a line has more than format characters: joiners, direction marks."""
    return any(unicodedata.category(character) != "Cf" for character in line)


def without_overrides(line: str) -> str:
    """The line with nothing that SubStation's renderers would obey, which play SubRip too.

    A brace opens a block that is never shown and a backslash may begin a code, and no escape is
    known to all of them: braces become their fullwidth twins, and a `JOINER` follows a backslash.
    """
    return line.translate(_DISARMED)


def measured_words(document: Document) -> frozenset[Word]:
    """The words of the document whose own times were found in the sound."""
    return frozenset(
        word
        for utterance in document.transcript.utterances
        if utterance.timing in _MEASURED
        for word in utterance.words
    )


def words_in_lines(cue: Cue) -> list[list[tuple[str, Word]]] | None:
    """For each line, what it shows for each word, in order, spaces with the word before them.

    None where the words do not spell the lines (a track that was edited or merged).
    """
    words = iter(cue.words)
    result: list[list[tuple[str, Word]]] = []
    for line in plain_lines(cue):
        shown: list[tuple[str, Word]] = []
        at = 0
        while at < len(line):
            word = next(words, None)
            text = plain(word.text) if word else ""
            if word is None or not text or not line.startswith(text, at):
                return None
            end = at + len(text)
            end += line.startswith(" ", end)
            shown.append((line[at:end], word))
            at = end
        result.append(shown)
    return None if next(words, None) else result
