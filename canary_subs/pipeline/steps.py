"""The steps of one film's road, each a function: look, cut, sample, lay out, deliver."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

import canary_subs
from canary_subs import naming
from canary_subs.cues.profiles import profile_for
from canary_subs.cues.sounds import KINDS, knows, labelled
from canary_subs.cues.tracks import bilingual
from canary_subs.errors import (
    CanarySubsError,
    DamagedMedia,
    LanguageUnsure,
    NotMedia,
    OutputError,
    PluginError,
    UnsupportedPair,
)
from canary_subs.media.shots import shots_ms
from canary_subs.model import (
    SAMPLE_RATE_HZ,
    AudioClip,
    AudioTrack,
    Choice,
    Cue,
    Document,
    MediaInfo,
    Plan,
    Rendered,
    Skip,
    Sound,
    Span,
    Transcript,
    Utterance,
)
from canary_subs.plugin.hookspecs import Delivery, Segmenter, Session, Source, Tagger
from canary_subs.plugin.manager import Plugins, contained
from canary_subs.time import joined, ms_to_samples, samples_to_ms, uncovered

log = logging.getLogger(__name__)

#: How many pieces, spread over the film, the language is judged by.
LANGUAGE_SAMPLES = 5

#: Below this probability the language is not taken as known.
LANGUAGE_CERTAINTY = 0.8

#: A pause must be so long for a sound in it to be told of: it takes a second to read.
LEAST_QUIET_MS = 1_200
#: How much of a word may be heard outside its times.
WORD_EDGE_MS = 150
#: A time that no film reaches.
_NEVER_MS = 2**50

NO_SPEECH = Skip(rule="no-speech", reason="nobody speaks in it, so there is nothing to write")


def no_foreign(spoken: str) -> Skip:
    """Why a film of one language has no forced track."""
    return Skip(rule="no-foreign", reason=f"only {spoken!r} is spoken in it")


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A file that was looked at: what it is, and which track of it will be heard."""

    media: MediaInfo
    plan: Plan
    source: Source
    #: The plugin that the source comes from.
    source_plugin: str
    track: AudioTrack


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One file to make: the track's name, its format, and where it goes."""

    track: str
    writer: Choice
    delivery: Choice


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a film is heard for."""

    tracks: tuple[str, ...]
    outputs: tuple[Output, ...] = ()
    #: Outputs that already failed, before anything was heard.
    failures: tuple[CanarySubsError, ...] = ()


def probe(path: Path, plugins: Plugins) -> tuple[MediaInfo, Source, str]:
    """Describe a file by the first source that knows it: (what it is, source, plugin).

    Raises `MediaError`, `PluginError`.
    """
    for entry in plugins.providers("source"):
        source: Source = plugins.make("source", Choice(name=entry.provider.name))
        with contained(entry.plugin):
            media = source.probe(path)
            if not isinstance(media, MediaInfo | None):
                raise TypeError(f"a source must describe a file by MediaInfo, not {media!r:.60}")
        if media is not None:
            return media, source, entry.plugin
    raise NotMedia(
        f"{path}: not a sound or video file that any source knows; if it should be one, copy it "
        "again, else leave it out"
    )


@contextmanager
def sound(
    media: MediaInfo, track: AudioTrack, source: Source, plugin: str
) -> Iterator[Iterator[AudioClip]]:
    """The clips of a track, for as long as the block lasts; failures inside name ``plugin``."""
    with contained(plugin), ExitStack() as stack:
        clips = source.read(media, track)
        if isinstance(clips, Generator):  # a decoder must not outlive its film
            stack.enter_context(closing(clips))
        yield clips


def cut(clips: Iterable[AudioClip], segmenter: Segmenter, max_ms: int) -> Iterator[AudioClip]:
    """The pieces that the segmenter finds, holding no more sound than it may still want.

    Raises `PluginError` where the segmenter asks for sound that is long past or not yet read, or
    for the same sound twice.
    """
    window: deque[AudioClip] = deque()

    def remembered() -> Iterator[AudioClip]:
        for clip in clips:
            window.append(clip)
            # A span starts at most one piece and one clip before what the segmenter has heard;
            # twice that is room for its own delay.
            horizon = clip.start_samples - 2 * (
                ms_to_samples(max_ms, clip.sample_rate_hz) + len(clip.samples)
            )
            while window[0].end_samples < horizon:
                window.popleft()
            yield clip

    last_ms = 0
    for span in segmenter.cut(remembered(), max_ms):
        if span.start_ms < last_ms or not 0 < span.duration_ms <= max_ms:
            raise PluginError(
                "the segmenter must give rising, disjoint spans of at most "
                f"{max_ms} ms, not {span.start_ms} to {span.end_ms} ms after {last_ms} ms"
            )
        last_ms = span.end_ms
        yield _take(window, span)


def _take(window: deque[AudioClip], span: Span) -> AudioClip:
    if not window:
        raise PluginError(f"the segmenter asked for sound at {span.start_ms} ms without reading")
    rate = window[0].sample_rate_hz
    start = ms_to_samples(span.start_ms, rate)
    end = min(ms_to_samples(span.end_ms, rate), window[-1].end_samples)
    if start < window[0].start_samples:
        raise PluginError(f"the segmenter asked for sound at {span.start_ms} ms too late")
    if start >= end:
        raise PluginError(f"the segmenter asked for sound at {span.start_ms} ms too early")
    parts = [
        clip.samples[max(start - clip.start_samples, 0) : max(end - clip.start_samples, 0)]
        for clip in window
    ]
    return AudioClip(samples=np.concatenate(parts), start_samples=start, sample_rate_hz=rate)


def span_of(clip: AudioClip) -> Span:
    """Where the clip lies on the video's timeline."""
    return Span(
        start_ms=samples_to_ms(clip.start_samples, clip.sample_rate_hz),
        end_ms=samples_to_ms(clip.end_samples, clip.sample_rate_hz),
    )


def sample(pieces: Iterable[AudioClip], duration_ms: int) -> tuple[AudioClip, ...]:
    """A few pieces spread evenly over the film, for judging its language."""
    due_ms = [duration_ms * (2 * n + 1) // (2 * LANGUAGE_SAMPLES) for n in range(LANGUAGE_SAMPLES)]
    chosen: list[AudioClip] = []
    last: AudioClip | None = None
    for piece in pieces:
        last = piece
        end_ms = span_of(piece).end_ms
        if due_ms and end_ms >= due_ms[0]:
            chosen.append(piece)
            due_ms = [ms for ms in due_ms if ms > end_ms]
    if last is not None and (not chosen or (due_ms and chosen[-1] is not last)):
        chosen.append(last)
    return tuple(chosen)


def certain_language(path: Path, odds: Mapping[str, float]) -> str:
    """The language that is spoken beyond doubt. Raises `LanguageUnsure`."""
    ranked = sorted(odds.items(), key=lambda item: item[1], reverse=True)
    best, probability = ranked[0] if ranked else ("", 0.0)
    if not probability >= LANGUAGE_CERTAINTY:  # also where it is no number
        seen = ", ".join(f"{language} {share:.0%}" for language, share in ranked[:3])
        raise LanguageUnsure(
            f"{path}: the spoken language is not certain ({seen}); name it with --from"
        )
    return best


def wanted(heard: Heard, spoken: str, plugins: Plugins) -> Wanted | Skip:
    """What is still to be made; a `Skip` where everything is already there.

    A plan without formats or deliveries wants its languages, for whoever takes the documents.
    Raises `UsageError` where the plan names what there is not.
    """
    plan = heard.plan
    names = tuple(dict.fromkeys(naming.resolved(target, spoken) for target in plan.targets))
    if not plan.writers or not plan.deliveries:
        return Wanted(tracks=names)
    outputs: list[Output] = []
    kept: list[str] = []
    failures: list[CanarySubsError] = []
    for writer, delivery in product(plan.writers, plan.deliveries):
        try:
            places = _find(heard.media, names, writer, delivery, plugins)
        except (PluginError, OutputError) as error:
            failures.append(error)
            continue
        kept += [place for place in places.values() if place is not None]
        outputs += [
            Output(track=name, writer=writer, delivery=delivery)
            for name, place in places.items()
            if place is None
        ]
    if not outputs and not failures:
        there = ", ".join(Path(place).name for place in kept)
        return Skip(rule="exists", reason=f"already there: {there}; --overwrite makes it afresh")
    missing = {output.track for output in outputs}
    return Wanted(
        tracks=tuple(name for name in names if name in missing),
        outputs=tuple(sorted(outputs, key=lambda output: names.index(output.track))),
        failures=tuple(failures),
    )


def _find(
    media: MediaInfo,
    names: Sequence[str],
    writer: Choice,
    delivery: Choice,
    plugins: Plugins,
) -> dict[str, str | None]:
    """Track -> where its file already is."""
    with contained(plugins.provider("format", writer.name).plugin):
        suffix: object = plugins.make("format", writer).suffix
        if not isinstance(suffix, str) or not suffix.startswith("."):
            raise TypeError(f"a format's suffix begins with a dot, not as {suffix!r:.60}")
    with contained(plugins.provider("delivery", delivery.name).plugin):
        made: Delivery = plugins.make("delivery", delivery)
        places = {name: made.find(media, name, suffix) for name in names}
        if not all(isinstance(place, str | None) for place in places.values()):
            raise TypeError(f"a delivery must name places by text: {places!r:.60}")
    return places


def speech_of(utterances: Iterable[Utterance]) -> tuple[Span, ...]:
    """Where somebody speaks, by the words of utterances of any order: rising, disjoint spans."""
    words = sorted(
        (max(0, word.start_ms - WORD_EDGE_MS), word.end_ms + WORD_EDGE_MS)
        for utterance in utterances
        for word in utterance.words
    )
    return tuple(joined([Span(start_ms=start, end_ms=end) for start, end in words]))


def quiet(clips: Iterable[AudioClip], speech: Sequence[Span], least_ms: int) -> Iterator[AudioClip]:
    """What lies between rising, disjoint spans of speech, in stretches of at least ``least_ms``."""
    stretches = deque(
        (ms_to_samples(span.start_ms, SAMPLE_RATE_HZ), ms_to_samples(span.end_ms, SAMPLE_RATE_HZ))
        for span in uncovered([Span(start_ms=0, end_ms=_NEVER_MS)], speech)
        if span.duration_ms >= least_ms
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


def check_sounds(heard: Heard, tracks: Sequence[str], plugins: Plugins) -> None:
    """See before any work that tracks which tell of sounds can be made.

    Raises `UnsupportedPair`, and `UsageError` for a plan whose tagger cannot be.
    """
    for track in filter(naming.is_sdh, tracks):
        if not knows(*naming.languages(track)):
            raise UnsupportedPair(
                f"{heard.media.path}: {track} cannot be made, since nobody wrote down yet what "
                "sounds are called in that language; leave that track out"
            )
        if heard.plan.tagger is not None:
            plugins.make("tagger", heard.plan.tagger)


def sounds(
    heard: Heard, clips: Iterable[AudioClip], speech: Sequence[Span], plugins: Plugins
) -> tuple[Sound, ...]:
    """What is heard where nobody speaks, in order. Raises `PluginError`, `ModelError`."""
    choice = heard.plan.tagger
    if choice is None:
        return ()
    tagger: Tagger = plugins.make("tagger", choice)
    with contained(plugins.provider("tagger", choice.name).plugin):
        found = list(tagger.tag(quiet(clips, speech, LEAST_QUIET_MS)))
        for one in found:
            if not isinstance(one, Sound) or one.kind not in KINDS:
                raise ValueError(f"a tagger gives Sounds of known kinds, not {one!r:.80}")
    return tuple(sorted(found, key=lambda one: (one.start_ms, -one.confidence)))


def shots_of(heard: Heard) -> tuple[int, ...]:
    """The picture's cuts, where the plan asks for them; a picture that cannot be read has none."""
    if not heard.plan.shots:
        return ()
    try:
        return shots_ms(heard.media)
    except DamagedMedia as error:
        log.warning("%s; its cues keep to no cuts", error)
        return ()


def texts_of(tracks: Sequence[str], spoken: str, plan: Plan) -> tuple[str, ...]:
    """What to recognise for some tracks: languages, the spoken one too where times are shared.

    A forced track has a text of its own; one that tells of sounds has its language's.
    """
    shared = plan.shared_timing or any("+" in track for track in tracks)
    texts = [spoken] if shared else []
    for track in tracks:
        texts += [track] if naming.is_forced(track) else naming.languages(track)
    return tuple(dict.fromkeys(texts))


def provenance(heard: Heard, spoken: str, session: Session) -> dict[str, str]:
    """Everything that shapes the text of a transcript, by name."""
    plan = heard.plan
    return {
        "canary_subs": canary_subs.__version__,
        "engine": described(plan.engine),
        "model": session.model,
        "precision": session.precision,
        "segmenter": described(plan.segmenter),
        "aligner": described(plan.aligner) if plan.aligner else "",
        "spoken": spoken,
        "track": str(heard.track.index),
    }


def described(choice: Choice) -> str:
    """A provider with its options, for provenance: "ctc (model=...)"."""
    options = ", ".join(f"{key}={value}" for key, value in sorted(choice.options.items()))
    return f"{choice.name} ({options})" if options else choice.name


def lay_out(
    heard: Heard,
    transcript: Transcript,
    provenance: dict[str, str],
    plugins: Plugins,
    *,
    shots: Sequence[int] = (),
    template: Sequence[Cue] | None = None,
) -> Document:
    """Words to cues, by the plan's layout and profile, on the template's times if there is one."""
    plan = heard.plan
    profile = profile_for(plan.profile, transcript.language, plan.own_profiles)
    entry = plugins.provider("layout", plan.layout.name)
    layout = plugins.make("layout", plan.layout)
    with contained(entry.plugin):
        cues = tuple(
            layout.layout(
                transcript,
                profile,
                frame_rate=heard.media.frame_rate,
                shots_ms=shots,
                template=template,
            )
        )
        if not all(isinstance(cue, Cue) for cue in cues):
            raise TypeError("a layout must give cues")
    return Document(media=heard.media, transcript=transcript, cues=cues, provenance=provenance)


def tell(document: Document, sounds: Sequence[Sound], plan: Plan) -> Document:
    """The track with sounds told between its cues: subtitles for the deaf and hard of hearing."""
    cues = labelled(
        document.cues,
        sounds,
        language=document.language,
        profile=profile_for(plan.profile, document.language, plan.own_profiles),
        frame_rate=document.media.frame_rate,
    )
    by = described(plan.tagger) if plan.tagger else ""
    provenance = {**document.provenance, "sounds": by}
    return replace(document, cues=cues, provenance=provenance, marks=(naming.SDH,))


def join(upper: Document, lower: Document, plan: Plan) -> Document:
    """One track with the lines of both, its language named "upper+lower"."""
    cues = bilingual(
        upper.cues,
        lower.cues,
        lower_language=lower.language,
        profile=profile_for(plan.profile, lower.language, plan.own_profiles),
    )
    language = f"{upper.language}+{lower.language}"
    return replace(upper, cues=cues, transcript=replace(upper.transcript, language=language))


def deliver(
    documents: Sequence[Document], outputs: Sequence[Output], plugins: Plugins
) -> tuple[list[str], list[CanarySubsError]]:
    """Write and place every output whose document there is: (where, failures).

    One that fails costs no other.
    """
    places: list[str] = []
    failures: list[CanarySubsError] = []
    by_track = {document.track: document for document in documents}
    for output in outputs:
        if (document := by_track.get(output.track)) is None:
            continue
        try:
            places.append(_deliver_one(document, output, plugins))
        except CanarySubsError as error:
            failures.append(error)
    return places, failures


def _deliver_one(document: Document, output: Output, plugins: Plugins) -> str:
    writer = plugins.make("format", output.writer)
    with contained(plugins.provider("format", output.writer.name).plugin):
        data = writer.write(document)
        if not isinstance(data, bytes):
            raise TypeError(f"a writer must give bytes, not {type(data).__name__}")
    rendered = Rendered(
        language=document.language, marks=document.marks, suffix=writer.suffix, data=data
    )
    delivery: Delivery = plugins.make("delivery", output.delivery)
    with contained(plugins.provider("delivery", output.delivery.name).plugin):
        place = delivery.deliver(document.media, rendered)
        if not isinstance(place, str):
            raise TypeError(f"a delivery must name places by text, not {place!r:.60}")
    return place
