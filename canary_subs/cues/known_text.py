"""Times for a known text (a script, subtitles), from the words that an engine recognised.

The recognised words need not be right, only similar enough: the two texts are aligned with the
fewest edits (in memory linear in the length of the video), runs of equal words become anchors, and
the words between two anchors share the speech between them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from canary_subs.cues.check.reference import normal
from canary_subs.model import Cue, Span, Transcript, Utterance, Word
from canary_subs.time import joined

#: An anchor is this many equal words in a row, or one word of `_LONG_WORD` letters.
_RUN_WORDS = 2
_LONG_WORD = 6
#: The time for a word if nothing else is known, at the usual speed of speech.
_WORD_MS = 350

_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedText:
    """The words of a text with times; ``matched[i]``: whether word i was recognised."""

    words: tuple[Word, ...]
    matched: tuple[bool, ...]

    @property
    def share(self) -> float:
        """The share of the words that were recognised."""
        return sum(self.matched) / len(self.matched) if self.matched else 0.0


def time_words(
    texts: Sequence[str], recognised: Sequence[Word], speech: Sequence[Span]
) -> TimedText:
    """Give every word of ``texts`` a time; times rise.

    ``recognised`` are the words from the engine, in order; ``speech`` is where somebody speaks,
    rising.
    """
    anchors = _anchors([normal(text) for text in texts], [normal(word.text) for word in recognised])
    matches = [recognised[anchors[i]] if i in anchors else None for i in range(len(texts))]
    words: list[Word] = []
    earliest_ms = 0
    i = 0
    while i < len(texts):
        anchor = matches[i]
        if anchor is not None:
            start_ms = max(anchor.start_ms, earliest_ms)
            earliest_ms = max(anchor.end_ms, start_ms)
            words.append(Word(text=texts[i], start_ms=start_ms, end_ms=earliest_ms))
            i += 1
            continue
        end = next((j for j in range(i, len(texts)) if matches[j] is not None), len(texts))
        before_ms = earliest_ms if i else None
        following = matches[end] if end < len(texts) else None
        span = _gap(before_ms, following.start_ms if following else None, end - i)
        words += _shared(texts[i:end], span, speech)
        earliest_ms = words[-1].end_ms
        i = end
    return TimedText(words=tuple(words), matched=tuple(word is not None for word in matches))


def _anchors(texts: Sequence[str], recognised: Sequence[str]) -> dict[int, int]:
    """Index of a word of the text -> index of the recognised word that it matches."""
    from rapidfuzz.distance import Levenshtein

    anchors: dict[int, int] = {}
    for step in Levenshtein.opcodes(texts, recognised):
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


def _gap(before_ms: int | None, after_ms: int | None, count: int) -> Span:
    """The span of ``count`` words between two anchors, or before the first or after the last."""
    needed_ms = count * _WORD_MS
    if before_ms is None and after_ms is None:
        return Span(start_ms=0, end_ms=needed_ms)
    if before_ms is None:
        return Span(start_ms=max(0, (after_ms or 0) - needed_ms), end_ms=after_ms or 0)
    if after_ms is None:
        return Span(start_ms=before_ms, end_ms=before_ms + needed_ms)
    return Span(start_ms=before_ms, end_ms=max(before_ms, after_ms))


def _shared(texts: Sequence[str], gap: Span, speech: Sequence[Span]) -> list[Word]:
    """The words in sequence over the speech inside ``gap``, or over all of it without speech."""
    inside: list[Span] = []
    first = max(bisect_right(speech, gap.start_ms, key=lambda span: span.start_ms) - 1, 0)
    for span in speech[first : bisect_left(speech, gap.end_ms, key=lambda span: span.start_ms)]:
        if span.end_ms > gap.start_ms:
            start_ms = max(span.start_ms, gap.start_ms)
            inside.append(Span(start_ms=start_ms, end_ms=min(span.end_ms, gap.end_ms)))
    parts = joined(inside) or [gap]
    passed = np.cumsum([0, *(part.duration_ms for part in parts)])
    sizes = np.cumsum([0, *(len(text) + 1 for text in texts)])
    shares: _Floats = sizes * (passed[-1] / sizes[-1])
    # At a pause, a word may end where the pause begins, but the next one begins after it.
    starts = [_after(parts, passed, share, side="right") for share in shares[:-1]]
    ends = [_after(parts, passed, share, side="left") for share in shares[1:]]
    return [
        Word(text=text, start_ms=start, end_ms=max(start, end))
        for text, start, end in zip(texts, starts, ends, strict=True)
    ]


def _after(parts: Sequence[Span], passed: NDArray[np.int64], share_ms: float, *, side: str) -> int:
    """The time at which ``share_ms`` of speech have passed."""
    at = int(np.searchsorted(passed[1:], share_ms, side="right" if side == "right" else "left"))
    at = min(at, len(parts) - 1)
    return min(parts[at].start_ms + int(share_ms - passed[at]), parts[at].end_ms)


def by_segment(words: Sequence[Word], segments: Sequence[Span]) -> list[range]:
    """For each segment (rising, disjoint), the range of words that are nearest to it.

    Words keep their order, so the ranges are consecutive.
    """
    if not segments:
        return []
    # A word belongs to the first segment whose boundary with the next lies after its middle.
    borders = [(a.end_ms + b.start_ms) // 2 for a, b in pairwise(segments)]
    middles = np.array([(word.start_ms + word.end_ms) // 2 for word in words], np.int64)
    owners = np.maximum.accumulate(np.searchsorted(borders, middles, side="right"))
    edges = np.searchsorted(owners, np.arange(len(segments) + 1)).tolist()
    return [range(a, b) for a, b in pairwise(edges)]


def cue_texts(cues: Iterable[Cue]) -> list[list[str]]:
    """The words of each cue."""
    return [" ".join(cue.lines).split() for cue in cues]


def transcript_of(cues: Iterable[Cue], language: str) -> Transcript:
    """A transcript with an utterance for each cue: its text, and its words if it has them."""
    return Transcript(
        language=language,
        spoken=language,
        engine="",
        model="",
        utterances=tuple(
            Utterance(
                text=" ".join(" ".join(cue.lines).split()),
                span=Span(start_ms=cue.start_ms, end_ms=cue.end_ms),
                language=language,
                words=cue.words,
            )
            for cue in cues
        ),
    )


def retime(cues: Sequence[Cue], text: TimedText, gap_ms: int) -> tuple[Cue, ...]:
    """Cues with the same texts and new times, from the times of their words.

    ``text`` holds the words of `cue_texts`, in order. A cue most of whose words were recognised
    begins with its first word and keeps its duration; others move as their neighbours do. Cues
    rise, and are ``gap_ms`` apart if possible.
    """
    moves: list[int | None] = []
    spoken_until: list[int] = []
    at = 0
    for cue, texts in zip(cues, cue_texts(cues), strict=True):
        words = text.words[at : at + len(texts)]
        matched = text.matched[at : at + len(texts)]
        at += len(texts)
        moves.append(words[0].start_ms - cue.start_ms if 2 * sum(matched) > len(matched) else None)
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
    """The cues in the order of their starts, each ended ``gap_ms`` before the next begins.

    One that ends before it starts gets the time of its words.
    """
    result: list[Cue] = []
    for cue in sorted(map(_ending_after_start, cues), key=lambda cue: cue.start_ms):
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


def _ending_after_start(cue: Cue) -> Cue:
    if cue.end_ms >= cue.start_ms:
        return cue
    needed_ms = _WORD_MS * max(1, len(" ".join(cue.lines).split()))
    return replace(cue, end_ms=cue.start_ms + needed_ms)
