"""Everything in a sound track that is not speech: noise, music, rooms and narrow channels.

Deterministic from its generator.

Every function works on mono float32 at SAMPLE_RATE_HZ; lengths are in samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from examples.demo_model.speech import SAMPLE_RATE_HZ, Samples

Rng = np.random.Generator
Maker = Callable[[Rng, int], Samples]

_C4_HZ = 261.63


def level(samples: Samples) -> float:
    """Root mean square of the louder parts, so that pauses do not count."""
    if not len(samples):
        return 0.0
    power = np.square(samples, dtype=np.float32)
    loud = power[power > power.max() * 1e-3]
    return float(np.sqrt(loud.mean())) if len(loud) else 0.0


def silence(rng: Rng, length: int) -> Samples:
    """Digital silence."""
    return np.zeros(length, np.float32)


def noise(rng: Rng, length: int) -> Samples:
    """Noise whose spectrum falls by 0 (white) to 6 dB (brown) an octave."""
    if length < 2:
        return np.zeros(length, np.float32)
    fast = _fast_length(length)
    spectrum = np.fft.rfft(rng.standard_normal(fast, np.float32))
    spectrum *= np.maximum(np.arange(len(spectrum)), 20 * fast / SAMPLE_RATE_HZ) ** -(
        rng.uniform(0, 2) / 2
    )
    return normal(np.fft.irfft(spectrum, fast)[:length])


def tone(rng: Rng, length: int) -> Samples:
    """A pure tone, steady or sliding."""
    start_hz, end_hz = (
        rng.uniform(80, 4000, 2) if rng.random() < 0.3 else [rng.uniform(80, 4000)] * 2
    )
    frequency = np.linspace(start_hz, end_hz, length)
    return normal(np.sin(2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE_HZ))


def chords(rng: Rng, length: int) -> Samples:
    """Held chords, often with tremolo or vibrato."""
    out = np.zeros(length, np.float32)
    position = 0
    tremolo_hz, depth = rng.uniform(2, 9), rng.choice([0, 0.5, 0.9])
    partials = int(rng.integers(1, 7))
    while position < length:
        count = min(length - position, int(rng.uniform(0.4, 3) * SAMPLE_RATE_HZ))
        time = seconds(count)
        root = _C4_HZ * 2 ** (rng.integers(-14, 12) / 12)
        chord = np.zeros(count, np.float32)
        for step in rng.choice(
            [(0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 7, 12), (0, 5, 9)][rng.integers(5)], 3
        ):
            chord += _note(root * 2 ** (step / 12), time, partials, vibrato=depth == 0.5)
        chord *= 1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * tremolo_hz * time))
        out[position : position + count] = chord * _edges(count)
        position += count
    return normal(out)


def arpeggio(rng: Rng, length: int) -> Samples:
    """Plucked notes, one after the other."""
    out = np.zeros(length, np.float32)
    step = int(rng.uniform(0.09, 0.5) * SAMPLE_RATE_HZ)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
    root = _C4_HZ * 2 ** (rng.integers(-12, 12) / 12)
    partials = int(rng.integers(1, 7))
    decay = rng.uniform(2, 12)
    for position in range(0, length, step):
        time = seconds(min(2 * step, length - position))
        pluck = _note(root * 2 ** (rng.choice(scale) / 12), time, partials) * np.exp(-decay * time)
        out[position : position + len(time)] += pluck * _edges(len(time))
    return normal(out)


def drums(rng: Rng, length: int) -> Samples:
    """Kicks, snares and hi-hats in a beat."""
    out = np.zeros(length, np.float32)
    step = int(60 / rng.uniform(70, 170) / 2 * SAMPLE_RATE_HZ)
    for beat, position in enumerate(range(0, length, step)):
        time = seconds(min(int(0.25 * SAMPLE_RATE_HZ), length - position))
        if beat % 4 == 0:
            hit = np.sin(2 * np.pi * (50 * time + 8 * (1 - np.exp(-30 * time)))) * np.exp(
                -14 * time
            )
        elif beat % 4 == 2:
            hit = rng.standard_normal(len(time)) * np.exp(-22 * time) * 0.6
        else:
            hit = np.diff(rng.standard_normal(len(time) + 1)) * np.exp(-60 * time) * 0.3
        out[position : position + len(time)] += hit.astype(np.float32)
    return normal(out)


def band(rng: Rng, length: int) -> Samples:
    """Several of the instruments at once."""
    parts = [
        maker(rng, length) * rng.uniform(0.3, 1)
        for maker in (chords, arpeggio, drums)
        if rng.random() < 0.75
    ]
    return normal(sum(parts, np.zeros(length, np.float32)))


MUSIC: tuple[Maker, ...] = (chords, arpeggio, drums, band)
NOT_SPEECH: tuple[Maker, ...] = (silence, noise, tone, chords, arpeggio, drums, band)


def reverberate(rng: Rng, samples: Samples) -> Samples:
    """The same sound in a room: the direct path stays where it is, so times hold. Same length."""
    decay_s = rng.uniform(0.08, 0.5)
    count = int(decay_s * SAMPLE_RATE_HZ)
    tail = rng.standard_normal(count).astype(np.float32) * np.exp(
        -6.9 * np.arange(count, dtype=np.float32) / count
    )
    tail[: int(0.002 * SAMPLE_RATE_HZ)] = 0
    tail *= rng.uniform(0.15, 0.7) / np.sqrt(np.square(tail).sum())
    tail[0] = 1
    size = _fast_length(len(samples) + count)
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    return wet.astype(np.float32)


def channel(rng: Rng, samples: Samples) -> Samples:
    """The same sound through a narrow or tilted channel, as a telephone or a codec leaves it.

    Same length.
    """
    size = _fast_length(len(samples))
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)
    low_hz, high_hz = rng.uniform(20, 250), rng.uniform(3300, 8000)
    gain = 1 / (1 + (low_hz / np.maximum(frequency, 1)) ** 4) / (1 + (frequency / high_hz) ** 8)
    gain *= 10 ** (rng.uniform(-6, 6) / 20 * np.log2(np.maximum(frequency, 100) / 1000) / 3)
    return np.fft.irfft(np.fft.rfft(samples, size) * gain, size)[: len(samples)].astype(np.float32)


def _note(frequency_hz: float, time: Samples, partials: int, *, vibrato: bool = False) -> Samples:
    phase = 2 * np.pi * frequency_hz * time
    if vibrato:
        phase = phase + 0.004 * frequency_hz * np.sin(2 * np.pi * 5.5 * time)
    return sum(
        (np.sin(k * phase) / k for k in range(1, partials + 1)), np.zeros(len(time), np.float32)
    )


def seconds(count: int) -> Samples:
    """The time of each sample."""
    return np.arange(count, dtype=np.float32) / np.float32(SAMPLE_RATE_HZ)


def _edges(count: int) -> Samples:
    """A gain that rises and falls over 10 ms at the ends, against clicks."""
    ramp = np.minimum(np.arange(count, dtype=np.float32), np.arange(count, dtype=np.float32)[::-1])
    return np.minimum(1, ramp / (0.01 * SAMPLE_RATE_HZ)).astype(np.float32)


def normal(samples: npt.NDArray[np.floating[Any]]) -> Samples:
    """Scaled to a level of 0.1."""
    plain: Samples = samples.astype(np.float32)
    loudness = level(plain)
    return plain * np.float32(0.1 / loudness) if loudness > 0 else plain


def _fast_length(length: int) -> int:
    """A length of at least this many samples whose Fourier transform is quick."""
    from scipy.fft import next_fast_len  # type: ignore[import-untyped]

    return int(next_fast_len(length, real=True))
