"""Everything that is known of a track (.json), for programs.

One object, keys always in this order, times in integer milliseconds on the video's timeline:

    format            "canary-subs"
    version           1; a reader may rely on every key here while it is
    media             {name, duration_ms, frame_rate}: frame_rate is "24000/1001" or null
    language          the track's, BCP-47
    source_language   the film's
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
from dataclasses import dataclass
from typing import Any

from canary_subs.model import Cue, Document, Utterance, Word


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
        """The whole file, UTF-8 without a byte order mark, lines ending in LF."""
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
        "language": transcript.language,
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
