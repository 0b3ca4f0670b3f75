"""Decoded audio on the video's timeline: mono, 16 kHz, sample 0 where the picture begins.

ffmpeg decodes and resamples; its ``aresample=async=1`` fills holes with silence and follows a
drifting clock. Its output carries timestamps (NUT, not bare samples), which decide where on the
timeline each chunk goes: ffmpeg restarts its filters when a broadcast changes its channel layout,
and counting samples would lose the position there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canary_subs._text import printable
from canary_subs.errors import DamagedMedia
from canary_subs.media.ffmpeg import FFmpegFailed, Run, media_input
from canary_subs.media.probe import MAX_DURATION_MS, opened, packets
from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, AudioTrack, MediaInfo
from canary_subs.time import clock, ms_to_samples, round_half_up, samples_to_ms

log = logging.getLogger(__name__)

#: Samples in each clip except the last: 30 s.
CLIP_SAMPLES = 30 * SAMPLE_RATE_HZ

#: A chunk that begins this close to the end of the previous one continues it: 10 ms.
_SEAM_SAMPLES = SAMPLE_RATE_HZ // 100

#: Added to ffmpeg's timestamps, because NUT cannot hold negative ones.
_LEAD_MS = 60_000

#: No codec needs fewer bytes for a second of audio. Audio that runs longer than both the container
#: claims and its bytes could hold comes from a broken clock; the claim may be short by a margin.
_MIN_BYTES_PER_S = 100
_MARGIN_MS = 600_000

#: Timestamps that jump further than this between two packets mean a spliced file, in formats that
#: allow it.
_JUMP_S = 10
#: libavformat's AVFMT_TS_DISCONT: timestamps may jump (MPEG-TS, MPEG-PS, Ogg).
_MAY_JUMP = 0x0200

# Dialogue is in the centre channel; the front pair stays audible for videos whose centre is silent.
# ffmpeg's own downmix differs between versions, this does not.
_DIALOGUE = "pan=mono|c0=0.7*FC+0.15*FL+0.15*FR"

Samples = NDArray[np.float32]


def read(media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
    """Stream the track as consecutive clips of 30 s, float32 (n,) mono at 16 kHz.

    Gaps, at the start and in between, are filled with silence. A truncated or partly damaged file
    yields what can be decoded and logs a warning. Raises `DamagedMedia` if nothing can be decoded
    or ffmpeg had to be stopped. ffmpeg is killed when the thread that asked for the first clip
    ends.
    """
    import av

    try:
        command = _command(media, track)
    except (av.error.FFmpegError, IndexError):
        raise DamagedMedia(
            f"{printable(media.path)} was changed or removed after it was probed; try again"
        ) from None
    position = 0
    complaint = ""
    try:
        with Run(command) as running:
            for samples in _in_clips(_in_place(_timed(running), _max_ms(media))):
                yield AudioClip(samples=samples, start_samples=position)
                position += len(samples)
            complaint = running.finish()
    except FFmpegFailed as error:
        if not error.own_error:
            reached = clock(samples_to_ms(position, SAMPLE_RATE_HZ))
            raise DamagedMedia(
                f"{_named(media, track)} cannot be read beyond {reached}: {error}; "
                "remux the file, or copy it again"
            ) from None
        complaint = str(error)
    if complaint:
        # In ffmpeg's words: useful to those who know it, and often not the cause.
        reached = clock(samples_to_ms(position, SAMPLE_RATE_HZ))
        log.warning("%s is damaged (read up to %s): %s", _named(media, track), reached, complaint)
    if position == 0:
        another = ", or choose another track" if len(media.audio) > 1 else ""
        raise DamagedMedia(
            f"{_named(media, track)} is damaged, nothing in it can be decoded; "
            f"copy the file again{another}"
        )


def _named(media: MediaInfo, track: AudioTrack) -> str:
    return f"{printable(media.path)}: audio track {track.index + 1}"


def _max_ms(media: MediaInfo) -> int:
    """The longest that the audio can be, whatever its timestamps say."""
    held_ms = media.size_bytes * 1000 // _MIN_BYTES_PER_S
    return min(max(media.duration_ms, held_ms) + _MARGIN_MS, MAX_DURATION_MS)


class _Pipe:
    """A run's output for PyAV, which may keep reading after an exception and lose it."""

    def __init__(self, running: Run) -> None:
        self._running = running
        self._failure: BaseException | None = None

    def read(self, size: int) -> bytes:
        try:
            return b"" if self._failure else self._running.read(size)
        except BaseException as failure:
            self._failure = failure
            return b""

    def check(self) -> None:
        """Raise the exception of an earlier read."""
        if self._failure:
            raise self._failure


def _timed(running: Run) -> Iterator[tuple[int, Samples]]:
    """The chunks that ffmpeg writes: (position of the first sample on the timeline, samples)."""
    import av

    lead = ms_to_samples(_LEAD_MS, SAMPLE_RATE_HZ)
    pipe = _Pipe(running)
    try:
        # NUT carries the video's own titles, which may hold any bytes.
        with av.open(pipe, format="nut", metadata_errors="replace") as container:
            for packet in container.demux(audio=0):
                if packet.pts is None:
                    continue
                at = round_half_up(packet.pts * packet.time_base * SAMPLE_RATE_HZ) - lead
                # The last packet of a stopped ffmpeg may end inside a sample.
                samples = np.frombuffer(bytes(packet), "<i2", count=packet.size // 2)
                yield at, samples.astype(np.float32) / np.float32(32768)
    except av.error.FFmpegError as error:
        # It wrote nothing, or stopped midway; `finish` says why.
        log.debug("ffmpeg's output ends early: %s", error)
    pipe.check()


def _in_place(timed: Iterable[tuple[int, Samples]], max_ms: int) -> Iterator[Samples]:
    """Consecutive chunks from position 0 on: gaps filled, overlaps cut."""
    position = 0
    for at, chunk in timed:
        if at + len(chunk) > ms_to_samples(max_ms, SAMPLE_RATE_HZ):
            raise FFmpegFailed("its clock is broken, the sound has no end")
        overlap = position - at if at < position - _SEAM_SAMPLES else 0
        while at > position + _SEAM_SAMPLES:
            silence = np.zeros(min(at - position, CLIP_SAMPLES), np.float32)
            yield silence
            position += len(silence)
        rest = chunk[overlap:]
        yield rest
        position += len(rest)


def _in_clips(chunks: Iterable[Samples]) -> Iterator[Samples]:
    """The same samples, ``CLIP_SAMPLES`` at a time."""
    waiting: list[Samples] = []
    held = 0
    for chunk in chunks:
        waiting.append(chunk)
        held += len(chunk)
        while held >= CLIP_SAMPLES:
            joined = np.concatenate(waiting)
            yield joined[:CLIP_SAMPLES]
            waiting, held = [joined[CLIP_SAMPLES:]], held - CLIP_SAMPLES
    if held:
        yield np.concatenate(waiting)


def _command(media: MediaInfo, track: AudioTrack) -> Any:
    """The ffmpeg-python node that writes the track to a pipe."""
    import ffmpeg

    with opened(media.path) as container:
        stream = container.streams.audio[track.index]
        if stream.codec_context is None:
            raise DamagedMedia(
                f"{_named(media, track)} is in a format that cannot be decoded; convert it, or "
                "copy the file again if it is damaged"
            )
        channels = {channel.name for channel in stream.codec_context.layout.channels}
        may_jump = bool(container.format.flags & _MAY_JUMP)
    spliced = may_jump and _is_spliced(media, track)
    shift_ms = _LEAD_MS - (0 if spliced else media.start_ms)
    filters = [
        f"asetpts=PTS+({Fraction(shift_ms, 1000)})/TB",
        f"aresample={SAMPLE_RATE_HZ}:async=1:min_hard_comp=0.01",
        f"asetnsamples=n={SAMPLE_RATE_HZ}:p=0",
    ]
    if len(channels) > 2 and {"FL", "FR", "FC"} <= channels:
        filters.insert(0, _DIALOGUE)
    settings = {
        "format": "nut",
        "acodec": "pcm_s16le",
        "ac": 1,
        "af": ",".join(filters),
        "avoid_negative_ts": "disabled",
    }
    if not spliced:
        source = media_input(media.path, copyts=None)
        return source[f"a:{track.index}"].output("pipe:", **settings)
    # ffmpeg corrects the jumps itself, for all streams alike, if it sees the picture's packets too.
    source = media_input(media.path)
    sound = source[f"a:{track.index}"].output("pipe:", **settings)
    if not media.has_picture:
        return sound
    return ffmpeg.merge_outputs(sound, source["V:0"].output("-", format="null", c="copy"))


def _is_spliced(media: MediaInfo, track: AudioTrack) -> bool:
    """Whether the file's timestamps jump, as they do in recordings that were joined.

    A gap in the audio alone, while the picture's timestamps continue, does not count. Reads the
    entire file, and the picture's packets only if the audio's timestamps jump.
    """
    with opened(media.path) as container:
        sound = container.streams.audio[track.index]
        for other in container.streams:
            if other.index != sound.index:
                other.discard = type(other.discard).all
        if not _jumps(container, [sound]):
            return False
    with opened(media.path) as container:
        sound = container.streams.audio[track.index]
        return _jumps(container, [sound, *container.streams.video[:1]])


def _jumps(container: Any, streams: list[Any]) -> bool:
    due: Fraction | None = None
    for packet in packets(container, streams):
        if packet.dts is None:
            continue
        at = packet.dts * packet.time_base
        if due is not None and abs(at - due) > _JUMP_S:
            return True
        due = at + (packet.duration or 0) * packet.time_base
    return False
