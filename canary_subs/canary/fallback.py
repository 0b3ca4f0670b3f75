"""Texts that cannot be what was said: cut off, going round in circles, or too much for the time."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from canary_subs.model import SAMPLE_RATE_HZ, Flag, Request, Timing, Utterance, Word

#: Flags that a second try in smaller pieces may mend.
FAULTS = frozenset({Flag.TRUNCATED, Flag.LOOPING, Flag.DENSE})

#: Letters a second that nobody speaks; fast speech has 25.
_MAX_LETTERS_PER_S = 40.0

#: Seconds that are granted to any text: rates over a blink mean nothing.
_GRACE_S = 1.0

#: How often a run of words must stand in a row, by its length in words, to be a loop.
_LOOPS = {1: 6, 2: 4, 3: 4, 4: 3, 5: 3, 6: 3, 7: 3, 8: 3}

#: Texts that shrink more than this are loops that the run of words does not show.
_MAX_COMPRESSION = 3.0
_MIN_COMPRESSIBLE = 160

#: So many words written twice are an echo where one copy takes less than this share of the time
#: of the other.
_ECHO_WORDS = 3
_ECHO_SHARE = 0.5

#: A piece shorter than this is not cut again.
MIN_CUT_S = 2.0


def faults(words: Sequence[str], duration_s: float, *, truncated: bool) -> frozenset[Flag]:
    """What is wrong with a text of so many seconds, in `Flag`'s terms."""
    found = set()
    text = " ".join(words)
    if truncated:
        found.add(Flag.TRUNCATED)
    if loops(words) or (
        len(text) >= _MIN_COMPRESSIBLE
        and len(text.encode()) / len(zlib.compress(text.encode())) > _MAX_COMPRESSION
    ):
        found.add(Flag.LOOPING)
    if len(text) > _MAX_LETTERS_PER_S * (duration_s + _GRACE_S):
        found.add(Flag.DENSE)
    return frozenset(found)


def loops(words: Sequence[str]) -> bool:
    """Whether a run of words stands several times in a row."""
    plain = [word.lower().strip(".,!?…") for word in words]
    for size, times in _LOOPS.items():
        matching = 0
        for at in range(size, len(plain)):
            matching = matching + 1 if plain[at] == plain[at - size] else 0
            if matching >= size * (times - 1):
                return True
    return False


def echoes(words: Sequence[Word]) -> bool:
    """Whether words are written twice that were said once: one copy has no time to be said in.

    Decoders repeat a last sentence where the sound ends abruptly; whoever repeats himself takes
    about as long for it again.
    """
    plain = [word.text.lower().strip(".,!?…") for word in words]
    for size in range(_ECHO_WORDS, len(plain) // 2 + 1):
        for at in range(len(plain) - 2 * size + 1):
            if plain[at : at + size] == plain[at + size : at + 2 * size]:
                one, other = (
                    words[start + size - 1].end_ms - words[start].start_ms
                    for start in (at, at + size)
                )
                if min(one, other) < _ECHO_SHARE * max(one, other):
                    return True
    return False


def quietest(samples: NDArray[np.float32]) -> int:
    """The sample in the middle half of a piece where it is quietest: the place to cut it."""
    window = SAMPLE_RATE_HZ // 10
    low, high = len(samples) // 4, 3 * len(samples) // 4
    power = np.concatenate([[0.0], np.cumsum(np.square(samples[low:high], dtype=np.float64))])
    if len(power) <= window:
        return len(samples) // 2
    loudness = power[window:] - power[:-window]
    return low + int(np.argmin(loudness)) + window // 2


def halves(piece: Request, target: str) -> tuple[Request, Request]:
    """A piece cut in two where it is quietest, wanted in one language."""
    clip, at = piece.clip, quietest(piece.clip.samples)
    second = replace(clip, samples=clip.samples[at:], start_samples=clip.start_samples + at)
    return (
        replace(piece, clip=replace(clip, samples=clip.samples[:at]), targets=(target,)),
        replace(piece, clip=second, targets=(target,)),
    )


def better(whole: Utterance, parts: Sequence[Utterance]) -> Utterance:
    """The parts as one utterance where nothing is wrong with them, else the whole."""
    flags = frozenset(flag for part in parts for flag in part.flags)
    if flags & FAULTS:
        return whole
    timings = [part.timing for part in parts if part.timing is not None]
    return replace(
        whole,
        text=" ".join(part.text for part in parts if part.text),
        words=tuple(word for part in parts for word in part.words),
        timing=max(timings, key=list(Timing).index, default=None),
        flags=flags,
    )
