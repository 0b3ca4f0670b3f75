"""The words of a subtitle track as arrays, for layouts that weigh all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from canary_subs.cues.breaks import Break, is_unspaced, rank_breaks
from canary_subs.cues.width import characters, columns, graphemes
from canary_subs.model import Cue, Utterance, Word

#: A pause this long always ends a cue.
_LONG_PAUSE_MS = 2000
#: Words laid out at a time, at least; at most twice as many.
_BLOCK_WORDS = 4000

#: The first character after the scripts Latin, Greek, Cyrillic and Armenian.
_FIRST_OTHER = "\u0590"

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TrackWords:
    """The words of a track: entry i of each array is about word i; times in ms rise.

    A word wider than a line in a script without spaces is cut into its characters, which share its
    time.
    """

    items: list[Word]
    #: Entries with the same number are parts of one word.
    part_of: list[int]
    start_ms: _Ints
    end_ms: _Ints
    columns: _Ints
    characters: _Ints
    #: The `Break` before each word.
    ranks: _Ints
    #: The confidence in each word, 0..1.
    confidence: _Floats
    #: 1 if a space precedes the word within a line.
    space: _Ints
    #: True if a cue must begin with the word.
    fresh: NDArray[np.bool_]

    @classmethod
    def of(cls, utterances: Iterable[Utterance], max_columns: int) -> TrackWords:
        """The words of all utterances, in order."""
        items: list[Word] = []
        part_of: list[int] = []
        # (first word, language) of each run of words in one language.
        languages: list[tuple[int, str]] = []
        for utterance in utterances:
            if not languages or languages[-1][1] != utterance.language:
                languages.append((len(items), utterance.language))
            for word in visible_words(utterance):
                parts = [word]
                if columns(word.text) > max_columns and is_unspaced(utterance.language):
                    parts = _characters_of(word)
                number = part_of[-1] + 1 if part_of else 0
                items += parts
                part_of += [number] * len(parts)
        n = len(items)
        texts = [word.text for word in items]
        # Engines may give words that step back a little; cues must not.
        start_ms = np.maximum.accumulate([max(0, word.start_ms) for word in items] or [0])[:n]
        end_ms = np.maximum.accumulate([word.end_ms for word in items] or [0])[:n]
        end_ms = np.maximum.accumulate(np.maximum(end_ms, start_ms))
        ranks = np.zeros(n, np.int64)
        space = np.ones(n, np.int64)
        fresh = np.zeros(n, np.bool_)
        for (begin, language), (end, _) in pairwise([*languages, (n, "")]):
            ranks[begin:end] = rank_breaks(texts[begin:end], language)
            fresh[begin : min(begin + 1, end)] = True
            if is_unspaced(language):
                for i in range(begin + 1, end):
                    space[i] = _needs_space(texts[i - 1], texts[i])
        for i in range(1, n):
            if part_of[i] == part_of[i - 1]:
                space[i] = 0
        fresh[1:] |= start_ms[1:] - end_ms[:-1] >= _LONG_PAUSE_MS
        return cls(
            items=items,
            part_of=part_of,
            start_ms=start_ms,
            end_ms=end_ms,
            columns=np.fromiter(map(columns, texts), np.int64, n),
            characters=np.fromiter(map(characters, texts), np.int64, n),
            ranks=ranks,
            confidence=np.fromiter(map(_confidence, items), np.float64, n),
            space=space,
            fresh=fresh,
        )

    def __len__(self) -> int:
        return len(self.items)

    def break_costs(self, prices: Sequence[float]) -> _Floats:
        """The cost of a break before each word, given the price of each `Break` in its order.

        For a doubtful word with a punctuation mark, it lies between the mark's price and none's.
        """
        cost = np.asarray(prices, np.float64)[self.ranks]
        marked = self.ranks <= Break.CLAUSE
        doubt = np.where(marked, 1 - self._confidence_before(), 0.0)
        return cost + doubt * (prices[Break.PLAIN] - cost)

    def sentence_ends(self) -> _Floats:
        """How certainly a sentence ends before each word, and after the last one (n + 1,), 0..1."""
        ends = np.where(self.ranks == Break.SENTENCE, self._confidence_before(), 0.0)
        return np.append(ends, 1.0)

    def _confidence_before(self) -> _Floats:
        """The confidence in the word before each."""
        return np.append(1.0, self.confidence)[:-1]

    def part(self, begin: int, end: int) -> TrackWords:
        """The words ``begin`` to ``end`` (excluded)."""
        parts = {field.name: getattr(self, field.name)[begin:end] for field in fields(self)}
        return TrackWords(**parts)

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Runs of words that no cue crosses, between long pauses; (begin, end), end excluded.

        Speech without a long pause is cut at the longest pause between two sentences.
        """
        cuts = np.append(np.flatnonzero(self.fresh), len(self))
        begin = 0
        while begin < len(self):
            low = begin + _BLOCK_WORDS
            end = int(cuts[min(int(np.searchsorted(cuts, low)), len(cuts) - 1)])
            if end > low + _BLOCK_WORDS:
                inside = slice(low, low + _BLOCK_WORDS)
                pause = self.start_ms[inside] - self.end_ms[low - 1 : low + _BLOCK_WORDS - 1]
                end = low + int(np.argmax(pause - _LONG_PAUSE_MS * self.ranks[inside]))
            yield begin, end
            begin = end

    def _line(self, first: int, last: int) -> str:
        parts = [self.items[first].text]
        for i in range(first + 1, last + 1):
            parts.append(" " + self.items[i].text if self.space[i] else self.items[i].text)
        return "".join(parts)

    def cue(self, start_ms: int, end_ms: int, first: int, last: int, starts: Sequence[int]) -> Cue:
        """A cue of the words ``first`` to ``last``, whose further lines begin at ``starts``."""
        return Cue(
            start_ms=start_ms,
            end_ms=end_ms,
            lines=tuple(self.lines(first, last, starts)),
            words=tuple(self._joined(first, last)),
        )

    def lines(self, first: int, last: int, starts: Sequence[int]) -> list[str]:
        """The lines of those words, the second and further ones beginning at ``starts``."""
        return [self._line(a, b - 1) for a, b in pairwise([first, *starts, last + 1])]

    def _joined(self, first: int, last: int) -> Iterable[Word]:
        """The words of a cue; the parts of one word in the same cue become one again."""
        i = first
        while i <= last:
            j = i
            while j < last and self.part_of[j + 1] == self.part_of[i]:
                j += 1
            word = self.items[i]
            if j > i:
                word = Word(
                    text="".join(part.text for part in self.items[i : j + 1]),
                    start_ms=word.start_ms,
                    end_ms=self.items[j].end_ms,
                    confidence=word.confidence,
                )
            yield word
            i = j + 1


def visible_words(utterance: Utterance) -> list[Word]:
    """The utterance's words that have any text, with white space normalised.

    Without word times, the words of the text are spread over its span by length.
    """
    if utterance.words:
        normalised = ((word, " ".join(word.text.split())) for word in utterance.words)
        return [
            word
            if text == word.text
            else Word(
                text=text,
                start_ms=word.start_ms,
                end_ms=word.end_ms,
                confidence=word.confidence,
            )
            for word, text in normalised
            if text
        ]
    texts = utterance.text.split()
    return _spread(texts, utterance.span.start_ms, utterance.span.end_ms, None)


def _spread(
    texts: Sequence[str], start_ms: int, end_ms: int, confidence: float | None
) -> list[Word]:
    """Words that share a span by their width."""
    sizes = [0]
    for text in texts:
        sizes.append(sizes[-1] + max(1, columns(text)))
    span = end_ms - start_ms
    times = [start_ms + span * size // max(1, sizes[-1]) for size in sizes]
    return [
        Word(text=text, start_ms=a, end_ms=b, confidence=confidence)
        for text, (a, b) in zip(texts, pairwise(times), strict=True)
    ]


def _confidence(word: Word) -> float:
    confidence = word.confidence
    if confidence is None or confidence != confidence:  # NaN: unknown
        return 1.0
    return min(1.0, max(0.0, confidence))


def _characters_of(word: Word) -> list[Word]:
    return _spread(graphemes(word.text), word.start_ms, word.end_ms, word.confidence)


def _needs_space(left: str, right: str) -> bool:
    """In a script without spaces, only words of other scripts, such as Latin, are separated."""
    return left[-1] < _FIRST_OTHER and right[0] < _FIRST_OTHER
