"""Everything that is known of a track (.json), for programs.

One object, keys always in this order, times in integer milliseconds on the video's timeline:

    format            "canary-subs"
    version           1; a reader may rely on every key here while it is
    media             {name, duration_ms, frame_rate}: frame_rate is "24000/1001" or null
    language          the track's, BCP-47; that of the upper line where it shows two
    languages         all that the track shows, from the top line down
    kind              full, forced (what is spoken in other languages alone) or sdh (sounds too)
    source_language   the language that is spoken
    engine, model     what recognised or translated it
    provenance        strings: versions, precision, settings
    utterances        [{start_ms, end_ms, language, text, timing, flags, words}]
                      timing: how word times were found, best first: ctc, frames, attention,
                      source, spread; null where there are none
                      flags: sorted, of truncated, looping, dense, no-speech, unaligned
        words         [{text, start_ms, end_ms, confidence}]: confidence 0..1, 3 decimals, or null
    cues              [{start_ms, end_ms, lines, speaker}]: speaker is a string or null
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from canary_subs.errors import NotSubtitles
from canary_subs.model import Cue, Document, Subtitles, Track, TrackKind, Utterance, Word
from canary_subs.plugin.hookspecs import ReadHints

#: Longer than every video: a hundred hours and more.
_LONGEST_MS = 10**9


@dataclass(frozen=True, kw_only=True)
class JsonOptions:
    """``indent``: spaces for each level; 0 writes everything on one line."""

    indent: int = 1


class JsonWriter:
    """`hookspecs.Writer` for JSON."""

    suffix = ".json"

    def __init__(self, options: JsonOptions) -> None:
        self._indent = options.indent or None

    def write(self, document: Document) -> bytes:
        """The file, in UTF-8 without a byte order mark, lines ending in LF."""
        text = json.dumps(
            _document(document), ensure_ascii=False, indent=self._indent, allow_nan=False
        )
        # File names and broken engines may hold lone surrogates, which UTF-8 cannot.
        return (text + "\n").encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _document(document: Document) -> dict[str, Any]:
    media, transcript = document.media, document.transcript
    return {
        "format": "canary-subs",
        "version": 1,
        "media": {
            "name": media.path.name,
            "duration_ms": media.duration_ms,
            "frame_rate": str(media.frame_rate) if media.frame_rate else None,
        },
        "language": document.language,
        "languages": list(document.track.languages),
        "kind": document.track.kind.value,
        "source_language": transcript.spoken,
        "engine": transcript.engine,
        "model": transcript.model,
        "provenance": dict(document.provenance),
        "utterances": [_utterance(utterance) for utterance in transcript.utterances],
        "cues": [_cue(cue) for cue in document.cues],
    }


def _utterance(utterance: Utterance) -> dict[str, Any]:
    return {
        "start_ms": utterance.span.start_ms,
        "end_ms": utterance.span.end_ms,
        "language": utterance.language,
        "text": utterance.text,
        "timing": utterance.timing,
        "flags": sorted(utterance.flags),
        "words": [_word(word) for word in utterance.words],
    }


def _word(word: Word) -> dict[str, Any]:
    known = word.confidence is not None and math.isfinite(word.confidence)
    return {
        "text": word.text,
        "start_ms": word.start_ms,
        "end_ms": word.end_ms,
        "confidence": round(word.confidence, 3) if known and word.confidence is not None else None,
    }


def _cue(cue: Cue) -> dict[str, Any]:
    return {
        "start_ms": cue.start_ms,
        "end_ms": cue.end_ms,
        "lines": list(cue.lines),
        "speaker": cue.speaker,
    }


class JsonReader:
    """`hookspecs.Reader` for what `JsonWriter` writes."""

    #: Most files that end in .json are something else.
    suffixes = ()

    def sniff(self, data: bytes, hints: ReadHints) -> bool:
        return re.match(r"\s*\{\s*\"", hints.text) is not None

    def read(self, data: bytes, hints: ReadHints) -> Subtitles:
        """Cues, each with the words that spell its lines. Raises `NotSubtitles`."""
        stored = _object(hints.text)
        try:
            cues = [_read_cue(cue) for cue in stored["cues"]]
            words = [_read_word(word) for part in stored["utterances"] for word in part["words"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NotSubtitles(
                f"a cue or word cannot be read ({type(error).__name__}: {error})"
            ) from None
        language = stored.get("language")
        return Subtitles(
            cues=tuple(_with_words(cues, words)),
            language=language if isinstance(language, str) else None,
            track=_track(stored),
        )


def _track(stored: dict[str, Any]) -> Track | None:
    """The track as the file states it; None where it was written before files did."""
    languages, kind = stored.get("languages"), stored.get("kind")
    if not isinstance(languages, list) or not all(isinstance(one, str) for one in languages):
        return None
    return (
        Track(tuple(languages), TrackKind(kind)) if languages and kind in list(TrackKind) else None
    )


def _object(text: str) -> dict[str, Any]:
    """The file's one object, of the format and version that are known."""
    try:
        stored = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotSubtitles(f"line {error.lineno}: broken JSON ({error.msg})") from None
    except (RecursionError, ValueError):
        raise NotSubtitles(
            "broken JSON (nested too deeply, or a number of endless digits)"
        ) from None
    if not isinstance(stored, dict) or stored.get("format") != "canary-subs":
        raise NotSubtitles('JSON, but not canary-subs\' own: "format" is not "canary-subs"')
    if stored.get("version") != 1:
        raise NotSubtitles(f"version {stored.get('version')!r:.20} of the format is not known")
    return stored


def _read_cue(stored: Any) -> Cue:
    speaker = stored["speaker"]
    return Cue(
        start_ms=_read_ms(stored["start_ms"]),
        end_ms=_read_ms(stored["end_ms"]),
        lines=tuple(_read_text(line) for line in stored["lines"]),
        speaker=None if speaker is None else _read_text(speaker),
    )


def _read_word(stored: Any) -> Word:
    confidence = stored["confidence"]
    if confidence is not None:
        confidence = float(confidence)
        if not math.isfinite(confidence):
            raise ValueError("a confidence is not a number")
    return Word(
        text=_read_text(stored["text"]),
        start_ms=_read_ms(stored["start_ms"]),
        end_ms=_read_ms(stored["end_ms"]),
        confidence=confidence,
    )


def _read_ms(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a time is not a whole number")
    if not 0 <= value <= _LONGEST_MS:
        raise ValueError("a time lies outside every video")
    return value


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is not a string")
    return value


def _with_words(cues: Sequence[Cue], words: Sequence[Word]) -> list[Cue]:
    """Words go to cues in order, as far as they spell them; an edited cue gets none."""
    result: list[Cue] = []
    at = 0
    for cue in cues:
        wanted = "".join("".join(cue.lines).split())
        end, spelled = at, ""
        while end < len(words) and len(spelled) < len(wanted):
            spelled += "".join(words[end].text.split())
            end += 1
        taken: tuple[Word, ...] = ()
        if spelled == wanted:
            taken = tuple(words[at:end])
            at = end
        else:
            while at < len(words) and words[at].start_ms < cue.end_ms:
                at += 1
        result.append(replace(cue, words=taken))
    return result
