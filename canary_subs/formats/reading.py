"""Reads a subtitle file, whatever its format, its encoding and its damage.

The readers of the catalogue are asked which of them knows the format: first those whose suffix the
file has, then the others. What can be read is read, and what cannot is reported with its line.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from canary_subs.errors import CanarySubsError, NotSubtitles
from canary_subs.formats.encoding import DecodedText, decode
from canary_subs.formats.filename import parse_name
from canary_subs.model import Cue, Damage, Subtitles
from canary_subs.plugin.contain import each, misbehaved, shown
from canary_subs.plugin.hookspecs import Reader, ReadHints
from canary_subs.plugin.manager import Plugins, load

log = logging.getLogger(__name__)

#: A subtitle file larger than this is something else; that of a long video has 0.2 MB.
MAX_BYTES = 32_000_000


def read(
    path: Path,
    plugins: Plugins | None = None,
    *,
    language: str | None = None,
    frame_rate: Fraction | None = None,
) -> Subtitles:
    """The cues of the subtitle file at ``path``, as `parse` reads them.

    ``plugins`` are the installed ones by default; a command passes those that it is given. Raises
    `NotSubtitles`, also for a file that cannot be opened.
    """
    data = _bytes(path)
    plugins = plugins or load()
    return parse(data, plugins, name=str(path), language=language, frame_rate=frame_rate)


def parse(
    data: bytes,
    plugins: Plugins,
    *,
    name: str,
    language: str | None = None,
    frame_rate: Fraction | None = None,
) -> Subtitles:
    """The cues in ``data``, read by the first reader that finds one.

    The content decides which readers are asked, ``name`` only in which order. ``language``
    (BCP-47), where it is known, decides between legacy code pages; ``frame_rate`` times formats
    that count frames. Raises `NotSubtitles`, one line with ``name`` and what the first reader says,
    and `PluginError` where that reader failed.
    """
    decoded, undecodable = _text(data, name, language)
    hints = ReadHints(name=name, text=decoded.text, language=language, frame_rate=frame_rate)
    answers: list[Subtitles | CanarySubsError] = []
    for reader in _ordered(name, plugins):
        answer = _ask(reader, data, hints)
        if isinstance(answer, Subtitles) and answer.cues:
            doubt = (Damage(line=None, what=decoded.doubt),) if decoded.doubt else ()
            return replace(answer, damage=(*doubt, *answer.damage))
        if answer is not None:
            answers.append(answer)
    if not answers:
        raise NotSubtitles(f"{name}: {_why_unknown(data, undecodable, plugins)}")
    first = answers[0]
    if isinstance(first, CanarySubsError):
        raise first
    return first


def read_script(path: Path, plugins: Plugins, *, language: str | None = None) -> str | None:
    """The text of the file at ``path``; None where it is in a subtitle format.

    Raises `NotSubtitles` for what is not text.
    """
    data, name = _bytes(path), str(path)
    decoded, undecodable = _text(data, name, language)
    hints = ReadHints(name=name, text=decoded.text, language=language)
    if any(_knows(reader, data, hints) for reader in _ordered(name, plugins)):
        return None
    if undecodable or _picture_format(data):
        raise NotSubtitles(f"{name}: {_why_unknown(data, undecodable, plugins)}")
    return decoded.text


def beside(video: Path, plugins: Plugins) -> list[Path]:
    """The files beside a video that are its subtitles by their names and can be read.

    Raises `OSError`.
    """
    known = suffixes(plugins)
    return sorted(
        path
        for path in video.parent.iterdir()
        if path.suffix.lower() in known
        and parse_name(path.name, video.stem) is not None
        # With an index, a .sub file holds pictures (VobSub).
        and not (path.suffix.lower() == ".sub" and path.with_suffix(".idx").exists())
    )


def suffixes(plugins: Plugins) -> frozenset[str]:
    """How the names of files end that the readers of the catalogue read, in lower case."""
    return frozenset(suffix for _, own in _readers(plugins) for suffix in own)


def _readers(plugins: Plugins) -> Iterator[tuple[Reader, tuple[str, ...]]]:
    """Every reader that can be used, with its suffixes in lower case."""
    for name in dict.fromkeys(entry.provider.name for entry in plugins.providers("reader")):
        try:
            reader: Reader = plugins.use("reader", plugins.choice("reader", name))
            given: object = reader.suffixes
            if not isinstance(given, tuple) or not all(isinstance(one, str) for one in given):
                raise misbehaved(
                    reader.read, f"suffixes must be a tuple of texts, not {shown(given)}"
                )
        except CanarySubsError as error:
            log.warning("the reader %s is not used: %s", name, error)
        else:
            yield reader, tuple(suffix.lower() for suffix in given)


def _ordered(name: str, plugins: Plugins) -> list[Reader]:
    """The readers in the order in which they are asked about a file of that name."""
    ending = name.lower()
    found = sorted(_readers(plugins), key=lambda found: not ending.endswith(found[1]))
    return [reader for reader, _ in found]


def _ask(reader: Reader, data: bytes, hints: ReadHints) -> Subtitles | CanarySubsError | None:
    """What the reader says, or why it failed; None where the format is not its own."""
    try:
        if not reader.sniff(data, hints):
            return None
        found: object = reader.read(data, hints)
        if not isinstance(found, Subtitles):
            raise misbehaved(reader.read, f"read must give Subtitles, not {shown(found)}")
        for _ in each(reader.read, found.cues, Cue):
            pass
    except NotSubtitles as error:
        return NotSubtitles(f"{hints.name}: {error}")
    except CanarySubsError as error:
        log.warning("%s: %s", hints.name, error)
        return error
    if found.damage and not found.cues:
        return NotSubtitles(f"{hints.name}: no cue can be read; {found.damage[0]}")
    return found


def _knows(reader: Reader, data: bytes, hints: ReadHints) -> bool:
    try:
        return reader.sniff(data, hints)
    except CanarySubsError as error:
        log.warning("%s: %s", hints.name, error)
        return False


def _bytes(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise NotSubtitles(f"{path}: not a file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise NotSubtitles(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _text(data: bytes, name: str, language: str | None) -> tuple[DecodedText, str]:
    """The data as text, else empty and the reason why it cannot be decoded.

    Raises `NotSubtitles` for what no reader needs to be asked about.
    """
    if len(data) > MAX_BYTES:
        raise NotSubtitles(f"{name}: larger than {MAX_BYTES // 10**6} MB, so not a subtitle file")
    try:
        decoded = decode(data, language)
    except NotSubtitles as error:
        return DecodedText(text=""), str(error)
    if not decoded.text.strip():
        raise NotSubtitles(f"{name}: the file is empty")
    return decoded, ""


def _why_unknown(data: bytes, undecodable: str, plugins: Plugins) -> str:
    if picture := _picture_format(data):
        return f"{picture}, pictures of text that cannot be read as text"
    names = ", ".join(entry.provider.name for entry in plugins.providers("reader"))
    return undecodable or f"not in a known format; there are {names}"


def _picture_format(data: bytes) -> str | None:
    if data.startswith(b"PG") and len(data) > 13 and data[10] in (0x14, 0x15, 0x16, 0x17, 0x80):
        return "a Blu-ray subtitle stream (PGS)"
    if data.startswith(b"\x00\x00\x01\xba"):
        return "a DVD subtitle stream (VobSub)"
    if data.startswith(b"# VobSub index file"):
        return "the index of a DVD subtitle stream (VobSub)"
    return None
