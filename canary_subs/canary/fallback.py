"""Finding texts that cannot be what was said, and decoding them again in smaller segments.

Such texts were cut off, repeat themselves, or are too long for the time.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, Flag, Request, Timing, Utterance, Word

#: Flags for which a second try in smaller segments may help.
FAULTS = frozenset({Flag.TRUNCATED, Flag.LOOPING, Flag.DENSE})

#: Letters a second that nobody speaks; fast speech has 25.
_MAX_LETTERS_PER_S = 40.0

#: Seconds that are granted to any text: a rate over a fraction of a second means nothing.
_GRACE_S = 1.0

#: How often a run of words must stand in a row, by its length in words, to be a loop.
_LOOPS = {1: 6, 2: 4, 3: 4, 4: 3, 5: 3, 6: 3, 7: 3, 8: 3}

#: A text of at least so many letters that zlib shrinks more than this repeats itself in a manner
#: that the runs of words do not show.
_MAX_COMPRESSION = 3.0
_MIN_COMPRESSIBLE = 160

#: So many words written twice are an echo where one copy takes less than this share of the time
#: of the other.
_ECHO_WORDS = 3
_ECHO_SHARE = 0.5

#: A segment shorter than this is not cut further.
_MIN_CUT_S = 2.0

#: How often a segment may be cut in half in search of a better text.
_MAX_CUTS = 2

#: For each request its utterances.
Answers = list[tuple[Utterance, ...]]


def faults(words: Sequence[str], duration_s: float, *, truncated: bool) -> frozenset[Flag]:
    """What is wrong with a text of so many seconds, as flags."""
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
    """Whether words that were said once are written twice: one copy has no time to be said in.

    Decoders repeat a last sentence where the audio ends abruptly. People who repeat themselves
    take about as long for the second time.
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


def retry(
    requests: Sequence[Request],
    answers: Answers,
    recognise: Callable[[Sequence[Request]], Answers],
    *,
    cuts: int = _MAX_CUTS,
) -> Answers:
    """Decode texts with faults again in two halves each, and keep those that got better."""
    suspects = [
        (at, slot)
        for at, utterances in enumerate(answers)
        for slot, utterance in enumerate(utterances)
        if utterance.flags & FAULTS and _duration_s(requests[at].clip) >= 2 * _MIN_CUT_S
    ]
    if not suspects or not cuts:
        return answers
    parts = [
        half for at, slot in suspects for half in halves(requests[at], answers[at][slot].language)
    ]
    again = retry(parts, recognise(parts), recognise, cuts=cuts - 1)
    improved = [list(utterances) for utterances in answers]
    for number, (at, slot) in enumerate(suspects):
        (left,), (right,) = again[2 * number : 2 * number + 2]
        improved[at][slot] = better(answers[at][slot], [left, right])
    return [tuple(utterances) for utterances in improved]


def quietest(samples: NDArray[np.float32]) -> int:
    """The sample in the middle half of a segment where it is quietest: the place to cut it."""
    window = SAMPLE_RATE_HZ // 10
    low, high = len(samples) // 4, 3 * len(samples) // 4
    power = np.concatenate([[0.0], np.cumsum(np.square(samples[low:high], dtype=np.float64))])
    if len(power) <= window:
        return len(samples) // 2
    loudness = power[window:] - power[:-window]
    return low + int(np.argmin(loudness)) + window // 2


def halves(request: Request, target: str) -> tuple[Request, Request]:
    """A request cut in two where its clip is quietest, for one target language."""
    clip, at = request.clip, quietest(request.clip.samples)
    left = replace(clip, samples=clip.samples[:at])
    right = replace(clip, samples=clip.samples[at:], start_samples=clip.start_samples + at)
    return (
        replace(request, clip=left, targets=(target,)),
        replace(request, clip=right, targets=(target,)),
    )


def better(first: Utterance, parts: Sequence[Utterance]) -> Utterance:
    """The parts as one utterance if they have no faults, else the first try."""
    flags = frozenset(flag for part in parts for flag in part.flags)
    if flags & FAULTS:
        return first
    timings = [part.timing for part in parts if part.timing is not None]
    return replace(
        first,
        text=" ".join(part.text for part in parts if part.text),
        words=tuple(word for part in parts for word in part.words),
        timing=max(timings, key=list(Timing).index, default=None),
        flags=flags,
    )


def _duration_s(clip: AudioClip) -> float:
    return len(clip.samples) / clip.sample_rate_hz
