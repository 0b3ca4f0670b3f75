"""Sounds named by an Audio Spectrogram Transformer (Gong et al., 2021), as transformers keeps it.

The model says of a window of sound how probable each of AudioSet's classes is, whatever else is
heard. A stretch is heard in windows of some seconds, one after the other; where a kind is heard in
one after the other it is one sound. A sound begins and ends, inside its windows, where it rises
out of what is around it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from canary_subs import _hub as hub
from canary_subs.errors import ModelError, UnknownName
from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, Sound
from canary_subs.sounds.audioset import KINDS
from canary_subs.time import samples_to_ms

if TYPE_CHECKING:
    import torch

#: The files of a model; nothing else of it is read.
_FILES = ("config.json", "preprocessor_config.json", "model.safetensors")

#: What is heard at a time. The large models were trained on 10 s; shorter windows place better.
_WINDOW_SAMPLES = 5 * SAMPLE_RATE_HZ
#: Less than this is heard with what comes before it, and alone not at all.
_LEAST_SAMPLES = SAMPLE_RATE_HZ
#: Windows that are heard together: a large model takes 4 s for them on two CPU cores, and whoever
#: stops a film waits for that.
_BATCH = 2

#: Frames by which loudness is judged.
_FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
#: A sound's frames are at most so far below the loudest one, and as far above the background, the
#: level that nine frames of ten exceed, where there is such a distance between the two.
_RANGE_DB, _ABOVE_DB, _LEAST_RANGE_DB = 25.0, 6.0, 3.0
#: Windows in which no frame is louder hold nothing (full scale is 0 dB).
_SILENT_DB = -60.0


@dataclass(frozen=True, kw_only=True)
class AudioSetOptions:
    """Which model names sounds, how sure it must be, and where it runs."""

    #: A model of the hub, a folder with one, or "demo".
    sound_model: str = "MIT/ast-finetuned-audioset-10-10-0.4593"
    #: A sound less probable than this is not told of.
    certainty: float = 0.5
    device: str = "auto"

    def __post_init__(self) -> None:
        if not 0 < self.certainty <= 1:
            raise ValueError("certainty must be above 0 and at most 1")


class AudioSetTagger:
    """`hookspecs.Tagger` by a model with AudioSet's classes."""

    def __init__(self, options: AudioSetOptions) -> None:
        self._options = options
        _check(options.sound_model)

    def tag(self, clips: Iterable[AudioClip]) -> Iterator[Sound]:
        """What is heard, each kind's sounds in order. Raises `ModelError`."""
        network = _network(self._options.sound_model, self._options.device)
        going: dict[str, Sound] = {}
        heard_to = 0
        for window, odds in network.heard(_windows(clips)):
            now = {sound.kind: sound for sound in self._sounds(window, odds)}
            goes_on = window.start_samples == heard_to
            for kind in [kind for kind in going if not goes_on or kind not in now]:
                yield going.pop(kind)
            for kind, sound in now.items():
                before = going.get(kind)
                going[kind] = sound if before is None else _joined(before, sound)
            heard_to = window.end_samples
        yield from going.values()

    def _sounds(self, window: AudioClip, odds: dict[str, float]) -> Iterator[Sound]:
        span = _audible(window.samples)
        if span is None:
            return
        begin, end = (samples_to_ms(window.start_samples + place, SAMPLE_RATE_HZ) for place in span)
        for kind, probability in odds.items():
            if probability >= self._options.certainty:
                yield Sound(kind=kind, start_ms=begin, end_ms=end, confidence=probability)


def _joined(before: Sound, after: Sound) -> Sound:
    sure = max(before.confidence, after.confidence)
    return replace(before, end_ms=after.end_ms, confidence=sure)


def _windows(clips: Iterable[AudioClip]) -> Iterator[AudioClip]:
    """The stretches of rising clips in windows, none of them much longer than the others."""
    held: list[NDArray[np.float32]] = []
    start = end = count = 0
    for clip in clips:
        if clip.start_samples != end:
            if count >= _LEAST_SAMPLES:
                yield AudioClip(samples=np.concatenate(held), start_samples=start)
            held, count = [], 0
        if not held:
            start = clip.start_samples
        held.append(clip.samples)
        count += len(clip.samples)
        end = clip.end_samples
        while count >= _WINDOW_SAMPLES + _LEAST_SAMPLES:
            whole = np.concatenate(held)
            yield AudioClip(samples=whole[:_WINDOW_SAMPLES], start_samples=start)
            held = [whole[_WINDOW_SAMPLES:]]
            start, count = start + _WINDOW_SAMPLES, count - _WINDOW_SAMPLES
    if count >= _LEAST_SAMPLES:
        yield AudioClip(samples=np.concatenate(held), start_samples=start)


def _audible(samples: NDArray[np.float32]) -> tuple[int, int] | None:
    """Where the first loud frame of a window begins and the last one ends; None in silence."""
    count = len(samples) // _FRAME_SAMPLES
    frames = samples[: count * _FRAME_SAMPLES].reshape(count, _FRAME_SAMPLES)
    power = np.nan_to_num(np.square(frames, dtype=np.float32).mean(axis=1))
    level_db = 10 * np.log10(np.maximum(power, 1e-12))
    loudest_db = float(level_db.max())
    if loudest_db < _SILENT_DB:
        return None
    background_db = float(np.quantile(level_db, 0.1))
    least_db = min(background_db + _ABOVE_DB, loudest_db - _LEAST_RANGE_DB)
    loud = np.flatnonzero(level_db >= max(least_db, loudest_db - _RANGE_DB))
    last = int(loud[-1]) + 1
    return int(loud[0]) * _FRAME_SAMPLES, len(samples) if last == count else last * _FRAME_SAMPLES


class _Network:
    """A loaded model."""

    def __init__(self, extractor: Any, network: Any, device: torch.device) -> None:
        self._extractor = extractor
        self._network = network
        self._device = device
        named = {int(number): str(name) for number, name in network.config.id2label.items()}
        #: The outputs that count, and the kind of sound that each of them is.
        self.kinds = [
            (number, KINDS[name]) for number, name in sorted(named.items()) if name in KINDS
        ]

    def heard(self, windows: Iterable[AudioClip]) -> Iterator[tuple[AudioClip, dict[str, float]]]:
        """Each window with the probability of every kind in it."""
        batch: list[AudioClip] = []
        for window in windows:
            batch.append(window)
            if len(batch) == _BATCH:
                yield from zip(batch, self._odds(batch), strict=True)
                batch = []
        if batch:
            yield from zip(batch, self._odds(batch), strict=True)

    def _odds(self, windows: Sequence[AudioClip]) -> list[dict[str, float]]:
        import torch

        given = [np.nan_to_num(window.samples) for window in windows]
        features = self._extractor(given, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        with torch.inference_mode():
            logits = self._network(features.input_values.to(self._device)).logits
            # The classes do not exclude each other.
            found = logits.float().sigmoid().cpu().tolist()
        odds: list[dict[str, float]] = []
        for row in found:
            best: dict[str, float] = {}
            for number, kind in self.kinds:
                best[kind] = max(best.get(kind, 0.0), row[number])
            odds.append(best)
        return odds


def _check(name: str) -> None:
    """Refuse a name that stands for no model, asking nobody.

    Raises `UnknownName`, and `ModelError` for a folder that is not one.
    """
    if name == "demo" or _is_folder(name) or hub.may_have(name):
        return
    if os.sep in name or name.startswith("."):
        raise ModelError(f"{name}: there is no such folder with a model; check sound_model")
    raise UnknownName(
        f"no model that names sounds is called {name!r}; give the name of one on the hub, such as "
        f"{AudioSetOptions.sound_model}, the path of a folder with one, or 'demo'"
    )


def _is_folder(name: str) -> bool:
    # False, where pathlib would raise, for what can be no path.
    return os.path.isdir(name)  # noqa: PTH112


def _folder(name: str) -> Path:
    """Where a model's files lie, downloaded where they must be. Raises as `hub.fetch`."""
    if name == "demo":
        from canary_subs.demo import TAGGER_PATH

        return TAGGER_PATH
    if _is_folder(name):
        return Path(name)
    advice = (
        "bring the machine to a network once, or copy a folder with "
        f"{', '.join(_FILES)} here and give its path as sound_model"
    )
    for file in _FILES:
        place = hub.fetch(name, file, advice)
    return place.parent


@cache
def _network(name: str, device: str) -> _Network:
    """The model, loaded once for each device. Raises `ModelError`."""
    from canary_subs.canary.precision import device_of

    folder = _folder(name)
    if missing := [file for file in _FILES if not (folder / file).is_file()]:
        raise ModelError(f"{folder}: holds no model that names sounds ({missing[0]} is missing)")
    where = device_of(device)
    extractor, network = _restored(folder)
    made = _Network(extractor, network.to(where), where)
    if not made.kinds:
        raise ModelError(f"{folder}: the model knows no class of AudioSet's, so it names no sound")
    return made


def _restored(folder: Path) -> tuple[Any, Any]:
    import warnings

    from transformers import ASTFeatureExtractor, ASTForAudioClassification
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Tensors and settings only: nothing of a model is ever run as code.
            extractor = ASTFeatureExtractor.from_pretrained(folder, local_files_only=True)
            network = ASTForAudioClassification.from_pretrained(
                folder, local_files_only=True, use_safetensors=True
            )
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # transformers and safetensors raise what they like at bad files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"{folder}: the model cannot be loaded: {reason}") from error
    return extractor, network.eval().requires_grad_(False)
