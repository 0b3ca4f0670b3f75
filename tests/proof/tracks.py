"""Tracks for the pages, as small as the tests allow."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from canary_subs.model import AudioClip, Cue, Finding, Profile, Word
from canary_subs.proof import PageTrack, Peaks, Waveform

PROFILE = Profile(name="plain", max_cps=17.0)


def peaks(clips: Iterable[AudioClip]) -> Peaks:
    """The waveform of all of them."""
    waveform = Waveform()
    deque(waveform.passing(clips), maxlen=0)
    return waveform.peaks()


def cue(start_ms: int, end_ms: int, *lines: str, confidence: float | None = 0.9) -> Cue:
    """A cue whose words share its time evenly."""
    texts = " ".join(lines).split()
    step = (end_ms - start_ms) / max(1, len(texts))
    words = tuple(
        Word(
            text=text,
            start_ms=round(start_ms + step * n),
            end_ms=round(start_ms + step * (n + 1)),
            confidence=confidence,
        )
        for n, text in enumerate(texts)
    )
    return Cue(start_ms=start_ms, end_ms=end_ms, lines=lines, words=words)


def english(*findings: Finding) -> PageTrack:
    """Four cues; the second is too fast, the third too short, and the others are good."""
    return PageTrack(
        language="en",
        profile=PROFILE,
        findings=findings,
        cues=(
            cue(1000, 3000, "The first of them", "is easy to read"),
            cue(4000, 5000, "but nobody could ever read", "this one in a single second"),
            cue(6000, 6600, "too short"),
            cue(8000, 10_000, "The last of them"),
        ),
    )


def german() -> PageTrack:
    return PageTrack(
        language="de",
        profile=PROFILE,
        cues=(cue(1000, 3000, "Die erste ist leicht"), cue(8000, 10_000, "Die letzte")),
    )
