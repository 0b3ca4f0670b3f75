"""Training batches: pieces of like length, and what the decoder should write for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from canary_subs.demo import pieces
from canary_subs.demo.corpus import Corpus
from canary_subs.demo.grammar import LANGUAGES
from canary_subs.demo.network import FRAME_MS, MAX_TOKENS
from canary_subs.demo.pieces import Piece
from canary_subs.demo.speech import SAMPLE_RATE_HZ
from canary_subs.demo.vocabulary import without_punctuation

#: Of each batch of pieces, so many have no speech.
WITHOUT_SPEECH = 0.06

Ids = npt.NDArray[np.int64]


class Writer:
    """Turns tasks into token ids: prompts as NeMo's canary2 format encodes them, and answers."""

    def __init__(self, processor: Any) -> None:
        self._encode = processor.encode
        self.end: int = processor.piece_to_id("<|endoftext|>")
        self.pad: int = processor.piece_to_id("<pad>")
        self._frame = [processor.piece_to_id(f"<|{frame}|>") for frame in range(400)]

    def encode(self, text: str) -> list[int]:
        """Subwords of a text."""
        ids: list[int] = self._encode(text)
        return ids

    def prompt(
        self, source: str, target: str, *, pnc: bool = True, timestamp: bool = False
    ) -> list[int]:
        """The prompt of one task."""
        return self.encode(
            "<|startofcontext|><|startoftranscript|><|emo:undefined|>"
            f"<|{source}|><|{target}|>{'<|pnc|>' if pnc else '<|nopnc|>'}<|noitn|>"
            f"{'<|timestamp|>' if timestamp else '<|notimestamp|>'}<|nodiarize|>"
        )

    def timed(self, piece: Piece, *, pnc: bool) -> list[int]:
        """The transcript with a frame token before and after each word."""
        ids: list[int] = []
        for word in piece.words:
            text = word.text if pnc else without_punctuation(word.text)
            start, end = (min(399, int(ms / FRAME_MS + 0.5)) for ms in (word.start_ms, word.end_ms))
            ids += [self._frame[start], *self.encode(text), self._frame[max(end, start + 1)]]
        return ids

    def rows(self, rng: np.random.Generator, piece: Piece) -> list[tuple[list[int], list[int]]]:
        """(prompt, answer) for several tasks on one piece."""
        source = piece.language
        others = (
            [language for language in LANGUAGES if language != source] if source == "en" else ["en"]
        )
        rows = []

        def row(target: str, text: str, *, pnc: bool) -> None:
            text = text if pnc else without_punctuation(text)
            rows.append((self.prompt(source, target, pnc=pnc), [*self.encode(text), self.end]))

        row(source, piece.transcript, pnc=True)
        if rng.random() < 0.2:
            row(source, piece.transcript, pnc=False)
        if piece.sentences is not None:
            for target in rng.permutation(others)[
                : 2 if source == "en" and rng.random() < 0.6 else 1
            ]:
                row(target, piece.translation(target), pnc=bool(rng.random() > 0.1))
        if piece.exact and rng.random() < 0.35:
            pnc = bool(rng.random() < 0.8)
            rows.append(
                (
                    self.prompt(source, source, pnc=pnc, timestamp=True),
                    [*self.timed(piece, pnc=pnc), self.end],
                )
            )
        return rows


@dataclass(kw_only=True)
class Batch:
    """Arrays of one training step.

    audio: int16 (pieces, samples). frames: labels (pieces, frames). Of each group of rows: which
    piece, the tokens (prompt, answer, padding), and where the prompt ends.
    """

    audio: npt.NDArray[np.int16]
    lengths: Ids
    frames: Ids
    groups: list[tuple[Ids, Ids, Ids]]


def plan(rng: np.random.Generator, progress: float) -> tuple[float, bool]:
    """(length in seconds, whether pieces are clean) of the next batch, so far into the training."""
    if progress < 0.04:
        return float(rng.choice([2, 4])), bool(rng.random() < 0.5)
    if progress < 0.14:
        return float(rng.choice([2, 3, 5, 8])), bool(rng.random() < 0.1)
    if progress < 0.4:
        return float(rng.choice([2, 3, 5, 8, 12, 16, 20])), False
    return float(rng.choice([2, 4, 7, 11, 16, 22, 26, 30])), False


def make(
    rng: np.random.Generator,
    corpus: Corpus,
    writer: Writer,
    blank: int,
    length_s: float,
    seconds: float,
    *,
    clean: bool,
) -> Batch:
    """One batch of pieces of up to length_s, of that many seconds of sound altogether."""
    count = int(np.clip(seconds / (0.85 * length_s + 0.5), 2, 24))
    batch: list[Piece] = []
    while len(batch) < count:
        wanted_s = length_s * rng.uniform(0.7, 1)
        if not clean and rng.random() < WITHOUT_SPEECH:
            batch.append(pieces.nothing(rng, wanted_s * rng.choice([0.1, 1, 1])))
        else:
            batch.append(pieces.speech(rng, corpus, wanted_s, clean=clean))
    longest = max(len(piece.samples) for piece in batch)
    audio = np.zeros((count, longest), np.int16)
    frames = np.full(
        (count, longest * 1000 // SAMPLE_RATE_HZ // FRAME_MS + 2), pieces.UNKNOWN, np.int64
    )
    short: list[tuple[int, list[int], list[int]]] = []
    long: list[tuple[int, list[int], list[int]]] = []
    for index, piece in enumerate(batch):
        audio[index, : len(piece.samples)] = piece.samples
        own = len(piece.samples) * 1000 // SAMPLE_RATE_HZ // FRAME_MS + 1
        frames[index, :own] = pieces.frame_labels(piece.words, writer.encode, own, blank)
        for prompt, answer in writer.rows(rng, piece):
            if len(prompt) + len(answer) <= MAX_TOKENS:
                (long if len(answer) > 2 * len(piece.words) + 30 else short).append(
                    (index, prompt, answer)
                )
    return Batch(
        audio=audio,
        lengths=np.array([len(piece.samples) for piece in batch]),
        frames=frames,
        groups=[_padded(rows, writer.pad) for rows in (short, long) if rows],
    )


def _padded(rows: list[tuple[int, list[int], list[int]]], pad: int) -> tuple[Ids, Ids, Ids]:
    width = max(len(prompt) + len(answer) for _, prompt, answer in rows)
    tokens = np.full((len(rows), width), pad, np.int64)
    for place, (_, prompt, answer) in enumerate(rows):
        tokens[place, : len(prompt) + len(answer)] = prompt + answer
    return (
        np.array([row[0] for row in rows]),
        tokens,
        np.array([len(prompt) for _, prompt, _ in rows]),
    )


def stream(
    rank: int, step: int, corpus: Corpus, processor: Any, blank: int, progress: Any, seconds: float
) -> Iterator[Batch]:
    """Batches without end for one process of the training.

    progress: a number between 0 and 1, shared with the trainer.
    Processes with the same step get pieces of the same length, so that none waits for another.
    """
    own, shared = np.random.default_rng([rank, step]), np.random.default_rng(step)
    writer = Writer(processor)
    while True:
        length_s, clean = plan(shared, float(progress.value))
        yield make(own, corpus, writer, blank, length_s, seconds, clean=clean)
