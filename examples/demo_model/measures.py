"""How transcripts, translations and word times are counted against the truth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

Array = npt.NDArray[np.float32]


def word_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Words to insert, delete or replace to turn one into the other."""
    return Levenshtein.distance(reference, hypothesis)


def exact_sentences(reference: Sequence[str], hypothesis: str) -> int:
    """How many sentences of the reference stand in the hypothesis, in order, letter by letter."""
    written = re.split(r"(?<=[.?]) ", hypothesis)
    return sum(
        block.size
        for block in SequenceMatcher(None, reference, written, autojunk=False).get_matching_blocks()
    )


def aligned_frames(log_probs: Array, tokens: Sequence[int], blank: int) -> list[int]:
    """The first frame of each token on the likeliest CTC path of log_probs (frames, tokens)."""
    states = np.full(2 * len(tokens) + 1, blank)
    states[1::2] = tokens
    emission = log_probs[:, states]
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    score = np.full(len(states), -np.inf, np.float32)
    score[:2] = emission[0, :2]
    steps = np.zeros(emission.shape, np.int8)
    for frame in range(1, len(emission)):
        one = np.concatenate([[-np.inf], score[:-1]])
        two = np.where(may_skip, np.concatenate([[-np.inf, -np.inf], score[:-2]]), -np.inf)
        came = np.stack([score, one, two])
        steps[frame] = came.argmax(axis=0)
        score = came.max(axis=0) + emission[frame]
    state = len(states) - 1 if score[-1] >= score[-2] else len(states) - 2
    first = [0] * len(tokens)
    for frame in range(len(emission) - 1, -1, -1):
        if state % 2:
            first[state // 2] = frame
        state -= int(steps[frame, state])
    return first


@dataclass
class Tally:
    """Counts that become figures."""

    words: int = 0
    errors: int = 0
    sentences: int = 0
    exact: int = 0
    starts_ms: list[float] = field(default_factory=list)
    frame_starts_ms: list[float] = field(default_factory=list)
    examples: int = 0

    @property
    def wer(self) -> float:
        """Word errors a word."""
        return self.errors / max(1, self.words)

    @property
    def exactness(self) -> float:
        """Sentences translated exactly, of all."""
        return self.exact / max(1, self.sentences)

    @property
    def start_ms(self) -> float:
        """Mean distance of word starts from the truth."""
        return float(np.mean(self.starts_ms)) if self.starts_ms else float("nan")

    def add(self, other: Tally) -> None:
        """Add another's counts."""
        self.words, self.errors = self.words + other.words, self.errors + other.errors
        self.sentences, self.exact = self.sentences + other.sentences, self.exact + other.exact
        self.starts_ms = self.starts_ms + other.starts_ms
        self.frame_starts_ms = self.frame_starts_ms + other.frame_starts_ms
        self.examples += other.examples

    @staticmethod
    def sum(tallies: Iterable[Tally]) -> Tally:
        """All of them together."""
        together = Tally()
        for tally in tallies:
            together.add(tally)
        return together
