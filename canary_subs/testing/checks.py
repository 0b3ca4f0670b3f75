"""What canary_subs relies on, checked for one provider; `AssertionError` says what is wrong."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from canary_subs.errors import CanarySubsError, MediaError, PluginUnusable
from canary_subs.model import (
    SAMPLE_RATE_HZ,
    AudioClip,
    Context,
    Cue,
    Finding,
    MediaInfo,
    ModelCard,
    Profile,
    Rendered,
    Request,
    Span,
    Track,
    Transcript,
    Utterance,
)
from canary_subs.plugin.hookspecs import (
    Aligner,
    Check,
    CheckRequest,
    Delivery,
    Engine,
    Layout,
    LayoutRequest,
    Provider,
    Segmenter,
    Session,
    Source,
    Tagger,
    Writer,
)
from canary_subs.plugin.manager import KINDS, Plugins
from canary_subs.plugin.options import build
from canary_subs.testing.samples import (
    babble,
    document,
    hard_documents,
    silence,
    transcript,
)
from canary_subs.time import ms_to_samples, samples_to_ms


def claim(truth: object, message: str) -> None:
    """`assert` that stays where Python optimises, and always says what is wrong."""
    if not truth:
        raise AssertionError(message)


def plugins(*plugins: object) -> Plugins:
    """These plugins and no others, named by their place: "plugin 1" and so on.

    Raises `AssertionError` where one of them cannot be loaded.
    """
    made = Plugins()
    for number, plugin in enumerate(plugins, 1):
        made.add(f"plugin {number}", "test", partial(_itself, plugin))
    for found in made.plugins:
        claim(found.broken is None, f"{found.name} cannot be loaded: {found.broken}")
    return made


def _itself(plugin: object) -> object:
    return plugin


def check_plugin(plugin: object) -> dict[str, tuple[Provider[Any], ...]]:
    """It loads, and what it offers can be listed and made; returns that, by kind."""
    made = plugins(plugin)
    offers = {kind: tuple(entry.provider for entry in made.providers(kind)) for kind in KINDS}
    for providers in offers.values():
        for provider in providers:
            check_provider(provider)
    return offers


def check_provider(provider: Provider[Any]) -> None:
    """Its name can be typed, its summary is a line, its options have defaults."""
    name, summary = provider.name, provider.summary
    claim(name == name.lower(), f"the name {name!r} should be in lower case")
    claim(not set(name) & set("/\\,=:"), f"the name {name!r} should have no signs that flags use")
    claim(summary.strip() and "\n" not in summary, f"the summary of {name!r} should be one line")
    claim(len(summary) <= 100, f"the summary of {name!r} should fit a line: {len(summary)} columns")
    try:
        build(provider.options, {}, name)
    except CanarySubsError as error:
        raise AssertionError(f"the options of {name!r} have no usable defaults: {error}") from error


def make(
    provider: Provider[Any],
    options: Mapping[str, object] | None = None,
    context: Context | None = None,
) -> Any:
    """What the provider makes, with options as a configuration would give them."""
    made = build(provider.options, options or {}, provider.name)
    return provider.make(made, context or Context())


def check_writer(provider: Provider[Writer], options: Mapping[str, object] | None = None) -> None:
    """It writes bytes, the same ones each time, whatever the track holds.

    A writer may refuse what its format cannot hold, by an error for users.
    """
    check_provider(provider)
    writer = make(provider, options)
    suffix = writer.suffix
    claim(
        isinstance(suffix, str) and suffix.startswith(".") and len(suffix) > 1,
        f"a suffix begins with a dot, not as {suffix!r}",
    )
    claim(not set(suffix) & set("/\\\0 "), f"the suffix {suffix!r} could not stand in a file name")
    for name, hard in hard_documents():
        try:
            data = writer.write(hard)
        except CanarySubsError as error:
            claim("\n" not in str(error), f"{name}: an error for users is one line: {error}")
            continue
        except Exception as error:
            raise AssertionError(f"{name}: the writer of {suffix} raised {error!r}") from error
        claim(isinstance(data, bytes), f"{name}: a writer gives bytes, not {type(data).__name__}")
        again = make(provider, options).write(hard)
        claim(data == again, f"{name}: written twice, the bytes of {suffix} differ")


def check_text_writer(
    provider: Provider[Writer], options: Mapping[str, object] | None = None
) -> None:
    """`check_writer`, and the file is UTF-8 without a mark, with every word of the track in order.

    Characters that a format must escape are not asked for.
    """
    check_writer(provider, options)
    writer = make(provider, options)
    said = transcript("Good evening.", "The red boat is small and the blue ones are large.")
    data = writer.write(document(said))
    claim(not data.startswith(b"\xef\xbb\xbf"), f"{writer.suffix} begins with a byte order mark")
    text = data.decode("utf-8")
    position = 0
    for word in (word.text for utterance in said.utterances for word in utterance.words):
        found = text.find(word, position)
        claim(found >= 0, f"{writer.suffix} lacks the word {word!r}, or has it too early")
        position = found + len(word)
    for name, hard in hard_documents():
        try:
            data = writer.write(hard)
        except CanarySubsError:
            continue
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise AssertionError(f"{name}: {writer.suffix} is not UTF-8: {error}") from error


def check_layout(
    provider: Provider[Layout],
    profile: Profile | None = None,
    options: Mapping[str, object] | None = None,
) -> None:
    """Cues rise and never overlap, and show every word once, in order, whatever was said."""
    check_provider(provider)
    layout: Layout = make(provider, options)
    rules = profile or Profile(name="check")
    long = " ".join(f"word{number}" for number in range(300)) + "."
    said = {
        "nothing": replace(transcript("x"), utterances=()),
        "a word": transcript("Hello."),
        "sentences": transcript("Good evening.", "The red boat is small.", "How are you?"),
        "a sentence without end": transcript(long),
        "a word without end": transcript("x" * 200),
        "overlapping utterances": _overlapping(),
        "a late start": transcript("Good night.", start_ms=11 * 3_600_000),
    }
    for rate in (None, Fraction(25), Fraction(24000, 1001)):
        for name, one in said.items():
            request = LayoutRequest(transcript=one, profile=rules, frame_rate=rate)
            cues = layout.layout(request)
            _check_cues(f"{name} at {rate} frames a second", cues, one)
            again = layout.layout(request)
            claim(tuple(again) == tuple(cues), f"{name}: laid out twice, the cues differ")
    for cue in layout.layout(LayoutRequest(transcript=said["sentences"], profile=rules)):
        claim(len(cue.lines) <= rules.max_lines, f"{len(cue.lines)} lines in {cue.lines!r}")
        for line in cue.lines:
            claim(len(line) <= rules.max_columns, f"{len(line)} columns in {line!r}")


def check_check(
    provider: Provider[Check],
    request: CheckRequest | None = None,
    options: Mapping[str, object] | None = None,
) -> None:
    """Findings are about cues of the track, equal for equal requests, with little known or much.

    ``request`` is a track in which the check finds something, if that is to be asserted.
    """
    check_provider(provider)
    check: Check = make(provider, options)
    cue = Cue(start_ms=1000, end_ms=1200, lines=("Hello there, who is it?",))
    profile = Profile(name="check")
    little = CheckRequest(cues=(cue,), profile=profile)
    requests = {
        "no cues": replace(little, cues=()),
        "a cue": little,
        "no speech": replace(little, speech=(), language="en", duration_ms=5000),
        "a translation": replace(little, original=(cue,), frame_rate=Fraction(25)),
    }
    if request is not None:
        requests["the given track"] = request
    for name, one in requests.items():
        found = list(check.check(one))
        for finding in found:
            claim(isinstance(finding, Finding), f"{name}: {finding!r:.60} is not a Finding")
            claim(
                finding.cue is None or 0 <= finding.cue < len(one.cues),
                f"{name}: {finding.rule} names cue {finding.cue} of {len(one.cues)}",
            )
            claim(finding.start_ms <= finding.end_ms, f"{name}: {finding.rule} ends too early")
        claim(list(check.check(one)) == found, f"{name}: checked twice, the findings differ")
    if request is not None:
        claim(bool(found), "nothing was found in the given track")


def _overlapping() -> Transcript:
    said = transcript("One two three.", "Four five six.")
    first, second = said.utterances
    back_ms = second.span.start_ms - first.span.end_ms + 100
    words = tuple(
        replace(word, start_ms=word.start_ms - back_ms, end_ms=word.end_ms - back_ms)
        for word in second.words
    )
    span = Span(start_ms=words[0].start_ms, end_ms=words[-1].end_ms)
    return replace(said, utterances=(first, replace(second, words=words, span=span)))


def _check_cues(name: str, cues: Sequence[Cue], said: Transcript) -> None:
    last_ms = 0
    for cue in cues:
        claim(cue.start_ms >= last_ms, f"{name}: a cue begins at {cue.start_ms} ms, too early")
        claim(cue.end_ms > cue.start_ms, f"{name}: a cue at {cue.start_ms} ms has no duration")
        claim(cue.lines and all(cue.lines), f"{name}: a cue at {cue.start_ms} ms has empty lines")
        last_ms = cue.end_ms
    wanted = [word.text for utterance in said.utterances for word in utterance.words]
    shown = [word.text for cue in cues for word in cue.words]
    claim(shown == wanted, f"{name}: the cues' words are not those that were said, in order")
    text = "".join("".join(line.split()) for cue in cues for line in cue.lines)
    claim(
        text == "".join("".join(wanted).split()), f"{name}: the lines do not show every word once"
    )


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
        for span, heard_ms in _cut(make(provider, options), sound, max_ms, clip_ms):
            where = f"{span.start_ms} to {span.end_ms} ms"
            claim(span.start_ms >= last_ms, f"the span {where} begins before the last one ended")
            claim(0 < span.duration_ms <= max_ms, f"the span {where} should last 1 to {max_ms} ms")
            claim(span.start_ms < end_ms, f"the span {where} lies after the end, {end_ms} ms")
            claim(
                heard_ms - span.start_ms <= 2 * (max_ms + clip_ms),
                f"the span {where} comes when {heard_ms} ms are heard: its sound is gone by then",
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
    """The spans, each with how much had been heard when it came, in ms."""
    heard = 0
    step = ms_to_samples(clip_ms, sound.sample_rate_hz)

    def clips() -> Iterator[AudioClip]:
        nonlocal heard
        for start in range(0, len(sound.samples), step):
            samples = sound.samples[start : start + step]
            heard = start + len(samples)
            yield AudioClip(samples=samples, start_samples=start)

    for span in segmenter.cut(clips(), max_ms):
        yield span, samples_to_ms(heard, sound.sample_rate_hz)


def check_engine(
    provider: Provider[Engine],
    options: Mapping[str, object] | None = None,
    *,
    model: str | None = None,
    device: str = "cpu",
    precision: str = "auto",
    speech: AudioClip | None = None,
) -> None:
    """It knows its pairs, and answers each request for each of its targets.

    ``speech`` is what it is asked to recognise, in its first language; by default `babble`.
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
        _check_session(session, pairs, request_options, speech)
    finally:
        session.close()


def _check_session(
    session: Session,
    pairs: frozenset[tuple[str, str]],
    options: object,
    speech: AudioClip | None,
) -> None:
    claim(isinstance(session, Session), "a session is a subclass of hookspecs.Session")
    claim(isinstance(session.model, str) and session.model, "a session should name its model")
    claim(isinstance(session.precision, str) and session.precision, "and its precision")
    longest_ms = session.max_segment_ms
    claim(longest_ms >= 1000, f"segments of {longest_ms} ms are too short to use")
    claim(session.batch_ms > 0, "a batch should hold some sound")
    claim(list(session.recognise([])) == [], "no requests give no answers")
    clips = (
        speech or babble(min(4000, longest_ms), start_ms=12_345),
        silence(1000, start_ms=50_000),
        babble(300, start_ms=60_000, seed=2),
    )
    languages = sorted({spoken for spoken, _ in pairs})
    requests = []
    for clip, spoken in zip(clips, itertools.cycle(languages[:2]), strict=False):
        targets = sorted(written for other, written in pairs if other == spoken)[:3]
        requests.append(
            Request(
                clip=clip, spoken=spoken, targets=tuple(reversed(targets)), options=options,
                video=Path("check.mkv"), previous="before", glossary=("Zebra",),
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
        return  # it cannot tell languages, which the pipeline puts to the user
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
) -> None:
    """It hears sounds of these ``kinds`` in the rising ``clips``, inside them, and none in silence.

    In the clips cut finely the same kinds are heard.
    """
    check_provider(provider)
    tagger: Tagger = make(provider, options)
    found = list(tagger.tag(iter(clips)))
    end_ms = samples_to_ms(clips[-1].end_samples, SAMPLE_RATE_HZ)
    for sound in found:
        claim(0 <= sound.start_ms < sound.end_ms <= end_ms, f"{sound!r} lies outside the clips")
        claim(0 <= sound.confidence <= 1, f"{sound!r} has a confidence beyond 0..1")
    heard = {sound.kind for sound in found}
    claim(heard == set(kinds), f"heard were {sorted(heard)}, not {sorted(kinds)}")
    again = {sound.kind for sound in tagger.tag(_finely(clips))}
    claim(again == heard, f"in clips cut finely {sorted(again)} were heard, not {sorted(heard)}")
    claim(not list(tagger.tag(iter(()))), "something is heard in nothing")
    claim(not list(tagger.tag(iter([silence(3000)]))), "something is heard in silence")


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
    before = _digest(path)
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
            f"{read_ms} ms of sound in a film of {media.duration_ms} ms",
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
    claim(_digest(path) == before, f"reading changed {path}")
    for other in (Path(__file__), path.parent, path.with_name(path.name + ".missing")):
        try:
            known = source.probe(other)
        except MediaError as error:
            claim("\n" not in str(error), f"an error for users is one line: {error}")
        else:
            claim(known is None, f"it takes {other} for media")


def check_delivery(
    provider: Provider[Delivery],
    media: MediaInfo,
    options: Mapping[str, object] | None = None,
    context: Context | None = None,
) -> None:
    """It delivers, can be repeated, and changes no file of the user's; ``media`` really exists."""
    check_provider(provider)
    delivery: Delivery = make(provider, options, context)
    english, german = Track(("en",)), Track(("de",))
    rendered = [
        Rendered(
            track=english,
            format="srt",
            suffix=".srt",
            data=b"1\n00:00:00,000 --> 00:00:01,000\nHello.\n",
        )
    ]
    before = _digest(media.path)
    place = delivery.find(media, english, ".srt")
    claim(place is None, f"nothing was delivered yet, and it finds {place!r}")
    places = list(delivery.deliver(media, rendered))
    claim(
        places and all(isinstance(place, str) and place for place in places),
        f"it should say where the result is, not {places!r}",
    )
    again = list(make(provider, options, context).deliver(media, rendered))
    claim(again == places, f"delivered again, the result went to {again!r}, not {places!r}")
    found = delivery.find(media, english, ".srt")
    claim(found in (None, *places), f"it delivers to {places!r} and finds {found!r}")
    other = delivery.find(media, german, ".srt")
    claim(other is None, f"nothing German was delivered, and it finds {other!r}")
    claim(_digest(media.path) == before, f"delivering changed {media.path}")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
