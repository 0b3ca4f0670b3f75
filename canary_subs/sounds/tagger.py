"""Sound events by an Audio Spectrogram Transformer (Gong et al., 2021), run by transformers.

For a window of audio the model gives the independent probability of each of AudioSet's classes.
Audio is classified in consecutive windows of a few seconds; a kind found in consecutive windows is
one sound. Within its windows, a sound begins and ends where it rises above the background.
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
from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, Context, Sound
from canary_subs.sounds.audioset import kinds
from canary_subs.time import samples_to_ms

if TYPE_CHECKING:
    import torch

#: A hub name, a folder, or "demo".
DEFAULT_MODEL = "MIT/ast-finetuned-audioset-10-10-0.4593"

#: The files of a model; no others are read.
_FILES = ("config.json", "preprocessor_config.json", "model.safetensors")

#: The large models were trained on 10 s; shorter windows give more exact times.
_WINDOW_SAMPLES = 5 * SAMPLE_RATE_HZ
#: Less than this joins the window before it; on its own it is not classified.
_MIN_SAMPLES = SAMPLE_RATE_HZ
#: Windows classified together. A large model takes 4 s for them on two CPU cores, which delays the
#: cancellation of a job by as much.
_BATCH = 2

#: Frames in which loudness is measured.
_FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
#: A sound's frames are at most `_RANGE_DB` below the loudest one, and `_ABOVE_DB` above the
#: background (the level that nine frames in ten exceed), but no nearer to the loudest than
#: `_MIN_RANGE_DB`.
_RANGE_DB, _ABOVE_DB, _MIN_RANGE_DB = 25.0, 6.0, 3.0
#: Windows without a louder frame are silent (full scale is 0 dB).
_SILENT_DB = -60.0


@dataclass(frozen=True, kw_only=True)
class AudioSetOptions:
    """The probability that a sound needs."""

    #: Sounds less probable than this are left out.
    certainty: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.certainty <= 1:
            raise ValueError("certainty must be above 0 and at most 1")


class AudioSetTagger:
    """`hookspecs.Tagger` with a model for AudioSet's classes."""

    def __init__(self, options: AudioSetOptions, context: Context) -> None:
        self._options = options
        self._model = context.model or DEFAULT_MODEL
        self._device = context.device
        _check(self._model)

    def tag(self, clips: Iterable[AudioClip]) -> Iterator[Sound]:
        """Yield the sounds, those of each kind in order. Raises `ModelError`."""
        network = _network(self._model, self._device)
        unfinished: dict[str, Sound] = {}
        end_samples = 0
        for window, probabilities in network.classify(_windows(clips)):
            found = {sound.kind: sound for sound in self._sounds(window, probabilities)}
            consecutive = window.start_samples == end_samples
            for kind in [kind for kind in unfinished if not consecutive or kind not in found]:
                yield unfinished.pop(kind)
            for kind, sound in found.items():
                before = unfinished.get(kind)
                unfinished[kind] = sound if before is None else _joined(before, sound)
            end_samples = window.end_samples
        yield from unfinished.values()

    def _sounds(self, window: AudioClip, probabilities: dict[str, float]) -> Iterator[Sound]:
        span = _audible(window.samples)
        if span is None:
            return
        begin, end = (samples_to_ms(window.start_samples + place, SAMPLE_RATE_HZ) for place in span)
        for kind, probability in probabilities.items():
            if probability >= self._options.certainty:
                yield Sound(kind=kind, start_ms=begin, end_ms=end, confidence=probability)


def _joined(before: Sound, after: Sound) -> Sound:
    confidence = max(before.confidence, after.confidence)
    return replace(before, end_ms=after.end_ms, confidence=confidence)


def _windows(clips: Iterable[AudioClip]) -> Iterator[AudioClip]:
    """Rising clips as windows; a gap between clips ends a window."""
    held: list[NDArray[np.float32]] = []
    start = end = count = 0
    for clip in clips:
        if clip.start_samples != end:
            if count >= _MIN_SAMPLES:
                yield AudioClip(samples=np.concatenate(held), start_samples=start)
            held, count = [], 0
        if not held:
            start = clip.start_samples
        held.append(clip.samples)
        count += len(clip.samples)
        end = clip.end_samples
        while count >= _WINDOW_SAMPLES + _MIN_SAMPLES:
            samples = np.concatenate(held)
            yield AudioClip(samples=samples[:_WINDOW_SAMPLES], start_samples=start)
            held = [samples[_WINDOW_SAMPLES:]]
            start, count = start + _WINDOW_SAMPLES, count - _WINDOW_SAMPLES
    if count >= _MIN_SAMPLES:
        yield AudioClip(samples=np.concatenate(held), start_samples=start)


def _audible(samples: NDArray[np.float32]) -> tuple[int, int] | None:
    """The samples from the first loud frame to the last; None in silence."""
    count = len(samples) // _FRAME_SAMPLES
    frames = samples[: count * _FRAME_SAMPLES].reshape(count, _FRAME_SAMPLES)
    power = np.nan_to_num(np.square(frames, dtype=np.float32).mean(axis=1))
    level_db = 10 * np.log10(np.maximum(power, 1e-12))
    loudest_db = float(level_db.max())
    if loudest_db < _SILENT_DB:
        return None
    background_db = float(np.quantile(level_db, 0.1))
    threshold_db = min(background_db + _ABOVE_DB, loudest_db - _MIN_RANGE_DB)
    loud = np.flatnonzero(level_db >= max(threshold_db, loudest_db - _RANGE_DB))
    last = int(loud[-1]) + 1
    return int(loud[0]) * _FRAME_SAMPLES, len(samples) if last == count else last * _FRAME_SAMPLES


class _Network:
    """A loaded model."""

    def __init__(self, extractor: Any, network: Any, device: torch.device) -> None:
        self._extractor = extractor
        self._network = network
        self._device = device
        named = {int(number): str(name) for number, name in network.config.id2label.items()}
        #: The outputs in use: (number, kind of sound).
        self.kinds = [
            (number, kinds()[name]) for number, name in sorted(named.items()) if name in kinds()
        ]

    def classify(
        self, windows: Iterable[AudioClip]
    ) -> Iterator[tuple[AudioClip, dict[str, float]]]:
        """Yield each window with the probability of every kind in it."""
        batch: list[AudioClip] = []
        for window in windows:
            batch.append(window)
            if len(batch) == _BATCH:
                yield from zip(batch, self._probabilities(batch), strict=True)
                batch = []
        if batch:
            yield from zip(batch, self._probabilities(batch), strict=True)

    def _probabilities(self, windows: Sequence[AudioClip]) -> list[dict[str, float]]:
        import torch

        samples = [np.nan_to_num(window.samples) for window in windows]
        features = self._extractor(samples, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        with torch.inference_mode():
            logits = self._network(features.input_values.to(self._device)).logits
            # The classes do not exclude each other.
            rows = logits.float().sigmoid().cpu().tolist()
        result: list[dict[str, float]] = []
        for row in rows:
            best: dict[str, float] = {}
            for number, kind in self.kinds:
                best[kind] = max(best.get(kind, 0.0), row[number])
            result.append(best)
        return result


def _check(name: str) -> None:
    """Refuse a name that cannot be a model's, without asking the hub.

    Raises `UnknownName`, and `ModelError` for a folder that does not exist.
    """
    if name == "demo" or _is_folder(name) or hub.may_have(name):
        return
    if os.sep in name or name.startswith("."):
        raise ModelError(f"{name}: no such folder with a model; check sound_model")
    raise UnknownName(
        f"no sound model is named {name!r}; give the name of one on the hub, such as "
        f"{DEFAULT_MODEL}, the path of a folder with one, or 'demo'"
    )


def _is_folder(name: str) -> bool:
    # False, where pathlib would raise, for text that cannot be a path.
    return os.path.isdir(name)  # noqa: PTH112


def _folder(name: str) -> Path:
    """The folder of a model's files, downloaded if necessary. Raises as `hub.fetch`."""
    if name == "demo":
        from canary_subs.demo import TAGGER_PATH

        return TAGGER_PATH
    if _is_folder(name):
        return Path(name)
    advice = (
        "connect this machine to a network once, or copy a folder with "
        f"{', '.join(_FILES)} here and give its path as sound_model"
    )
    for file in _FILES:
        path = hub.fetch(name, file, advice)
    return path.parent


@cache
def _network(name: str, device: str) -> _Network:
    """The model, loaded once for each device. Raises `ModelError`."""
    from canary_subs._device import device_of

    folder = _folder(name)
    if missing := [file for file in _FILES if not (folder / file).is_file()]:
        raise ModelError(f"{folder}: not a sound model ({missing[0]} is missing)")
    target = device_of(device)
    extractor, pretrained = _restored(folder)
    network = _Network(extractor, pretrained.to(target), target)
    if not network.kinds:
        raise ModelError(
            f"{folder}: the model has none of AudioSet's classes that subtitles describe; "
            "choose another sound_model"
        )
    return network


def _restored(folder: Path) -> tuple[Any, Any]:
    import warnings

    from transformers import ASTFeatureExtractor, ASTForAudioClassification
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Tensors and settings only: no code of a model is ever run.
            extractor = ASTFeatureExtractor.from_pretrained(folder, local_files_only=True)
            network = ASTForAudioClassification.from_pretrained(
                folder, local_files_only=True, use_safetensors=True
            )
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # transformers and safetensors raise anything for bad files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"{folder}: the model cannot be loaded: {reason}") from error
    return extractor, network.eval().requires_grad_(False)
