"""Rules about a track and what is heard: speech and cues must belong to each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from canary_subs.cues.check import sync
from canary_subs.cues.check.material import (
    Material,
    finding,
    is_label,
    seconds,
)
from canary_subs.model import Finding, Span
from canary_subs.time import joined, uncovered

#: Speech this long without a cue is missed; shorter, a detector may have taken a sigh for speech.
UNSUBTITLED_MS = 1500
#: How far speech may reach over the edges of its cue.
_EDGE_MS = 300
#: Pauses shorter than this do not end speech.
_PAUSE_MS = 300
#: A cue of less speech than this, a little before and after it included, has none.
_LEAST_SPEECH_MS = 60
#: How far a track's clock may be from the film's, anywhere in it.
SYNC_MS = 400
#: A better clock must explain so many times as many starts as the track's own.
_BETTER = 1.25


def unsubtitled(material: Material) -> Iterator[Finding]:
    """Speech for which there is no cue."""
    if material.speech is None:
        return
    covers = [
        Span(start_ms=max(cue.start_ms - _EDGE_MS, 0), end_ms=cue.end_ms + _EDGE_MS)
        for _, cue in material.in_time()
        if cue.end_ms > cue.start_ms
    ]
    for hole in uncovered(joined(material.speech, _PAUSE_MS), joined(covers)):
        if hole.duration_ms >= UNSUBTITLED_MS:
            yield Finding(
                rule="unsubtitled",
                start_ms=hole.start_ms,
                end_ms=hole.end_ms,
                measured=f"{seconds(hole.duration_ms)} of speech without a cue",
                limit=seconds(UNSUBTITLED_MS),
            )


def no_speech(material: Material) -> Iterator[Finding]:
    """A cue during which nobody speaks: invented, or far from its place."""
    if material.speech is None:
        return
    # How much speech there has been at each of its starts and ends; it grows evenly in between.
    edges = [0, *(ms for span in material.speech for ms in (span.start_ms, span.end_ms))]
    spoken = np.cumsum([0, *(ms for span in material.speech for ms in (0, span.duration_ms))])
    before = np.interp([cue.start_ms - _EDGE_MS for cue in material.cues], edges, spoken)
    after = np.interp([cue.end_ms + _EDGE_MS for cue in material.cues], edges, spoken)
    for index, (cue, heard_ms) in enumerate(zip(material.cues, after - before, strict=True)):
        if heard_ms < _LEAST_SPEECH_MS and not is_label(cue) and cue.duration_ms > 0:
            measured = f"{heard_ms:.0f} ms of speech"
            yield finding("no-speech", index, cue, measured, f"{_LEAST_SPEECH_MS} ms")


def out_of_sync(material: Material) -> Iterator[Finding]:
    """A track whose clock is not the film's: late, early or drifting."""
    if material.speech is None:
        return
    cues = [cue for _, cue in material.in_time() if not is_label(cue)]
    starts = [cue.start_ms for cue in cues]
    speech = [span.start_ms for span in joined(material.speech, _PAUSE_MS)]
    clock = sync.fit(starts, speech)
    if clock is None:
        return
    own = sync.share(np.asarray(starts, np.float64), np.asarray(speech, np.float64))
    first_ms = clock.film_ms(starts[0]) - starts[0]
    last_ms = clock.film_ms(starts[-1]) - starts[-1]
    if max(abs(first_ms), abs(last_ms)) > SYNC_MS and clock.share > _BETTER * own:
        yield Finding(
            rule="sync",
            start_ms=cues[0].start_ms,
            end_ms=max(cues[-1].end_ms, cues[0].start_ms),
            measured=f"{_late(first_ms)} at the beginning, {_late(last_ms)} at the end",
            limit=seconds(SYNC_MS),
        )


def _late(film_minus_track_ms: int) -> str:
    how = "early" if film_minus_track_ms > 0 else "late"
    return f"{seconds(abs(film_minus_track_ms))} {how}"
