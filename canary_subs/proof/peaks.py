"""The waveform of a video, small enough for a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canary_subs.model import SAMPLE_RATE_HZ, AudioClip

#: Samples per value at first: 20 ms, finer than cues are timed.
_STEP_SAMPLES = SAMPLE_RATE_HZ // 50
#: The most values; a video of more than 5.8 hours gets longer steps instead of a larger page.
_MAX_VALUES = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Peaks:
    """The loudness of the audio in equal steps.

    ``values`` are uint8 (n,): the square root of the step's largest sample, times 255. The root
    keeps quiet speech visible in eight bits.
    """

    values: NDArray[np.uint8]
    step_samples: int
    sample_rate_hz: int = SAMPLE_RATE_HZ


class Waveform:
    """Measures the peaks of consecutive clips as they stream by.

    Memory stays at a few MB, however long the audio is: when there are too many values, every two
    are merged.
    """

    def __init__(self) -> None:
        self._loudest = np.zeros(_MAX_VALUES, dtype=np.float32)
        self._step = _STEP_SAMPLES
        self._used = 0

    def passing(self, clips: Iterable[AudioClip]) -> Iterator[AudioClip]:
        """Yield the clips, measuring each."""
        for clip in clips:
            if len(clip.samples):
                self._measure(clip)
            yield clip

    def peaks(self) -> Peaks:
        """The peaks of the clips so far."""
        measured = self._loudest[: -(-self._used // self._step)]
        # A broken decoder may give NaN or more than full scale; the waveform allows neither.
        scaled = np.sqrt(np.clip(np.nan_to_num(measured, nan=0.0, posinf=1.0), 0.0, 1.0)) * 255
        return Peaks(values=np.round(scaled).astype(np.uint8), step_samples=self._step)

    def _measure(self, clip: AudioClip) -> None:
        while clip.end_samples > self._step * _MAX_VALUES:
            self._loudest[: _MAX_VALUES // 2] = self._loudest.reshape(-1, 2).max(axis=1)
            self._loudest[_MAX_VALUES // 2 :] = 0
            self._step *= 2
        step = self._step
        first = clip.start_samples // step
        last = -(-clip.end_samples // step)
        # The start of each step inside the clip; the first may have begun before it.
        begins = np.arange(first, last) * step - clip.start_samples
        begins[0] = 0
        here = np.maximum.reduceat(np.abs(clip.samples), begins)
        self._loudest[first:last] = np.maximum(self._loudest[first:last], here)
        self._used = max(self._used, last * step)
