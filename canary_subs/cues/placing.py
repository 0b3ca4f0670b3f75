"""Known text in its place: a script's words where a recogniser heard them.

The recognised words need not be right, only near enough: both texts are aligned as a whole (the
least edits, in memory that grows with the film, not with its square), runs of equal words are
anchors, and what lies between two anchors shares the speech that lies between them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from canary_subs.cues.check.reference import normal
from canary_subs.model import Cue, Span, Word
from canary_subs.time import joined

#: An anchor is this many equal words in a row, or one word of `_LONG_WORD` letters.
_RUN_WORDS = 2
_LONG_WORD = 6
#: What a word takes where nothing else tells, as people speak.
_WORD_MS = 350

_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A text's words with times; ``heard[i]`` is whether word i was recognised as such."""

    words: tuple[Word, ...]
    heard: tuple[bool, ...]

    @property
    def share(self) -> float:
        """The share of the words that were heard."""
        return sum(self.heard) / len(self.heard) if self.heard else 0.0


def place(texts: Sequence[str], spoken: Sequence[Word], speech: Sequence[Span]) -> Placed:
    """Give every word of ``texts`` a time; times rise.

    ``spoken`` are the recognised words in order, ``speech`` where somebody speaks, rising.
    """
    anchors = _anchors([normal(text) for text in texts], [normal(word.text) for word in spoken])
    heard = [spoken[anchors[i]] if i in anchors else None for i in range(len(texts))]
    words: list[Word] = []
    earliest_ms = 0
    i = 0
    while i < len(texts):
        anchor = heard[i]
        if anchor is not None:
            start_ms = max(anchor.start_ms, earliest_ms)
            earliest_ms = max(anchor.end_ms, start_ms)
            words.append(Word(text=texts[i], start_ms=start_ms, end_ms=earliest_ms))
            i += 1
            continue
        end = next((j for j in range(i, len(texts)) if heard[j] is not None), len(texts))
        before_ms = earliest_ms if i else None
        following = heard[end] if end < len(texts) else None
        span = _room(before_ms, following.start_ms if following else None, end - i)
        words += _shared(texts[i:end], span, speech)
        earliest_ms = words[-1].end_ms
        i = end
    return Placed(words=tuple(words), heard=tuple(word is not None for word in heard))


def _anchors(texts: Sequence[str], spoken: Sequence[str]) -> dict[int, int]:
    """Index of a text's word -> index of the recognised word that it is."""
    from rapidfuzz.distance import Levenshtein

    anchors: dict[int, int] = {}
    for step in Levenshtein.opcodes(texts, spoken):
        if step.tag != "equal":
            continue
        run = [
            (a, b)
            for a, b in zip(
                range(step.src_start, step.src_end),
                range(step.dest_start, step.dest_end),
                strict=True,
            )
            if texts[a]
        ]
        if len(run) >= _RUN_WORDS or any(len(texts[a]) >= _LONG_WORD for a, _ in run):
            anchors.update(run)
    return anchors


def _room(before_ms: int | None, after_ms: int | None, count: int) -> Span:
    """Where ``count`` words lie between two anchors, or beyond the first or last one."""
    needed_ms = count * _WORD_MS
    if before_ms is None and after_ms is None:
        return Span(start_ms=0, end_ms=needed_ms)
    if before_ms is None:
        return Span(start_ms=max(0, (after_ms or 0) - needed_ms), end_ms=after_ms or 0)
    if after_ms is None:
        return Span(start_ms=before_ms, end_ms=before_ms + needed_ms)
    return Span(start_ms=before_ms, end_ms=max(before_ms, after_ms))


def _shared(texts: Sequence[str], room: Span, speech: Sequence[Span]) -> list[Word]:
    """The words one after the other in the speech inside ``room``, or all over it without any."""
    inside: list[Span] = []
    first = max(bisect_right(speech, room.start_ms, key=lambda span: span.start_ms) - 1, 0)
    for span in speech[first : bisect_left(speech, room.end_ms, key=lambda span: span.start_ms)]:
        if span.end_ms > room.start_ms:
            start_ms = max(span.start_ms, room.start_ms)
            inside.append(Span(start_ms=start_ms, end_ms=min(span.end_ms, room.end_ms)))
    parts = joined(inside) or [room]
    passed = np.cumsum([0, *(part.duration_ms for part in parts)])
    sizes = np.cumsum([0, *(len(text) + 1 for text in texts)])
    shares: _Floats = sizes * (passed[-1] / sizes[-1])
    # A word that would end where a pause begins ends there; one that would begin there waits.
    starts = [_after(parts, passed, share, side="right") for share in shares[:-1]]
    ends = [_after(parts, passed, share, side="left") for share in shares[1:]]
    return [
        Word(text=text, start_ms=start, end_ms=max(start, end))
        for text, start, end in zip(texts, starts, ends, strict=True)
    ]


def _after(parts: Sequence[Span], passed: NDArray[np.int64], share_ms: float, *, side: str) -> int:
    """When ``share_ms`` of speech have passed."""
    at = int(np.searchsorted(passed[1:], share_ms, side="right" if side == "right" else "left"))
    at = min(at, len(parts) - 1)
    return min(parts[at].start_ms + int(share_ms - passed[at]), parts[at].end_ms)


def by_piece(words: Sequence[Word], pieces: Sequence[Span]) -> list[range]:
    """For each piece (rising, disjoint) the words that belong into it; each word to the nearest.

    Words keep their order, so what is given out are ranges that follow each other.
    """
    if not pieces:
        return []
    # A word belongs to the first piece whose boundary with the next lies after its middle.
    borders = [(a.end_ms + b.start_ms) // 2 for a, b in pairwise(pieces)]
    middles = np.array([(word.start_ms + word.end_ms) // 2 for word in words], np.int64)
    owners = np.maximum.accumulate(np.searchsorted(borders, middles, side="right"))
    edges = np.searchsorted(owners, np.arange(len(pieces) + 1)).tolist()
    return [range(a, b) for a, b in pairwise(edges)]


def cue_texts(cues: Iterable[Cue]) -> list[list[str]]:
    """The words of each cue."""
    return [" ".join(cue.lines).split() for cue in cues]


def retime(cues: Sequence[Cue], placed: Placed, gap_ms: int) -> tuple[Cue, ...]:
    """Cues with their texts as they are and new times, by their words' places.

    ``placed`` holds the words of `cue_texts`, in order. A cue most of whose words were heard begins
    with its first word and stays as long as it did; others move as their neighbours do. Cues rise,
    and lie ``gap_ms`` apart where there is room.
    """
    moves: list[int | None] = []
    spoken_until: list[int] = []
    at = 0
    for cue, texts in zip(cues, cue_texts(cues), strict=True):
        words = placed.words[at : at + len(texts)]
        heard = placed.heard[at : at + len(texts)]
        at += len(texts)
        moves.append(words[0].start_ms - cue.start_ms if 2 * sum(heard) > len(heard) else None)
        spoken_until.append(words[-1].end_ms if moves[-1] is not None else 0)
    known = [
        (cue.start_ms, move) for cue, move in zip(cues, moves, strict=True) if move is not None
    ]
    if not known:
        return tuple(cues)
    known.sort()
    xs, ys = zip(*known, strict=True)
    moved = []
    for cue, move, until_ms in zip(cues, moves, spoken_until, strict=True):
        shift = move if move is not None else round(float(np.interp(cue.start_ms, xs, ys)))
        start_ms = max(0, cue.start_ms + shift)
        end_ms = max(start_ms + cue.duration_ms, until_ms)
        moved.append(replace(cue, start_ms=start_ms, end_ms=end_ms, words=()))
    return rising(moved, gap_ms)


def rising(cues: Sequence[Cue], gap_ms: int) -> tuple[Cue, ...]:
    """The cues in the order of their starts, each ended ``gap_ms`` before the next begins."""
    result: list[Cue] = []
    for cue in sorted(cues, key=lambda cue: cue.start_ms):
        if result:
            before = result[-1]
            latest_ms = max(cue.start_ms - gap_ms, before.start_ms + 1)
            result[-1] = before = replace(before, end_ms=min(before.end_ms, latest_ms))
            if cue.start_ms < before.end_ms:  # two that begin together
                end_ms = max(cue.end_ms, before.end_ms + 1)
                result.append(replace(cue, start_ms=before.end_ms, end_ms=end_ms))
                continue
        result.append(cue)
    return tuple(result)
