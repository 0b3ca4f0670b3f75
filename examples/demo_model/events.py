"""Sounds that SDH subtitles label, synthesised: knocks, bells, sirens, applause and others.

As in `sound`, makers work on mono float32 at SAMPLE_RATE_HZ, are deterministic from their
generator, and fill ``length`` samples at a level of 0.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from examples.demo_model.sound import Maker, Rng, arpeggio, band, chords, drums, normal, seconds
from examples.demo_model.speech import SAMPLE_RATE_HZ, Samples

#: From the seconds since a stroke to its sound.
Shape = Callable[[Samples], Samples]


def knocks(rng: Rng, length: int) -> Samples:
    """Two to five knocks on wood, again after a while."""
    body_hz, damping = rng.uniform(110, 420), rng.uniform(35, 90)
    step_s, count = rng.uniform(0.13, 0.35), int(rng.integers(2, 6))

    def knock(time: Samples) -> Samples:
        wood = np.sin(2 * np.pi * body_hz * time) + 0.5 * np.sin(2 * np.pi * 2.3 * body_hz * time)
        click = rng.standard_normal(len(time)) * np.exp(-400 * time)
        return np.asarray(wood * np.exp(-damping * time) + 0.5 * click, np.float32)

    out = np.zeros(length, np.float32)
    begin_s = 0.0
    while begin_s * SAMPLE_RATE_HZ < length:
        for n in range(count):
            _strike(out, begin_s + n * step_s * rng.uniform(0.95, 1.05), 0.2, knock)
        begin_s += count * step_s + rng.uniform(0.6, 2.5)
    return normal(out)


def doorbell(rng: Rng, length: int) -> Samples:
    """Ding-dong: a tone and a lower one, each dying away."""
    high_hz = rng.uniform(550, 900)
    low_hz, decay = high_hz / rng.choice([5 / 4, 6 / 5, 4 / 3]), rng.uniform(2.5, 5)
    gap_s = rng.uniform(0.45, 0.8)

    def chime(hz: float, time: Samples) -> Samples:
        partials = ((1, 1.0), (2, 0.3), (3, 0.12))
        tone = sum((a * np.sin(2 * np.pi * k * hz * time) for k, a in partials), np.zeros(1))
        return np.asarray(tone * np.exp(-decay * time), np.float32)

    out = np.zeros(length, np.float32)
    begin_s = 0.0
    while begin_s * SAMPLE_RATE_HZ < length:
        _strike(out, begin_s, 1.6, lambda time: chime(high_hz, time))
        _strike(out, begin_s + gap_s, 1.6, lambda time: chime(low_hz, time))
        begin_s += gap_s + rng.uniform(2, 5)
    return normal(out)


def bell(rng: Rng, length: int) -> Samples:
    """A church bell: partials that are no harmonics, struck again and again."""
    hum_hz, decay = rng.uniform(90, 330), rng.uniform(0.6, 1.6)
    ratios = np.array([1, 2, 2.4, 3, 4, 5.3, 6.7]) * rng.uniform(0.985, 1.015, 7)
    gains = np.array([0.5, 1, 0.8, 0.5, 0.6, 0.35, 0.25]) * rng.uniform(0.7, 1.3, 7)

    def stroke(time: Samples) -> Samples:
        waves = np.sin(2 * np.pi * hum_hz * ratios[:, None] * time)
        fades = np.exp(-decay * np.sqrt(ratios)[:, None] * time)
        return np.asarray((gains[:, None] * waves * fades).sum(0), np.float32)

    out = np.zeros(length, np.float32)
    begin_s, step_s = 0.0, rng.uniform(1.1, 2.6)
    while begin_s * SAMPLE_RATE_HZ < length:
        _strike(out, begin_s, 4, stroke)
        begin_s += step_s
    return normal(out)


def telephone(rng: Rng, length: int) -> Samples:
    """A telephone's two gongs under one hammer, ringing and pausing."""
    hammer_hz = rng.uniform(16, 28)
    low_hz = rng.uniform(900, 1500)
    high_hz = low_hz * rng.uniform(1.12, 1.35)
    on_s, off_s = rng.uniform(0.9, 2), rng.uniform(0.6, 3)
    time = _exact_seconds(length)
    turn = (time * hammer_hz) % 1
    which = turn < 0.5
    hit = np.exp(-9 * ((2 * turn) % 1))
    gong = np.where(which, np.sin(2 * np.pi * low_hz * time), np.sin(2 * np.pi * high_hz * time))
    shine = np.sin(2 * np.pi * 2.7 * low_hz * time)
    rings = (time % (on_s + off_s)) < on_s
    return normal((gong + 0.3 * shine) * hit * rings)


def siren(rng: Rng, length: int) -> Samples:
    """A siren that wails, yelps, or goes between two tones."""
    time = _exact_seconds(length)
    low_hz = rng.uniform(380, 700)
    if rng.random() < 0.4:
        turn = (time * rng.uniform(0.7, 1.6)) % 1
        hz = np.where(turn < 0.5, low_hz, low_hz * 4 / 3)
    else:
        turn = (time * rng.uniform(0.2, 3.5)) % 1
        hz = low_hz + (rng.uniform(900, 1700) - low_hz) * (0.5 - 0.5 * np.cos(2 * np.pi * turn))
    phase = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE_HZ
    return normal(np.sin(phase) + 0.4 * np.sin(2 * phase) + 0.25 * np.sin(3 * phase))


def applause(rng: Rng, length: int) -> Samples:
    """Many hands."""
    rate = rng.uniform(40, 160)
    starts = np.sort(rng.integers(0, max(length, 1), int(rate * length / SAMPLE_RATE_HZ) + 1))
    out = np.zeros(length, np.float32)
    size = int(0.02 * SAMPLE_RATE_HZ)
    time = seconds(size)
    for start in starts:
        hz = rng.uniform(700, 2200)
        clap = np.sin(2 * np.pi * hz * time) + rng.standard_normal(size)
        clap *= np.exp(-rng.uniform(150, 500) * time) * rng.uniform(0.2, 1)
        out[start : start + size] += clap[: length - start].astype(np.float32)
    return normal(out)


def engine(rng: Rng, length: int) -> Samples:
    """A motor that runs, now faster, now slower."""
    time = _exact_seconds(length)
    base_hz = rng.uniform(22, 85)
    wander = 1 + 0.25 * rng.random() * np.sin(2 * np.pi * rng.uniform(0.05, 0.5) * time)
    phase = 2 * np.pi * np.cumsum(base_hz * wander) / SAMPLE_RATE_HZ
    gains = rng.uniform(0.3, 1, 24) / np.sqrt(np.arange(1, 25))
    waves = sum((gains[k - 1] * np.sin(k * phase) for k in range(1, 25)), np.zeros(length))
    rattle = rng.standard_normal(length) * (0.6 + 0.4 * np.sin(phase)) * rng.uniform(0.1, 0.5)
    return normal(waves + rattle)


def beeps(rng: Rng, length: int) -> Samples:
    """An electronic alarm: short tones, always the same."""
    time = _exact_seconds(length)
    hz, on_s = rng.uniform(800, 3300), rng.uniform(0.08, 0.4)
    gate = (time % (on_s * rng.uniform(1.6, 3))) < on_s
    return normal(np.sign(np.sin(2 * np.pi * hz * time)) * gate * 0.5 + 1e-4)


def tune(rng: Rng, length: int) -> Samples:
    """Music."""
    makers: tuple[Maker, ...] = (chords, chords, arpeggio, drums, band, band)
    return makers[rng.integers(len(makers))](rng, length)


#: What AudioSet calls each of them.
EVENTS: Mapping[str, Maker] = MappingProxyType(
    {
        "Music": tune,
        "Applause": applause,
        "Knock": knocks,
        "Doorbell": doorbell,
        "Telephone bell ringing": telephone,
        "Siren": siren,
        "Engine": engine,
        "Beep, bleep": beeps,
        "Church bell": bell,
    }
)


def _strike(out: Samples, begin_s: float, length_s: float, shape: Shape) -> None:
    """Add to ``out`` a sound of ``length_s``, as far as it fits."""
    begin = int(begin_s * SAMPLE_RATE_HZ)
    count = min(int(length_s * SAMPLE_RATE_HZ), len(out) - begin)
    if count > 0:
        out[begin : begin + count] += shape(seconds(count))


def _exact_seconds(count: int) -> npt.NDArray[np.float64]:
    """The time of each sample, for phases that run on and on."""
    return np.arange(count, dtype=np.float64) / SAMPLE_RATE_HZ
