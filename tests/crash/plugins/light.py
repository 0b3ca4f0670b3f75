"""A segmenter, an engine and a delivery that need no model: words depend on the samples alone.

The folder that the environment variable LIGHT_FOLDER names holds the engine's diary and its orders.
In "diary.jsonl" it notes every segment that it is given, so that a test sees what was done twice. A
file "slow" holds the seconds that a segment takes; at segments of loud videos it obeys files called
"crash", "hang", "eat" and "raise", and with one called "away" or "broken" it has no model. The
delivery fails for the video whose name the file "lost" holds. None of this is an option, so that no
text depends on it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_subs.deliver.sidecar import Sidecar
from canary_subs.errors import ModelError, Temporary
from canary_subs.model import (
    AudioClip,
    Context,
    MediaInfo,
    Request,
    Span,
    Timing,
    Track,
    Utterance,
    Word,
)
from canary_subs.plugin import hookspecs
from canary_subs.plugin.hookspecs import Provider, hookimpl

#: From this peak on a video is loud.
LOUD = 0.8
LANGUAGES = ("en", "de", "fr", "es")
SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "po", "ri", "su")


class ModelUnavailable(ModelError, Temporary):
    """The model cannot be downloaded at present."""


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    pass


@dataclass(frozen=True, kw_only=True)
class SegmenterOptions:
    segment_ms: int = 1000


@dataclass(frozen=True, kw_only=True)
class DeliveryOptions:
    pass


class Segmenter:
    """Segments of equal length, whatever the samples."""

    def __init__(self, options: SegmenterOptions, context: Context) -> None:
        self._segment_ms = options.segment_ms

    def cut(self, clips: Iterable[AudioClip], max_ms: int) -> Iterator[Span]:
        start_ms = end_ms = 0
        for clip in clips:
            end_ms = clip.end_samples * 1000 // clip.sample_rate_hz
            while end_ms - start_ms >= self._segment_ms:
                yield Span(start_ms=start_ms, end_ms=start_ms + self._segment_ms)
                start_ms += self._segment_ms
        if end_ms - start_ms >= 100:
            yield Span(start_ms=start_ms, end_ms=end_ms)


class Engine(hookspecs.Engine):
    def __init__(self, options: EngineOptions, context: Context) -> None:
        pass

    def pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset((one, other) for one in LANGUAGES for other in LANGUAGES)

    def open(self, context: Context) -> Session:
        folder = Path(os.environ["LIGHT_FOLDER"])
        if (folder / "broken").exists():
            raise ModelError("light.nemo is not a Canary model")
        if (folder / "away").exists():
            raise ModelUnavailable("the hub cannot be reached")
        return Session(folder)


class Session(hookspecs.Session):
    model = "light"
    precision = "fp32"
    max_segment_ms = 40_000
    batch_ms = 4_000

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recognise(self, requests: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        return [tuple(self._one(one, target) for target in one.targets) for one in requests]

    def _one(self, request: Request, target: str) -> Utterance:
        self._obey(request)
        samples = (request.clip.samples * 32767).astype("<i2").tobytes()
        digest = hashlib.blake2b(samples + target.encode(), digest_size=6).digest()
        rate = request.clip.sample_rate_hz
        start_ms = request.clip.start_samples * 1000 // rate
        end_ms = request.clip.end_samples * 1000 // rate
        texts = [SYLLABLES[a % 10] + SYLLABLES[b % 10] for a, b in itertools.pairwise(digest)]
        step = (end_ms - start_ms) // len(texts)
        words = tuple(
            Word(text=text, start_ms=start_ms + i * step, end_ms=start_ms + (i + 1) * step)
            for i, text in enumerate(texts)
        )
        line = json.dumps([hashlib.blake2b(samples).hexdigest()[:16], start_ms, target]) + "\n"
        with (self._folder / "diary.jsonl").open("ab", buffering=0) as diary:
            diary.write(line.encode())
        slow = self._folder / "slow"
        if slow.exists():
            time.sleep(float(slow.read_text() or 0) / len(request.targets))
        return Utterance(
            text=" ".join(texts),
            span=Span(start_ms=start_ms, end_ms=end_ms),
            language=target,
            words=words,
            timing=Timing.CTC,
        )

    def _obey(self, request: Request) -> None:
        orders = self._folder
        if float(abs(request.clip.samples).max(initial=0)) < LOUD:
            return
        if (orders / "crash").exists():
            os.abort()
        if (orders / "raise").exists():
            raise RuntimeError("ordered to")
        while (orders / "hang").exists():
            time.sleep(0.05)
        hoard = []
        while (orders / "eat").exists():
            hoard.append(bytearray(os.urandom(1 << 20) * 16))
            time.sleep(0.01)

    def identify(self, clips: Sequence[AudioClip], candidates: Sequence[str]) -> dict[str, float]:
        return {language: float(language == "en") for language in candidates}


class Delivery(Sidecar):
    """Sidecars; what exists of one video cannot be found out."""

    def __init__(self, options: DeliveryOptions, context: Context) -> None:
        super().__init__(context)

    def find(self, media: MediaInfo, track: Track, suffix: str) -> str | None:
        lost = Path(os.environ["LIGHT_FOLDER"]) / "lost"
        if lost.exists() and lost.read_text() == media.path.name:
            raise RuntimeError("the archive\nforgot it")
        return super().find(media, track, suffix)


@hookimpl
def canary_subs_engines() -> list[Provider[Engine]]:
    return [Provider(name="light", summary="for tests", make=Engine, options=EngineOptions)]


@hookimpl
def canary_subs_segmenters() -> list[Provider[Segmenter]]:
    return [Provider(name="even", summary="for tests", make=Segmenter, options=SegmenterOptions)]


@hookimpl
def canary_subs_deliveries() -> list[Provider[Delivery]]:
    return [Provider(name="archive", summary="for tests", make=Delivery, options=DeliveryOptions)]
