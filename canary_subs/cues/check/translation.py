"""Rules about a translation and its original; cues that share time correspond."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from canary_subs.cues.check.findings import finding, is_label, text_of, words_of
from canary_subs.model import Cue, Finding
from canary_subs.plugin.hookspecs import CheckRequest

#: More words in common with the original than this are not just a name or a quotation.
MAX_SAME_WORDS = 4
#: How far the same words or numbers may be from their time in the original.
_NEAR_MS = 2000
# Files that show everything at once must not take forever: cues longer than a minute are searched
# for near their start only, and at most 64 at any time.
_MAX_CUE_MS = 60_000
_MAX_NEAR = 64

#: 1,000 and 1.5 and 3:30 are one number each; a space joins groups of three digits only.
_NUMBER = re.compile(r"\d+(?:[.,:'’]\d+|[ \u00a0\u202f]\d{3}(?!\d))*")
_NO_MINUTES = re.compile(r"[.,:]00$")


def untranslated(request: CheckRequest) -> Iterator[Finding]:
    """A cue that repeats the original's words instead of translating them."""
    if request.original is None:
        return
    original = _CueIndex(request.original)
    for index, cue in enumerate(request.cues):
        words = [word.casefold() for word in words_of(cue)]
        names = sum(word[0].isupper() for word in words_of(cue))
        if is_label(cue) or len(words) <= MAX_SAME_WORDS or 2 * names > len(words):
            continue
        near = [w.casefold() for other in original.near(cue, _NEAR_MS) for w in words_of(other)]
        if len(set(words)) > 2 and _contains(near, words):
            yield finding(
                "untranslated", index, cue, f"{len(words)} words as in the original", _SAME_LIMIT
            )


_SAME_LIMIT = f"{MAX_SAME_WORDS} words"


def numbers(request: CheckRequest) -> Iterator[Finding]:
    """A number that differs from the original.

    Either text may spell numbers out, so this is a finding only if both have a number that the
    other lacks, or a number of three or more digits is missing altogether.
    """
    if request.original is None:
        return
    original, track = _CueIndex(request.original), _CueIndex(request.cues)
    for index, cue in enumerate(request.cues):
        ours = _missing(_numbers([cue]), _numbers(original.near(cue, _NEAR_MS)))
        theirs = {
            number
            for other in original.near(cue, 0)
            for number in _missing(_numbers([other]), _numbers(track.near(other, _NEAR_MS)))
        }
        long = [number for number in (*ours, *theirs) if len(number) >= 3]
        if (ours and theirs) or long:
            yield finding(
                "numbers", index, cue, _listed(ours), f"{_listed(theirs)} in the original"
            )


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


class _CueIndex:
    """Cues in the order of time, to find those near another."""

    def __init__(self, cues: Sequence[Cue]) -> None:
        self._cues = sorted(cues, key=lambda cue: cue.start_ms)
        self._starts = [cue.start_ms for cue in self._cues]
        longest_ms = max((cue.duration_ms for cue in self._cues), default=0)
        self._longest_ms = min(longest_ms, _MAX_CUE_MS)

    def near(self, cue: Cue, reach_ms: int) -> list[Cue]:
        """The cues within ``reach_ms`` of ``cue``."""
        start_ms, end_ms = cue.start_ms - reach_ms, cue.end_ms + reach_ms
        i = bisect_left(self._starts, start_ms - self._longest_ms)
        result: list[Cue] = []
        while i < len(self._cues) and self._starts[i] < end_ms and len(result) < _MAX_NEAR:
            if self._cues[i].end_ms > start_ms:
                result.append(self._cues[i])
            i += 1
        return result
