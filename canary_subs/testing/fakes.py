"""A full pipeline without a model, without media and without waiting.

Videos are small files written by `write_video`; the words that `Fakes` recognise in them are known
beforehand: `fake_words`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canary_subs.errors import NotMedia
from canary_subs.model import (
    SAMPLE_RATE_HZ,
    AudioClip,
    AudioTrack,
    Choice,
    Context,
    Cue,
    Document,
    MediaInfo,
    Plan,
    Rendered,
    Request,
    Sound,
    Span,
    Timing,
    Track,
    Utterance,
    Word,
)
from canary_subs.plugin.hookspecs import (
    Aligner,
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
    hookimpl,
)
from canary_subs.time import ms_to_samples, samples_to_ms

#: Languages that the fakes know.
FAKE_LANGUAGES = ("de", "en", "es", "fr")

#: A fake video has one word in each of these.
FAKE_WORD_MS = 500

_MAGIC = b"canary-subs fake video\n"


def write_video(
    path: Path,
    *speech: tuple[int, int],
    spoken: str | Sequence[str] = "en",
    tagged: str | None = None,
    duration_ms: int | None = None,
    bells: Sequence[tuple[int, int]] = (),
) -> Path:
    """A file with speech in the given stretches (ms), and bells in those of ``bells``.

    ``spoken`` is the language of all of them, or of each; ``tagged`` is the file's language tag.
    """
    languages = [spoken] * len(speech) if isinstance(spoken, str) else list(spoken)
    content = {
        "speech": [[*span, name] for span, name in zip(speech, languages, strict=True)],
        "bells": [list(span) for span in bells],
        "tagged": tagged,
        "duration_ms": duration_ms or max((end for _, end in (*speech, *bells)), default=0) + 1000,
    }
    path.write_bytes(_MAGIC + json.dumps(content).encode())
    return path


def fake_words(language: str, *speech: tuple[int, int]) -> list[str]:
    """The words that the fakes recognise in those stretches, in order, however they are cut."""
    return [
        f"{language}{cell}"
        for start_ms, end_ms in speech
        for cell in range(_cell(start_ms), _cell(end_ms))
    ]


def _cell(ms: int) -> int:
    """The first word whose middle lies at or after ``ms``."""
    return -(-(ms - FAKE_WORD_MS // 2) // FAKE_WORD_MS)


def fake_plan(**changes: Any) -> Plan:
    """English to English text, all of it by fakes; ``targets`` are names of tracks."""
    fake = Choice(name="fake")
    if "targets" in changes:
        changes["targets"] = tuple(map(Track.parse, changes["targets"]))
    plain = Plan(
        spoken="en",
        targets=(Track(("en",)),),
        engine=fake,
        segmenter=fake,
        layout=fake,
        profile="netflix",
        writers=(fake,),
        deliveries=(fake,),
    )
    return replace(plain, **changes)


class FakeSource:
    """Reads what `write_video` wrote, in clips of a second; each language has its loudness."""

    def probe(self, path: Path) -> MediaInfo | None:
        try:
            content = self._content(path)
            status = path.stat()
        except OSError as error:
            raise NotMedia(f"{path}: cannot be read ({error.strerror})") from error
        if content is None:
            return None
        track = AudioTrack(
            index=0,
            codec="fake",
            channels=1,
            sample_rate_hz=SAMPLE_RATE_HZ,
            language=content["tagged"],
        )
        return MediaInfo(
            path=path,
            size_bytes=status.st_size,
            mtime_ns=status.st_mtime_ns,
            duration_ms=content["duration_ms"],
            audio=(track,),
            frame_rate=Fraction(25),
        )

    def read(self, media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
        content = self._content(media.path)
        if content is None:
            raise NotMedia(f"{media.path}: is not a fake video any more")
        end = ms_to_samples(content["duration_ms"], SAMPLE_RATE_HZ)
        for start in range(0, end, SAMPLE_RATE_HZ):
            samples = np.zeros(min(SAMPLE_RATE_HZ, end - start), np.float32)
            sounds = [(*span, _BELL) for span in content["bells"]]
            sounds += [(*span, _loudness(language)) for *span, language in content["speech"]]
            for start_ms, end_ms, loudness in sounds:
                first = ms_to_samples(start_ms, SAMPLE_RATE_HZ) - start
                last = ms_to_samples(end_ms, SAMPLE_RATE_HZ) - start
                samples[max(first, 0) : max(last, 0)] = loudness
            yield AudioClip(samples=samples, start_samples=start)

    def _content(self, path: Path) -> dict[str, Any] | None:
        data = path.read_bytes()
        if not data.startswith(_MAGIC):
            return None
        content: dict[str, Any] = json.loads(data[len(_MAGIC) :])
        return content


#: How loud a bell is: less than any speech.
_BELL = 0.05


def _bell(clip: AudioClip) -> NDArray[np.bool_]:
    return np.equal(clip.samples, np.float32(_BELL))


def _loudness(language: str) -> float:
    return 0.2 * (FAKE_LANGUAGES.index(language) + 1)


class FakeSegmenter:
    """Every unbroken stretch of sound, but for bells, is speech, cut where it is too long."""

    def cut(self, clips: Iterable[AudioClip], max_ms: int) -> Iterator[Span]:
        begun: int | None = None
        end = 0
        most = ms_to_samples(max_ms, SAMPLE_RATE_HZ)
        for clip in clips:
            for start, stop in _stretches(clip, (clip.samples != 0) & ~_bell(clip)):
                if begun is not None and start != end:
                    yield _fake_span(begun, end)
                    begun = None
                begun = start if begun is None else begun
                end = stop
                while end - begun > most:
                    yield _fake_span(begun, begun + most)
                    begun += most
            if begun is not None and end < clip.end_samples:
                yield _fake_span(begun, end)
                begun = None
        if begun is not None:
            yield _fake_span(begun, end)


def _stretches(clip: AudioClip, audible: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where in a clip something is ``audible``, as samples of the video."""
    padded = np.concatenate(([False], audible, [False]))
    edges = (np.flatnonzero(padded[1:] != padded[:-1]) + clip.start_samples).tolist()
    yield from zip(edges[::2], edges[1::2], strict=True)


def _fake_span(start: int, end: int) -> Span:
    return Span(
        start_ms=samples_to_ms(start, SAMPLE_RATE_HZ), end_ms=samples_to_ms(end, SAMPLE_RATE_HZ)
    )


class FakeEngine(Engine):
    """Knows every pair of `FAKE_LANGUAGES`; its words are named by language and half second.

    It notes what it is asked: ``asked`` holds the requests of each call, ``opened`` and ``closed``
    count sessions.
    """

    model = "fake-1"
    precision = "fp32"
    max_segment_ms = 10_000
    batch_ms = 20_000

    def __init__(self) -> None:
        self.asked: list[tuple[Request, ...]] = []
        self.opened = 0
        self.closed = 0

    def pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset((one, other) for one in FAKE_LANGUAGES for other in FAKE_LANGUAGES)

    def open(self, context: Context) -> Session:
        self.opened += 1
        return _FakeSession(self)

    def recognise(self, requests: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        if requests:
            self.asked.append(tuple(requests))
        return [
            tuple(_fake_utterance(request.clip, target) for target in request.targets)
            for request in requests
        ]

    def identify(
        self, clips: Sequence[AudioClip], candidates: Sequence[str]
    ) -> Mapping[str, float]:
        sound = np.concatenate([clip.samples for clip in clips])
        counts = {
            language: int(np.isclose(sound, _loudness(language), atol=0.05).sum()) + 1
            for language in candidates
        }
        return {language: count / sum(counts.values()) for language, count in counts.items()}


class _FakeSession(Session):
    """Asks its engine."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self.model = engine.model
        self.precision = engine.precision
        self.max_segment_ms = engine.max_segment_ms
        self.batch_ms = engine.batch_ms

    def recognise(self, requests: Sequence[Request]) -> Sequence[Sequence[Utterance]]:
        return self._engine.recognise(requests)

    def identify(
        self, clips: Sequence[AudioClip], candidates: Sequence[str]
    ) -> Mapping[str, float]:
        return self._engine.identify(clips, candidates)

    def close(self) -> None:
        self._engine.closed += 1


def _fake_utterance(clip: AudioClip, language: str) -> Utterance:
    span = clip.span
    words = tuple(
        Word(
            text=f"{language}{cell}",
            start_ms=max(cell * FAKE_WORD_MS, span.start_ms),
            end_ms=min((cell + 1) * FAKE_WORD_MS, span.end_ms),
        )
        for cell in range(_cell(span.start_ms), _cell(span.end_ms))
        if clip.samples.any()
    )
    return Utterance(
        text=" ".join(word.text for word in words),
        span=span,
        language=language,
        words=words,
        timing=Timing.FRAMES,
    )


class FakeAligner:
    """Leaves the words as they are; makes them, evenly spread, where there are none."""

    def align(self, clip: AudioClip, utterance: Utterance) -> Utterance:
        texts = utterance.text.split()
        if utterance.words or not texts:
            return utterance
        start_ms, length_ms = utterance.span.start_ms, utterance.span.duration_ms
        edges = [start_ms + length_ms * n // len(texts) for n in range(len(texts) + 1)]
        words = tuple(
            Word(text=text, start_ms=start, end_ms=end)
            for text, start, end in zip(texts, edges, edges[1:], strict=False)
        )
        return replace(utterance, words=words, timing=Timing.SPREAD)


class FakeTagger:
    """Finds the bells of `write_video`."""

    def tag(self, clips: Iterable[AudioClip]) -> Iterator[Sound]:
        for clip in clips:
            for start, end in _stretches(clip, _bell(clip)):
                span = _fake_span(start, end)
                yield Sound(kind="bell", start_ms=span.start_ms, end_ms=span.end_ms, confidence=1.0)


class FakeLayout:
    """A cue of one line for each word."""

    def layout(self, request: LayoutRequest) -> tuple[Cue, ...]:
        cues: list[Cue] = []
        utterances = request.transcript.utterances
        for word in (word for utterance in utterances for word in utterance.words):
            start_ms = max(word.start_ms, cues[-1].end_ms if cues else 0)
            cues.append(
                Cue(
                    start_ms=start_ms,
                    end_ms=max(word.end_ms, start_ms + 1),
                    lines=(word.text,),
                    words=(word,),
                )
            )
        return tuple(cues)


class FakeWriter:
    """Each cue's text on a line, in UTF-8."""

    suffix = ".fake"

    def write(self, document: Document) -> bytes:
        text = "".join(f"{cue.text}\n" for cue in document.cues)
        return text.encode("utf-8", "backslashreplace")


class FakeDelivery:
    """Keeps results in ``results``: "Name.language.suffix" -> bytes."""

    def __init__(self) -> None:
        self.results: dict[str, bytes] = {}

    def find(self, media: MediaInfo, track: Track, suffix: str) -> str | None:
        place = f"{media.path.stem}.{track}{suffix}"
        return place if place in self.results else None

    def deliver(self, media: MediaInfo, rendered: Sequence[Rendered]) -> Iterator[str]:
        for one in rendered:
            place = f"{media.path.stem}.{one.track}{one.suffix}"
            self.results[place] = one.data
            yield place


class Fakes:
    """A plugin with one provider of each kind, named "fake"; they are at hand as attributes."""

    def __init__(self) -> None:
        self.source = FakeSource()
        self.segmenter = FakeSegmenter()
        self.engine = FakeEngine()
        self.aligner = FakeAligner()
        self.tagger = FakeTagger()
        self.layout = FakeLayout()
        self.writer = FakeWriter()
        self.delivery = FakeDelivery()

    @hookimpl
    def canary_subs_sources(self) -> Iterable[Provider[Source]]:
        return [_fake("videos of write_video", lambda: self.source)]

    @hookimpl
    def canary_subs_segmenters(self) -> Iterable[Provider[Segmenter]]:
        return [_fake("every sound is speech", lambda: self.segmenter)]

    @hookimpl
    def canary_subs_engines(self) -> Iterable[Provider[Engine]]:
        return [_fake("a word in every half second", lambda: self.engine)]

    @hookimpl
    def canary_subs_aligners(self) -> Iterable[Provider[Aligner]]:
        return [_fake("times as they are", lambda: self.aligner)]

    @hookimpl
    def canary_subs_taggers(self) -> Iterable[Provider[Tagger]]:
        return [_fake("finds bells", lambda: self.tagger)]

    @hookimpl
    def canary_subs_layouts(self) -> Iterable[Provider[Layout]]:
        return [_fake("a cue for each word", lambda: self.layout)]

    @hookimpl
    def canary_subs_writers(self) -> Iterable[Provider[Writer]]:
        return [_fake("text alone", lambda: self.writer)]

    @hookimpl
    def canary_subs_deliveries(self) -> Iterable[Provider[Delivery]]:
        return [_fake("kept in memory", lambda: self.delivery)]


def _fake(summary: str, thing: Any) -> Provider[Any]:
    # Looked up when it is made, so that a test may put its own in a fake's place.
    return Provider(name="fake", summary=summary, make=lambda options, context: thing())
