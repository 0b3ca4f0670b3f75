"""Training examples: segments as an engine would get them, in noise, with music, cut early or late.

An example is made to a length between 1 and 30 s; everything is drawn from the generator that is
passed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from examples.demo_model import sound
from examples.demo_model.corpus import Corpus, Utterance
from examples.demo_model.grammar import LANGUAGES, Sentence
from examples.demo_model.network import FRAME_MS
from examples.demo_model.speech import SAMPLE_RATE_HZ, Samples, SpokenWord

Rng = np.random.Generator

#: Frame label of places where no exact time is known.
UNKNOWN = -100


@dataclass(kw_only=True)
class Example:
    """Speech, or sound without any, and what is said in it.

    samples: int16 mono. sentences: in order, or None where a sentence was cut, so that no
    translation is defined.
    """

    language: str
    samples: npt.NDArray[np.int16]
    words: list[SpokenWord] = field(default_factory=list)
    sentences: list[Sentence] | None = field(default_factory=list)

    @property
    def transcript(self) -> str:
        """What is said, with capitals and punctuation."""
        return " ".join(word.text for word in self.words)

    @property
    def exact(self) -> bool:
        """Whether all word times are known."""
        return all(word.exact for word in self.words)

    def translation(self, language: str) -> str:
        """What is said, in another language. Only where no sentence was cut."""
        assert self.sentences is not None
        return " ".join(sentence.text(language) for sentence in self.sentences)


def spoken(
    rng: Rng, corpus: Corpus, length_s: float, *, clean: bool = False, language: str | None = None
) -> Example:
    """Sentences of about length_s together: at least one, and longer only if that one is."""
    # English is translated into three languages, the others into one.
    language = language or str(rng.choice(LANGUAGES, p=(0.37, 0.21, 0.21, 0.21)))
    variant = corpus.pick(rng, language).voice.variant if rng.random() < 0.6 else None
    limit = int(length_s * SAMPLE_RATE_HZ)

    chosen: list[tuple[int, Utterance]] = []
    said: set[str] = set()
    position = _samples(_lead_s(rng, length_s))
    tail = _samples(_tail_s(rng, length_s))
    while True:
        one = corpus.pick(rng, language, variant)
        if one.sentence.texts.en in said:
            continue
        said.add(one.sentence.texts.en)
        if chosen and position + len(one.samples) + tail > limit:
            break
        chosen.append((position, one))
        position += len(one.samples)
        gap = _samples(_gap_s(rng))
        if position + gap + tail + SAMPLE_RATE_HZ > limit:
            break
        position += gap
    end = chosen[-1][0] + len(chosen[-1][1].samples)
    chosen, complete = _maybe_cut(rng, chosen) if not clean else (chosen, True)
    end = min(end, chosen[-1][0] + len(chosen[-1][1].samples))

    dry = np.zeros(end + tail, np.float32)
    words: list[SpokenWord] = []
    for start, one in chosen:
        gain = 10 ** (rng.uniform(-4, 4) / 20) if variant is None else 1.0
        dry[start : start + len(one.samples)] += one.sound * np.float32(gain)
        offset_ms = start * 1000 / SAMPLE_RATE_HZ
        words.extend(
            replace(word, start_ms=word.start_ms + offset_ms, end_ms=word.end_ms + offset_ms)
            for word in one.words
        )
    wet = dry if clean else _spoiled(rng, dry, chosen)
    return Example(
        language=language,
        samples=_recorded(rng, wet),
        words=words,
        sentences=[one.sentence for _, one in chosen] if complete else None,
    )


def without_speech(
    rng: Rng, length_s: float, maker: Callable[[Rng, int], Samples] | None = None
) -> Example:
    """Noise, music, a tone or silence."""
    length = _samples(length_s)
    maker = maker or sound.NOT_SPEECH[int(rng.integers(len(sound.NOT_SPEECH)))]
    samples = maker(rng, length)
    if rng.random() < 0.5:
        samples = samples + sound.noise(rng, length) * np.float32(
            10 ** (rng.uniform(-50, -10) / 20)
        )
    return Example(
        language=LANGUAGES[int(rng.integers(len(LANGUAGES)))], samples=_recorded(rng, samples)
    )


def frame_labels(
    words: list[SpokenWord], encode: Callable[[str], list[int]], frames: int, blank: int
) -> npt.NDArray[np.int64]:
    """For each frame, the token said there, `blank` between words, UNKNOWN where it is unknown.

    A word's first token starts at the frame boundary nearest to the word's start; punctuation takes
    the one frame that follows the word where there is a pause.
    """
    labels = np.full(frames, blank, np.int64)
    next_free, last = 0, UNKNOWN
    for index, word in enumerate(words):
        tokens = encode(word.text)
        if not word.exact:
            labels[_frame(word.start_ms) : _frame(word.end_ms)] = UNKNOWN
            next_free, last = max(next_free, _frame(word.start_ms)), UNKNOWN
            continue
        following_ms = words[index + 1].start_ms if index + 1 < len(words) else float("inf")
        paused = (
            following_ms - word.end_ms >= FRAME_MS and word.text[-1] in ".,?" and len(tokens) > 1
        )
        spoken = tokens[:-1] if paused else tokens
        share_ms = (word.end_ms - word.start_ms) / len(spoken)
        stop = max(_frame(word.end_ms), next_free + 1)
        for place, token in enumerate(spoken):
            begin = max(_frame(word.start_ms + place * share_ms), next_free)
            if token == last and 0 < begin <= frames and begin >= 2 and labels[begin - 2] == token:
                labels[begin - 1] = blank
            labels[begin : max(stop, begin + 1)] = token
            next_free, last = begin + 1, token
        if paused:
            begin = min(max(stop, next_free), frames - 1)
            labels[begin : begin + 1] = tokens[-1]
            next_free, last = begin + 1, tokens[-1]
    return labels


def _frame(time_ms: float) -> int:
    return int(time_ms / FRAME_MS + 0.5)


def _samples(seconds: float) -> int:
    return int(seconds * SAMPLE_RATE_HZ)


def _lead_s(rng: Rng, length_s: float) -> float:
    kind = rng.random()
    if kind < 0.1:
        return 0.0
    return (
        rng.uniform(0.03, 0.5)
        if kind < 0.85
        else rng.uniform(0.5, max(0.6, min(6, 0.4 * length_s)))
    )


def _tail_s(rng: Rng, length_s: float) -> float:
    kind = rng.random()
    if kind < 0.2:
        return 0.0
    return (
        rng.uniform(0.02, 0.6)
        if kind < 0.85
        else rng.uniform(0.6, max(0.7, min(8, 0.4 * length_s)))
    )


def _gap_s(rng: Rng) -> float:
    return (
        rng.uniform(1.5, 5)
        if rng.random() < 0.08
        else float(np.exp(rng.uniform(np.log(0.05), np.log(1.5))))
    )


def _maybe_cut(
    rng: Rng, chosen: list[tuple[int, Utterance]]
) -> tuple[list[tuple[int, Utterance]], bool]:
    """Now and then let the example begin or end at a comma, as a cut at any pause would."""
    if rng.random() > 0.06:
        return chosen, True
    first = rng.random() < 0.5
    start, one = chosen[0 if first else -1]
    for index, (word, following) in enumerate(zip(one.words, one.words[1:], strict=False)):
        pause_ms = following.start_ms - word.end_ms
        if word.text.endswith(",") and pause_ms > 100 and word.exact and following.exact:
            middle = int((word.end_ms + rng.uniform(0.3, 0.7) * pause_ms) * SAMPLE_RATE_HZ / 1000)
            if first:
                moved_ms = middle * 1000 / SAMPLE_RATE_HZ
                words = tuple(
                    replace(w, start_ms=w.start_ms - moved_ms, end_ms=w.end_ms - moved_ms)
                    for w in one.words[index + 1 :]
                )
                # The rest keeps its place in the example: silence stands where the first half was.
                rest = replace(one, words=words, samples=one.samples[middle:])
                return [(start + middle, rest), *chosen[1:]], False
            return [
                *chosen[:-1],
                (start, replace(one, words=one.words[: index + 1], samples=one.samples[:middle])),
            ], False
    return chosen, True


def _spoiled(rng: Rng, samples: Samples, chosen: list[tuple[int, Utterance]]) -> Samples:
    """Speech in a room, with noise and music around it."""
    loudness = sound.level(samples)
    if rng.random() < 0.3:
        samples = sound.reverberate(rng, samples)
    if rng.random() < 0.55:
        samples = samples + _under(rng, loudness, sound.noise(rng, len(samples)), (5, 40))
    if rng.random() < 0.12:
        music = sound.MUSIC[int(rng.integers(len(sound.MUSIC)))](rng, len(samples))
        samples = samples + _under(rng, loudness, music, (7, 25))
    if rng.random() < 0.2:
        samples = _with_interlude(rng, samples, chosen, loudness)
    if rng.random() < 0.2:
        samples = sound.channel(rng, samples)
    return samples


def _under(rng: Rng, loudness: float, other: Samples, below_db: tuple[float, float]) -> Samples:
    return other * np.float32(loudness / 0.1 * 10 ** (-rng.uniform(*below_db) / 20))


def _with_interlude(
    rng: Rng, samples: Samples, chosen: list[tuple[int, Utterance]], loudness: float
) -> Samples:
    """Music, noise or a tone, as loud as speech, in the longest stretch without any."""
    edges = [
        0,
        *(edge for start, one in chosen for edge in (start, start + len(one.samples))),
        len(samples),
    ]
    begin, end = max(zip(edges[::2], edges[1::2], strict=True), key=lambda pair: pair[1] - pair[0])
    if end - begin < SAMPLE_RATE_HZ // 2:
        return samples
    maker = sound.NOT_SPEECH[int(rng.integers(1, len(sound.NOT_SPEECH)))]
    out = samples.copy()
    out[begin:end] += _under(rng, loudness, maker(rng, end - begin), (-3, 15))
    return out


def _recorded(rng: Rng, samples: Samples) -> npt.NDArray[np.int16]:
    """At a random volume, in 16 bits."""
    peak = float(np.abs(samples).max()) if len(samples) else 0.0
    if peak > 0:
        samples = samples * np.float32(10 ** (rng.uniform(-26, -0.3) / 20) / peak)
    recorded: npt.NDArray[np.int16] = np.round(samples * 32767).astype(np.int16)
    return recorded
