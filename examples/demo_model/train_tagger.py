"""Train the demonstration tagger from nothing: python -m examples.demo_model.train_tagger.

Needs espeak-ng, and about 25 minutes on two cores. The network is a small Audio Spectrogram
Transformer (Gong et al., 2021) with some of AudioSet's classes, kept as transformers keeps the
large ones: a folder with a configuration, the extractor's settings and the weights. It is trained
on synthesised sounds only; with ``--evaluate`` the finished one is examined on draws and voices
that are held out of the training.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

from canary_subs.demo import TAGGER_PATH
from examples.demo_model.corpus import utterances
from examples.demo_model.events import EVENTS
from examples.demo_model.grammar import LANGUAGES
from examples.demo_model.sound import Rng, channel, noise, reverberate, silence, tone
from examples.demo_model.speech import SAMPLE_RATE_HZ, Samples

#: The classes, in the order of the network's outputs. The last ones keep other sounds out
#: of the first, and get no label in subtitles.
CLASSES = (*EVENTS, "Speech", "Sine wave", "Noise", "Silence")

#: How often each is drawn beside the others.
_OFTEN = {"Music": 2.5, "Speech": 2.0, "Noise": 1.5, "Sine wave": 0.7, "Silence": 0.4}
_WEIGHTS = np.array([_OFTEN.get(name, 1.0) for name in CLASSES])

#: The seed of the examination; training counts up from 0.
_HELD_OUT_SEED = 10**9
#: How many windows it draws, in whole batches.
_DRAWS = 1500

#: What the examination asks of the sounds' means. A label that is wrong is worse than none.
_LEAST_PRECISION, _LEAST_RECALL = 0.95, 0.85

_LONGEST_S = 6.0
_BATCH = 48
_PEAK_RATE = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """A few seconds of sound and the classes that are in them."""

    samples: Samples
    classes: frozenset[str]


class Drawer:
    """Draws windows; ``held_out`` chooses the voices and sentences."""

    def __init__(self, *, held_out: bool, voices: int = 60) -> None:
        self._speech = [
            one.sound
            for language in LANGUAGES
            for one in utterances(7, voices, language, held_out=held_out)
        ]

    def draw(self, rng: Rng) -> Window:
        """One window of 1 to 6 s: one class, now and then two, over a quiet background."""
        length = int(rng.uniform(1, _LONGEST_S) * SAMPLE_RATE_HZ)
        count = 2 if rng.random() < 0.15 else 1
        names = rng.choice(CLASSES, count, replace=False, p=_WEIGHTS / _WEIGHTS.sum())
        out = np.zeros(length, np.float32)
        for name in names:
            gain = 10 ** (rng.uniform(-12, 0) / 20) if count > 1 else 1.0
            out += self._part(str(name), rng, length) * np.float32(gain)
        if rng.random() < 0.6:
            out = reverberate(rng, out)
        if rng.random() < 0.6:
            out = channel(rng, out)
        quiet = "Silence" in names or rng.random() < 0.2
        floor_db = -90 if quiet else rng.uniform(-60, -22)
        out += noise(rng, length) * np.float32(10 ** (floor_db / 20))
        out *= np.float32(10 ** (rng.uniform(-24, 6) / 20))
        return Window(samples=np.clip(out, -1, 1), classes=frozenset(map(str, names)))

    def _part(self, name: str, rng: Rng, length: int) -> Samples:
        """A sound that begins and ends somewhere in the window, at least half a second of it."""
        if name == "Speech":
            return self._speech_in(rng, length)
        plain = {"Sine wave": tone, "Noise": noise, "Silence": silence}
        maker = plain[name] if name in plain else EVENTS[name]
        out = np.zeros(length, np.float32)
        begin = int(rng.uniform(0, max(0, length - SAMPLE_RATE_HZ))) if rng.random() < 0.5 else 0
        end = length
        if rng.random() < 0.3:
            end = int(rng.uniform(min(begin + 0.5 * SAMPLE_RATE_HZ, length), length))
        out[begin:end] = maker(rng, length)[: end - begin]
        return out

    def _speech_in(self, rng: Rng, length: int) -> Samples:
        out = np.zeros(length, np.float32)
        at = int(rng.uniform(-1, 1) * SAMPLE_RATE_HZ)
        while at < length:
            spoken = self._speech[rng.integers(len(self._speech))]
            begin, skip = max(at, 0), max(-at, 0)
            part = spoken[skip : skip + length - begin]
            out[begin : begin + len(part)] = part
            at += len(spoken) + int(rng.uniform(0.1, 1.5) * SAMPLE_RATE_HZ)
        return out


def new_extractor() -> ASTFeatureExtractor:
    """Its input: 64 mel bands in steps of 10 ms, 6.4 s at most."""
    return ASTFeatureExtractor(num_mel_bins=64, max_length=640)


def new_network() -> ASTForAudioClassification:
    """160 patches of 16 by 16, four layers, 0.2 million parameters."""
    config = ASTConfig(
        hidden_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=192,
        num_mel_bins=64,
        max_length=640,
        time_stride=16,
        frequency_stride=16,
        id2label=dict(enumerate(CLASSES)),
        label2id={name: number for number, name in enumerate(CLASSES)},
        problem_type="multi_label_classification",
    )
    return ASTForAudioClassification(config)


def _batches() -> Iterator[tuple[Any, Any]]:
    """(features, classes) without end, drawn ahead by a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        ahead = deque(pool.submit(_batch, number) for number in range(3))
        for number in count(3):
            ahead.append(pool.submit(_batch, number))
            inputs, classes = ahead.popleft().result()
            yield torch.from_numpy(inputs), torch.from_numpy(classes)


def _batch(number: int) -> tuple[Any, Any]:
    rng = np.random.default_rng([1, number])
    drawer, extractor = _tools()
    windows = [drawer.draw(rng) for _ in range(_BATCH)]
    return features(extractor, windows), _truth(windows)


@cache
def _tools() -> tuple[Drawer, Any]:
    return Drawer(held_out=False), new_extractor()


def features(extractor: Any, windows: Sequence[Window]) -> Any:
    """What the extractor makes of them, float32 (n, steps, bands), in a fifth of its time."""
    out = np.zeros((len(windows), extractor.max_length, extractor.num_mel_bins), np.float32)
    for row, window in zip(out, windows, strict=True):
        frames = np.lib.stride_tricks.sliding_window_view(window.samples, 400)[::160]
        frames = frames - frames.mean(axis=1, keepdims=True)
        frames[:, 1:] -= 0.97 * frames[:, :-1]
        frames[:, 0] *= 1 - 0.97
        power = np.abs(np.fft.rfft(frames * extractor.window, 512)) ** 2
        found = np.log(np.maximum(power @ extractor.mel_filters, 1.192092955078125e-07))
        row[: len(found)] = found[: len(row)]
    return extractor.normalize(out)


def _truth(windows: Sequence[Window]) -> Any:
    return np.array([[float(c in e.classes) for c in CLASSES] for e in windows], np.float32)


def train(target: Path, minutes: float) -> None:
    """Train for so long and put the network into the folder ``target``."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    extractor, network = new_extractor(), new_network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=_PEAK_RATE, weight_decay=0.01)
    loss_of = torch.nn.BCEWithLogitsLoss()
    begun, loss_shown = time.monotonic(), 0.0
    network.train()
    for step, (inputs, truth) in enumerate(_batches()):
        done = (time.monotonic() - begun) / (60 * minutes)
        if done >= 1:
            break
        rate = _PEAK_RATE * min(1, (step + 1) / 100) * (0.02 + 0.98 * math.cos(done * math.pi / 2))
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = loss_of(network(inputs).logits, truth)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        loss_shown = 0.98 * loss_shown + 0.02 * loss.item() if step else loss.item()
        if step % 50 == 0:
            print(f"{done:4.0%} step {step} loss {loss_shown:.4f}", flush=True)
    network.eval()
    network.save_pretrained(target)
    extractor.save_pretrained(target)


def evaluate(folder: Path) -> dict[str, tuple[float, float]]:
    """Class -> (precision, recall) at a probability of one half, on held-out draws."""
    extractor = ASTFeatureExtractor.from_pretrained(folder)
    network = ASTForAudioClassification.from_pretrained(folder).eval()
    drawer = Drawer(held_out=True, voices=20)
    found, true = [], []
    for begin in range(0, _DRAWS, _BATCH):
        rng = np.random.default_rng([_HELD_OUT_SEED, begin])
        windows = [drawer.draw(rng) for _ in range(_BATCH)]
        given = [window.samples for window in windows]
        inputs = extractor(given, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt").input_values
        with torch.inference_mode():
            found.append(network(inputs).logits.sigmoid() >= 0.5)
        true.append(torch.from_numpy(_truth(windows)) > 0)
    named, truth = torch.cat(found), torch.cat(true)
    right = (named & truth).sum(0)
    precision = (right / named.sum(0).clamp(min=1)).tolist()
    recall = (right / truth.sum(0).clamp(min=1)).tolist()
    return dict(zip(CLASSES, zip(precision, recall, strict=True), strict=True))


def main() -> int:
    """Train, examine; 1 where the examination falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=25.0)
    parser.add_argument("--out", type=Path, default=TAGGER_PATH)
    parser.add_argument("--evaluate", action="store_true", help="only examine the one in --out")
    args = parser.parse_args()
    if not args.evaluate:
        train(args.out, args.minutes)
    found = evaluate(args.out)
    for name, (precision, recall) in found.items():
        print(f"{name:<24} precision {precision:6.1%}  recall {recall:6.1%}")
    sounds = [found[name] for name in EVENTS]
    precision, recall = (sum(figures) / len(sounds) for figures in zip(*sounds, strict=True))
    print(f"{'sounds, mean':<24} precision {precision:6.1%}  recall {recall:6.1%}")
    return int(precision < _LEAST_PRECISION or recall < _LEAST_RECALL)


if __name__ == "__main__":
    sys.exit(main())
