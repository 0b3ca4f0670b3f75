"""Spoken sentences, kept on disk so that training draws from hours of speech, synthesised once."""

from __future__ import annotations

import itertools
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from examples.demo_model.grammar import LANGUAGES, Sentence, draw
from examples.demo_model.speech import Samples, SpokenWord, Voice, draw_voice, speak


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One sentence, spoken. samples: int16, mono."""

    sentence: Sentence
    voice: Voice
    words: tuple[SpokenWord, ...]
    samples: npt.NDArray[np.int16]

    @property
    def sound(self) -> Samples:
        """The samples in [-1, 1]."""
        return self.samples.astype(np.float32) / np.float32(32768)


def utter(sentence: Sentence, voice: Voice) -> Utterance:
    """Have a voice say a sentence in its language."""
    speech = speak(sentence.text(voice.language), voice)
    pcm = np.clip(speech.samples * 32767, -32768, 32767).astype(np.int16)
    return Utterance(sentence=sentence, voice=voice, words=speech.words, samples=pcm)


def utterances(seed: int, count: int, language: str, *, held_out: bool) -> list[Utterance]:
    """So many sentences of a language in random voices; both of them held out, or neither."""
    rng = random.Random(f"{seed} {language}")
    sentences = itertools.islice(draw(seed + LANGUAGES.index(language), held_out=held_out), count)
    return [utter(sentence, draw_voice(rng, language, held_out=held_out)) for sentence in sentences]


class Corpus:
    """Utterances by language and speaker variant."""

    def __init__(self, spoken: Sequence[Utterance]) -> None:
        self.by_language: dict[str, list[Utterance]] = defaultdict(list)
        self.by_speaker: dict[tuple[str, str], list[Utterance]] = defaultdict(list)
        for one in spoken:
            self.by_language[one.voice.language].append(one)
            self.by_speaker[one.voice.language, one.voice.variant].append(one)

    def pick(
        self, rng: np.random.Generator, language: str, variant: str | None = None
    ) -> Utterance:
        """Any utterance of a language, or of one speaker of it."""
        pool = self.by_language[language] if variant is None else self.by_speaker[language, variant]
        return pool[int(rng.integers(len(pool)))]


def _shard(job: tuple[int, int, str]) -> list[Utterance]:
    seed, count, language = job
    return utterances(seed, count, language, held_out=False)


def training_corpus(folder: Path, per_language: int) -> Corpus:
    """The training set:

    synthesised on first use (600 times faster than real time), then read from folder.
    """
    index, pcm = folder / "index.json", folder / "pcm.npy"
    if not index.exists():
        folder.mkdir(parents=True, exist_ok=True)
        jobs = [
            (1000 * part, per_language // 4, language)
            for part in range(4)
            for language in LANGUAGES
        ]
        with get_context("spawn").Pool(2) as pool:
            spoken = [one for shard in pool.imap(_shard, jobs) for one in shard]
        np.save(pcm, np.concatenate([one.samples for one in spoken]))
        index.write_text(json.dumps([_row(one) for one in spoken]), encoding="utf-8")
    samples = np.load(pcm, mmap_mode="r")
    return Corpus(_rows(json.loads(index.read_text(encoding="utf-8")), samples))


def _row(one: Utterance) -> list[object]:
    voice = one.voice
    return [
        one.sentence.template.name, one.sentence.choice, len(one.samples),
        [voice.language, voice.variant, voice.rate_wpm, voice.pitch, voice.pitch_range],
        [[word.text, round(word.start_ms, 1), round(word.end_ms, 1), word.exact] for word in
        one.words],
    ]  # fmt: skip


def _rows(rows: list[list[Any]], samples: npt.NDArray[np.int16]) -> list[Utterance]:
    from examples.demo_model.grammar import TEMPLATES

    templates = {template.name: template for template in TEMPLATES}
    spoken, offset = [], 0
    for name, choice, length, voice, words in rows:
        language, variant, rate, pitch, width = voice
        spoken.append(
            Utterance(
                sentence=Sentence(templates[name], tuple(choice)),
                voice=Voice(
                    language=language,
                    variant=variant,
                    rate_wpm=rate,
                    pitch=pitch,
                    pitch_range=width,
                ),
                words=tuple(
                    SpokenWord(text=t, start_ms=s, end_ms=e, exact=x) for t, s, e, x in words
                ),
                samples=samples[offset : offset + length],
            )
        )
        offset += length
    return spoken
