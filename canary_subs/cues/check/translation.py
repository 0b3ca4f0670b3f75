"""Rules about a track and the one that it translates; cues correspond where they share time."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from canary_subs.cues.check.material import Material, finding, is_label, text_of, words_of
from canary_subs.model import Cue, Finding

#: More words than this that are the source's own are no name and no quotation.
MAX_SAME_WORDS = 4
#: How far the same words or numbers may stand from their place in the source.
_NEAR_MS = 2000
# Files in which everything stands at once must not take for ever: cues longer than a minute are
# looked for near their start only, and no more than 64 at a place.
_LONGEST_CUE_MS = 60_000
_MOST_NEAR = 64

#: 1,000 and 1.5 and 3:30 are one number each; a space joins groups of three digits only.
_NUMBER = re.compile(r"\d+(?:[.,:'’]\d+|[ \u00a0\u202f]\d{3}(?!\d))*")
_NO_MINUTES = re.compile(r"[.,:]00$")


def untranslated(material: Material) -> Iterator[Finding]:
    """A cue that repeats the source's words instead of translating them."""
    if material.source is None:
        return
    source = _Track(material.source)
    for index, cue in enumerate(material.cues):
        words = [word.casefold() for word in words_of(cue)]
        names = sum(word[0].isupper() for word in words_of(cue))
        if is_label(cue) or len(words) <= MAX_SAME_WORDS or 2 * names > len(words):
            continue
        near = [w.casefold() for other in source.near(cue, _NEAR_MS) for w in words_of(other)]
        if len(set(words)) > 2 and _contains(near, words):
            yield finding(
                "untranslated", index, cue, f"{len(words)} words as in the source", _SAME_LIMIT
            )


_SAME_LIMIT = f"{MAX_SAME_WORDS} words"


def numbers(material: Material) -> Iterator[Finding]:
    """A number that is another one in the source.

    Numbers may be words in one of the two, so something is said only where both have a number that
    the other lacks, or one of three digits and more is missing altogether.
    """
    if material.source is None:
        return
    source, track = _Track(material.source), _Track(material.cues)
    for index, cue in enumerate(material.cues):
        ours = _missing(_numbers([cue]), _numbers(source.near(cue, _NEAR_MS)))
        theirs = {
            number
            for other in source.near(cue, 0)
            for number in _missing(_numbers([other]), _numbers(track.near(other, _NEAR_MS)))
        }
        long = [number for number in (*ours, *theirs) if len(number) >= 3]
        if (ours and theirs) or long:
            yield finding("numbers", index, cue, _listed(ours), f"{_listed(theirs)} in the source")


def _listed(numbers: set[str]) -> str:
    return ", ".join(sorted(numbers)) or "no number"


def _numbers(cues: Sequence[Cue]) -> set[str]:
    """The numbers in cues, as digits alone: "1,000" and "1.000" are "1000", "7:00" is "7"."""
    found = set()
    for cue in cues:
        for match in _NUMBER.findall(text_of(cue)):
            digits = [c for c in _NO_MINUTES.sub("", match) if c.isdecimal()]
            found.add("".join(str(unicodedata.decimal(c)) for c in digits).lstrip("0") or "0")
    return found


def _missing(numbers: set[str], others: set[str]) -> set[str]:
    return {number for number in numbers if not any(_same(number, other) for other in others)}


def _same(a: str, b: str) -> bool:
    """Equal, a year and its last two digits, or an hour on a clock of 12 and one of 24."""
    if a == b or (min(len(a), len(b)) == 2 and (a.endswith(b) or b.endswith(a))):
        return True
    if max(len(a), len(b)) > 4:
        return False
    return abs(int(a) - int(b)) in (12, 1200)


def _contains(words: Sequence[str], wanted: Sequence[str]) -> bool:
    n = len(wanted)
    return any(words[i : i + n] == wanted for i in range(len(words) - n + 1))


class _Track:
    """Cues in time, asked for those near another."""

    def __init__(self, cues: Sequence[Cue]) -> None:
        self._cues = sorted(cues, key=lambda cue: cue.start_ms)
        self._starts = [cue.start_ms for cue in self._cues]
        longest_ms = max((cue.duration_ms for cue in self._cues), default=0)
        self._longest_ms = min(longest_ms, _LONGEST_CUE_MS)

    def near(self, cue: Cue, reach_ms: int) -> list[Cue]:
        """The cues that stand within ``reach_ms`` of ``cue``."""
        start_ms, end_ms = cue.start_ms - reach_ms, cue.end_ms + reach_ms
        i = bisect_left(self._starts, start_ms - self._longest_ms)
        result: list[Cue] = []
        while i < len(self._cues) and self._starts[i] < end_ms and len(result) < _MOST_NEAR:
            if self._cues[i].end_ms > start_ms:
                result.append(self._cues[i])
            i += 1
        return result
