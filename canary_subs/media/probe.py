"""Describe a media file without decoding it."""

from __future__ import annotations

import errno
import functools
import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from canary_subs._text import printable
from canary_subs.errors import DamagedMedia, MediaError, MediaUnavailable, NotMedia
from canary_subs.media.ffmpeg import INPUT_OPTIONS, url
from canary_subs.model import AudioTrack, MediaInfo, Span, SubtitleTrack, primary
from canary_subs.time import round_half_up, seconds_to_ms

log = logging.getLogger(__name__)

#: How long opening a file, and each read from it, may take.
OPEN_TIMEOUT_S = 60.0
READ_TIMEOUT_S = 60.0

#: A file that lacks more than this of its bytes is not read: it would take minutes.
_LARGEST_HOLE_BYTES = 64 << 30

#: The slowest storage that is waited for.
_SLOW_BYTES_PER_S = 10_000_000

#: What the system says of storage that is out of reach at present.
LOST_ERRORS = frozenset(
    getattr(errno, name)
    for name in "EIO ESTALE ETIMEDOUT ENOTCONN EHOSTDOWN EHOSTUNREACH ENODEV ENXIO".split()
    if hasattr(errno, name)
)

#: The largest picture that is decoded to describe its track: a little more than 4K.
_MAX_PIXELS = 4096 * 2304

#: Pictures whose timestamps are only known once a few of them were decoded.
_MOVING = frozenset(
    "av1 cavs flv h263 h264 hevc libdav1d mpeg1video mpeg2video mpeg4 mpegvideo msmpeg4 msmpeg4v1 "
    "msmpeg4v2 rv30 rv40 svq3 theora vc1 vp6f vp8 vp9 vvc wmv1 wmv2 wmv3".split()
)

#: No video is longer than this; timestamps beyond it are broken.
MAX_DURATION_MS = 100 * 3_600_000

#: The frame rates in real use. Containers that count in milliseconds round them.
_RATES = (
    *(Fraction(rate) for rate in (24, 25, 30, 48, 50, 60, 100, 120)),
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)),
)

#: Codes in language tags that name no language (ISO 639-2), besides qaa-qtz.
_NO_LANGUAGE = {"und", "zxx", "mul", "mis"}


def probe(path: Path) -> MediaInfo | None:
    """Describe the file; None if FFmpeg does not know its format.

    Opens no other file and no connection, whatever the content says. Raises `NotMedia` for a known
    kind of file that is not media (empty, a playlist, a picture), `DamagedMedia` for media that
    cannot be opened, and `MediaError` for a file that cannot be read at all.
    """
    import av

    status = _stat(path)
    if status.st_size == 0:
        raise NotMedia(f"{printable(path)} is empty: was the copy completed? copy it again")
    if status.st_size - bytes_there(status) > _LARGEST_HOLE_BYTES:
        raise _mostly_hole(path, status)
    try:
        with opened(path) as container:
            return _describe(path, status, container)
    except av.error.InvalidDataError:
        if _may_be_mp4(path):
            raise DamagedMedia(
                f"{printable(path)} is an MP4 without its index: was the copy completed? "
                "copy it again"
            ) from None
        return None
    except av.error.ArgumentError:  # refused by the demuxer allow-list
        raise NotMedia(
            f"{printable(path)} is not an audio or video file (but a playlist, picture or text); "
            "leave it out"
        ) from None
    except av.error.EOFError:
        raise DamagedMedia(
            f"{printable(path)} ends where its audio and video should begin: was the copy "
            "completed? copy it again"
        ) from None
    except av.error.ExitError:
        raise unread(path) from None
    except av.error.FFmpegError as error:
        if error.errno in LOST_ERRORS:
            raise MediaUnavailable(
                f"{printable(path)} cannot be read now: {printable(error.strerror)}"
            ) from None
        log.info("%s: FFmpeg says: %s", printable(path), printable(str(error)))
        raise DamagedMedia(
            f"{printable(path)} cannot be opened: its beginning is damaged, or in a format that "
            "FFmpeg does not know; copy it again, or convert it"
        ) from None


def bytes_there(status: os.stat_result) -> int:
    """How many of the file's bytes are on the disk; a sparse file has fewer than it is long."""
    blocks = getattr(status, "st_blocks", 0)  # 0: the file system does not say
    return min(status.st_size, blocks * 512) if blocks else status.st_size


def patience_s(path: Path, most: float = 600.0) -> float:
    """How long to wait for the next part of a file, by the bytes that are there to be read."""
    status = path.stat()
    there = bytes_there(status)
    least = 60.0 if there * 2 > status.st_size else 10.0
    return min(least + there / _SLOW_BYTES_PER_S, most)


def unread(path: Path) -> MediaError:
    """Why nothing came of a file for so long: it is mostly a hole, or its storage hangs."""
    with suppress(OSError):
        status = path.stat()
        if bytes_there(status) * 2 < status.st_size:
            return _mostly_hole(path, status)
    return MediaUnavailable(
        f"{printable(path)} cannot be read now: nothing came of it for too long; is its storage "
        "connected, and not too busy?"
    )


def _mostly_hole(path: Path, status: os.stat_result) -> DamagedMedia:
    return DamagedMedia(
        f"{printable(path)} is mostly a hole: only {bytes_there(status) / 2**20:.1f} MiB of its "
        f"{status.st_size / 2**20:.1f} MiB are there; copy it again"
    )


@contextmanager
def opened(path: Path, **options: str) -> Iterator[Any]:
    """The file as PyAV's input container, unable to open any other file.

    FFmpeg decodes a little of each track to describe it. Stills are left out, and so are pictures
    larger than 4K: a cover of a few MB may unpack to gigabytes.
    """
    import av

    with av.open(
        url(path),
        options={
            **INPUT_OPTIONS,
            "codec_whitelist": _decoders(),
            "max_pixels": str(_MAX_PIXELS),
            **options,
        },
        metadata_errors="replace",
        timeout=(patience_s(path, OPEN_TIMEOUT_S), patience_s(path, READ_TIMEOUT_S)),
    ) as container:
        yield container


@functools.cache
def _decoders() -> str:
    """The decoders that probing may use: all of sound, and the moving pictures'."""
    from av.codec.codec import Codec, UnknownCodecError, codecs_available

    names = []
    for name in sorted(codecs_available):
        try:
            codec = Codec(name, "r")
        except UnknownCodecError:  # it only encodes
            continue
        if codec.type == "audio" or name in _MOVING:
            names.append(name)
    return ",".join(names)


def packets(
    container: Any, streams: list[Any] | None, broken: Callable[[], None] = lambda: None
) -> Iterator[Any]:
    """The packets of ``streams`` (None: all), as far as the file can be read.

    ``broken`` is called where it cannot be read to its end.
    """
    import av

    while True:
        try:
            yield from container.demux(streams)
            return
        except IndexError:
            # PyAV does not know streams that begin midway, as in broadcasts.
            continue
        except av.error.FFmpegError as error:
            log.debug("%s ends early: %s", container.name, error)
            broken()
            return


def _stat(path: Path) -> os.stat_result:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise NotMedia(f"{printable(path)} is not a file; name the video files themselves")
        with path.open("rb"):
            return status
    except FileNotFoundError:
        raise MediaError(f"{printable(path)} does not exist; check its name") from None
    except PermissionError:
        raise MediaError(f"{printable(path)} may not be read: change its permissions") from None
    except OSError as error:
        raise MediaUnavailable(f"{printable(path)} cannot be read now: {error.strerror}") from None


def _may_be_mp4(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:] in (b"ftyp", b"moov", b"mdat", b"wide", b"free")


def _describe(path: Path, status: os.stat_result, container: Any) -> MediaInfo:
    streams = container.streams
    pictures = [stream for stream in streams.video if not _is_still(stream)]
    start_ms = _start_ms(container)
    return MediaInfo(
        path=path,
        size_bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        duration_ms=_duration_ms(container, path),
        audio=tuple(_audio_track(index, stream) for index, stream in enumerate(streams.audio)),
        subtitles=tuple(
            _subtitle_track(index, stream) for index, stream in enumerate(streams.subtitles)
        ),
        frame_rate=_frame_rate(pictures[0]) if pictures else None,
        start_ms=start_ms,
        has_picture=bool(pictures),
        chapters=_chapters(container, start_ms),
        attachments=tuple(
            printable(Path(stream.metadata.get("filename", "")).name)
            for stream in streams.attachments
        ),
    )


def _is_still(stream: Any) -> bool:
    """Whether this video stream is cover art or a thumbnail rather than moving pictures."""
    disposition = type(stream.disposition)
    stills = disposition.attached_pic | disposition.still_image | disposition.timed_thumbnails
    return bool(stream.disposition & stills)


def _start_ms(container: Any) -> int:
    return round_half_up(Fraction(container.start_time or 0, 1000))


def _duration_ms(container: Any, path: Path) -> int:
    """From the header; from the last packets if that is missing or counts from another start."""
    start_ms = _start_ms(container)
    duration_ms = round_half_up(Fraction(container.duration or 0, 1000))
    # Matroska's duration may or may not include the time before the first packet.
    if duration_ms <= 0 or (start_ms > 0 and "matroska" in container.format.name):
        end_ms = seconds_to_ms(last_packet_end(container, near_ms=duration_ms - 30_000))
        duration_ms = max(0, end_ms - start_ms)
    if duration_ms > MAX_DURATION_MS:
        raise DamagedMedia(
            f"{printable(path)} claims to last {duration_ms // 3_600_000} hours: "
            "its clock is broken; remux it"
        )
    return duration_ms


def last_packet_end(container: Any, near_ms: int) -> Fraction:
    """The end of the last packet in seconds of the container's clock; searches from ``near_ms``."""
    import av

    if near_ms > 0:
        with suppress(av.error.FFmpegError):
            container.seek(near_ms * 1000)
    end = Fraction(0)
    for packet in packets(container, None):
        if packet.pts is not None:
            end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
    return end


def _audio_track(index: int, stream: Any) -> AudioTrack:
    context = stream.codec_context  # None for a codec that FFmpeg does not know
    return AudioTrack(
        index=index,
        codec=_codec(stream),
        channels=context.channels if context else 0,
        sample_rate_hz=context.sample_rate if context else 0,
        language=_language(stream),
        title=_title(stream),
        default=bool(stream.disposition & type(stream.disposition).default),
        dispositions=frozenset(flag.name for flag in stream.disposition if flag.name),
    )


def _subtitle_track(index: int, stream: Any) -> SubtitleTrack:
    disposition = type(stream.disposition)
    return SubtitleTrack(
        index=index,
        codec=_codec(stream),
        language=_language(stream),
        title=_title(stream),
        default=bool(stream.disposition & disposition.default),
        forced=bool(stream.disposition & disposition.forced),
        hearing_impaired=bool(stream.disposition & disposition.hearing_impaired),
        image=_codec(stream) in {"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"},
    )


def _codec(stream: Any) -> str:
    context = stream.codec_context
    return context.codec.canonical_name if context is not None else "unknown"


def _title(stream: Any) -> str | None:
    return stream.metadata.get("title") or None


def _language(stream: Any) -> str | None:
    return normalised_language(stream.metadata.get("language", ""))


def normalised_language(tag: str) -> str | None:
    """A container's language tag ("ger", "pt-BR") as BCP-47; None if it names no language."""
    import langcodes

    try:
        normal = langcodes.standardize_tag(tag)
    except ValueError:
        return None
    code = primary(normal)
    if code in _NO_LANGUAGE or ("qaa" <= code <= "qtz" and len(code) == 3):
        return None
    return normal if langcodes.tag_is_valid(normal) else None


def _frame_rate(stream: Any) -> Fraction | None:
    rate = stream.guessed_rate or stream.average_rate
    if not rate:
        return None
    nearest = min(_RATES, key=lambda known: abs(known - rate))
    # 24 and 24000/1001 are 1/1000 apart; a rounded rate is off by less than 1/10000.
    return nearest if abs(nearest - rate) < rate / 10_000 else Fraction(rate)


def _chapters(container: Any, start_ms: int) -> tuple[Span, ...]:
    spans = []
    for chapter in container.chapters():
        start, end = (
            max(0, round_half_up(Fraction(chapter[edge]) * chapter["time_base"] * 1000) - start_ms)
            for edge in ("start", "end")
        )
        if start <= end:
            spans.append(Span(start_ms=start, end_ms=end))
    return tuple(spans)
