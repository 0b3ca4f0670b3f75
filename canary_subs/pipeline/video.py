"""One video, from its file to its subtitle tracks, as a generator that reads from top to bottom.

`subtitle` yields what it needs, is sent the answers, and returns the `Outcome`. The scheduler
(`pipeline.schedule`) owns threads, batches, fairness, cancellation and failure; where a video
stands is where its generator stands.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from canary_subs import __version__
from canary_subs.errors import CanarySubsError, NoSound, UnsupportedPair
from canary_subs.media import tracks as audio_tracks
from canary_subs.model import (
    Document,
    MediaInfo,
    Plan,
    Skip,
    Sound,
    Span,
    Stage,
    Track,
    TrackKind,
    Utterance,
)
from canary_subs.pipeline.engine import PlanEngine
from canary_subs.pipeline.existing import existing_outputs, outstanding
from canary_subs.pipeline.output import deliver
from canary_subs.pipeline.prefetch import Prefetch, prefetch
from canary_subs.pipeline.recognition import Answered, Prepared, Recognition
from canary_subs.pipeline.segments import Audio, Segment, certain_language, choose, probe
from canary_subs.pipeline.sounds import check_sounds, tag_sounds
from canary_subs.pipeline.task import Outcome, Passage, Task
from canary_subs.pipeline.tracks import TrackBuilder, shots_of
from canary_subs.plugin.manager import Plugins

log = logging.getLogger(__name__)

#: Segments of one video that may wait for the engine: at 40 s each, 41 MB.
WAITING_SEGMENTS = 16

NO_SPEECH = Skip(rule="no-speech", reason="nobody speaks in it, so there is nothing to write")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Probed:
    """The file was probed. Nothing is answered."""

    media: MediaInfo


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Background:
    """Ask for the one item that a thread makes."""

    reader: Prefetch[Any]
    #: Called while it is waited for.
    waiting: Callable[[], None] = lambda: None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Recognise:
    """Ask for the next segments, recognised and in order; None at the end of the audio track."""

    reader: Prefetch[Segment]
    prepare: Callable[[Segment], Prepared]
    engine: PlanEngine


Ask = Probed | Background | Recognise | Passage


def subtitle(
    task: Task, plugins: Plugins, wakeup: threading.Event, stop: threading.Event
) -> Generator[Ask, Any, Outcome]:
    """Subtitle one video. Raises `CanarySubsError` for what ends it."""
    task.on_progress(Stage.PROBE, 0.0)
    media, source = probe(task.path, plugins)
    yield Probed(media=media)
    outcome = Outcome(task=task, media=media)
    plan = task.decide(media, task.plan)
    plan = plugins.plan(media, plan) if isinstance(plan, Plan) else plan
    if isinstance(plan, Skip):
        return replace(outcome, skip=plan)
    try:
        choice = choose(media, source, stop, language=plan.spoken, index=plan.audio_track)
        with prefetch(choice, 1, wakeup) as reader:
            audio: Audio = yield Background(reader=reader)
        outcome = yield from _heard(task, plan, audio, plugins, wakeup)
    except NoSound as error:
        return replace(outcome, skip=Skip(rule="no-sound", reason=str(error)))
    return replace(outcome, warnings=tuple(audio.warnings))


def _heard(
    task: Task, plan: Plan, audio: Audio, plugins: Plugins, wakeup: threading.Event
) -> Generator[Ask, Any, Outcome]:
    """Subtitle an audio track."""
    media, track = audio.media, audio.track
    outcome = Outcome(task=task, media=media)
    engine = PlanEngine(plan, plugins)

    # The spoken language.
    spoken = plan.spoken or track.language
    if spoken is None:
        task.on_progress(Stage.LOAD, 0.0)
        longest_ms = engine.session.max_segment_ms
        with prefetch(audio.sample(plan, plugins, longest_ms), 1, wakeup) as sample:
            clips = yield Background(reader=sample)
        if not clips:
            return replace(outcome, skip=_no_speech(audio))
        probabilities = engine.identify(clips, engine.spoken_languages)
        spoken = certain_language(task.path, probabilities)

    # What is still to be made.
    tracks = tuple(dict.fromkeys(target.resolved(spoken) for target in plan.targets))
    work = outstanding(plan, tracks, existing_outputs(media, plan, tracks, plugins))
    if isinstance(work, Skip):
        return replace(outcome, skip=work)
    if not work.tracks:
        return replace(outcome, errors=work.failures)
    tracks, failures = work.tracks, list(work.failures)
    try:
        recognition = Recognition(media, plan, spoken, tracks, engine, plugins)
    except UnsupportedPair as error:
        raise _by_tag(error, plan, audio) from None
    check_sounds(task.path, plan, tracks, plugins)

    # Recognition, segment by segment.
    task.on_progress(Stage.LOAD, 0.0)
    provenance = _provenance(plan, recognition, track.index, engine, plugins)
    segments = audio.segments(
        plan,
        plugins,
        engine.session.max_segment_ms,
        cache=task.cache,
        scope=json.dumps(provenance, sort_keys=True),
        transcripts=recognition.transcripts,
    )
    task.on_progress(Stage.RECOGNISE, 0.0)
    shot_changes = _once(shots_of, media, plan)
    with (
        prefetch(shot_changes, 1, wakeup) as shot_reader,
        prefetch(segments, WAITING_SEGMENTS, wakeup) as reader,
    ):
        ask = Recognise(reader=reader, prepare=recognition.prepare, engine=engine)
        while (answered := (yield ask)) is not None:
            for span, utterances in _added(answered, recognition, task, provenance):
                task.on_progress(Stage.RECOGNISE, _share(span.end_ms, media))
                yield Passage(
                    task=task, media=media, spoken=spoken, span=span, utterances=utterances
                )
        shots = yield Background(reader=shot_reader)

    # (Diarizers will say here who speaks; translators will make the languages the engine lacks.)

    # Sounds besides speech.
    sounds: tuple[Sound, ...] = ()
    if any(track.kind is TrackKind.SDH for track in tracks):
        try:
            sounds = yield from _tagged(task, audio, plan, recognition, plugins, wakeup)
        except CanarySubsError as error:  # costs the SDH tracks, no others
            failures.append(error)
            tracks = tuple(track for track in tracks if track.kind is not TrackKind.SDH)

    # Tracks, and where they go.
    if not recognition.said and not sounds:
        return replace(outcome, skip=_nothing_said(recognition, tracks, audio))
    task.on_progress(Stage.LAYOUT, 1.0)
    builder = TrackBuilder(
        media, plan, recognition, provenance, plugins,
        model=engine.session.model, sounds=sounds, shots=shots,
    )  # fmt: skip
    documents = _built(builder, tracks, recognition, failures, task.path)
    task.on_progress(Stage.DELIVER, 1.0)
    places, undelivered = deliver(media, documents, work.outputs, plan, plugins)
    return replace(
        outcome,
        documents=tuple(documents),
        delivered=tuple(places),
        errors=(*failures, *undelivered),
    )


def _by_tag(error: UnsupportedPair, plan: Plan, audio: Audio) -> UnsupportedPair:
    """The error with what to do where the spoken language is only what a tag says."""
    if plan.spoken is not None or audio.track.language is None:
        return error
    return UnsupportedPair(
        f"{error} ({audio.track.language} is only the tag of {audio_tracks.named(audio.track)}: if "
        "it is wrong, name the spoken language with --from, or another track with --track)"
    )


def _provenance(
    plan: Plan, recognition: Recognition, track: int, engine: PlanEngine, plugins: Plugins
) -> dict[str, str]:
    """Everything that shapes the text of a transcript, by name."""
    made = {
        "canary_subs": __version__,
        "engine": plugins.described("engine", plan.engine),
        "model": engine.session.model,
        "precision": engine.session.precision,
        "segmenter": plugins.described("segmenter", plan.segmenter),
        "aligner": plugins.described("aligner", plan.aligner) if plan.aligner else "",
        "spoken": recognition.spoken,
        "track": str(track),
    }
    if plan.glossary:
        made["glossary"] = ", ".join(plan.glossary)
    if recognition.candidates:
        made["foreign"] = ", ".join(recognition.candidates)
    return made


def _added(
    answered: Sequence[Answered],
    recognition: Recognition,
    task: Task,
    provenance: Mapping[str, str],
) -> Sequence[tuple[Span, Mapping[Track, Utterance]]]:
    """Store one batch's segments in the cache, then add them to the transcripts."""
    named = [(one.prepared.segment, recognition.named(one)) for one in answered]
    entries = [
        (segment.span, {str(track): utterance for track, utterance in fresh.items()})
        for segment, fresh in named
        if fresh
    ]
    if entries:
        task.cache.keep(json.dumps(provenance, sort_keys=True), entries)
    for segment, fresh in named:
        recognition.add(segment, fresh)
    return recognition.found[-len(named) :] if named else ()


def _tagged(
    task: Task,
    audio: Audio,
    plan: Plan,
    recognition: Recognition,
    plugins: Plugins,
    wakeup: threading.Event,
) -> Generator[Ask, Any, tuple[Sound, ...]]:
    read_ms = 0

    def at(ms: int) -> None:
        nonlocal read_ms
        read_ms = ms

    def waiting() -> None:
        task.on_progress(Stage.TAG, _share(read_ms, audio.media))

    tagging = tag_sounds(audio, plan, recognition.utterances, plugins, at)
    with prefetch(tagging, 1, wakeup) as reader:
        sounds: tuple[Sound, ...] = yield Background(reader=reader, waiting=waiting)
    return sounds


def _once(function: Callable[..., Any], *arguments: Any) -> Generator[Any, None, None]:
    yield function(*arguments)


def _built(
    builder: TrackBuilder,
    tracks: Sequence[Track],
    recognition: Recognition,
    failures: list[CanarySubsError],
    path: Path,
) -> list[Document]:
    """The tracks that can be made and hold something; what fails goes to ``failures``."""
    documents = []
    for track in tracks:
        try:
            document = builder.build(track)
        except CanarySubsError as error:
            failures.append(error)
            continue
        if document.cues or (recognition.said and track.kind is not TrackKind.FORCED):
            documents.append(document)
        else:  # an empty track would be offered to viewers
            log.info(
                "%s: track %s would be empty; not written", path, track, extra={"file": str(path)}
            )
    return documents


def _nothing_said(recognition: Recognition, tracks: Sequence[Track], audio: Audio) -> Skip:
    """Why a video has no track at all."""
    forced = all(track.kind is TrackKind.FORCED for track in tracks)
    if recognition.found and forced:
        return Skip(rule="no-foreign", reason=f"only {recognition.spoken!r} is spoken in it")
    return _no_speech(audio)


def _no_speech(audio: Audio) -> Skip:
    """That nobody speaks; where there are other audio tracks, which they are."""
    others = [track for track in audio.media.audio if track != audio.track]
    if not others:
        return NO_SPEECH
    reason = (
        f"nobody speaks in {audio_tracks.named(audio.track)}, so there is nothing to write; "
        f"--track takes another: {audio_tracks.listed(others)}"
    )
    return replace(NO_SPEECH, reason=reason)


def _share(done_ms: int, media: MediaInfo) -> float:
    """How much of the video that is, 0..1."""
    return min(done_ms / max(media.duration_ms, 1), 1.0)
