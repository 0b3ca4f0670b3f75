"""Find the offset and drift of a track: starts of cues against starts of speech.

A cue usually appears when somebody begins to speak. For each of the usual speed conversions, and
for small drifts, the offsets between all near starts are counted; the right speed and offset form a
peak, which is refined by fitting a line to its members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Speeds by which videos and their subtitles differ: one frame rate taken for another.
_CONVERSIONS = (25 / 24, 24 / 25, 25 * 1001 / 24000, 24000 / 25 / 1001)
#: Slow drifts of up to 0.2 %, which include 24 for 23.976 and 30 for 29.97.
_DRIFTS = tuple(1 + step / 10_000 for step in range(-20, 21))

#: A cue this close to a start of speech begins with it.
NEAR_MS = 150
#: Fewer cues are not enough for a fit.
MIN_CUES = 12
#: At least this share of the cues must begin with speech for a fit to count.
MIN_SHARE = 0.4
_BIN_MS = 50

_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeMap:
    """From a track's time ``t`` to the video's: ``scale * t + offset_ms``."""

    scale: float
    offset_ms: float
    #: The share of cues that begin with speech (within `NEAR_MS`) after mapping.
    share: float

    def video_ms(self, track_ms: int) -> int:
        """The video's time for a track's time."""
        return round(self.scale * track_ms + self.offset_ms)


def fit(
    cue_starts_ms: Sequence[int], speech_starts_ms: Sequence[int], *, reach_ms: int = 20_000
) -> TimeMap | None:
    """The mapping with which most cues begin with speech, or None if none stands out.

    ``reach_ms`` is the largest offset to search for. Both sequences rise.
    """
    cues = np.asarray(cue_starts_ms, np.float64)
    speech = np.asarray(speech_starts_ms, np.float64)
    if len(cues) < MIN_CUES or len(speech) < MIN_CUES:
        return None
    peaks = [(_peak(scale * cues, speech, reach_ms), scale) for scale in (*_DRIFTS, *_CONVERSIONS)]
    # Of speeds that match equally well, the one nearest to 1.
    (_, offset), scale = max(peaks, key=lambda peak: (peak[0][0], -abs(peak[1] - 1)))
    for near_ms in (4 * NEAR_MS, 2 * NEAR_MS, NEAR_MS, NEAR_MS):
        distance = _distances(scale * cues + offset, speech)
        close = np.abs(distance) <= near_ms
        if close.sum() < MIN_CUES // 2:
            return None
        wanted = (scale * cues + offset + distance)[close]
        scale, offset = _line(cues[close], wanted)
    found = TimeMap(scale=scale, offset_ms=offset, share=share(cues, speech, scale, offset))
    return found if found.share >= MIN_SHARE else None


def share(cues: _Floats, speech: _Floats, scale: float = 1, offset_ms: float = 0) -> float:
    """The share of cues that begin with speech after mapping."""
    distance = _distances(scale * cues + offset_ms, speech)
    return float(np.mean(np.abs(distance) <= NEAR_MS))


def _peak(cues: _Floats, speech: _Floats, reach_ms: int) -> tuple[int, float]:
    """How many pairs of near starts share the most common offset, and that offset."""
    first = np.searchsorted(speech, cues - reach_ms)
    last = np.searchsorted(speech, cues + reach_ms)
    counts = last - first
    owner = np.repeat(np.arange(len(cues)), counts)
    begin = np.repeat(np.cumsum(counts) - counts, counts)
    pairs = np.repeat(first, counts) + np.arange(len(owner)) - begin
    bins = np.floor((speech[pairs] - cues[owner] + reach_ms) / _BIN_MS).astype(np.int64)
    histogram = np.bincount(bins, minlength=2 * reach_ms // _BIN_MS + 1)
    around = np.convolve(histogram, np.ones(5, np.int64), "same")
    best = int(np.argmax(around))
    return int(around[best]), (best + 0.5) * _BIN_MS - reach_ms


def _distances(times: _Floats, speech: _Floats) -> _Floats:
    """From each time to the nearest start of speech."""
    after = np.minimum(np.searchsorted(speech, times), len(speech) - 1)
    before = np.maximum(after - 1, 0)
    ahead, behind = speech[after] - times, speech[before] - times
    return np.where(np.abs(ahead) < np.abs(behind), ahead, behind)


def _line(x: _Floats, y: _Floats) -> tuple[float, float]:
    """Least squares: (slope, intercept); the slope is 1 unless the points are spread in time."""
    centre = x.mean()
    spread = float(((x - centre) ** 2).sum())
    if np.ptp(x) < 60_000 or spread == 0:
        slope = 1.0
    else:
        slope = float(((x - centre) * (y - y.mean())).sum()) / spread
    return slope, float(y.mean() - slope * centre)
