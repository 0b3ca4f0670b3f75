"""Where a segment sounds: word times without pauses, and sound that no word was found for.

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

#: So long without a word, and sound for such a share of it, may be speech that was passed over.
_LOST_MS = 2_500
_LOST_SHARE = 0.5


def without_pauses(
    samples: NDArray[np.float32], spans_ms: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The spans, each shortened to its longest stretch of sound; (start, end) from 0, in ms."""
    audible = _audible(samples)
    return [_sounding(audible, start, end) for start, end in spans_ms]


def without_words(
    samples: NDArray[np.float32], spans_ms: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Long stretches of sound before, between and after the spans, which rise; from 0, in ms."""
    audible = _audible(samples)
    edges = [0, *(edge for span in spans_ms for edge in span), len(audible) * _FRAME_MS]
    found = []
    for start_ms, end_ms in zip(edges[::2], edges[1::2], strict=True):
        part = audible[start_ms // _FRAME_MS : end_ms // _FRAME_MS]
        if end_ms - start_ms >= _LOST_MS and np.mean(part) >= _LOST_SHARE:
            found.append((start_ms, end_ms))
    return found


def _audible(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each frame of a segment is as loud as speech in it."""
    frames = samples[: len(samples) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    if not len(frames):
        return np.zeros(0, np.bool_)
    level_db = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-10)
    quietest, loudest = np.percentile(level_db, [10, 95])
    found: NDArray[np.bool_] = level_db > min(
        max(loudest - _RANGE_DB, quietest + _NOISE_DB), loudest
    )
    return found


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
