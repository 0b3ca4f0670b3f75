"""Text timed to a film: a script, or a subtitle file that runs early, late or away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import canary_subs
from canary_subs.cues import known_text
from canary_subs.cues.check import sync
from canary_subs.cues.limits import min_gap_ms
from canary_subs.cues.profiles import profile_for
from canary_subs.errors import UsageError
from canary_subs.formats.reading import read, read_script
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
    Transcript,
    Utterance,
    Word,
    primary,
)
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.segments import cut, probe
from canary_subs.pipeline.task import Task
from canary_subs.pipeline.tracks import lay_out
from canary_subs.plugin.hookspecs import Aligner
from canary_subs.plugin.manager import Plugins
from canary_subs.workflows.check import named_language, sound_of, speech_in

#: Less of a text than this heard in a film: it is another film's, or in another language.
MIN_HEARD = 0.2

#: How far from its place a track in another language may be, to be set right by speech alone.
_REACH_MS = 60_000


def align(
    video: Path,
    text: Path,
    plan: Plan,
    plugins: Plugins,
    *,
    language: str | None = None,
) -> Document:
    """Time a script or a subtitle file to a film; every word of it is kept, in order.

    What is said is recognised, the text is found in it, and each piece of it aligned with the
    sound by the plan's aligner, where it names one. A script is laid out by the plan's profile; a
    subtitle file keeps its cues. Words that are not recognised share the speech between those
    that are. A subtitle file in another language than the film's
    (``language``, else as its name or content tells) is moved as a whole, by when people speak.
    Raises `NotSubtitles`, `UsageError`, `MediaError`, `ModelError`, `LanguageUncertain`.
    """
    script = read_script(text, plugins, language=language or plan.spoken)
    if script is not None:
        heard = _recognised(video, plan, plugins)
        utterances, placed = _said(text, script.split(), heard, plan, plugins)
        said = _with(heard, utterances, _placed(text, placed, utterances, plan))
        return _laid_out(said, plan, plugins)
    track = read(text, plugins, language=language or named_language(text))
    given = language or track.language or named_language(text)
    if given and plan.spoken and primary(given) != primary(plan.spoken):
        return _by_clock(video, text, track.cues, given, plan, plugins)
    heard = _recognised(video, plan, plugins)
    if given and primary(given) != primary(heard.language):
        return _by_clock(video, text, track.cues, given, plan, plugins)
    cues = known_text.rising(track.cues, 0)
    texts = [word for words in known_text.cue_texts(cues) for word in words]
    utterances, placed = _said(text, texts, heard, plan, plugins)
    profile = profile_for(plan.profile, heard.language, plan.own_profiles)
    moved = known_text.retime(cues, placed, min_gap_ms(profile, heard.media.frame_rate))
    said = _with(heard, utterances, _placed(text, placed, utterances, plan))
    return replace(said, cues=moved)


def _recognised(video: Path, plan: Plan, plugins: Plugins) -> Document:
    """What is said in the film, in its own language."""
    alone = replace(plan, targets=(Track((ORIGINAL,)),), writers=(), deliveries=(), aligner=None)
    outcome = next(process([Task(path=video, plan=alone)], plugins))
    if outcome.errors:
        raise outcome.errors[0]
    if outcome.skip is not None:
        raise UsageError(f"{video}: {outcome.skip.reason}")
    return outcome.documents[0]


def _said(
    text: Path, texts: Sequence[str], heard: Document, plan: Plan, plugins: Plugins
) -> tuple[list[Utterance], known_text.TimedText]:
    """The text as utterances, one for each piece that was heard; and its words. All of them.

    Raises `UsageError` where too little of it is heard.
    """
    pieces = heard.transcript.utterances
    spoken = [word for piece in pieces for word in piece.words]
    spans = [piece.span for piece in pieces]
    speech = speech_in(heard.media.path, plugins, spoken=plan.spoken)
    placed = known_text.time_words(texts, spoken, speech)
    if placed.share < MIN_HEARD:
        raise UsageError(
            f"{text}: only {placed.share:.0%} of its words are heard in {heard.media.path}; "
            "is it this film's, and in the language that is spoken?"
        )
    said = [
        replace(piece, text=_joined(words), words=words, flags=frozenset())
        for piece, within in zip(pieces, known_text.by_segment(placed.words, spans), strict=True)
        for words in [placed.words[within.start : within.stop]]
    ]
    if plan.aligner is not None:
        said = list(_refined(said, heard.media, plan, plugins))
    words = tuple(word for utterance in said for word in utterance.words)
    return said, replace(placed, words=words)


def _refined(
    said: Sequence[Utterance], media: MediaInfo, plan: Plan, plugins: Plugins
) -> Iterator[Utterance]:
    """The utterances with word times by the plan's aligner, as they were where it fails."""
    assert plan.aligner is not None
    aligner: Aligner = plugins.use("aligner", plan.aligner, plan.context)
    for known, clip in zip(said, _sound(said, media, plan, plugins), strict=True):
        if not known.words:
            yield known
            continue
        found = aligner.align(clip, replace(known, words=()))
        same = [word.text for word in found.words] == [word.text for word in known.words]
        yield found if same and found.timing is not Timing.SPREAD else known


def _sound(
    said: Sequence[Utterance], media: MediaInfo, plan: Plan, plugins: Plugins
) -> Iterator[AudioClip]:
    """The sound of each utterance, read once more, a piece at a time."""
    spans = [utterance.span for utterance in said]
    with sound_of(media.path, plugins, spoken=plan.spoken, index=plan.audio_track) as clips:
        yield from cut(clips, _Known(spans), max(span.duration_ms for span in spans))


class _Known:
    """A `Segmenter` that knows beforehand where it will cut."""

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


def _placed(
    text: Path, placed: known_text.TimedText, said: Iterable[Utterance], plan: Plan
) -> dict[str, str]:
    """Provenance: that the words are those of a file, how many were heard, and what timed them."""
    timings = sorted({utterance.timing for utterance in said if utterance.timing is not None})
    return {
        "text": text.name,
        "heard": f"{placed.share:.0%} of its words",
        "aligner": str(plan.aligner or ""),
        "times": ", ".join(timings),
    }


def _with(heard: Document, said: Iterable[Utterance], provenance: Mapping[str, str]) -> Document:
    """The document with what the text says instead of what was heard."""
    utterances = tuple(utterance for utterance in said if utterance.words)
    return replace(
        heard,
        transcript=replace(heard.transcript, utterances=utterances),
        provenance={**heard.provenance, **provenance},
    )


def _laid_out(document: Document, plan: Plan, plugins: Plugins) -> Document:
    cues = lay_out(document.transcript, plan, plugins, document.media)
    return replace(document, cues=cues)


def _by_clock(
    video: Path,
    text: Path,
    cues: Sequence[Cue],
    language: str,
    plan: Plan,
    plugins: Plugins,
) -> Document:
    """Cues moved by the one clock under which most of them begin with speech."""
    media = probe(video, plugins)[0]
    speech = [span.start_ms for span in speech_in(video, plugins, spoken=plan.spoken)]
    ordered = known_text.rising(cues, 0)
    clock = sync.fit([cue.start_ms for cue in ordered], speech, reach_ms=_REACH_MS)
    if clock is None:
        raise UsageError(
            f"{text}: its cues fit the speech in {video} under no offset or speed "
            f"(which takes {sync.MIN_CUES} cues at least); is it this film's?"
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
    return Document(
        media=media,
        track=Track((language,)),
        transcript=Transcript(
            language=language,
            spoken=plan.spoken or "und",
            engine="",
            model="",
            utterances=(),
        ),
        cues=known_text.rising(moved, gap_ms),
        provenance={
            "canary_subs": canary_subs.__version__,
            "text": text.name,
            "clock": f"x{clock.scale:.6f} {clock.offset_ms:+.0f} ms",
        },
    )


def _joined(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)
