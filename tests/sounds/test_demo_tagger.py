"""The demonstration tagger on sounds that its training never drew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, Context
from canary_subs.plugin.manager import load
from canary_subs.sounds.audioset import kinds
from canary_subs.sounds.tagger import AudioSetOptions, AudioSetTagger
from canary_subs.testing import check_tagger
from canary_subs.workflows.check import sound_of
from examples.demo_model import sound
from examples.demo_model.events import EVENTS

VIDEOS = Path(__file__).parents[2] / "examples" / "videos"
#: First part of the seeds; those of the training begin with 1.
HELD_OUT = 77_000
#: How many draws of each sound.
DRAWS = 12


@pytest.fixture(scope="module")
def tagger() -> AudioSetTagger:
    return AudioSetTagger(AudioSetOptions(), Context(model="demo", device="cpu"))


def draws(maker: sound.Maker, count: int, seed: int) -> Iterator[AudioClip]:
    """``count`` draws of 4 s over a hiss, half a second apart, so that each is separate."""
    for number in range(count):
        rng = np.random.default_rng([HELD_OUT, seed, number])
        samples = maker(rng, 4 * SAMPLE_RATE_HZ) * np.float32(rng.uniform(0.3, 2))
        hiss = sound.noise(rng, len(samples)) * np.float32(0.02)
        start = int(number * 4.5 * SAMPLE_RATE_HZ)
        yield AudioClip(samples=samples + hiss, start_samples=start)


def tagged_kinds(tagger: AudioSetTagger, clips: Iterator[AudioClip]) -> Counter[str]:
    return Counter(found.kind for found in tagger.tag(clips))


def test_most_sounds_are_known(tagger: AudioSetTagger) -> None:
    right: Counter[str] = Counter()
    wrong: Counter[tuple[str, str]] = Counter()
    for seed, (name, maker) in enumerate(EVENTS.items()):
        found = tagged_kinds(tagger, draws(maker, DRAWS, seed))
        right[name] = found.pop(kinds()[name], 0)
        wrong.update({(name, other): count for other, count in found.items()})
    assert sum(right.values()) >= 0.9 * DRAWS * len(EVENTS), (right, wrong)
    assert min(right.values()) >= DRAWS // 2, (right, wrong)
    assert wrong.total() <= 0.05 * DRAWS * len(EVENTS), (right, wrong)


@pytest.mark.parametrize("maker", [sound.silence, sound.noise, sound.tone])
def test_noise_and_tones_are_not_tagged(tagger: AudioSetTagger, maker: sound.Maker) -> None:
    assert tagged_kinds(tagger, draws(maker, DRAWS, 100)).total() <= 1


def test_speech_is_not_tagged(tagger: AudioSetTagger) -> None:
    for name in ("english.mp4", "french.mp4"):
        with sound_of(VIDEOS / name, load()) as clips:
            assert list(tagger.tag(clips)) == []


def test_it_keeps_the_rules() -> None:
    provider = next(entry.provider for entry in load().providers("tagger"))
    rng = np.random.default_rng(HELD_OUT)
    parts = (sound.silence(rng, 48_000), EVENTS["Applause"](rng, 64_000), sound.silence(rng, 8000))
    clip = AudioClip(samples=np.concatenate(parts), start_samples=0)
    check_tagger(provider, [clip], ["applause"], context=Context(model="demo", device="cpu"))
