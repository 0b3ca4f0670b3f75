"""A segmenter and an engine that need no model: their words depend on the sound alone.

The folder that the environment variable LIGHT_FOLDER names is its diary and its orders. In
"diary.jsonl" it writes down every piece that it is given, so that a test can see what was done
twice. A file "slow" holds the seconds that a piece takes; at pieces of loud films it obeys files
called "crash", "hang", "eat" and "raise", and where there is one called "away" or "broken" it has
no model. None of this is an option, so that no text depends on it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_subs.errors import ModelError
from canary_subs.model import AudioClip, Request, Span, Timing, Utterance, Word
from canary_subs.plugin.hookspecs import Provider, hookimpl

#: From this peak on a film is loud.
LOUD = 0.8
VOICES = ("en", "de", "fr", "es")
SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "po", "ri", "su")


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    model: str = "light"


@dataclass(frozen=True, kw_only=True)
class SegmenterOptions:
    piece_ms: int = 1000


class Segmenter:
    """Pieces of one length, without looking at the sound."""

    def __init__(self, options: SegmenterOptions) -> None:
        self._piece_ms = options.piece_ms

    def cut(self, clips: Iterable[AudioClip], max_ms: int) -> Iterator[Span]:
        start_ms = end_ms = 0
        for clip in clips:
            end_ms = clip.end_samples * 1000 // clip.sample_rate_hz
            while end_ms - start_ms >= self._piece_ms:
                yield Span(start_ms=start_ms, end_ms=start_ms + self._piece_ms)
                start_ms += self._piece_ms
        if end_ms - start_ms >= 100:
            yield Span(start_ms=start_ms, end_ms=end_ms)


class Engine:
    def __init__(self, options: EngineOptions) -> None:
        self.model = options.model
        self._options = options

    def pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset((one, other) for one in VOICES for other in VOICES)

    def refuse(self, source: str, target: str) -> str | None:
        return None if (source, target) in self.pairs() else f"light knows no {source} to {target}"

    def open(self, device: str, precision: str) -> Session:
        folder = Path(os.environ["LIGHT_FOLDER"])
        if (folder / "broken").exists():
            raise ModelError("light.nemo is no Canary")
        if (folder / "away").exists():
            failure = ModelError("the hub cannot be reached")
            failure.may_pass = True
            raise failure
        return Session(self._options)


class Session:
    precision = "fp32"
    max_segment_ms = 40_000
    batch_ms = 4_000

    def __init__(self, options: EngineOptions) -> None:
        self.model = options.model
        self._folder = Path(os.environ["LIGHT_FOLDER"])

    def recognise(self, pieces: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        return [tuple(self._one(piece, target) for target in piece.targets) for piece in pieces]

    def _one(self, piece: Request, target: str) -> Utterance:
        self._obey(piece)
        samples = (piece.clip.samples * 32767).astype("<i2").tobytes()
        digest = hashlib.blake2b(samples + target.encode(), digest_size=6).digest()
        rate = piece.clip.sample_rate_hz
        start_ms = piece.clip.start_samples * 1000 // rate
        end_ms = piece.clip.end_samples * 1000 // rate
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
            time.sleep(float(slow.read_text() or 0) / len(piece.targets))
        return Utterance(
            text=" ".join(texts),
            span=Span(start_ms=start_ms, end_ms=end_ms),
            language=target,
            words=words,
            timing=Timing.CTC,
        )

    def _obey(self, piece: Request) -> None:
        orders = self._folder
        if float(abs(piece.clip.samples).max(initial=0)) < LOUD:
            return
        if (orders / "crash").exists():
            os.abort()
        if (orders / "raise").exists():
            raise RuntimeError("told to")
        while (orders / "hang").exists():
            time.sleep(0.05)
        hoard = []
        while (orders / "eat").exists():
            hoard.append(bytearray(os.urandom(1 << 20) * 16))
            time.sleep(0.01)

    def identify(
        self, clips: Sequence[AudioClip], candidates: Sequence[str]
    ) -> Mapping[str, float]:
        return {language: float(language == "en") for language in candidates}

    def close(self) -> None:
        pass


@hookimpl
def canary_subs_engines() -> list[Provider[Engine]]:
    return [Provider(name="light", summary="for tests", make=Engine, options=EngineOptions)]


@hookimpl
def canary_subs_segmenters() -> list[Provider[Segmenter]]:
    return [Provider(name="even", summary="for tests", make=Segmenter, options=SegmenterOptions)]
