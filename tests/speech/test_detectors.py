"""The detectors find speech, and the network is run as its authors run it."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from canary_subs.model import AudioClip, Context
from canary_subs.plugin.hookspecs import Segmenter
from canary_subs.speech import canary_subs_segmenters
from canary_subs.speech.silero import Silero, _network

PROVIDERS = {provider.name: provider for provider in canary_subs_segmenters()}


@pytest.fixture(scope="module")
def sentence() -> NDArray[np.float32]:
    """ "Two men walk to the harbour.", said by espeak-ng; it begins and ends with speech."""
    with wave.open(str(Path(__file__).with_name("harbour.wav"))) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples.astype(np.float32) / np.float32(32_768)


def segmenter(name: str) -> Segmenter:
    provider = PROVIDERS[name]
    return provider.make(provider.options(), Context())


@pytest.fixture(scope="module")
def recording(sentence: NDArray[np.float32]) -> NDArray[np.float32]:
    """Faint hiss of 20 s, the sentence at 5 s and at 12 s."""
    samples = np.random.default_rng(0).normal(0, 1e-4, 20 * 16_000).astype(np.float32)
    for at in (5, 12):
        samples[at * 16_000 : at * 16_000 + len(sentence)] += sentence
    return samples


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_sentences_are_found(
    name: str, recording: NDArray[np.float32], sentence: NDArray[np.float32]
) -> None:
    clip = AudioClip(samples=recording, start_samples=0)
    first, second = segmenter(name).cut([clip], 30_000)
    said_ms = len(sentence) // 16
    for segment, at_ms in ((first, 5_000), (second, 12_000)):
        assert at_ms - 400 < segment.start_ms <= at_ms
        assert at_ms + said_ms - 50 <= segment.end_ms < at_ms + said_ms + 500


@pytest.mark.parametrize("name", PROVIDERS)
def test_silence_holds_no_speech(name: str) -> None:
    clip = AudioClip(samples=np.zeros(16_000 * 30, np.float32), start_samples=0)
    assert list(segmenter(name).cut([clip], 30_000)) == []


def test_silero_does_not_mistake_noise_and_chords_for_speech() -> None:
    time = np.arange(16_000 * 20) / 16_000
    noise = np.random.default_rng(1).normal(0, 0.1, len(time))
    tones = np.array([[220.0], [277.2], [329.6], [440.0]])
    chord = 0.1 * np.sin(2 * np.pi * tones * time).sum(axis=0)
    for samples in (noise, chord):
        clip = AudioClip(samples=samples.astype(np.float32), start_samples=0)
        assert list(segmenter("silero").cut([clip], 30_000)) == []


def test_silero_equals_its_network_for_single_frames(recording: NDArray[np.float32]) -> None:
    """The package has the same network for one frame at a time: other file, other code."""
    import onnxruntime

    single = onnxruntime.InferenceSession(
        str(_network().with_name("silero_vad.onnx")), providers=["CPUExecutionProvider"]
    )
    frames = recording[4 * 16_000 : 8 * 16_000].reshape(-1, 512)
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)
    expected = []
    for frame in frames:
        probability, state = single.run(
            None,
            {
                "input": np.concatenate([context, frame])[None],
                "state": state,
                "sr": np.array(16_000, np.int64),
            },
        )
        context = frame[-64:]
        expected.append(float(probability[0, 0]))
    detector = Silero()
    found = np.concatenate([detector.probabilities(part) for part in (frames[:50], frames[50:])])
    assert found == pytest.approx(np.array(expected), abs=1e-4)
    assert found.max() > 0.9


def test_torch_is_not_imported() -> None:
    """silero_vad would set its number of threads to one for the whole process."""
    script = (
        "import sys, numpy as np; from canary_subs.model import AudioClip, Context\n"
        "from canary_subs.speech import canary_subs_segmenters as providers\n"
        "assert not {'onnxruntime', 'webrtcvad'} & set(sys.modules), 'imported too early'\n"
        "for provider in providers():\n"
        "    clip = AudioClip(samples=np.zeros(16000, np.float32), start_samples=0)\n"
        "    list(provider.make(provider.options(), Context()).cut([clip], 9000))\n"
        "assert not {'torch', 'silero_vad'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
