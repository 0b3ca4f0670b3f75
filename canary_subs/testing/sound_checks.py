"""Conformance checks of what reads and recognises sound: sources, segmenters, engines ..."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from canary_subs.errors import MediaError, PluginUnusable
from canary_subs.model import (
    SAMPLE_RATE_HZ,
    AudioClip,
    Context,
    ModelCard,
    Request,
    Span,
    Utterance,
)
from canary_subs.plugin.hookspecs import (
    Aligner,
    Engine,
    Provider,
    Segmenter,
    Session,
    Source,
    Tagger,
)
from canary_subs.testing.checks import check_provider, claim, digest, make
from canary_subs.testing.samples import (
    babble,
    silence,
)
from canary_subs.time import ms_to_samples, samples_to_ms


def check_segmenter(
    provider: Provider[Segmenter],
    speech: AudioClip | None = None,
    options: Mapping[str, object] | None = None,
) -> None:
    """Spans rise, are disjoint and short enough, come early, and are not found in silence.

    ``speech`` begins at 0 and holds speech with pauses; by default it is `babble`, a minute long.
    """
    check_provider(provider)
    sound = speech or babble(60_000)
    claim(sound.start_samples == 0, "the speech to check with should begin at 0")
    end_ms = samples_to_ms(len(sound.samples), sound.sample_rate_hz)
    found: dict[tuple[int, int], list[Span]] = {}
    for max_ms, clip_ms in ((10_000, 500), (10_000, 1700), (30_000, 1000)):
        spans = []
        last_ms = 0
        for span, read_ms in _cut(make(provider, options), sound, max_ms, clip_ms):
            where = f"{span.start_ms} to {span.end_ms} ms"
            claim(span.start_ms >= last_ms, f"the span {where} begins before the last one ended")
            claim(0 < span.duration_ms <= max_ms, f"the span {where} should last 1 to {max_ms} ms")
            claim(span.start_ms < end_ms, f"the span {where} lies after the end, {end_ms} ms")
            claim(
                read_ms - span.start_ms <= 2 * (max_ms + clip_ms),
                f"the span {where} comes when {read_ms} ms are read: its sound is gone by then",
            )
            last_ms = span.end_ms
            spans.append(span)
        claim(spans, f"no speech was found in {end_ms} ms of it, cut at {max_ms} ms")
        found[max_ms, clip_ms] = spans
    claim(
        found[10_000, 500] == found[10_000, 1700],
        "the spans depend on the lengths of the clips that the sound comes in",
    )
    for quiet in (silence(20_000), silence(0)):
        spans = [span for span, _ in _cut(make(provider, options), quiet, 10_000, 1000)]
        claim(not spans, f"speech was found in silence: {spans}")
    claim(not list(make(provider, options).cut(iter(()), 10_000)), "spans were found in no sound")


def _cut(
    segmenter: Segmenter, sound: AudioClip, max_ms: int, clip_ms: int
) -> Iterator[tuple[Span, int]]:
    """The spans, each with how much had been read when it came, in ms."""
    read = 0
    step = ms_to_samples(clip_ms, sound.sample_rate_hz)

    def clips() -> Iterator[AudioClip]:
        nonlocal read
        for start in range(0, len(sound.samples), step):
            samples = sound.samples[start : start + step]
            read = start + len(samples)
            yield AudioClip(samples=samples, start_samples=start)

    for span in segmenter.cut(clips(), max_ms):
        yield span, samples_to_ms(read, sound.sample_rate_hz)


def check_engine(
    provider: Provider[Engine],
    options: Mapping[str, object] | None = None,
    *,
    model: str | None = None,
    device: str = "cpu",
    precision: str = "auto",
    speech: AudioClip | None = None,
    spoken: str | None = None,
) -> None:
    """It knows its pairs, and answers each request for each of its targets.

    ``speech`` is what it is asked to recognise, in the language ``spoken``. By default it is
    `babble`, in the first languages that the engine knows; a model that writes one word after the
    other may take minutes over that, so give it speech.
    """
    check_provider(provider)
    context = Context(model=model, device=device, precision=precision)
    engine: Engine = make(provider, options, context)
    claim(isinstance(engine, Engine), "an engine is a subclass of hookspecs.Engine")
    pairs = frozenset(engine.pairs())
    claim(pairs, "an engine should know at least one pair")
    for card in engine.models():
        claim(isinstance(card, ModelCard), f"models gives ModelCards, not {card!r:.60}")
        claim(card.name and card.licence, f"the card of {card.name!r} should name a licence")
        claim(card.pairs, f"the card of {card.name!r} should know at least one pair")
    request_options = provider.request_options() if provider.request_options else None
    session = engine.open(context)
    try:
        _check_session(session, pairs, request_options, speech, spoken)
    finally:
        session.close()


def _check_session(
    session: Session,
    pairs: frozenset[tuple[str, str]],
    options: object,
    speech: AudioClip | None,
    spoken: str | None,
) -> None:
    claim(isinstance(session, Session), "a session is a subclass of hookspecs.Session")
    claim(isinstance(session.model, str) and session.model, "a session should name its model")
    claim(isinstance(session.precision, str) and session.precision, "and its precision")
    longest_ms = session.max_segment_ms
    claim(longest_ms >= 1000, f"segments of {longest_ms} ms are too short to use")
    claim(session.batch_ms > 0, "a batch should hold some sound")
    claim(list(session.recognise([])) == [], "no requests give no answers")
    speech = speech or babble(min(4000, longest_ms), start_ms=12_345)
    short = replace(silence(0, start_ms=60_000), samples=speech.samples[-4800:])
    clips = (speech, silence(1000, start_ms=50_000), short)
    languages = sorted({one for one, _ in pairs})
    claim(spoken is None or spoken in languages, f"it does not know {spoken!r}")
    asked = languages[:2] if spoken is None else [spoken]
    requests = []
    for clip, language in zip(clips, itertools.cycle(asked), strict=False):
        targets = sorted(written for other, written in pairs if other == language)[:3]
        requests.append(
            Request(
                clip=clip, spoken=language, targets=tuple(reversed(targets)), options=options,
                video=Path("check.mkv"), previous="Good evening.", glossary=("Zebra",),
            )
        )  # fmt: skip
    answers = session.recognise(requests)
    claim(len(answers) == len(requests), f"{len(requests)} requests got {len(answers)} answers")
    for request, utterances in zip(requests, answers, strict=True):
        given = tuple(utterance.language for utterance in utterances)
        claim(given == request.targets, f"asked for {request.targets}, it gave {given}")
        for utterance in utterances:
            if utterance.words or not utterance.text:
                _check_words(utterance, request.clip.span)
    try:
        probabilities = session.identify(clips[:1], languages)
    except PluginUnusable:
        return  # it cannot identify languages, which the pipeline puts to the user
    claim(set(probabilities) == set(languages), f"of {languages} it judged {sorted(probabilities)}")
    shares = probabilities.values()
    claim(all(0 <= share <= 1 for share in shares), f"these are no probabilities: {probabilities}")
    total = math.fsum(shares)
    claim(abs(total - 1) < 0.01, f"the probabilities of languages sum to {total}")


def check_aligner(
    provider: Provider[Aligner],
    clip: AudioClip,
    utterance: Utterance,
    options: Mapping[str, object] | None = None,
) -> None:
    """The text stays what it is, and each of its words gets a time inside the clip, in order."""
    check_provider(provider)
    aligner: Aligner = make(provider, options)
    for one in (utterance, replace(utterance, words=())):
        aligned = aligner.align(clip, one)
        claim(aligned.text == one.text, f"the text became {aligned.text!r}")
        claim(aligned.language == one.language, f"the language became {aligned.language!r}")
        _check_words(aligned, clip.span)


def _check_words(utterance: Utterance, span: Span) -> None:
    said = utterance.text
    claim(
        span.start_ms <= utterance.span.start_ms and utterance.span.end_ms <= span.end_ms,
        f"{said!r} is placed at {utterance.span}, outside its sound at {span}",
    )
    claim(bool(said.strip()) == bool(utterance.words), f"{said!r} has words {utterance.words!r}")
    written = "".join("".join(word.text.split()) for word in utterance.words)
    claim(written == "".join(said.split()), f"the words {written!r} are not the text {said!r}")
    last_ms = utterance.span.start_ms
    for word in utterance.words:
        times = (word.start_ms, word.end_ms)
        claim(all(isinstance(ms, int) for ms in times), f"{word!r} has no whole milliseconds")
        claim(last_ms <= word.start_ms <= word.end_ms, f"{word!r} begins or ends too early")
        claim(word.end_ms <= utterance.span.end_ms, f"{word!r} ends after its utterance")
        last_ms = word.start_ms
        if word.confidence is not None:
            claim(0 <= word.confidence <= 1, f"{word!r} has a confidence beyond 0..1")


def check_tagger(
    provider: Provider[Tagger],
    clips: Sequence[AudioClip],
    kinds: Sequence[str],
    options: Mapping[str, object] | None = None,
    context: Context | None = None,
) -> None:
    """It finds sounds of these ``kinds`` inside the rising ``clips``, and none in silence.

    The same kinds are found in the same clips cut finely.
    """
    check_provider(provider)
    tagger: Tagger = make(provider, options, context)
    found = list(tagger.tag(iter(clips)))
    end_ms = samples_to_ms(clips[-1].end_samples, SAMPLE_RATE_HZ)
    for sound in found:
        claim(0 <= sound.start_ms < sound.end_ms <= end_ms, f"{sound!r} lies outside the clips")
        claim(0 <= sound.confidence <= 1, f"{sound!r} has a confidence beyond 0..1")
    tagged = {sound.kind for sound in found}
    claim(tagged == set(kinds), f"it found {sorted(tagged)}, not {sorted(kinds)}")
    again = {sound.kind for sound in tagger.tag(_finely(clips))}
    claim(again == tagged, f"in clips cut finely it found {sorted(again)}, not {sorted(tagged)}")
    claim(not list(tagger.tag(iter(()))), "it found a sound in nothing")
    claim(not list(tagger.tag(iter([silence(3000)]))), "it found a sound in silence")


def _finely(clips: Sequence[AudioClip]) -> Iterator[AudioClip]:
    for clip in clips:
        for start in range(0, len(clip.samples), 1000):
            part = clip.samples[start : start + 1000]
            yield AudioClip(samples=part, start_samples=clip.start_samples + start)


def check_source(
    provider: Provider[Source], path: Path, options: Mapping[str, object] | None = None
) -> None:
    """It describes and reads the media file at ``path``, and leaves other files alone."""
    check_provider(provider)
    source: Source = make(provider, options)
    before = digest(path)
    media = source.probe(path)
    if media is None:
        raise AssertionError(f"{path} is not known to it")
    claim(media.path == path, f"the path became {media.path}")
    claim(media.audio, f"{path} should have sound to check with")
    claim(media.size_bytes == path.stat().st_size, f"the size became {media.size_bytes}")
    for number, track in enumerate(media.audio):
        claim(track.index == number, f"audio tracks count from 0, not {track.index} for {number}")
        clips = list(source.read(media, track))
        position = 0
        for clip in clips:
            samples = clip.samples
            claim(clip.sample_rate_hz == SAMPLE_RATE_HZ, f"{clip.sample_rate_hz} samples a second")
            claim(samples.dtype == np.float32 and samples.ndim == 1, "sound is mono float32")
            claim(clip.start_samples == position, f"a clip at {clip.start_samples}, not {position}")
            claim(np.isfinite(samples).all(), "sound holds numbers only")
            claim(float(np.max(np.abs(samples), initial=0)) <= 1.0, "sound lies in -1 to 1")
            position = clip.end_samples
        read_ms = samples_to_ms(position, SAMPLE_RATE_HZ)
        claim(
            read_ms <= media.duration_ms + 1000,
            f"{read_ms} ms of sound in a video of {media.duration_ms} ms",
        )
        partly = iter(source.read(media, track))
        first = next(partly, None)
        close = getattr(partly, "close", None)
        if close is not None:
            close()
        if clips:
            claim(
                first is not None and np.array_equal(first.samples, clips[0].samples),
                "read twice, the sound differs",
            )
    claim(digest(path) == before, f"reading changed {path}")
    for other in (Path(__file__), path.parent, path.with_name(path.name + ".missing")):
        try:
            known = source.probe(other)
        except MediaError as error:
            claim("\n" not in str(error), f"an error for users is one line: {error}")
        else:
            claim(known is None, f"it takes {other} for media")
