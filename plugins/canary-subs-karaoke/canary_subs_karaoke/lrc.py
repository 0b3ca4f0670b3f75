"""LRC lyrics (.lrc), written and read.

There is no standard; players agree on ``[mm:ss.xx]text``, several times before a line that is sung
again, tags such as ``[ti:title]`` and ``[offset:ms]``, and, after the A2 player, ``<mm:ss.xx>``
before each word (https://en.wikipedia.org/wiki/LRC_(file_format)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from canary_subs.model import Cue, Damage, Document, Span, Subtitles, Timing, Word
from canary_subs.plugin.hookspecs import ReadHints

#: Timings whose words are where they are said.
_MEASURED = frozenset({Timing.CTC, Timing.FRAMES, Timing.ATTENTION})

#: What has no place on a line, or would hide in it.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")

#: Brackets that a player would take for a time or a tag.
_TAG = re.compile(r"\[(?=[^\[\]]*:[^\[\]]*\])|<(?=\s*\d+:)")

#: An invisible character (U+2060, word joiner) after which a bracket is only a bracket.
_JOINER = "\u2060"

#: A time in a file that is read: minutes, seconds, and a fraction or none.
_TIME = r"(\d{1,4}):(\d{1,2})(?:[.:](\d{1,3}))?"
_LINE_TIME = re.compile(rf"\s*\[{_TIME}\]", re.ASCII)
_WORD_TIME = re.compile(rf"<{_TIME}>", re.ASCII)
_TIMED_LINE = re.compile(rf"^[ \t]*\[{_TIME}\]", re.ASCII | re.MULTILINE)
_READ_TAG = re.compile(r"\s*\[([A-Za-z]\w*):(.*)\]\s*")

#: How long the last line stays at most.
_LAST_MS = 5000


@dataclass(frozen=True, kw_only=True)
class LrcOptions:
    """What a file holds besides its lines."""

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
        """The file, in UTF-8 without a byte order mark."""
        lines = [*_tags(document), *self._lines(document)]
        return "".join(f"{line}\n" for line in lines).encode()

    def _lines(self, document: Document) -> Iterator[str]:
        measured = _measured_words(document) if self._options.words else frozenset()
        shown = [cue for cue in document.cues if _plain(cue.text)]
        for cue, after in pairwise([*shown, None]):
            if cue is None:
                continue
            timed = bool(cue.words) and measured.issuperset(cue.words)
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


def _measured_words(document: Document) -> frozenset[Word]:
    return frozenset(
        word
        for utterance in document.transcript.utterances
        if utterance.timing in _MEASURED
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


class LrcReader:
    """Each time of a line is a cue, which ends when the next one begins."""

    suffixes = (".lrc",)

    def sniff(self, data: bytes, hints: ReadHints) -> bool:
        return _TIMED_LINE.search(hints.text) is not None

    def read(self, data: bytes, hints: ReadHints) -> Subtitles:
        """Cues in the order of their starts, with words where each has a time.

        A line without text only ends the one before it.
        """
        tags: dict[str, str] = {}
        damage: list[Damage] = []
        lines: list[tuple[int, _Line]] = []
        for number, text in enumerate(re.split(r"\r\n|\r|\n", hints.text), 1):
            if tag := _READ_TAG.fullmatch(text):
                tags[tag[1].lower()] = tag[2].strip()
                continue
            starts, rest = _starts(text)
            line = _line(rest, words=len(starts) == 1)
            lines += [(start_ms, line) for start_ms in starts]
            if line.text and not starts:
                damage.append(Damage(line=number, what=f"no time before {line.text[:40]!a}"))
        lines.sort(key=lambda line: line[0])
        return Subtitles(
            cues=tuple(_cues(lines, _length_ms(tags), _offset_ms(tags))),
            language=tags.get("la") or None,
            damage=tuple(damage),
        )


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    #: Each word and its start.
    words: tuple[tuple[str, int], ...] = ()
    #: When the last word ends, if that is stated.
    end_ms: int | None = None


def _starts(line: str) -> tuple[list[int], str]:
    """The times before a line, and the line."""
    starts: list[int] = []
    at = 0
    while time := _LINE_TIME.match(line, at):
        starts.append(_ms(time))
        at = time.end()
    return starts, line[at:]


def _line(rest: str, *, words: bool) -> _Line:
    text = _read_text(_WORD_TIME.sub("", rest))
    times = list(_WORD_TIME.finditer(rest)) if words else []
    bounds = [*(time.start() for time in times), len(rest)]
    timed = [
        (_read_text(rest[time.end() : end]), _ms(time))
        for time, end in zip(times, bounds[1:], strict=True)
    ]
    end_ms = timed.pop()[1] if timed and not timed[-1][0] else None
    spelled = [word for word, _ in timed] == text.split()
    return _Line(text, tuple(timed), end_ms) if spelled else _Line(text)


def _cues(lines: list[tuple[int, _Line]], length_ms: int, offset_ms: int) -> Iterator[Cue]:
    ends = dict(pairwise(sorted({start_ms for start_ms, _ in lines})))
    for start_ms, line in lines:
        if not line.text:
            continue
        end_ms = ends.get(start_ms, start_ms + _LAST_MS)
        if start_ms not in ends and start_ms < length_ms:
            end_ms = min(end_ms, length_ms)
        yield Cue(
            start_ms=max(0, start_ms - offset_ms),
            end_ms=max(1, end_ms - offset_ms),
            lines=(line.text,),
            words=tuple(_words(line, Span(start_ms=start_ms, end_ms=end_ms), offset_ms)),
        )


def _words(line: _Line, span: Span, offset_ms: int) -> Iterator[Word]:
    """The words of a line that stands in ``span``; none where their times leave it or fall."""
    times = [span.start_ms, *(ms for _, ms in line.words), line.end_ms or span.end_ms, span.end_ms]
    if times != sorted(times):
        return
    for (text, start_ms), end_ms in zip(line.words, times[2:], strict=False):
        yield Word(
            text=text, start_ms=max(0, start_ms - offset_ms), end_ms=max(0, end_ms - offset_ms)
        )


def _length_ms(tags: dict[str, str]) -> int:
    """The length of the song where it is stated, else 0."""
    length = re.fullmatch(_TIME, tags.get("length", ""), re.ASCII)
    return _ms(length) if length else 0


def _offset_ms(tags: dict[str, str]) -> int:
    """How much sooner all lines come than their times say."""
    offset = tags.get("offset", "")
    return int(offset) if re.fullmatch(r"[+-]?[0-9]{1,7}", offset) else 0


def _ms(time: re.Match[str]) -> int:
    minutes, seconds, fraction = time.groups()
    return (int(minutes) * 60 + int(seconds)) * 1000 + int((fraction or "0").ljust(3, "0"))


def _read_text(text: str) -> str:
    return " ".join(text.replace(_JOINER, "").split())
