"""Rules about the text: loops, other languages, words that the engine was unsure of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from canary_subs.cues.breaks import is_unspaced
from canary_subs.cues.check.findings import finding, in_time, is_label, text_of, words_of
from canary_subs.cues.text_language import other_language, other_script
from canary_subs.model import Cue, Finding
from canary_subs.plugin.hookspecs import CheckRequest

#: A cue whose words have a lower mean confidence than this is doubtful.
MIN_CONFIDENCE = 0.5
#: People say a phrase three times in a row; a fourth time, it is an engine that loops.
MAX_PHRASE_REPEATS = 3
#: And a single word ("no, no, no") five times.
MAX_WORD_REPEATS = 5
#: As many cues in a row may say the same; only one for a sentence of `_SENTENCE_WORDS`.
MAX_CUE_REPEATS = 2
_SENTENCE_WORDS = 5
#: The longest repeated phrase to search for, in words.
_PHRASE_WORDS = 12
#: The same in scripts without spaces: four times three characters or more.
_UNSPACED_LOOP = re.compile(r"(.{3,20}?)\1{3,}")
#: Enough words to identify a language; shorter cues are taken together with the next ones.
_LANGUAGE_WORDS = 6
#: Cues further apart than this are not taken together.
_TOGETHER_MS = 15_000


def repeated(request: CheckRequest) -> Iterator[Finding]:
    """Text that repeats itself, inside a cue or from cue to cue."""
    unspaced = request.language is not None and is_unspaced(request.language)
    for index, cue in enumerate(request.cues):
        if is_label(cue):
            continue
        if times := _loops([word.casefold() for word in words_of(cue)]):
            yield finding("repeated", index, cue, f"{times} times in a row", _PHRASE_LIMIT)
        elif unspaced and (match := _UNSPACED_LOOP.search(text_of(cue))):
            times = len(match[0]) // len(match[1])
            yield finding("repeated", index, cue, f"{times} times in a row", _PHRASE_LIMIT)
    yield from _same_cues(request)


_PHRASE_LIMIT = f"{MAX_PHRASE_REPEATS} times (a word {MAX_WORD_REPEATS} times)"


def _loops(words: Sequence[str]) -> int:
    """How often in a row a phrase repeats, if that is too often; else 0."""
    for length in range(1, min(_PHRASE_WORDS, len(words) // 2) + 1):
        limit = MAX_WORD_REPEATS if length == 1 else MAX_PHRASE_REPEATS
        same = 0
        for i in range(length, len(words)):
            same = same + 1 if words[i] == words[i - length] else 0
            if same >= length * limit:
                return _times(words, i - same - length + 1, length)
    return 0


def _times(words: Sequence[str], start: int, length: int) -> int:
    end = start + length
    while end < len(words) and words[end] == words[end - length]:
        end += 1
    return (end - start) // length


def _same_cues(request: CheckRequest) -> Iterator[Finding]:
    cues = in_time(request.cues)
    for text, run in groupby(cues, key=lambda item: tuple(map(str.casefold, words_of(item[1])))):
        together = list(run)
        limit = 1 if len(text) >= _SENTENCE_WORDS else MAX_CUE_REPEATS
        if len(text) >= 2 and len(together) > limit and not is_label(together[0][1]):
            index, first = together[0]
            found = finding(
                "repeated", index, first, f"in {len(together)} cues in a row", f"{limit}"
            )
            yield replace(found, end_ms=max(cue.end_ms for _, cue in together))


def language(request: CheckRequest) -> Iterator[Finding]:
    """Text that is clearly in another language than the track."""
    expected = request.language
    if expected is None:
        return
    worded = [(index, cue) for index, cue in in_time(request.cues) if words_of(cue)]
    for together in _chunks(worded):
        text = " ".join(text_of(cue) for _, cue in together)
        words = [word for _, cue in together for word in words_of(cue)]
        other = other_script(text, expected)
        other = f"{other} letters" if other is not None else other_language(words, expected)
        if other is not None:
            index, first = together[0]
            found = finding("language", index, first, other, expected)
            yield replace(found, end_ms=max(cue.end_ms for _, cue in together))


def _chunks(cues: Sequence[tuple[int, Cue]]) -> Iterator[list[tuple[int, Cue]]]:
    """Neighbouring cues that together have enough words to identify a language."""
    chunk: list[tuple[int, Cue]] = []
    count = 0
    for index, cue in cues:
        if chunk and (
            count >= _LANGUAGE_WORDS or cue.start_ms - chunk[-1][1].end_ms > _TOGETHER_MS
        ):
            yield chunk
            chunk, count = [], 0
        chunk.append((index, cue))
        count += len(words_of(cue))
    if chunk:
        yield chunk


def low_confidence(request: CheckRequest) -> Iterator[Finding]:
    """A cue whose words have a low mean confidence."""
    for index, cue in enumerate(request.cues):
        known = [word.confidence for word in cue.words if word.confidence is not None]
        if known and (mean := sum(known) / len(known)) < MIN_CONFIDENCE:
            yield finding("low-confidence", index, cue, f"{mean:.2f}", f"{MIN_CONFIDENCE:g}")
