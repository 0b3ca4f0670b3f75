"""Segments of speech: cut from the audio track as it is read, with what the cache has of them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from canary_subs.errors import LanguageUncertain, NoSound, NotMedia, PluginError
from canary_subs.media import tracks
from canary_subs.model import AudioClip, AudioTrack, MediaInfo, Plan, Span, Track, Utterance
from canary_subs.pipeline.cache import Cache
from canary_subs.plugin.contain import each, misbehaved, shown
from canary_subs.plugin.hookspecs import Segmenter, Source
from canary_subs.plugin.manager import Plugins
from canary_subs.time import ms_to_samples

log = logging.getLogger(__name__)

#: How many segments, spread over the video, the language is judged by.
LANGUAGE_SAMPLES = 5

#: Sound that is everywhere weaker than this (of 1) is silence: the last bit or two of 16.
_SILENT = 1e-4

#: Below this probability the language counts as unknown.
LANGUAGE_CERTAINTY = 0.8


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Segment:
    """A stretch of speech: its sound, what the cache has of it, and the transcripts it lacks.

    A segment that lacks nothing waits in line with the others: passages come in order.
    """

    clip: AudioClip
    known: Mapping[Track, Utterance]
    missing: tuple[Track, ...]

    @property
    def span(self) -> Span:
        return self.clip.span


def probe(path: Path, plugins: Plugins) -> tuple[MediaInfo, Source]:
    """Describe a file by the first source that knows it. Raises `MediaError`, `PluginError`."""
    for entry in plugins.providers("source"):
        source: Source = plugins.use("source", plugins.choice("source", entry.provider.name))
        media: object = source.probe(path)
        if isinstance(media, MediaInfo):
            return media, source
        if media is not None:
            raise misbehaved(source.probe, f"probe must give MediaInfo or None, not {shown(media)}")
    raise NotMedia(
        f"{path}: not a sound or video file that any source knows; if it should be one, copy it "
        "again, else leave it out"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Audio:
    """The audio track of a video that is recognised, and the source that reads it."""

    media: MediaInfo
    track: AudioTrack
    source: Source
    #: Set when nothing more is wanted: readers end at the next clip.
    stop: threading.Event
    #: What is to be known of its sound, as far as it was read; each warning once, in order.
    warnings: dict[str, None] = field(default_factory=dict)

    @contextmanager
    def clips(self) -> Iterator[Iterator[AudioClip]]:
        """The clips of the track, for as long as the block lasts."""
        with ExitStack() as stack:
            clips = self.source.read(self.media, self.track)
            if isinstance(clips, Generator):  # a decoder must not outlive its video
                stack.enter_context(closing(clips))
            yield self._until_stopped(each(self.source.read, clips, AudioClip))

    def _until_stopped(self, clips: Iterable[AudioClip]) -> Iterator[AudioClip]:
        # Where nobody speaks for hours there is no segment at which a reader could be stopped.
        for clip in clips:
            if self.stop.is_set():
                return
            self.warnings.update(dict.fromkeys(clip.warnings))
            yield clip

    def is_silent(self) -> bool:
        """Whether the track holds no sound at all; reads as far as the first."""
        try:
            with self.clips() as clips:
                return all(float(abs(clip.samples).max(initial=0)) < _SILENT for clip in clips)
        except NoSound:
            return True

    def speech(self, plan: Plan, plugins: Plugins, max_ms: int) -> Iterator[AudioClip]:
        """The segments that the plan's segmenter finds, each at most ``max_ms`` long."""
        segmenter: Segmenter = plugins.use("segmenter", plan.segmenter, plan.context)
        with self.clips() as clips:
            yield from cut(clips, segmenter, max_ms)

    def segments(
        self,
        plan: Plan,
        plugins: Plugins,
        max_ms: int,
        *,
        cache: Cache,
        scope: str,
        transcripts: tuple[Track, ...],
    ) -> Generator[Segment, None, None]:
        """The segments with what the cache has of each."""
        for clip in self.speech(plan, plugins, max_ms):
            recalled = cache.recall(scope, clip.span)
            known = {track: recalled[str(track)] for track in transcripts if str(track) in recalled}
            missing = tuple(track for track in transcripts if track not in known)
            yield Segment(clip=clip, known=known, missing=missing)

    def sample(
        self, plan: Plan, plugins: Plugins, max_ms: int
    ) -> Generator[tuple[AudioClip, ...], None, None]:
        """The segments by which the language is judged, all at once."""
        yield sample(self.speech(plan, plugins, max_ms), self.media.duration_ms)


def choose(
    media: MediaInfo,
    source: Source,
    stop: threading.Event,
    *,
    language: str | None = None,
    index: int | None = None,
) -> Generator[Audio, None, None]:
    """The audio track to recognise; one that is silent or empty gives way to the next.

    The track at ``index`` is taken as it is. Raises `NoAudio`, `UsageError`.
    """
    passed: list[AudioTrack] = []
    while True:
        chosen = tracks.choose(media, language=language, index=index, passed=passed)
        audio = Audio(media=media, track=chosen.track, source=source, stop=stop)
        if not (index is None and len(media.audio) > 1 and audio.is_silent()):
            break
        passed.append(chosen.track)
    log.info(
        "%s: %s, because %s", media.path, tracks.named(chosen.track), chosen.why,
        extra={"file": str(media.path)},
    )  # fmt: skip
    if passed:
        warning = f"{tracks.listed(passed)}: nothing to hear; {tracks.named(chosen.track)} was"
        audio.warnings[f"{warning} taken instead"] = None
    yield audio


def cut(clips: Iterable[AudioClip], segmenter: Segmenter, max_ms: int) -> Iterator[AudioClip]:
    """The segments that the segmenter finds, holding no more sound than it may still want.

    Raises `PluginError` where the segmenter asks for sound that is long past or not yet read, or
    for the same sound twice.
    """
    window: deque[AudioClip] = deque()

    def remembered() -> Iterator[AudioClip]:
        for clip in clips:
            window.append(clip)
            # A span starts at most one segment and one clip before what the segmenter has read;
            # twice that allows for its own delay.
            horizon = clip.start_samples - 2 * (
                ms_to_samples(max_ms, clip.sample_rate_hz) + len(clip.samples)
            )
            while window[0].end_samples < horizon:
                window.popleft()
            yield clip

    last_ms = 0
    for span in each(segmenter.cut, segmenter.cut(remembered(), max_ms), Span):
        if span.start_ms < last_ms or not 0 < span.duration_ms <= max_ms:
            raise misbehaved(
                segmenter.cut,
                f"cut must give rising, disjoint spans of at most {max_ms} ms, "
                f"not {span.start_ms} to {span.end_ms} ms after {last_ms} ms",
            )
        last_ms = span.end_ms
        yield _taken(window, span, segmenter)


def _taken(window: deque[AudioClip], span: Span, segmenter: Segmenter) -> AudioClip:
    import numpy as np

    def wrong(how: str) -> PluginError:
        return misbehaved(
            segmenter.cut, f"the segmenter asked for sound at {span.start_ms} ms {how}"
        )

    if not window:
        raise wrong("without reading")
    rate = window[0].sample_rate_hz
    start = ms_to_samples(span.start_ms, rate)
    end = min(ms_to_samples(span.end_ms, rate), window[-1].end_samples)
    if start < window[0].start_samples:
        raise wrong("too late")
    if start >= end:
        raise wrong("too early")
    parts = [
        clip.samples[max(start - clip.start_samples, 0) : max(end - clip.start_samples, 0)]
        for clip in window
    ]
    return AudioClip(samples=np.concatenate(parts), start_samples=start, sample_rate_hz=rate)


def sample(segments: Iterable[AudioClip], duration_ms: int) -> tuple[AudioClip, ...]:
    """A few segments spread evenly over the video, for judging its language."""
    due_ms = [duration_ms * (2 * n + 1) // (2 * LANGUAGE_SAMPLES) for n in range(LANGUAGE_SAMPLES)]
    chosen: list[AudioClip] = []
    last: AudioClip | None = None
    for segment in segments:
        last = segment
        end_ms = segment.span.end_ms
        if due_ms and end_ms >= due_ms[0]:
            chosen.append(segment)
            due_ms = [ms for ms in due_ms if ms > end_ms]
    if last is not None and (not chosen or (due_ms and chosen[-1] is not last)):
        chosen.append(last)
    return tuple(chosen)


def certain_language(path: Path, probabilities: Mapping[str, float]) -> str:
    """The language that is spoken beyond doubt. Raises `LanguageUncertain`."""
    ranked = sorted(probabilities.items(), key=lambda item: item[1], reverse=True)
    best, probability = ranked[0] if ranked else ("", 0.0)
    if not probability >= LANGUAGE_CERTAINTY:  # also true for NaN
        likeliest = ", ".join(f"{language} {share:.0%}" for language, share in ranked[:3])
        raise LanguageUncertain(
            f"{path}: the spoken language is not certain ({likeliest}); name it with --from"
        )
    return best
