"""Synthesised sounds: as long and loud as asked for, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from canary_subs.sounds.audioset import kinds
from examples.demo_model import sound
from examples.demo_model.events import EVENTS

MAKERS = {**EVENTS, **{maker.__name__: maker for maker in sound.NOT_SPEECH}}


def test_every_event_is_one_that_subtitles_label() -> None:
    assert set(EVENTS) <= set(kinds())
    assert len({kinds()[name] for name in EVENTS}) == len(EVENTS)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("length", [0, 1, 159, 16_000, 70_001])
def test_a_sound_is_as_long_as_asked_for(name: str, length: int) -> None:
    samples = MAKERS[name](np.random.default_rng(5), length)
    assert samples.dtype == np.float32 and samples.shape == (length,)
    assert np.isfinite(samples).all()
    assert np.array_equal(samples, MAKERS[name](np.random.default_rng(5), length))


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_audible_from_its_start(name: str) -> None:
    samples = EVENTS[name](np.random.default_rng(6), 64_000)
    assert sound.level(samples) == pytest.approx(0.1, rel=0.01)
    assert np.abs(samples[:4000]).max() > 0.02
