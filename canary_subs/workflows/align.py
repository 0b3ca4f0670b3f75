"""Time a text to a video: a script, or a subtitle file that is out of sync or drifting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import canary_subs
from canary_subs.cues import known_text
from canary_subs.cues.check import sync
from canary_subs.cues.limits import min_gap_ms
from canary_subs.cues.profiles import profile_for
from canary_subs.errors import UsageError
from canary_subs.formats.reading import read_script
from canary_subs.model import (
    ORIGINAL,
    AudioClip,
    Cue,
    Document,
    MediaInfo,
    Plan,
    Span,
    Timing,
    Track,
    Utterance,
    primary,
)
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.segments import cut, probe
from canary_subs.pipeline.task import Task
from canary_subs.pipeline.tracks import lay_out
from canary_subs.plugin.hookspecs import Aligner
from canary_subs.plugin.manager import Plugins
from canary_subs.workflows.check import named_language, sound_of, speech_in
from canary_subs.workflows.subtitles import read_intact

#: A text of which a smaller share is recognised belongs to another video or language.
MIN_RECOGNISED = 0.2

#: How far a track in another language may be off, to be moved by speech alone.
_MAX_OFFSET_MS = 60_000


def align(
    video: Path,
    text: Path,
    plan: Plan,
    plugins: Plugins,
    *,
    language: str | None = None,
    frame_rate: Fraction | None = None,
    force: bool = False,
) -> Document:
    """Time a script or a subtitle file to a video; every word of it is kept, in order.

    The speech is recognised, the text is matched with it, and the words of each segment are
    aligned with the sound by the plan's aligner, if it names one. Words that were not recognised
    share the speech between those that were. A script is laid out by the plan's profile; a
    subtitle file keeps its cues. A subtitle file in another language than the video's
    (``language``, else as its name or content states) is moved as a unit, by when people speak.
    ``frame_rate`` times a file that counts frames, by default that of the video; ``force`` leaves
    out what of a file cannot be read.

    Raises `NotSubtitles`, `UsageError`, `MediaError`, `ModelError`, `LanguageUncertain`.
    """
    script = read_script(text, plugins, language=language or plan.spoken)
    if script is not None:
        recognised = _recognised(video, plan, plugins)
        document, _ = _matched(text, script.split(), recognised, plan, plugins)
        cues = lay_out(document.transcript, plan, plugins, document.media)
        return replace(document, cues=cues)
    subtitles = read_intact(
        text,
        plugins,
        language=language or named_language(text),
        frame_rate=frame_rate or probe(video, plugins)[0].frame_rate,
        force=force,
    )
    written = language or subtitles.language or named_language(text)
    if written and plan.spoken and primary(written) != primary(plan.spoken):
        return _moved(video, text, subtitles.cues, written, plan, plugins)
    recognised = _recognised(video, plan, plugins)
    if written and primary(written) != primary(recognised.language):
        return _moved(video, text, subtitles.cues, written, plan, plugins)
    cues = known_text.rising(subtitles.cues, 0)
    texts = [word for words in known_text.cue_texts(cues) for word in words]
    document, timed = _matched(text, texts, recognised, plan, plugins)
    profile = profile_for(plan.profile, recognised.language, plan.own_profiles)
    gap_ms = min_gap_ms(profile, recognised.media.frame_rate)
    return replace(document, cues=known_text.retime(cues, timed, gap_ms))


def _recognised(video: Path, plan: Plan, plugins: Plugins) -> Document:
    """What is said in the video, in its spoken language."""
    alone = replace(plan, targets=(Track((ORIGINAL,)),), writers=(), deliveries=(), aligner=None)
    outcome = next(process([Task(path=video, plan=alone)], plugins))
    if outcome.errors:
        raise outcome.errors[0]
    if outcome.skip is not None:
        raise UsageError(f"{video}: {outcome.skip.reason}")
    return outcome.documents[0]


def _matched(
    text: Path, texts: Sequence[str], recognised: Document, plan: Plan, plugins: Plugins
) -> tuple[Document, known_text.TimedText]:
    """The document with all words of the text in place of the recognised ones; and those words.

    Raises `UsageError` where too little of the text was recognised.
    """
    segments = recognised.transcript.utterances
    spans = [segment.span for segment in segments]
    words = [word for segment in segments for word in segment.words]
    media = recognised.media
    speech = speech_in(media.path, plugins, spoken=plan.spoken)
    timed = known_text.time_words(texts, words, speech)
    if timed.share < MIN_RECOGNISED:
        raise UsageError(
            f"{text}: only {timed.share:.0%} of its words are recognised in {media.path}; "
            "is it this video's text, in the language that is spoken?"
        )
    utterances = [
        replace(
            segment,
            text=" ".join(word.text for word in timed.words[within.start : within.stop]),
            words=timed.words[within.start : within.stop],
            flags=frozenset(),
        )
        for segment, within in zip(segments, known_text.by_segment(timed.words, spans), strict=True)
    ]
    if plan.aligner is not None:
        utterances = list(_refined(utterances, media, plan, plugins))
    timed = replace(timed, words=tuple(word for one in utterances for word in one.words))
    timings = sorted({one.timing for one in utterances if one.timing is not None})
    document = replace(
        recognised,
        transcript=replace(
            recognised.transcript, utterances=tuple(one for one in utterances if one.words)
        ),
        provenance={
            **recognised.provenance,
            "text": text.name,
            "recognised": f"{timed.share:.0%} of its words",
            "aligner": plugins.described("aligner", plan.aligner) if plan.aligner else "",
            "times": ", ".join(timings),
        },
    )
    return document, timed


def _refined(
    utterances: Sequence[Utterance], media: MediaInfo, plan: Plan, plugins: Plugins
) -> Iterator[Utterance]:
    """The utterances with word times by the plan's aligner; unchanged where it gives none."""
    assert plan.aligner is not None
    aligner: Aligner = plugins.use("aligner", plan.aligner, plan.context)
    for known, clip in zip(utterances, _sound(utterances, media, plan, plugins), strict=True):
        if not known.words:
            yield known
            continue
        found = aligner.align(clip, replace(known, words=()))
        same = [word.text for word in found.words] == [word.text for word in known.words]
        yield found if same and found.timing is not Timing.SPREAD else known


def _sound(
    utterances: Sequence[Utterance], media: MediaInfo, plan: Plan, plugins: Plugins
) -> Iterator[AudioClip]:
    """The sound of each utterance, read once more, one at a time."""
    spans = [utterance.span for utterance in utterances]
    with sound_of(media.path, plugins, spoken=plan.spoken, index=plan.audio_track) as clips:
        yield from cut(clips, _Known(spans), max(span.duration_ms for span in spans))


class _Known:
    """A `Segmenter` for segments that are known beforehand."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans

    def cut(self, clips: Iterable[AudioClip], max_ms: int) -> Iterator[Span]:
        at = 0
        for clip in clips:
            while at < len(self._spans) and self._spans[at].end_ms <= clip.span.end_ms:
                yield self._spans[at]
                at += 1
            if at == len(self._spans):
                return
        yield from self._spans[at:]


def _moved(
    video: Path, text: Path, cues: Sequence[Cue], language: str, plan: Plan, plugins: Plugins
) -> Document:
    """The cues under the one offset and speed by which most of them begin with speech."""
    media = probe(video, plugins)[0]
    speech = [span.start_ms for span in speech_in(video, plugins, spoken=plan.spoken)]
    ordered = known_text.rising(cues, 0)
    clock = sync.fit([cue.start_ms for cue in ordered], speech, reach_ms=_MAX_OFFSET_MS)
    if clock is None:
        raise UsageError(
            f"{text}: its cues fit the speech in {video} under no offset or speed "
            f"(at least {sync.MIN_CUES} cues are needed); does it belong to this video?"
        )
    moved = [
        replace(
            cue,
            start_ms=max(0, clock.video_ms(cue.start_ms)),
            end_ms=max(1, clock.video_ms(cue.end_ms)),
            words=(),
        )
        for cue in ordered
    ]
    gap_ms = min_gap_ms(profile_for(plan.profile, language, plan.own_profiles), media.frame_rate)
    cues = known_text.rising(moved, gap_ms)
    transcript = known_text.transcript_of(cues, language)
    return Document(
        media=media,
        track=Track((language,)),
        transcript=replace(transcript, spoken=plan.spoken or "und"),
        cues=cues,
        provenance={
            "canary_subs": canary_subs.__version__,
            "text": text.name,
            "clock": f"x{clock.scale:.6f} {clock.offset_ms:+.0f} ms",
        },
    )
