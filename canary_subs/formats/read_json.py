"""Reads canary-subs' own JSON, as `formats.json` describes it: cues with their words."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from canary_subs.formats.read_lines import Found, Unreadable
from canary_subs.model import Cue, Word

#: A hundred hours and more is no film.
_LONGEST_MS = 10**9


def read_json(text: str, frame_rate: Fraction | None) -> Found:
    """Cues, each with the words that spell its lines. Raises `Unreadable`."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}: broken JSON ({error.msg})") from None
    except (RecursionError, ValueError):
        raise Unreadable("broken JSON (nested too deeply, or a number of endless digits)") from None
    if not isinstance(document, dict) or document.get("format") != "canary-subs":
        raise Unreadable('JSON, but not canary-subs\' own: "format" is not "canary-subs"')
    if document.get("version") != 1:
        raise Unreadable(f"version {document.get('version')!r:.20} of the format is not known")
    found = Found()
    language = document.get("language")
    found.language = language if isinstance(language, str) else None
    try:
        cues = [_cue(cue) for cue in document["cues"]]
        words = [_word(word) for part in document["utterances"] for word in part["words"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"a cue or word that is none ({type(error).__name__}: {error})") from None
    found.cues = _with_words(cues, words)
    return found


def _cue(stored: Any) -> Cue:
    speaker = stored["speaker"]
    return Cue(
        start_ms=_whole(stored["start_ms"]),
        end_ms=_whole(stored["end_ms"]),
        lines=tuple(_text(line) for line in stored["lines"]),
        speaker=None if speaker is None else _text(speaker),
    )


def _word(stored: Any) -> Word:
    confidence = stored["confidence"]
    if confidence is not None:
        confidence = float(confidence)
        if not math.isfinite(confidence):
            raise ValueError("a confidence is no number")
    return Word(
        text=_text(stored["text"]),
        start_ms=_whole(stored["start_ms"]),
        end_ms=_whole(stored["end_ms"]),
        confidence=confidence,
    )


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a time is no whole number")
    if not 0 <= value <= _LONGEST_MS:
        raise ValueError("a time lies outside every film")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is no string")
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
        if spelled == wanted:
            taken = tuple(words[at:end])
            at = end
        else:
            taken = ()
            while at < len(words) and words[at].start_ms < cue.end_ms:
                at += 1
        result.append(
            Cue(
                start_ms=cue.start_ms,
                end_ms=cue.end_ms,
                lines=cue.lines,
                speaker=cue.speaker,
                words=taken,
            )
        )
    return result
