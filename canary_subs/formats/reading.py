"""Reads subtitle files of anyone's: whatever the format, the encoding and the damage.

What can be read is read and what cannot is told, line by line. Styling is dropped; text is text:
markup that no subtitle format knows stays in it as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from canary_subs.errors import NotSubtitles
from canary_subs.formats import read_arrows, read_json, read_lines, read_ttml
from canary_subs.formats.read_encoding import Undecodable, decode
from canary_subs.formats.read_lines import Found, Unreadable
from canary_subs.model import Subtitles

#: A subtitle file larger than this is something else; a long film's has 0.2 MB.
MAX_BYTES = 32_000_000

#: The formats that are read, in a person's words.
KNOWN = "SubRip, WebVTT, ASS/SSA, TTML (iTT, IMSC), MicroDVD, SBV and canary-subs' own JSON"


def read(
    path: Path, *, language: str | None = None, frame_rate: Fraction | None = None
) -> Subtitles:
    """The cues of the subtitle file at ``path``, as `parse` reads them.

    Raises `NotSubtitles`, also for a file that cannot be opened.
    """
    return parse(_bytes(path), name=str(path), language=language, frame_rate=frame_rate)


def parse(
    data: bytes,
    *,
    name: str,
    language: str | None = None,
    frame_rate: Fraction | None = None,
) -> Subtitles:
    """The cues in ``data``; the format is known by its content, never by ``name``.

    ``language`` (BCP-47), where it is known, decides between legacy code pages; ``frame_rate``
    times formats that count frames. Raises `NotSubtitles`: one line with ``name`` and, where there
    is one, the number of the line that cannot be read.
    """
    text, encoding = _text(data, name, language)
    known = _format_of(text)
    if known is None:
        raise NotSubtitles(f"{name}: not in a known format; there are {KNOWN}")
    try:
        found = known.read(text, frame_rate)
    except Unreadable as error:
        raise NotSubtitles(f"{name}: {error}") from None
    if not found.cues and found.damage:
        raise NotSubtitles(f"{name}: no cue can be read; {found.damage[0]}")
    return Subtitles(
        format=known.name,
        encoding=encoding,
        language=found.language,
        cues=tuple(found.cues),
        damage=tuple(found.damage),
    )


def read_script(path: Path, *, language: str | None = None) -> str | None:
    """The text of the file at ``path``; None where it is in a subtitle format.

    Raises `NotSubtitles` for what is no text.
    """
    text, _ = _text(_bytes(path), str(path), language)
    return text if _format_of(text) is None else None


def _bytes(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise NotSubtitles(f"{path}: not a file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise NotSubtitles(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _text(data: bytes, name: str, language: str | None) -> tuple[str, str]:
    """The text in ``data`` and its encoding. Raises `NotSubtitles`."""
    if len(data) > MAX_BYTES:
        raise NotSubtitles(f"{name}: larger than {MAX_BYTES // 10**6} MB, so no subtitle file")
    if picture := _picture_format(data):
        raise NotSubtitles(f"{name}: {picture}, pictures of text that cannot be read as text")
    try:
        text, encoding = decode(data, language)
    except Undecodable as error:
        raise NotSubtitles(f"{name}: {error}") from None
    if not text.strip():
        raise NotSubtitles(f"{name}: the file is empty")
    return text, encoding


class _Format(NamedTuple):
    name: str
    #: Whether a text is in this format.
    looks_like: Callable[[str], bool]
    #: Text and the film's frame rate, if it is known -> what it says. Raises `Unreadable`.
    read: Callable[[str, Fraction | None], Found]


def _picture_format(data: bytes) -> str | None:
    if data.startswith(b"PG") and len(data) > 13 and data[10] in (0x14, 0x15, 0x16, 0x17, 0x80):
        return "a Blu-ray subtitle stream (PGS)"
    if data.startswith(b"\x00\x00\x01\xba"):
        return "a DVD subtitle stream (VobSub)"
    if data.startswith(b"# VobSub index file"):
        return "the index of a DVD subtitle stream (VobSub)"
    return None


def _begins(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.match(pattern, text, re.IGNORECASE) is not None


def _holds(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.search(pattern, text, re.IGNORECASE | re.MULTILINE) is not None


#: The first whose looks fit reads the text.
_FORMATS = (
    _Format("vtt", _begins(r"\s*WEBVTT\b"), read_arrows.read_webvtt),
    _Format("ttml", _begins(r"\s*<(\?xml|!--|([\w-]+:)?tt\b)"), read_ttml.read_ttml),
    _Format("json", _begins(r"\s*\{\s*\""), read_json.read_json),
    _Format("ass", _holds(r"^[ \t]*\[(Script Info|Events|V4\+? Styles)\]"), read_lines.read_ass),
    _Format("srt", _holds(r"-->"), read_arrows.read_subrip),
    _Format("microdvd", _holds(r"^\{\d+\}\{\d*\}"), read_lines.read_microdvd),
    _Format("sbv", _holds(r"^\d+:\d\d:\d\d\.\d+,\d+:\d\d:\d\d\.\d+\s*$"), read_lines.read_sbv),
)


def _format_of(text: str) -> _Format | None:
    return next((known for known in _FORMATS if known.looks_like(text)), None)
