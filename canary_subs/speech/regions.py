"""From the probability of speech to segments, the same for every detector.

Frames of speech form regions; regions with short pauses between them form a passage. A passage too
long for one segment is cut at its best pause, and speech without a pause where it is weakest.
Inside, all times are counts of frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, Span
from canary_subs.speech.options import CutOptions
from canary_subs.time import samples_to_ms

#: Speech that has begun continues while the probability is this much lower than at the start.
_HYSTERESIS = 0.15

#: Pauses longer than this are all equally good places to cut.
_GOOD_PAUSE_MS = 1_000

#: Speech without a pause is cut where it is weakest, averaged over this many frames.
_SMOOTHED_FRAMES = 5

#: Shorter segments cannot be recognised usefully.
_MIN_LIMIT_MS = 2_000

Floats = NDArray[np.float32]


class Detector(Protocol):
    """Detects speech in one recording, frame by frame."""

    frame_samples: int

    def probabilities(self, frames: Floats) -> Floats:
        """The next ``frames`` (n, frame_samples) -> probability of speech (n,) in 0..1."""


class SpeechCutter:
    """The segmenter around any detector; ``detector`` makes a new one for each recording."""

    def __init__(
        self, detector: Callable[[], Detector], options: CutOptions, *, threshold: float = 0.5
    ) -> None:
        self._detector = detector
        self._options = options
        self._threshold = threshold

    def cut(self, clips: Iterable[AudioClip], max_ms: int) -> Iterator[Span]:
        """Yield rising, disjoint spans of speech of at most ``max_ms``, cut at pauses.

        Holds one clip and the speech not yet cut. Raises `ValueError` if ``max_ms`` is under 2 s.
        """
        if max_ms < _MIN_LIMIT_MS:
            raise ValueError(f"segments of {max_ms} ms are too short to recognise")
        detector = self._detector()
        frame_ms = samples_to_ms(detector.frame_samples, SAMPLE_RATE_HZ)
        passage = _Passage(_Limits.of(self._options, max_ms, frame_ms), self._threshold)
        origin_ms = end_ms = 0
        for scores in _scored(clips, detector):
            if passage.now == 0:
                origin_ms = scores.start_ms
            end_ms = scores.end_ms
            passage.add(scores.probabilities, scores.levels_db)
            for start, end in passage.segments():
                yield _span(start, end, frame_ms, origin_ms, end_ms)
        for start, end in passage.segments(final=True):
            yield _span(start, end, frame_ms, origin_ms, end_ms)


def _span(start: int, end: int, frame_ms: int, origin_ms: int, end_ms: int) -> Span:
    return Span(
        start_ms=origin_ms + start * frame_ms, end_ms=min(origin_ms + end * frame_ms, end_ms)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _FrameScores:
    """The scores (n,) of consecutive frames; the last frame may reach beyond the audio."""

    probabilities: Floats
    levels_db: Floats
    start_ms: int
    end_ms: int


def _scored(clips: Iterable[AudioClip], detector: Detector) -> Iterator[_FrameScores]:
    size = detector.frame_samples
    start = position = 0
    rest = np.zeros(0, np.float32)
    for clip in clips:
        if position == 0:
            start = clip.start_samples
        samples = np.concatenate([rest, clip.samples])
        ready = len(samples) // size * size
        rest = samples[ready:]
        if ready:
            yield _scores_of(samples[:ready], detector, start + position, ready)
            position += ready
    if len(rest):
        padded = np.concatenate([rest, np.zeros(size - len(rest), np.float32)])
        yield _scores_of(padded, detector, start + position, len(rest))


def _scores_of(samples: Floats, detector: Detector, start: int, length: int) -> _FrameScores:
    frames = samples.reshape(-1, detector.frame_samples)
    power = np.einsum("ij,ij->i", frames, frames) / detector.frame_samples
    return _FrameScores(
        probabilities=detector.probabilities(frames),
        levels_db=(10 * np.log10(power + 1e-10)).astype(np.float32),
        start_ms=samples_to_ms(start, SAMPLE_RATE_HZ),
        end_ms=(start + length) * 1000 // SAMPLE_RATE_HZ,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Limits:
    """The options in frames."""

    longest: int
    target: int
    long_pause: int
    short_pause: int
    good_pause: int
    padding: int
    min_speech: int

    @classmethod
    def of(cls, options: CutOptions, max_ms: int, frame_ms: int) -> _Limits:
        def up(ms: int) -> int:
            return -(-ms // frame_ms)

        longest = max_ms // frame_ms
        padding = min(up(options.padding_ms), longest // 8)
        return cls(
            longest=longest,
            target=min(options.target_ms // frame_ms, longest),
            # Speech after a pause of twice the padding cannot change the segment before it.
            long_pause=max(up(options.long_pause_ms), 2 * padding),
            short_pause=max(1, up(options.short_pause_ms)),
            good_pause=up(_GOOD_PAUSE_MS),
            padding=padding,
            min_speech=up(options.min_speech_ms),
        )


@dataclass(slots=True)
class _Region:
    """Frames of speech, including pauses shorter than ``short_pause``."""

    start: int
    end: int


class _Passage:
    """The speech that has arrived and is not yet cut.

    The segments depend only on the frames, not on how many arrive at a time.
    """

    def __init__(self, limits: _Limits, threshold: float) -> None:
        self.now = 0
        self._limits = limits
        self._threshold = threshold
        self._keep_threshold = max(threshold - _HYSTERESIS, threshold / 2)
        self._speaking = False
        self._regions: list[_Region] = []
        #: End of the last segment; the next begins no earlier.
        self._done = 0
        # For the frames from `_kept` on, to cut speech without pauses.
        self._kept = 0
        self._probabilities = np.zeros(0, np.float32)
        self._levels_db = np.zeros(0, np.float32)

    def add(self, probabilities: Floats, levels_db: Floats) -> None:
        """Append the scores of the next frames, (n,) each."""
        self._probabilities = np.concatenate([self._probabilities, probabilities])
        self._levels_db = np.concatenate([self._levels_db, levels_db])
        for probability in probabilities.tolist():
            speaks = probability >= (self._keep_threshold if self._speaking else self._threshold)
            if speaks:
                if not self._speaking:
                    self._begin(self.now)
                self._regions[-1].end = self.now + 1
            self._speaking = speaks
            self.now += 1

    def segments(self, *, final: bool = False) -> Iterator[tuple[int, int]]:
        """Cut off each segment (start, end) that later frames cannot change; all if ``final``."""
        while (count := self._ready(final)) is not None:
            yield self._take(count) if count else self._take_weakest()
        self._forget(self._regions[0].start if self._regions else self.now)

    def _begin(self, frame: int) -> None:
        if self._regions:
            if frame - self._regions[-1].end < self._limits.short_pause:
                return
            self._drop_noise()
        self._regions.append(_Region(frame, frame))

    def _drop_noise(self) -> None:
        """Drop the last region if it is too short for speech and not the rest of a longer one."""
        last = self._regions[-1]
        if last.end - last.start < self._limits.min_speech and last.start != self._done:
            self._regions.pop()

    def _ready(self, final: bool) -> int | None:
        """How many regions make up the next segment; 0 to cut inside the first; None to wait."""
        limits, regions = self._limits, self._regions
        silence = self.now - regions[-1].end if regions else 0
        if regions and (final or silence >= limits.short_pause):
            self._drop_noise()
        if not regions:
            return None
        ended = final or self.now - regions[-1].end >= limits.long_pause
        passage = regions
        for index, (region, following) in enumerate(pairwise(regions)):
            if following.start - region.end >= limits.long_pause:
                passage, ended = regions[: index + 1], True
                break
        if not ended and passage[-1].end - passage[-1].start < limits.min_speech:
            passage = passage[:-1]  # it may yet turn out to be noise
        if not passage:
            return None
        if self._length(passage[-1]) <= limits.target:
            return len(passage) if ended else None
        best, best_score = 0, 0
        for index, (region, following) in enumerate(pairwise(passage)):
            length = self._length(region)
            if length <= limits.target:
                score = min(following.start - region.end, limits.good_pause) * length
                if score >= best_score:
                    best, best_score = index + 1, score
        if best:
            return best
        if passage[0].end - passage[0].start > limits.longest:
            return 0
        return 1 if ended or len(passage) > 1 else None

    def _length(self, last: _Region) -> int:
        """The length of a segment from the first region to ``last``, padding included."""
        start = max(self._regions[0].start - self._limits.padding, self._done)
        return last.end + self._limits.padding - start

    def _take(self, count: int) -> tuple[int, int]:
        padding, longest = self._limits.padding, self._limits.longest
        first, last = self._regions[0], self._regions[count - 1]
        # If the limit leaves no space for the padding, the padding is dropped.
        start = max(first.start - padding, self._done, last.end - longest)
        end = min(last.end + padding, self.now, start + longest)
        del self._regions[:count]
        if self._regions:
            pause = self._regions[0].start - last.end
            if pause < 2 * padding:
                third = pause // 3
                end = min(end, self._weakest(last.end + third, last.end + pause - third))
        self._done = end
        return start, end

    def _take_weakest(self) -> tuple[int, int]:
        """Cut inside the first region, which is too long for one segment."""
        first = self._regions[0]
        start = max(first.start - self._limits.padding, self._done)
        end = self._weakest(start + self._limits.longest // 2, start + self._limits.longest)
        first.start = self._done = end
        return start, end

    def _weakest(self, start: int, end: int) -> int:
        """The frame from ``start`` to ``end`` at which a cut does least harm."""
        if end - start < 2:
            return start
        window = slice(start - self._kept, end - self._kept)
        levels = self._levels_db[window]
        spread = float(levels.max() - levels.min()) or 1.0
        cost = self._probabilities[window] + (levels - levels.min()) / spread
        size = min(_SMOOTHED_FRAMES, len(cost))
        smooth = np.convolve(cost, np.ones(size), "valid")
        return start + len(smooth) - 1 - int(np.argmin(smooth[::-1])) + size // 2

    def _forget(self, before: int) -> None:
        self._probabilities = self._probabilities[before - self._kept :]
        self._levels_db = self._levels_db[before - self._kept :]
        self._kept = before
