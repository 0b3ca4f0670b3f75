"""Synthesised speech with exact word times, from espeak-ng's shared library."""

from __future__ import annotations

import ctypes
import ctypes.util
import random
import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000

#: espeak-ng's speaker variants that training uses, and those that it never does.
TRAINING_VARIANTS = (
    "",
    "m1",
    "m2",
    "m3",
    "m5",
    "m7",
    "m8",
    "f1",
    "f2",
    "f4",
    "f5",
    "adam",
    "steph",
    "linda",
)
HELD_OUT_VARIANTS = ("m4", "m6", "f3", "belinda")

_MODE_SYNCHRONOUS = 2
_UTF8 = 1
_RATE, _PITCH, _PITCH_RANGE = 1, 3, 4
_WORD, _END = 1, 5


class MissingSynthesiser(RuntimeError):
    """espeak-ng is not installed."""


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How a sentence is spoken.

    rate_wpm: words a minute. pitch, pitch_range: 0 to 99, where 50 is the voice's own.
    """

    language: str
    variant: str = ""
    rate_wpm: int = 160
    pitch: int = 50
    pitch_range: int = 50

    @property
    def held_out(self) -> bool:
        """Whether training must never use it."""
        return self.variant in HELD_OUT_VARIANTS


@dataclass(frozen=True, kw_only=True)
class SpokenWord:
    """A word as it stands in the text, punctuation included.

    exact: whether espeak-ng reported its start and the next word's.
    """

    text: str
    start_ms: float
    end_ms: float
    exact: bool = True


@dataclass(frozen=True, kw_only=True)
class Speech:
    """A spoken sentence: mono samples in [-1, 1], silence trimmed from their end, and its words."""

    samples: Samples
    words: tuple[SpokenWord, ...]

    @property
    def exact(self) -> bool:
        """Whether every word's start is known."""
        return all(word.exact for word in self.words)


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Synthesiser:
    """The library's one global voice. Not for use from several threads."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(
                ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1"
            )
        except OSError as error:
            raise MissingSynthesiser(
                "espeak-ng is not installed (Debian: apt install espeak-ng)"
            ) from error
        self.sample_rate_hz: int = self._library.espeak_Initialize(_MODE_SYNCHRONOUS, 0, None, 0)
        self._blocks: list[npt.NDArray[np.int16]] = []
        self._events: list[tuple[int, int, int, int]] = []
        self._callback = _Callback(self._receive)  # kept alive as long as the library may call it
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(
        self, wav: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]
    ) -> int:
        if count > 0:
            self._blocks.append(np.ctypeslib.as_array(wav, (count,)).copy())
        index = 0
        while events[index].type:
            event = events[index]
            self._events.append((event.type, event.text_position, event.length, event.sample))
            index += 1
        return 0

    def __call__(
        self, text: str, voice: Voice
    ) -> tuple[npt.NDArray[np.int16], list[tuple[int, int, int, int]]]:
        name = f"{voice.language}+{voice.variant}" if voice.variant else voice.language
        if self._library.espeak_SetVoiceByName(name.encode()):
            raise ValueError(f"espeak-ng knows no voice {name!r}")
        for parameter, value in (
            (_RATE, voice.rate_wpm),
            (_PITCH, voice.pitch),
            (_PITCH_RANGE, voice.pitch_range),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._blocks.clear()
        self._events.clear()
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        return np.concatenate(self._blocks), list(self._events)


@cache
def _synthesiser() -> _Synthesiser:
    return _Synthesiser()


def draw_voice(rng: random.Random, language: str, *, held_out: bool) -> Voice:
    """A voice of that language with a random variant, speed and pitch."""
    return Voice(
        language=language,
        variant=rng.choice(HELD_OUT_VARIANTS if held_out else TRAINING_VARIANTS),
        rate_wpm=rng.randint(125, 190),
        pitch=rng.randint(30, 70),
        pitch_range=rng.randint(35, 65),
    )


def speak(text: str, voice: Voice) -> Speech:
    """Say one sentence.

    Word starts are espeak-ng's word events; a word ends where the next begins or where it falls
    silent.

    Errors: MissingSynthesiser, and ValueError for a voice that espeak-ng does not have.
    """
    synthesiser = _synthesiser()
    pcm, events = synthesiser(text, voice)
    rate_hz = synthesiser.sample_rate_hz
    loud = _loud_10ms(pcm, rate_hz)
    marks = [
        (position - 1, sample)
        for kind, position, length, sample in events
        if kind == _WORD and length > 0
    ]

    starts: list[float | None] = []
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    for begin, end in spans:
        inside = [sample for position, sample in marks if begin <= position < end]
        starts.append(inside[0] * 1000 / rate_hz if inside else None)

    words = []
    for index, (begin, end) in enumerate(spans):
        exact = starts[index] is not None
        start_ms = _known(starts, spans, index)
        following = index + 1
        limit_ms = (
            len(pcm) * 1000 / rate_hz
            if following == len(spans)
            else _known(starts, spans, following)
        )
        exact = exact and (following == len(spans) or starts[following] is not None)
        words.append(
            SpokenWord(
                text=text[begin:end],
                start_ms=start_ms,
                end_ms=_audible(loud, start_ms, limit_ms),
                exact=exact,
            )
        )
    return Speech(
        samples=_resampled(pcm[: int((words[-1].end_ms + 5) * rate_hz / 1000)], rate_hz),
        words=tuple(words),
    )


def _known(starts: list[float | None], spans: list[tuple[int, int]], index: int) -> float:
    """A word's start, or, where no event gives it, a place between its neighbours by letters."""
    if (start := starts[index]) is not None:
        return start
    before = max((i for i in range(index) if starts[i] is not None), default=None)
    after = min((i for i in range(index, len(starts)) if starts[i] is not None), default=None)
    left_ms = 0.0 if before is None else starts[before] or 0.0
    left = 0 if before is None else spans[before][0]
    if after is None:
        return left_ms + 60.0 * (spans[index][0] - left)
    right_ms = starts[after] or 0.0
    return left_ms + (right_ms - left_ms) * (spans[index][0] - left) / max(
        1, spans[after][0] - left
    )


def _loud_10ms(pcm: npt.NDArray[np.int16], rate_hz: int) -> npt.NDArray[np.bool_]:
    """For each 10 ms, whether anything is audible (-50 dB of full scale)."""
    hop = rate_hz // 100
    frames = pcm[: len(pcm) // hop * hop].astype(np.float32).reshape(-1, hop) / 32768
    audible: npt.NDArray[np.bool_] = (frames**2).mean(axis=1) > 1e-5
    return audible


def _audible(loud: npt.NDArray[np.bool_], start_ms: float, limit_ms: float) -> float:
    """Where a word that may last until limit_ms falls silent.

    A gap of under 60 ms is a closed consonant, not a pause.
    """
    first, last = int(start_ms / 10), min(int(limit_ms / 10), len(loud))
    audible = np.flatnonzero(loud[first:last])
    if not len(audible):
        return limit_ms
    end_ms = (first + int(audible[-1]) + 1) * 10.0
    return limit_ms if limit_ms - end_ms < 60 and last < len(loud) else min(end_ms, limit_ms)


def _resampled(pcm: npt.NDArray[np.int16], rate_hz: int) -> Samples:
    import soxr  # type: ignore[import-untyped]

    samples: Samples = soxr.resample(pcm.astype(np.float32) / 32768, rate_hz, SAMPLE_RATE_HZ)
    return samples
