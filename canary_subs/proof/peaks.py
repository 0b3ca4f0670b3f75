"""The waveform of a film, small enough to stand in a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canary_subs.model import SAMPLE_RATE_HZ, AudioClip

#: Samples behind one value at the start: 20 ms, finer than anyone cuts a cue.
_STEP_SAMPLES = SAMPLE_RATE_HZ // 50
#: Values at most; a film of more than 5.8 hours gets longer steps instead of a larger page.
_MAX_VALUES = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Peaks:
    """How loud each step of the sound is.

    ``values`` are uint8 (n,): the square root of the step's greatest sample, times 255. The root
    keeps quiet speech visible in eight bits.
    """

    values: NDArray[np.uint8]
    step_samples: int
    sample_rate_hz: int = SAMPLE_RATE_HZ


def peaks(clips: Iterable[AudioClip]) -> Peaks:
    """The waveform of sound that streams by, each clip after the one before it.

    Memory stays at a few MB, however long the sound is: where the values become too many, each two
    become one.
    """
    loudest = np.zeros(_MAX_VALUES, dtype=np.float32)
    step = _STEP_SAMPLES
    used = 0
    for clip in clips:
        if not len(clip.samples):
            continue
        while clip.end_samples > step * _MAX_VALUES:
            loudest[: _MAX_VALUES // 2] = loudest.reshape(-1, 2).max(axis=1)
            loudest[_MAX_VALUES // 2 :] = 0
            step *= 2
        first = clip.start_samples // step
        last = -(-clip.end_samples // step)
        # Where each step begins inside the clip; the first may have begun before it.
        begins = np.arange(first, last) * step - clip.start_samples
        begins[0] = 0
        here = np.maximum.reduceat(np.abs(clip.samples), begins)
        loudest[first:last] = np.maximum(loudest[first:last], here)
        used = max(used, last * step)
    heard = loudest[: -(-used // step)]
    # A broken decoder may give NaN or more than full scale; the picture takes neither.
    scaled = np.sqrt(np.clip(np.nan_to_num(heard, nan=0.0, posinf=1.0), 0.0, 1.0)) * 255
    return Peaks(values=np.round(scaled).astype(np.uint8), step_samples=step)
