"""Word times without the pauses beside the words.

Cross-attention divides the time of a segment among its words, silence included: the first word
begins with the segment, and a word before a pause lasts until the next one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from canary_subs import SAMPLE_RATE_HZ

_FRAME_MS = 10
_FRAME_SAMPLES = SAMPLE_RATE_HZ * _FRAME_MS // 1000

#: A word is audible down to this far below the loudest sound of its segment, but not nearer to the
#: quietest than that, in dB.
_RANGE_DB = 32.0
_NOISE_DB = 6.0

#: Quiet for so long inside the time of one word parts it from its neighbour's sound.
_PAUSE_FRAMES = 25


def without_pauses(
    samples: NDArray[np.float32], spans_ms: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The spans, each shortened to its longest stretch of sound; (start, end) from 0, in ms."""
    frames = samples[: len(samples) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    if not len(frames):
        return list(spans_ms)
    level_db = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-10)
    quietest, loudest = np.percentile(level_db, [10, 95])
    audible = level_db > min(max(loudest - _RANGE_DB, quietest + _NOISE_DB), loudest)
    return [_sounding(audible, start, end) for start, end in spans_ms]


def _sounding(audible: NDArray[np.bool_], start_ms: int, end_ms: int) -> tuple[int, int]:
    """The longest stretch of sound in a span, or the span where it has none."""
    first = start_ms // _FRAME_MS
    found = np.flatnonzero(audible[first : -(-end_ms // _FRAME_MS)])
    if not len(found):
        return start_ms, end_ms
    stretches = np.split(found, np.flatnonzero(np.diff(found) > _PAUSE_FRAMES) + 1)
    longest = first + max(stretches, key=len)
    return (
        max(start_ms, int(longest[0]) * _FRAME_MS),
        min(end_ms, (int(longest[-1]) + 1) * _FRAME_MS),
    )
