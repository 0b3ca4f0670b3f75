"""Cutting, with a detector of loudness, on recordings whose speech is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from canary_subs.model import AudioClip, Span
from canary_subs.speech.options import CutOptions
from canary_subs.speech.regions import SpeechCutter

FRAME_MS = 20
PADDING_MS = 100
OPTIONS = CutOptions(
    target_ms=10_000,
    long_pause_ms=2_000,
    short_pause_ms=200,
    padding_ms=PADDING_MS,
    min_speech_ms=0,
)


class Loudness:
    """Speech with certainty where it is loud, and only there."""

    frame_samples = FRAME_MS * 16

    def probabilities(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        return (np.abs(frames).max(axis=1) > 0.01).astype(np.float32)


def spans_ms(*edges: int) -> list[Span]:
    return [
        Span(start_ms=start, end_ms=end) for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def sound(speech: Iterable[Span], length_ms: int) -> NDArray[np.float32]:
    samples = np.zeros(length_ms * 16, np.float32)
    for span in speech:
        samples[span.start_ms * 16 : span.end_ms * 16] = 0.5
    return samples


def clips(samples: NDArray[np.float32], size: int = 480_000, start: int = 0) -> Iterator[AudioClip]:
    for place in range(0, len(samples), size):
        yield AudioClip(samples=samples[place : place + size], start_samples=start + place)


def cut(
    samples: NDArray[np.float32], max_ms: int = 30_000, options: CutOptions = OPTIONS
) -> list[Span]:
    return list(SpeechCutter(Loudness, options).cut(clips(samples), max_ms))


def test_silence_has_no_segments() -> None:
    assert cut(np.zeros(0, np.float32)) == []
    assert cut(np.zeros(16_000 * 100, np.float32)) == []
    assert list(SpeechCutter(Loudness, OPTIONS).cut(iter([]), 30_000)) == []


def test_one_utterance_keeps_its_padding() -> None:
    assert cut(sound(spans_ms(1_000, 2_000), 5_000)) == spans_ms(900, 2_100)


def test_padding_ends_where_the_sound_does() -> None:
    assert cut(sound(spans_ms(40, 2_990), 3_010)) == spans_ms(0, 3_010)


def test_neighbours_share_a_segment_and_a_long_pause_separates_them() -> None:
    speech = spans_ms(1_000, 2_000, 3_000, 4_000, 6_020, 7_000)
    assert cut(sound(speech, 8_000)) == spans_ms(900, 4_100, 5_920, 7_100)


def test_a_passage_too_long_is_cut_at_its_longest_late_pause() -> None:
    speech = spans_ms(0, 3_000, 3_300, 6_000, 6_800, 9_000, 9_300, 12_000)
    assert cut(sound(speech, 12_000)) == spans_ms(0, 6_100, 6_700, 12_000)


def test_a_short_pause_between_segments_is_shared() -> None:
    first, second = cut(sound(spans_ms(0, 8_000, 8_220, 15_000), 16_000), options=_padded(500))
    assert 8_060 <= first.end_ms == second.start_ms <= 8_160


def _padded(padding_ms: int) -> CutOptions:
    return CutOptions(target_ms=10_000, short_pause_ms=200, padding_ms=padding_ms, min_speech_ms=0)


def test_speech_without_a_pause_outgrows_the_target_up_to_the_limit() -> None:
    assert cut(sound(spans_ms(0, 19_000, 19_300, 21_000), 22_000), 20_000) == spans_ms(
        0, 19_100, 19_200, 21_100
    )


def test_speech_without_any_pause_is_cut_where_it_is_softest() -> None:
    samples = sound(spans_ms(0, 40_000), 40_000)
    samples[25_000 * 16 : 25_160 * 16] = 0.02  # between two words, and still called speech
    first, second = cut(samples, 30_000)
    assert 25_000 <= first.end_ms <= 25_160
    assert (first.start_ms, second.start_ms, second.end_ms) == (0, first.end_ms, 40_000)


def test_clicks_are_not_speech_and_short_words_are() -> None:
    options = CutOptions(min_speech_ms=120)
    clicks = sound(spans_ms(1_000, 1_060, 3_000, 3_060), 5_000)
    assert cut(clicks, options=options) == []
    assert len(cut(sound(spans_ms(1_000, 1_200), 5_000), options=options)) == 1


def test_a_sound_that_begins_later_keeps_its_times() -> None:
    samples = sound(spans_ms(1_000, 2_000), 5_000)
    later = clips(samples, start=60_000 * 16)
    assert list(SpeechCutter(Loudness, OPTIONS).cut(later, 30_000)) == spans_ms(60_900, 62_100)


def test_too_small_a_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        list(SpeechCutter(Loudness, OPTIONS).cut(clips(np.zeros(16, np.float32)), 500))


@pytest.mark.parametrize(
    "wrong",
    [{"target_ms": 10}, {"padding_ms": -1}, {"long_pause_ms": 100, "short_pause_ms": 200}],
)
def test_options_that_make_no_sense(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="_ms"):
        CutOptions(**wrong)


def test_segments_come_as_soon_as_they_are_final() -> None:
    """So memory is bounded, and recognition begins while the video is still decoded."""
    speech = [Span(start_ms=at, end_ms=at + 2_000) for at in range(0, 600_000, 5_000)]
    read_ms: list[int] = []

    def listening() -> Iterator[AudioClip]:
        for clip in clips(sound(speech, 600_000), size=16_000):
            read_ms.append(clip.end_samples // 16)
            yield clip

    for segment in SpeechCutter(Loudness, OPTIONS).cut(listening(), 30_000):
        assert read_ms[-1] - segment.end_ms < 4_000


def test_endless_speech_is_cut_as_it_comes() -> None:
    def forever() -> Iterator[AudioClip]:
        place = 0
        while True:
            yield AudioClip(samples=np.full(480_000, 0.5, np.float32), start_samples=place)
            place += 480_000

    segments = SpeechCutter(Loudness, OPTIONS).cut(forever(), 30_000)
    first = [next(segments) for _ in range(20)]
    assert all(15_000 <= segment.duration_ms <= 30_000 for segment in first)
    assert all(a.end_ms == b.start_ms for a, b in pairwise(first))


@st.composite
def recordings(draw: st.DrawFn) -> tuple[list[Span], int]:
    """Spans of speech on whole frames, and the length of the recording in ms."""
    speech, now = [], 0
    lengths = st.one_of(st.integers(1, 20), st.integers(20, 400), st.integers(400, 2_500))
    for _ in range(draw(st.integers(0, 12))):
        now += draw(st.integers(1, 30) | st.integers(30, 300)) * FRAME_MS
        end = now + draw(lengths) * FRAME_MS
        speech.append(Span(start_ms=now, end_ms=end))
        now = end
    return speech, now + draw(st.integers(0, 200)) * FRAME_MS


@settings(deadline=None, max_examples=80)
@given(recording=recordings(), max_ms=st.integers(2_000, 45_000), padding_ms=st.integers(0, 400))
def test_what_always_holds(recording: tuple[list[Span], int], max_ms: int, padding_ms: int) -> None:
    speech, length_ms = recording
    samples = sound(speech, length_ms)
    options = _padded(padding_ms)
    segments = cut(samples, max_ms, options)

    assert all(0 < segment.duration_ms <= max_ms for segment in segments)
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(segments))
    assert all(segment.end_ms <= length_ms for segment in segments)

    covered = np.zeros(length_ms // FRAME_MS, bool)
    for segment in segments:
        covered[segment.start_ms // FRAME_MS : -(-segment.end_ms // FRAME_MS)] = True
    loud = samples.reshape(-1, FRAME_MS * 16).any(axis=1)
    assert not (loud & ~covered).any(), "no speech is lost"

    for segment in segments:
        inside = [s for s in speech if s.start_ms < segment.end_ms and s.end_ms > segment.start_ms]
        assert inside, "no segment without speech"

    # A segment begins or ends inside speech only if that is too long and has no pause.
    unbroken: list[Span] = []
    for span in speech:
        near = unbroken and span.start_ms - unbroken[-1].end_ms < OPTIONS.short_pause_ms
        start_ms = unbroken.pop().start_ms if near else span.start_ms
        unbroken.append(Span(start_ms=start_ms, end_ms=span.end_ms))
    for edge in {edge for segment in segments for edge in (segment.start_ms, segment.end_ms)}:
        for span in unbroken:
            if span.start_ms < edge < span.end_ms:
                assert span.duration_ms > max_ms - FRAME_MS

    small = SpeechCutter(Loudness, options).cut(clips(samples, size=7_777), max_ms)
    assert list(small) == segments, "independent of the size of the clips"
