"""Sounds that are not speech, looked for where nobody speaks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path

from canary_subs.cues.sdh import KINDS, has_labels
from canary_subs.errors import UnsupportedPair
from canary_subs.model import (
    SAMPLE_RATE_HZ,
    AudioClip,
    Plan,
    Sound,
    Span,
    Track,
    TrackKind,
    Utterance,
)
from canary_subs.pipeline.segments import Audio
from canary_subs.plugin.contain import each, misbehaved, shown
from canary_subs.plugin.hookspecs import Tagger
from canary_subs.plugin.manager import Plugins
from canary_subs.time import joined, ms_to_samples, uncovered

#: The shortest pause that can hold a sound label: a label needs a second to be read.
MIN_QUIET_MS = 1_200
#: How much of a word may sound outside its times.
WORD_EDGE_MS = 150
#: Later than the end of any video.
_NEVER_MS = 2**50


def check_sounds(path: Path, plan: Plan, tracks: Iterable[Track], plugins: Plugins) -> None:
    """See before any work that the SDH tracks can be made.

    Raises `UnsupportedPair` for a language without sound labels, and `UsageError` for a tagger
    that cannot be made.
    """
    for track in tracks:
        if track.kind is not TrackKind.SDH:
            continue
        if not has_labels(track.language):
            raise UnsupportedPair(
                f"{path}: {track} cannot be made, since there are no sound labels in that "
                "language yet; leave that track out"
            )
        if plan.tagger is not None:
            plugins.use("tagger", plan.tagger, plan.context)


def tag_sounds(
    audio: Audio,
    plan: Plan,
    utterances: Iterable[Utterance],
    plugins: Plugins,
    at: Callable[[int], None],
) -> Generator[tuple[Sound, ...], None, None]:
    """The sounds of a video where nobody speaks, in order, all at once.

    ``at`` is called with how far the sound was read, in ms. Raises `PluginError`, `ModelError`.
    """
    if plan.tagger is None:
        yield ()
        return
    tagger: Tagger = plugins.use("tagger", plan.tagger, plan.context)
    with audio.clips() as clips:
        pauses = quiet(_watched(clips, at), speech_of(utterances), MIN_QUIET_MS)
        found = list(each(tagger.tag, tagger.tag(pauses), Sound))
    for one in found:
        if one.kind not in KINDS:
            raise misbehaved(
                tagger.tag, f"tag must give Sounds of known kinds, not {shown(one, 80)}"
            )
    yield tuple(sorted(found, key=lambda one: (one.start_ms, -one.confidence)))


def _watched(clips: Iterable[AudioClip], at: Callable[[int], None]) -> Iterator[AudioClip]:
    for clip in clips:
        yield clip
        at(clip.span.end_ms)


def speech_of(utterances: Iterable[Utterance]) -> tuple[Span, ...]:
    """Where somebody speaks, by the words of utterances in any order: rising, disjoint spans."""
    words = sorted(
        (max(0, word.start_ms - WORD_EDGE_MS), word.end_ms + WORD_EDGE_MS)
        for utterance in utterances
        for word in utterance.words
    )
    return tuple(joined([Span(start_ms=start, end_ms=end) for start, end in words]))


def quiet(clips: Iterable[AudioClip], speech: Sequence[Span], min_ms: int) -> Iterator[AudioClip]:
    """What lies between rising, disjoint spans of speech, in stretches of at least ``min_ms``."""
    stretches = deque(
        (ms_to_samples(span.start_ms, SAMPLE_RATE_HZ), ms_to_samples(span.end_ms, SAMPLE_RATE_HZ))
        for span in uncovered([Span(start_ms=0, end_ms=_NEVER_MS)], speech)
        if span.duration_ms >= min_ms
    )
    for clip in clips:
        while stretches:
            begin, end = stretches[0]
            low, high = max(begin, clip.start_samples), min(end, clip.end_samples)
            if low < high:
                part = clip.samples[low - clip.start_samples : high - clip.start_samples]
                yield AudioClip(samples=part, start_samples=low)
            if end > clip.end_samples:
                break
            stretches.popleft()
