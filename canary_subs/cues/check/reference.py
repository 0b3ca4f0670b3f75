"""Compare a track with a reference: how many words differ, and how far its times are off.

Texts are aligned by jiwer (word error rate: Morris, Maier and Green, Interspeech 2004), ignoring
letter case and punctuation, as is usual; scripts without spaces are compared by character.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from canary_subs.cues.breaks import is_unspaced
from canary_subs.model import Cue


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Differences in time, track minus reference."""

    count: int
    #: Signed: positive is late.
    mean_ms: int
    #: Of the absolute differences.
    median_ms: int
    p90_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """How a track differs from its reference."""

    #: "words", or "characters" for scripts without spaces.
    unit: str
    #: The length of the reference, in units.
    length: int
    substituted: int
    deleted: int
    inserted: int
    #: Of words that both have, if both have word times.
    word_start: Spread | None
    #: Of cues that correspond by their words.
    cue_start: Spread | None
    cue_end: Spread | None

    @property
    def error_rate(self) -> float:
        """Errors divided by the reference's length; over 1 if much was inserted."""
        errors = self.substituted + self.deleted + self.inserted
        return errors / self.length if self.length else float(errors > 0)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    cue: int
    start_ms: int | None


def compare(cues: Sequence[Cue], reference: Sequence[Cue], language: str | None) -> Comparison:
    """How ``cues`` differ from ``reference``, both tracks in ``language`` (BCP-47)."""
    by_character = language is not None and is_unspaced(language)
    ours = list(_tokens(cues, by_character))
    theirs = list(_tokens(reference, by_character))
    same, substituted, deleted, inserted = _aligned(theirs, ours)
    starts = [
        mine - wanted
        for token, other in same
        if (mine := token.start_ms) is not None and (wanted := other.start_ms) is not None
    ]
    pairs = _paired(same, ours, theirs)
    return Comparison(
        unit="characters" if by_character else "words",
        length=len(theirs),
        substituted=substituted,
        deleted=deleted,
        inserted=inserted,
        word_start=_spread(starts),
        cue_start=_spread([cues[a].start_ms - reference[b].start_ms for a, b in pairs]),
        cue_end=_spread([cues[a].end_ms - reference[b].end_ms for a, b in pairs]),
    )


def normal(word: str) -> str:
    """A word in its form for comparison: composed, casefolded, only letters and digits."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(c for c in folded if c.isalnum() or unicodedata.combining(c))


def _tokens(cues: Sequence[Cue], by_character: bool) -> Iterable[_Token]:
    for index, cue in enumerate(cues):
        timed = [(word.text, word.start_ms) for word in cue.words]
        written = [(text, None) for line in cue.lines for text in line.split()]
        for text, start_ms in timed or written:
            bare = normal(text)
            for unit in bare if by_character else filter(None, [bare]):
                yield _Token(unit, index, start_ms)


def _aligned(
    reference: Sequence[_Token], ours: Sequence[_Token]
) -> tuple[list[tuple[_Token, _Token]], int, int, int]:
    """Pairs (ours, reference) of equal tokens; and how many are substituted, deleted, inserted."""
    if not reference or not ours:
        return [], 0, len(reference), len(ours)
    import jiwer

    found = jiwer.process_words(
        " ".join(token.text for token in reference), " ".join(token.text for token in ours)
    )
    same = [
        (ours[chunk.hyp_start_idx + i], reference[chunk.ref_start_idx + i])
        for chunk in found.alignments[0]
        if chunk.type == "equal"
        for i in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    return same, found.substitutions, found.deletions, found.insertions


def _paired(
    same: Iterable[tuple[_Token, _Token]], ours: Sequence[_Token], theirs: Sequence[_Token]
) -> list[tuple[int, int]]:
    """Pairs of cues (ours, reference), one to one, that share half of the words of one of them."""
    shared = Counter((token.cue, other.cue) for token, other in same)
    our_sizes = Counter(token.cue for token in ours)
    their_sizes = Counter(token.cue for token in theirs)
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for (a, b), count in shared.most_common():
        half = 2 * count >= min(our_sizes[a], their_sizes[b])
        if half and a not in pairs and b not in taken:
            pairs[a] = b
            taken.add(b)
    return sorted(pairs.items())


def _spread(differences_ms: Sequence[int]) -> Spread | None:
    if not differences_ms:
        return None
    sizes = np.abs(differences_ms)
    return Spread(
        count=len(differences_ms),
        mean_ms=round(float(np.mean(differences_ms))),
        median_ms=round(float(np.median(sizes))),
        p90_ms=round(float(np.percentile(sizes, 90))),
    )
