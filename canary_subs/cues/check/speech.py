"""Rules about a track and the speech in its audio."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from canary_subs.cues.check import sync
from canary_subs.cues.check.findings import (
    finding,
    in_time,
    is_label,
    seconds,
)
from canary_subs.model import Finding, Span
from canary_subs.plugin.hookspecs import CheckRequest
from canary_subs.time import joined, uncovered

#: Speech this long without a cue is missing; anything shorter may be a sigh.
UNSUBTITLED_MS = 1500
#: How far speech may reach beyond the edges of its cue.
_EDGE_MS = 300
#: Pauses shorter than this do not end speech.
_PAUSE_MS = 300
#: A cue with less speech than this, including `_EDGE_MS` before and after it, has none.
_MIN_SPEECH_MS = 60
#: How far a track may be out of sync, anywhere in it.
SYNC_MS = 400
#: Another timing must match this many times as many starts as the track's own.
_BETTER = 1.25


def unsubtitled(request: CheckRequest) -> Iterator[Finding]:
    """Speech without a cue."""
    if request.speech is None:
        return
    covers = [
        Span(start_ms=max(cue.start_ms - _EDGE_MS, 0), end_ms=cue.end_ms + _EDGE_MS)
        for _, cue in in_time(request.cues)
        if cue.end_ms > cue.start_ms
    ]
    for span in uncovered(joined(request.speech, _PAUSE_MS), joined(covers)):
        if span.duration_ms >= UNSUBTITLED_MS:
            yield Finding(
                rule="unsubtitled",
                start_ms=span.start_ms,
                end_ms=span.end_ms,
                measured=f"{seconds(span.duration_ms)} of speech without a cue",
                limit=seconds(UNSUBTITLED_MS),
            )


def no_speech(request: CheckRequest) -> Iterator[Finding]:
    """A cue during which nobody speaks: invented, or far from its speech."""
    if request.speech is None:
        return
    # How much speech there was up to each of its starts and ends; linear in between.
    edges = [0, *(ms for span in request.speech for ms in (span.start_ms, span.end_ms))]
    spoken = np.cumsum([0, *(ms for span in request.speech for ms in (0, span.duration_ms))])
    before = np.interp([cue.start_ms - _EDGE_MS for cue in request.cues], edges, spoken)
    after = np.interp([cue.end_ms + _EDGE_MS for cue in request.cues], edges, spoken)
    for index, (cue, speech_ms) in enumerate(zip(request.cues, after - before, strict=True)):
        if speech_ms < _MIN_SPEECH_MS and not is_label(cue) and cue.duration_ms > 0:
            measured = f"{speech_ms:.0f} ms of speech"
            yield finding("no-speech", index, cue, measured, f"{_MIN_SPEECH_MS} ms")


def out_of_sync(request: CheckRequest) -> Iterator[Finding]:
    """A track that is late, early or drifting."""
    if request.speech is None:
        return
    cues = [cue for _, cue in in_time(request.cues) if not is_label(cue)]
    starts = [cue.start_ms for cue in cues]
    speech = [span.start_ms for span in joined(request.speech, _PAUSE_MS)]
    clock = sync.fit(starts, speech)
    if clock is None:
        return
    own = sync.share(np.asarray(starts, np.float64), np.asarray(speech, np.float64))
    first_ms = clock.video_ms(starts[0]) - starts[0]
    last_ms = clock.video_ms(starts[-1]) - starts[-1]
    if max(abs(first_ms), abs(last_ms)) > SYNC_MS and clock.share > _BETTER * own:
        yield Finding(
            rule="sync",
            start_ms=cues[0].start_ms,
            end_ms=max(cues[-1].end_ms, cues[0].start_ms),
            measured=f"{_late(first_ms)} at the beginning, {_late(last_ms)} at the end",
            limit=seconds(SYNC_MS),
        )


def _late(video_minus_track_ms: int) -> str:
    how = "early" if video_minus_track_ms > 0 else "late"
    return f"{seconds(abs(video_minus_track_ms))} {how}"
