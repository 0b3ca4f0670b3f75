"""Training batches: examples of like length, and what the decoder should write for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from examples.demo_model.corpus import Corpus
from examples.demo_model.example import UNKNOWN, Example, frame_labels, spoken, without_speech
from examples.demo_model.grammar import LANGUAGES
from examples.demo_model.network import FRAME_MS, MAX_TOKENS
from examples.demo_model.speech import SAMPLE_RATE_HZ
from examples.demo_model.vocabulary import without_punctuation

#: The share of examples without speech.
WITHOUT_SPEECH = 0.06

#: The timestamp task is learned on examples up to this long, as Canary flash models have it.
TIMED_S = 11

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

    def timed(self, example: Example, *, pnc: bool) -> Answer:
        """The transcript with a frame token before and after each word."""
        answer = Answer()
        for word in example.words:
            text = word.text if pnc else without_punctuation(word.text)
            begin, end = _span(word.start_ms, word.end_ms)
            frames = self._frame[min(399, begin)], self._frame[min(399, end)]
            answer.add([frames[0], *self.encode(text), frames[1]], (begin, end))
        return answer.closed(self.end)

    def transcript(self, example: Example, *, pnc: bool) -> Answer:
        """What is said; each token's place is its word's."""
        answer = Answer()
        for word in example.words:
            text = word.text if pnc else without_punctuation(word.text)
            answer.add(self.encode(text), _span(word.start_ms, word.end_ms))
        return answer.closed(self.end)

    def translation(self, example: Example, target: str, *, pnc: bool) -> Answer:
        """What is said, in another language; each token's place is its sentence's."""
        answer, first = Answer(), 0
        for sentence in example.sentences or []:
            last = first + len(sentence.text(example.language).split()) - 1
            text = sentence.text(target) if pnc else without_punctuation(sentence.text(target))
            place = _span(example.words[first].start_ms, example.words[last].end_ms)
            answer.add(self.encode(text), place)
            first = last + 1
        return answer.closed(self.end)

    def rows(self, rng: np.random.Generator, example: Example) -> list[tuple[list[int], Answer]]:
        """(prompt, answer) for several tasks on one example."""
        source = example.language
        others = [language for language in LANGUAGES if language != source]
        if source != "en":
            others = ["en"]
        rows = [(self.prompt(source, source), self.transcript(example, pnc=True))]
        if rng.random() < 0.2:
            prompt = self.prompt(source, source, pnc=False)
            rows.append((prompt, self.transcript(example, pnc=False)))
        if example.sentences is not None:
            several = int(rng.integers(2, 4)) if source == "en" else 1
            for target in rng.permutation(others)[:several]:
                pnc = bool(rng.random() > 0.1)
                prompt = self.prompt(source, target, pnc=pnc)
                rows.append((prompt, self.translation(example, target, pnc=pnc)))
        short = len(example.samples) < TIMED_S * SAMPLE_RATE_HZ
        if example.exact and short and rng.random() < 0.3:
            pnc = bool(rng.random() < 0.8)
            prompt = self.prompt(source, source, pnc=pnc, timestamp=True)
            rows.append((prompt, self.timed(example, pnc=pnc)))
        return rows


@dataclass
class Answer:
    """Tokens, and for each the frames of the sound that it comes from; (0, 0) where from none."""

    tokens: list[int] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)

    def add(self, tokens: list[int], place: tuple[int, int]) -> None:
        """Append tokens that share a place."""
        self.tokens += tokens
        self.places += [place] * len(tokens)

    def closed(self, end: int) -> Answer:
        """Itself, with the end of the text."""
        self.add([end], (0, 0))
        return self


def _span(start_ms: float, end_ms: float) -> tuple[int, int]:
    """Half-open, in frames, and never empty."""
    begin = int(start_ms / FRAME_MS + 0.5)
    return begin, max(begin + 1, int(end_ms / FRAME_MS + 0.5))


@dataclass(kw_only=True)
class Batch:
    """Arrays of one training step.

    audio: int16 (examples, samples). frames: labels (examples, frames).
    """

    audio: npt.NDArray[np.int16]
    lengths: Ids
    frames: Ids
    groups: list[Rows]


@dataclass(kw_only=True)
class Rows:
    """What the decoder reads and writes: prompt, answer and padding, a row each.

    examples: the index of each row's example in the batch (rows). tokens: (rows, tokens). prompts:
    the prompts' lengths (rows). places: frames of each token, half-open (rows, tokens, 2).
    """

    examples: Ids
    tokens: Ids
    prompts: Ids
    places: Ids


def plan(rng: np.random.Generator, progress: float) -> tuple[float, bool]:
    """(length in seconds, whether examples are clean) of the next batch, by the progress."""
    if progress < 0.04:
        return float(rng.choice([2, 4])), bool(rng.random() < 0.5)
    if progress < 0.14:
        return float(rng.choice([2, 3, 5, 8])), bool(rng.random() < 0.1)
    if progress < 0.3:
        return float(rng.choice([2, 3, 5, 8, 12, 16, 20])), False
    if progress < 0.5:
        return float(rng.choice([2, 4, 7, 11, 16, 22, 26, 30])), False
    return float(rng.choice([3, 7, 12, 18, 22, 26, 29, 30])), False


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
    """One batch of examples of up to length_s, of that many seconds of sound altogether."""
    count = int(np.clip(seconds / (0.85 * length_s + 0.5), 2, 24))
    batch: list[Example] = []
    while len(batch) < count:
        wanted_s = length_s * rng.uniform(0.7, 1)
        if not clean and rng.random() < WITHOUT_SPEECH:
            batch.append(without_speech(rng, wanted_s * rng.choice([0.1, 1, 1])))
        else:
            batch.append(spoken(rng, corpus, wanted_s, clean=clean))
    longest = max(len(example.samples) for example in batch)
    audio = np.zeros((count, longest), np.int16)
    frames = np.full((count, longest * 1000 // SAMPLE_RATE_HZ // FRAME_MS + 2), UNKNOWN, np.int64)
    short: list[tuple[int, list[int], Answer]] = []
    long: list[tuple[int, list[int], Answer]] = []
    for index, example in enumerate(batch):
        audio[index, : len(example.samples)] = example.samples
        own = len(example.samples) * 1000 // SAMPLE_RATE_HZ // FRAME_MS + 1
        frames[index, :own] = frame_labels(example.words, writer.encode, own, blank)
        for prompt, answer in writer.rows(rng, example):
            count = len(answer.tokens)
            if len(prompt) + count <= MAX_TOKENS:
                group = long if count > 2 * len(example.words) + 30 else short
                group.append((index, prompt, answer))
    return Batch(
        audio=audio,
        lengths=np.array([len(example.samples) for example in batch]),
        frames=frames,
        groups=[_padded(rows, writer.pad) for rows in (short, long) if rows],
    )


def _padded(rows: list[tuple[int, list[int], Answer]], pad: int) -> Rows:
    width = max(len(prompt) + len(answer.tokens) for _, prompt, answer in rows)
    tokens = np.full((len(rows), width), pad, np.int64)
    places = np.zeros((len(rows), width, 2), np.int64)
    for row, (_, prompt, answer) in enumerate(rows):
        end = len(prompt) + len(answer.tokens)
        tokens[row, :end] = prompt + answer.tokens
        places[row, len(prompt) : end] = answer.places
    return Rows(
        examples=np.array([index for index, _, _ in rows]),
        tokens=tokens,
        prompts=np.array([len(prompt) for _, prompt, _ in rows]),
        places=places,
    )


def stream(
    rank: int, step: int, corpus: Corpus, processor: Any, blank: int, progress: Any, seconds: float
) -> Iterator[Batch]:
    """Batches without end for one process of the training.

    progress: a number between 0 and 1, shared with the trainer.
    Processes with the same step get examples of the same length, so that none waits for another.
    """
    own, shared = np.random.default_rng([rank, step]), np.random.default_rng(step)
    writer = Writer(processor)
    while True:
        length_s, clean = plan(shared, float(progress.value))
        yield make(own, corpus, writer, blank, length_s, seconds, clean=clean)
