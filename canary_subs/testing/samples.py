"""Samples for tests: a sound, a transcript, documents that writers must survive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from canary_subs.model import (
    SAMPLE_RATE_HZ,
    AudioClip,
    AudioTrack,
    Cue,
    Document,
    MediaInfo,
    Span,
    Timing,
    Track,
    Transcript,
    Utterance,
    Word,
)
from canary_subs.time import ms_to_samples


def media_info(path: Path = Path("/videos/Example.mkv"), **changes: Any) -> MediaInfo:
    """A video of one minute with one English audio track at 25 frames a second."""
    track = AudioTrack(
        index=0, codec="aac", channels=2, sample_rate_hz=48_000, language="en", default=True
    )
    plain = MediaInfo(
        path=path,
        size_bytes=1,
        mtime_ns=1,
        duration_ms=60_000,
        audio=(track,),
        frame_rate=Fraction(25),
        has_picture=True,
    )
    return replace(plain, **changes)


def babble(duration_ms: int, *, start_ms: int = 0, seed: int = 1) -> AudioClip:
    """Sound that is built as speech is: a pitch, formants, four syllables a second, breaths.

    It is not a language; detectors of speech usually take it for speech.
    """
    rate = SAMPLE_RATE_HZ
    length = ms_to_samples(duration_ms, rate)
    seconds = np.arange(min(length, 6 * rate)) / rate  # then the same again
    random = np.random.default_rng(seed)
    pitch_hz = 120 + 15 * np.sin(2 * np.pi * 0.7 * seconds)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate
    moving = 1 + 0.15 * np.sin(2 * np.pi * 1.9 * seconds)
    sound = np.zeros(len(seconds))
    for harmonic in range(1, 30):
        for formant_hz, weight in ((600, 1.0), (1300, 0.6), (2500, 0.3)):
            distance = (120.0 * harmonic - formant_hz * moving) / 90
            sound += weight / (1 + distance**2) * np.sin(harmonic * phase)
    syllables = np.clip(np.sin(2 * np.pi * 2 * seconds) ** 2, 0.05, None)
    breaths = (seconds % 3.0) < 2.4
    sound = sound * syllables * breaths + 0.002 * random.standard_normal(len(seconds))
    peak = float(np.max(np.abs(sound), initial=1e-9))
    return AudioClip(
        samples=np.resize(0.5 * sound / peak, length).astype(np.float32),
        start_samples=ms_to_samples(start_ms, rate),
    )


def silence(duration_ms: int, *, start_ms: int = 0) -> AudioClip:
    """No sound at all."""
    return AudioClip(
        samples=np.zeros(ms_to_samples(duration_ms, SAMPLE_RATE_HZ), np.float32),
        start_samples=ms_to_samples(start_ms, SAMPLE_RATE_HZ),
    )


def transcript(*sentences: str, language: str = "en", start_ms: int = 0) -> Transcript:
    """Sentences said one after another: 300 ms a word, 600 ms between sentences."""
    utterances = []
    now_ms = start_ms
    for sentence in sentences:
        words = []
        for text in sentence.split():
            words.append(Word(text=text, start_ms=now_ms, end_ms=now_ms + 280, confidence=0.9))
            now_ms += 300
        span = Span(start_ms=words[0].start_ms, end_ms=words[-1].end_ms)
        utterances.append(
            Utterance(
                text=sentence, span=span, language=language, words=tuple(words), timing=Timing.CTC
            )
        )
        now_ms += 600
    return Transcript(
        language=language,
        spoken=language,
        engine="fake",
        model="fake-1",
        utterances=tuple(utterances),
    )


def document(said: Transcript, media: MediaInfo | None = None) -> Document:
    """A cue of one line for each utterance."""
    cues = tuple(
        Cue(
            start_ms=utterance.span.start_ms,
            end_ms=utterance.span.end_ms,
            lines=(utterance.text,),
            words=utterance.words,
        )
        for utterance in said.utterances
    )
    return Document(
        media=media or media_info(),
        track=Track((said.language,)),
        transcript=said,
        cues=cues,
        provenance={"engine": "fake"},
    )


#: Text that breaks writers: markup, arrows, escapes, directions, pictures, nothing.
HOSTILE_TEXTS = (
    "1 < 2 & 3 > 2",
    "<b>bold</b> <script>alert(1)</script> </tt>",
    "{\\an8}above {brace} \\N \\n \\h",
    "00:00:01,000 --> 00:00:02,000",
    "WEBVTT",
    "NOTE STYLE REGION",
    "42",
    '"quoted", semicolon; tab\there | pipe',
    "[00:01.00] [ti:title]",
    "שלום עולם, مرحبا",
    "日本語の字幕です。",
    "e\u0301 ﬁ \u200b\u200d \ufeff \u00a0 \u2028 \u0085",
    "👩‍👩‍👧‍👦 🇩🇪",
    "]]> <!-- -->",
    "x" * 1000,
    "-",
)


def hard_documents() -> Iterator[tuple[str, Document]]:
    """Documents that a writer must survive, each with its name."""
    media = media_info()
    plain = transcript("Good evening.", "The red boat is small.")
    yield "an ordinary track", document(plain, media)
    yield "a track without cues", document(replace(plain, utterances=()), media)
    yield "a video without a known frame rate", document(plain, replace(media, frame_rate=None))
    yield (
        "a video at 30000/1001 frames a second",
        document(plain, replace(media, frame_rate=Fraction(30000, 1001))),
    )
    wordless = document(plain, media)
    yield (
        "cues without words",
        replace(wordless, cues=tuple(replace(cue, words=()) for cue in wordless.cues)),
    )
    yield (
        "two lines and a speaker",
        replace(
            wordless,
            cues=(
                Cue(start_ms=0, end_ms=1, lines=("one", "two"), speaker="Ann <x>"),
                Cue(start_ms=1, end_ms=999, lines=("", "a line after an empty one", "")),
            ),
        ),
    )
    yield (
        "a video of eleven hours",
        document(transcript("Good night.", start_ms=11 * 3_600_000), media),
    )
    odd_name = replace(media, path=Path("/videos/a&b <c> 'd' \"e\" \n\udce4.mkv"))
    yield "a video with an odd name", document(plain, odd_name)
    for text in HOSTILE_TEXTS:
        cue = Cue(start_ms=0, end_ms=1000, lines=(text,))
        yield f"the text {text[:40]!r}", replace(wordless, cues=(cue,))
