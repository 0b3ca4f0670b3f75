"""Break an existing subtitle file into cues anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from canary_subs.cues import known_text
from canary_subs.errors import UsageError
from canary_subs.model import Cue, Document, MediaInfo, Plan, Track
from canary_subs.pipeline.tracks import lay_out
from canary_subs.plugin.manager import Plugins
from canary_subs.workflows.check import named_language
from canary_subs.workflows.subtitles import read_intact


def relayout(
    subtitles: Path,
    plan: Plan,
    plugins: Plugins,
    *,
    language: str | None = None,
    frame_rate: Fraction | None = None,
    force: bool = False,
) -> Document:
    """A subtitle file with its words in cues by the plan's layout; words keep order and time.

    Where the file does not time its words, each cue's words share its time. A new cue keeps the
    speaker that all its words have. ``frame_rate`` is the video's; ``force`` leaves out what cannot
    be read. Raises `NotSubtitles`, `UnknownName`, `PluginError`, and `UsageError` where the
    language is not known.
    """
    found = read_intact(
        subtitles,
        plugins,
        language=language or named_language(subtitles),
        frame_rate=frame_rate,
        force=force,
    )
    language = language or found.language or named_language(subtitles)
    if language is None:
        raise UsageError(f"{subtitles}: its language is not known; name it with --language")
    cues = known_text.rising([cue for cue in found.cues if known_text.cue_texts([cue])[0]], 0)
    transcript = known_text.transcript_of(cues, language)
    media = _no_media(subtitles, cues, frame_rate)
    broken = lay_out(transcript, plan, plugins, media)
    return Document(
        media=media,
        track=Track((language,)),
        transcript=transcript,
        cues=_with_speakers(broken, cues),
    )


def _with_speakers(cues: Sequence[Cue], original: Sequence[Cue]) -> tuple[Cue, ...]:
    """The cues with the speaker that all their words have; both hold the same words, in order."""
    speakers = [
        cue.speaker for cue in original for _ in cue.words or known_text.cue_texts([cue])[0]
    ]
    if len(speakers) != sum(len(cue.words) for cue in cues):
        return tuple(cues)  # a word of a script without spaces was cut in two
    result = []
    at = 0
    for cue in cues:
        who = set(speakers[at : at + len(cue.words)])
        at += len(cue.words)
        result.append(replace(cue, speaker=who.pop() if len(who) == 1 else None))
    return tuple(result)


def _no_media(path: Path, cues: Sequence[Cue], frame_rate: Fraction | None) -> MediaInfo:
    status = path.stat()
    return MediaInfo(
        path=path,
        size_bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        duration_ms=max((cue.end_ms for cue in cues), default=0),
        audio=(),
        frame_rate=frame_rate,
    )
