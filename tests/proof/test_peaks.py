"""The waveform: what is loud is high, and it stays small."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_subs.model import AudioClip
from tests.proof.tracks import peaks

STEP = 320


def clips(samples: np.ndarray, sizes: Iterable[int]) -> Iterable[AudioClip]:
    at = 0
    for size in sizes:
        yield AudioClip(samples=samples[at : at + size], start_samples=at)
        at += size
    yield AudioClip(samples=samples[at:], start_samples=at)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5000), st.lists(st.integers(0, 900), max_size=8), st.integers(0, 2**32 - 1))
def test_each_value_is_the_loudest_of_its_step(n: int, sizes: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, n).astype(np.float32)
    result = peaks(clips(samples, sizes))
    assert result.step_samples == STEP
    loudest = [np.abs(samples[at : at + STEP]).max() for at in range(0, n, STEP)]
    heights = (result.values / 255.0) ** 2
    assert len(heights) == len(loudest)
    # Half a step of the root scale, squared, at full height.
    assert np.allclose(heights, loudest, atol=2 * 0.5 / 255 + 1e-4)


def test_a_long_video_gets_longer_steps_and_keeps_its_shape() -> None:
    quiet = np.zeros(16_000, dtype=np.float32)
    loud = np.full(16_000, 0.81, dtype=np.float32)
    seconds = 20 * 3600
    moments = {0: quiet, 7200: loud, seconds - 1: quiet}
    result = peaks(
        AudioClip(samples=samples, start_samples=second * 16_000)
        for second, samples in moments.items()
    )
    assert 1 << 19 < len(result.values) <= 1 << 20
    assert len(result.values) * result.step_samples == seconds * 16_000
    (heard,) = np.nonzero(result.values)
    first, last = 7200 * 16_000, 7201 * 16_000 - 1
    assert (heard[0], heard[-1]) == (first // result.step_samples, last // result.step_samples)
    assert set(result.values[heard]) == {round(0.9 * 255)}


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 7.0])
def test_broken_samples_stay_inside_the_range(broken: float) -> None:
    samples = np.zeros(STEP * 3, dtype=np.float32)
    samples[STEP] = broken
    values = peaks([AudioClip(samples=samples, start_samples=0)]).values
    assert values[0] == values[2] == 0
    assert values[1] == (0 if np.isnan(broken) else 255)


def test_no_sound_is_no_values() -> None:
    assert len(peaks([]).values) == 0
