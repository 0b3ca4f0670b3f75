"""Sound on the video's timeline: mono, 16 kHz, sample 0 where the picture begins.

ffmpeg decodes and resamples; its ``aresample=async=1`` fills holes with silence and follows a clock
that drifts. What it writes carries times (NUT, not bare samples), and they decide where in the film
each stretch is put: ffmpeg begins its filters anew where a broadcast changes its channels, and a
count of samples would go astray there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canary_subs.errors import DamagedMedia
from canary_subs.media.ffmpeg import FFmpegFailed, Run, media_input
from canary_subs.media.probe import MAX_DURATION_MS, opened, packets, shown
from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, AudioTrack, MediaInfo
from canary_subs.time import clock, ms_to_samples, round_half_up, samples_to_ms

log = logging.getLogger(__name__)

#: Samples in each clip but the last: 30 s.
CLIP_SAMPLES = 30 * SAMPLE_RATE_HZ

#: A stretch that begins this near to where the last one ended continues it: 10 ms.
_SEAM_SAMPLES = SAMPLE_RATE_HZ // 100

#: ffmpeg's times are shifted by this, because NUT knows no negative ones.
_LEAD_MS = 60_000

#: No codec writes a second of sound in fewer bytes; what goes on for longer than the container
#: says, and than its bytes could hold, is a broken clock. What is said may be short by a margin.
_LEAST_BYTES_S = 100
_MARGIN_MS = 600_000

#: A clock that leaps further than this between two packets was spliced, in formats that allow it.
_LEAP_S = 10
#: libavformat's AVFMT_TS_DISCONT: the format's clock may leap (MPEG-TS, MPEG-PS, Ogg).
_MAY_LEAP = 0x0200

# Dialogue is in the centre; the front pair stays audible for the films whose centre is silent.
# ffmpeg's own downmix differs between its versions, this does not.
_DIALOGUE = "pan=mono|c0=0.7*FC+0.15*FL+0.15*FR"

Samples = NDArray[np.float32]


def read(media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
    """Stream the track as consecutive clips of 30 s, float32 (n,) mono at 16 kHz.

    What is missing before and between is silence. A file that ends early or has damaged places
    yields what can be decoded and logs a warning; `DamagedMedia` is raised where nothing can be,
    or where ffmpeg had to be ended. ffmpeg dies with the thread that asked for the first clip.
    """
    import av

    try:
        recipe = _recipe(media, track)
    except (av.error.FFmpegError, IndexError):
        raise DamagedMedia(
            f"{shown(media.path)} has changed or gone since it was probed; try it again"
        ) from None
    position = 0
    complaint = ""
    try:
        with Run(recipe) as running:
            for samples in _in_clips(_in_place(_timed(running), _most_ms(media))):
                yield AudioClip(samples=samples, start_samples=position)
                position += len(samples)
            complaint = running.finish()
    except FFmpegFailed as error:
        if not error.by_itself:
            reached = clock(samples_to_ms(position, SAMPLE_RATE_HZ))
            raise DamagedMedia(
                f"{_named(media, track)} cannot be read beyond {reached}: {error}; "
                "remux the file, or copy it again"
            ) from None
        complaint = str(error)
    if complaint:
        # In ffmpeg's words, which mean something to those who know it, and often not the cause.
        reached = clock(samples_to_ms(position, SAMPLE_RATE_HZ))
        log.warning("%s is damaged (read up to %s): %s", _named(media, track), reached, complaint)
    if position == 0:
        another = ", or choose another track" if len(media.audio) > 1 else ""
        raise DamagedMedia(
            f"{_named(media, track)} is damaged, nothing in it can be decoded; "
            f"copy the file again{another}"
        )


def _named(media: MediaInfo, track: AudioTrack) -> str:
    return f"{shown(media.path)}: audio track {track.index + 1}"


def _most_ms(media: MediaInfo) -> int:
    """How long the sound can be, whatever its clock says."""
    held_ms = media.size_bytes * 1000 // _LEAST_BYTES_S
    return min(max(media.duration_ms, held_ms) + _MARGIN_MS, MAX_DURATION_MS)


class _Pipe:
    """A run's output for PyAV, which may read on after an exception and then lose it."""

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
        """Raise what went wrong while reading."""
        if self._failure:
            raise self._failure


def _timed(running: Run) -> Iterator[tuple[int, Samples]]:
    """The stretches that ffmpeg writes, each with its first sample's place in the film."""
    import av

    lead = ms_to_samples(_LEAD_MS, SAMPLE_RATE_HZ)
    pipe = _Pipe(running)
    try:
        # NUT carries the film's own titles, which may be of any bytes.
        with av.open(pipe, format="nut", metadata_errors="replace") as container:
            for packet in container.demux(audio=0):
                if packet.pts is None:
                    continue
                at = round_half_up(packet.pts * packet.time_base * SAMPLE_RATE_HZ) - lead
                # The last packet of an ffmpeg that was ended may stop inside a sample.
                whole = np.frombuffer(bytes(packet), "<i2", count=packet.size // 2)
                yield at, whole.astype(np.float32) / np.float32(32768)
    except av.error.FFmpegError as error:
        # It wrote nothing, or stopped in the middle; `finish` tells why.
        log.debug("what ffmpeg wrote ends early: %s", error)
    pipe.check()


def _in_place(timed: Iterable[tuple[int, Samples]], most_ms: int) -> Iterator[Samples]:
    """Stretches that follow each other from place 0 on: holes filled, overlaps cut."""
    position = 0
    for at, stretch in timed:
        if at + len(stretch) > ms_to_samples(most_ms, SAMPLE_RATE_HZ):
            raise FFmpegFailed("its clock is broken, the sound has no end")
        overlap = position - at if at < position - _SEAM_SAMPLES else 0
        while at > position + _SEAM_SAMPLES:
            silence = np.zeros(min(at - position, CLIP_SAMPLES), np.float32)
            yield silence
            position += len(silence)
        fresh = stretch[overlap:]
        yield fresh
        position += len(fresh)


def _in_clips(stretches: Iterable[Samples]) -> Iterator[Samples]:
    """The same samples, ``CLIP_SAMPLES`` at a time."""
    waiting: list[Samples] = []
    held = 0
    for stretch in stretches:
        waiting.append(stretch)
        held += len(stretch)
        while held >= CLIP_SAMPLES:
            joined = np.concatenate(waiting)
            yield joined[:CLIP_SAMPLES]
            waiting, held = [joined[CLIP_SAMPLES:]], held - CLIP_SAMPLES
    if held:
        yield np.concatenate(waiting)


def _recipe(media: MediaInfo, track: AudioTrack) -> Any:
    """The ffmpeg-python node that writes the track to a pipe."""
    import ffmpeg

    with opened(media.path) as container:
        stream = container.streams.audio[track.index]
        if stream.codec_context is None:
            raise DamagedMedia(
                f"{_named(media, track)} is in no format that can be decoded; convert it, or "
                "copy the file again if it is damaged"
            )
        channels = {channel.name for channel in stream.codec_context.layout.channels}
        may_leap = bool(container.format.flags & _MAY_LEAP)
    spliced = may_leap and _is_spliced(media, track)
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
    # ffmpeg mends the leaps itself, for all streams alike, if it sees the picture's packets too.
    source = media_input(media.path)
    sound = source[f"a:{track.index}"].output("pipe:", **settings)
    if not media.has_picture:
        return sound
    return ffmpeg.merge_outputs(sound, source["V:0"].output("-", format="null", c="copy"))


def _is_spliced(media: MediaInfo, track: AudioTrack) -> bool:
    """Whether the file's clock leaps on its way, as where recordings were joined.

    A hole in the sound alone, over which the picture's clock goes on, is no leap. Reads the whole
    file, but looks at the picture's packets only where the sound's clock leaps.
    """
    with opened(media.path) as container:
        sound = container.streams.audio[track.index]
        for other in container.streams:
            if other.index != sound.index:
                other.discard = type(other.discard).all
        if not _leaps(container, [sound]):
            return False
    with opened(media.path) as container:
        sound = container.streams.audio[track.index]
        return _leaps(container, [sound, *container.streams.video[:1]])


def _leaps(container: Any, streams: list[Any]) -> bool:
    due: Fraction | None = None
    for packet in packets(container, streams):
        if packet.dts is None:
            continue
        at = packet.dts * packet.time_base
        if due is not None and abs(at - due) > _LEAP_S:
            return True
        due = at + (packet.duration or 0) * packet.time_base
    return False
