"""What the tagger is trained on is what it will hear."""

from __future__ import annotations

import numpy as np

from canary_subs.demo.events import EVENTS
from canary_subs.demo.speech import SAMPLE_RATE_HZ
from canary_subs.demo.train_tagger import Example, features, new_extractor


def test_features_are_those_of_the_extractor() -> None:
    examples = [
        Example(samples=maker(np.random.default_rng(8), length), classes=frozenset({name}))
        for (name, maker), length in zip(
            EVENTS.items(), range(16_000, 110_000, 11_003), strict=True
        )
    ]
    extractor = new_extractor()
    given = [example.samples for example in examples]
    wanted = extractor(given, sampling_rate=SAMPLE_RATE_HZ, return_tensors="np").input_values
    assert np.abs(features(extractor, examples) - wanted).max() < 1e-3
