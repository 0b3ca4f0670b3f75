"""LRC lyrics: a plugin for canary-subs.

There is no standard; players agree on ``[mm:ss.xx]text``, tags such as ``[ti:title]``, and, after
the A2 player, ``<mm:ss.xx>`` before each word (https://en.wikipedia.org/wiki/LRC_(file_format)).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from canary_subs import Provider, hookimpl
from canary_subs.model import Cue, Document, Timing, Word
from canary_subs.plugin.hookspecs import Writer

#: Timings whose words are where they were heard.
_HEARD = frozenset({Timing.CTC, Timing.FRAMES, Timing.ATTENTION})

#: What has no place on a line, or would hide in it.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")

#: Brackets that a player would take for a time or a tag.
_TAG = re.compile(r"\[(?=[^\[\]]*:[^\[\]]*\])|<(?=\s*\d+:)")

#: An invisible character (U+2060, word joiner) after which a bracket is only a bracket.
_JOINER = "\u2060"


@dataclass(frozen=True, kw_only=True)
class LrcOptions:
    #: Write the time of each word, where it was measured.
    words: bool = False
    #: Take the text away where nobody sings.
    clear: bool = True


class LrcWriter:
    """One cue is one line."""

    suffix = ".lrc"

    def __init__(self, options: LrcOptions) -> None:
        self._options = options

    def write(self, document: Document) -> bytes:
        """The whole file, UTF-8 without a byte order mark."""
        lines = [*_tags(document), *self._lines(document)]
        return "".join(f"{line}\n" for line in lines).encode()

    def _lines(self, document: Document) -> Iterator[str]:
        heard = _heard_words(document) if self._options.words else frozenset()
        shown = [cue for cue in document.cues if _plain(cue.text)]
        for cue, after in pairwise([*shown, None]):
            if cue is None:
                continue
            timed = bool(cue.words) and heard.issuperset(cue.words)
            text = _timed_words(cue) if timed else _plain(cue.text)
            yield f"[{_clock(cue.start_ms)}]{text}"
            if self._options.clear and (after is None or _later(cue.end_ms, after.start_ms)):
                yield f"[{_clock(cue.end_ms)}]"


def _tags(document: Document) -> Iterator[str]:
    seconds = -(-document.media.duration_ms // 1000)
    yield f"[ti:{_plain(document.media.path.stem).replace(']', ')')}]"
    yield f"[la:{document.language}]"
    yield f"[length:{seconds // 60:02}:{seconds % 60:02}]"
    yield "[re:canary-subs]"


def _heard_words(document: Document) -> frozenset[Word]:
    return frozenset(
        word
        for utterance in document.transcript.utterances
        if utterance.timing in _HEARD
        for word in utterance.words
    )


def _timed_words(cue: Cue) -> str:
    """Each word after its time, then the time at which the last one ends."""
    parts = [f"<{_clock(word.start_ms)}>{_plain(word.text)}" for word in cue.words]
    return " ".join(parts) + f"<{_clock(cue.words[-1].end_ms)}>"


def _plain(text: str) -> str:
    """On one line, and without anything that a player would act on."""
    return _TAG.sub(rf"\g<0>{_JOINER}", _UNSEEN.sub("", " ".join(text.split())))


def _later(start_ms: int, end_ms: int) -> bool:
    return start_ms // 10 < end_ms // 10


def _clock(ms: int) -> str:
    # Cut, not rounded: a word never lights up late, and times keep their order.
    minutes, rest = divmod(ms // 10, 6000)
    return f"{minutes:02}:{rest // 100:02}.{rest % 100:02}"


@hookimpl
def canary_subs_writers() -> Iterable[Provider[Writer]]:
    return [
        Provider(
            name="lrc",
            summary="lyrics for music players and karaoke; words light up on request",
            make=LrcWriter,
            options=LrcOptions,
        )
    ]
