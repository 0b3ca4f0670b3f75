"""The tagger is trained on the features that it gets in use."""

from __future__ import annotations

import numpy as np

from examples.demo_model.events import EVENTS
from examples.demo_model.speech import SAMPLE_RATE_HZ
from examples.demo_model.train_tagger import Window, features, new_extractor


def test_features_are_those_of_the_extractor() -> None:
    windows = [
        Window(samples=maker(np.random.default_rng(8), length), classes=frozenset({name}))
        for (name, maker), length in zip(
            EVENTS.items(), range(16_000, 110_000, 11_003), strict=True
        )
    ]
    extractor = new_extractor()
    given = [window.samples for window in windows]
    wanted = extractor(given, sampling_rate=SAMPLE_RATE_HZ, return_tensors="np").input_values
    assert np.abs(features(extractor, windows) - wanted).max() < 1e-3
