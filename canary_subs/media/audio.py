"""Decoded audio on the video's timeline: mono, 16 kHz, sample 0 where the picture begins.

ffmpeg decodes and resamples; its ``aresample=async=1`` fills holes with silence and follows a
drifting clock. Its output carries timestamps (NUT, not bare samples), which decide where on the
timeline each chunk goes: ffmpeg restarts its filters when a broadcast changes its channel layout,
and counting samples would lose the position there.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np

from canary_subs._text import printable
from canary_subs.errors import DamagedMedia, EncryptedMedia, MediaError, MediaUnavailable, NoSound
from canary_subs.media.ffmpeg import FFmpegFailed, Report, Run, media_input, programs
from canary_subs.media.mix import Mixer, Samples
from canary_subs.media.probe import (
    LOST_ERRORS,
    MAX_DURATION_MS,
    bytes_there,
    opened,
    packets,
    patience_s,
    unread,
)
from canary_subs.media.promise import CLOSE_MS, Promise, ends_early, promise
from canary_subs.media.tracks import named
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

#: What ffmpeg says of storage that is out of reach at present.
_LOST = tuple(os.strerror(number) for number in LOST_ERRORS)

#: Sound that is so many times as long by its timestamps as it is, and longer by so much, has broken
#: ones.
_SPREAD = 3
_SPREAD_MS = 60_000

#: Timestamps that jump further than this between two packets mean a spliced file, in formats that
#: allow it.
_JUMP_S = 10
#: libavformat's AVFMT_TS_DISCONT: timestamps may jump (MPEG-TS, MPEG-PS, Ogg).
_MAY_JUMP = 0x0200


def read(media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
    """Stream the track as consecutive clips of 30 s, float32 (n,) mono at 16 kHz.

    Gaps, at the start and in between, are filled with silence. A truncated or partly damaged file
    yields what can be decoded; the last clip's warnings say what is missing. Raises `NoSound` for a
    track without any, `EncryptedMedia`, `DamagedMedia` if nothing can be decoded, and
    `MediaUnavailable` where ffmpeg had to be stopped. ffmpeg is killed when the thread that asked
    for the first clip ends.
    """
    import av

    try:
        command, names = _command(media, track)
        with promise(media, track) as promised:
            promised.read(until_ms=1)
            if promised.is_encrypted:
                raise EncryptedMedia(
                    f"{_named(media, track)} is encrypted: it can only be played with its key"
                )
            with Run(command, stall_s=patience_s(media.path)) as running:
                yield from _clips(media, track, running, promised, names)
    except (av.error.FFmpegError, FileNotFoundError, IndexError) as error:
        if getattr(error, "errno", None) in LOST_ERRORS:
            raise unread(media.path) from None
        raise DamagedMedia(
            f"{printable(media.path)} was changed or removed after it was probed; try again"
        ) from None


def _clips(
    media: MediaInfo, track: AudioTrack, running: Run, promised: Promise, names: tuple[str, ...]
) -> Iterator[AudioClip]:
    """The clips of a run; the last one has the warnings."""
    position = 0
    last: AudioClip | None = None
    mixer = Mixer(names)
    try:
        for samples in _in_clips(_in_place(_timed(running), _max_ms(media))):
            if last is not None:
                yield last
            if samples.shape[1] != len(names):
                names = ("",) * samples.shape[1]
                mixer = Mixer(names)
            last = AudioClip(samples=mixer.mono(samples), start_samples=position)
            position = last.end_samples
            promised.read(until_ms=samples_to_ms(position, SAMPLE_RATE_HZ))
            _compare_codecs(media, track, running.report)
        running.finish()
    except FFmpegFailed as error:
        if not error.own_error:
            if error.stalled:
                raise unread(media.path) from None
            if error.killed:
                raise MediaUnavailable(
                    f"{_named(media, track)} could not be read to its end: {error}, probably since "
                    "memory ran out; close other programs, or add memory"
                ) from None
            if last is not None:
                yield last
            reached = clock(samples_to_ms(position, SAMPLE_RATE_HZ))
            raise DamagedMedia(
                f"{_named(media, track)} cannot be read beyond {reached}: {error}; "
                "remux the file, or copy it again"
            ) from None
    if any(lost in text for _, text in running.report.errors for lost in _LOST):
        raise MediaUnavailable(
            f"{_named(media, track)} cannot be read now, its storage fails: "
            f"{_about_sound(running.report, track)}"
        )
    promised.read(until_ms=inf)
    _compare_codecs(media, track, running.report)
    if last is None:
        raise _nothing(media, track, running.report, promised)
    warnings = [*_losses(media, track, running.report, promised, position), *_mixes(track, mixer)]
    for warning in warnings:
        log.warning("%s: %s", printable(media.path), warning)
    yield replace(last, warnings=tuple(warnings))


def _compare_codecs(media: MediaInfo, track: AudioTrack, report: Report) -> None:
    """Raise `MediaError` where ffmpeg takes the track for another codec than PyAV does."""
    if report.codec is None or report.codec == track.codec:
        return
    used = programs()[0]
    raise MediaError(
        f"{_named(media, track)} is in {track.codec}, but ffmpeg {used.version} takes it for "
        f"{report.codec} and would make noise of it; install a newer ffmpeg"
    )


def _nothing(media: MediaInfo, track: AudioTrack, report: Report, promised: Promise) -> MediaError:
    """Why a track gave no sound at all."""
    if promised.count == 0 and promised.stated_ms(estimated=report.is_estimated) == 0:
        return NoSound(f"{_named(media, track)} holds no sound")
    another = ", or choose another track" if len(media.audio) > 1 else ""
    return DamagedMedia(
        f"{_named(media, track)} is damaged, nothing in it can be decoded; "
        f"copy the file again{another}"
    )


def _losses(
    media: MediaInfo, track: AudioTrack, report: Report, promised: Promise, position: int
) -> Iterator[str]:
    """What of the track could not be heard, in one line each."""
    reached_ms = samples_to_ms(position, SAMPLE_RATE_HZ)
    because = f" (ffmpeg: {said})" if (said := _about_sound(report, track)) else ""
    name = named(track)
    cut_ms = promised.cut_ms(estimated=report.is_estimated)
    if cut_ms is None and ends_early(media):
        cut_ms = media.duration_ms
    if cut_ms is not None or promised.is_broken:
        of = f" of {clock(cut_ms)}" if cut_ms is not None else ""
        yield (
            f"{name} was heard up to {clock(reached_ms)}{of}, the rest is missing or cannot be "
            f"read{because}; copy the file again"
        )
    held_ms, decoded_ms, span_ms = promised.held_ms, report.decoded_ms, promised.span_ms
    if decoded_ms is None or span_ms is None:
        return
    lost_ms = 0 if held_ms is None else held_ms - decoded_ms
    if because:  # a hole may be meant, but not together with errors
        lost_ms = max(lost_ms, span_ms - decoded_ms)
    if reached_ms - decoded_ms > _SPREAD_MS and reached_ms > _SPREAD * decoded_ms:
        yield (
            f"{name} has broken timestamps: {clock(decoded_ms)} of sound lie spread over "
            f"{clock(reached_ms)}; remux the file"
        )
    if lost_ms > max(CLOSE_MS, 0 if because else span_ms // 20):
        yield (
            f"{name} is damaged: {lost_ms / 1000:.1f} s of its sound cannot be decoded, heard up "
            f"to {clock(reached_ms)}{because}; copy the file again"
        )


def _about_sound(report: Report, track: AudioTrack) -> str:
    """ffmpeg's first error that concerns the file or this track, not a picture or a cover."""
    for component, text in report.errors:
        own = component.split("/")[0].split("#")[0] in ("", "in", "aist", "af", "aost")
        if own or track.codec in component or "dec:" in component:
            return text
    return ""


def _mixes(track: AudioTrack, mixer: Mixer) -> Iterator[str]:
    if mixer.alone:
        channels = ", ".join(mixer.alone)
        yield (
            f"{named(track)}: the mix of its channels is silent, channel {channels} was heard alone"
        )


def _named(media: MediaInfo, track: AudioTrack) -> str:
    return f"{printable(media.path)}: {named(track)}"


def _max_ms(media: MediaInfo) -> int:
    """The longest that the audio can be, whatever its timestamps say."""
    held_ms = bytes_there(media.path.stat()) * 1000 // _MIN_BYTES_PER_S
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
    """The chunks that ffmpeg writes: (position of the first sample on the timeline, samples).

    The samples are (n, channels).
    """
    import av

    lead = ms_to_samples(_LEAD_MS, SAMPLE_RATE_HZ)
    pipe = _Pipe(running)
    try:
        # NUT carries the video's own titles, which may hold any bytes.
        with av.open(pipe, format="nut", metadata_errors="replace") as container:
            channels = container.streams.audio[0].codec_context.channels
            for packet in container.demux(audio=0):
                if packet.pts is None:
                    continue
                at = round_half_up(packet.pts * packet.time_base * SAMPLE_RATE_HZ) - lead
                # The last packet of a stopped ffmpeg may end inside a sample.
                count = packet.size // 2 // channels
                samples = np.frombuffer(bytes(packet), "<i2", count=count * channels)
                yield at, samples.reshape(count, channels).astype(np.float32) / np.float32(32768)
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
            silence = np.zeros((min(at - position, CLIP_SAMPLES), chunk.shape[1]), np.float32)
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


def _command(media: MediaInfo, track: AudioTrack) -> tuple[Any, tuple[str, ...]]:
    """The ffmpeg-python node that writes the track to a pipe, and the names of its channels."""
    import ffmpeg

    with opened(media.path) as container:
        stream = container.streams.audio[track.index]
        if stream.codec_context is None:
            raise DamagedMedia(
                f"{_named(media, track)} is in a format that cannot be decoded; convert it, or "
                "copy the file again if it is damaged"
            )
        names = tuple(channel.name for channel in stream.codec_context.layout.channels)
        may_jump = bool(container.format.flags & _MAY_JUMP)
    spliced = may_jump and _is_spliced(media, track)
    shift_ms = _LEAD_MS - (0 if spliced else media.start_ms)
    filters = [
        f"asetpts=PTS+({Fraction(shift_ms, 1000)})/TB",
        f"aresample={SAMPLE_RATE_HZ}:async=1:min_hard_comp=0.01",
        f"asetnsamples=n={SAMPLE_RATE_HZ}:p=0",
    ]
    settings = {
        "format": "nut",
        "acodec": "pcm_s16le",
        "af": ",".join(filters),
        "avoid_negative_ts": "disabled",
    }
    if not spliced:
        source = media_input(media.path, copyts=None)
        return source[f"a:{track.index}"].output("pipe:", **settings), names
    # ffmpeg corrects the jumps itself, for all streams alike, if it sees the picture's packets too.
    source = media_input(media.path)
    sound = source[f"a:{track.index}"].output("pipe:", **settings)
    if not media.has_picture:
        return sound, names
    picture = source["V:0"].output("-", format="null", c="copy")
    return ffmpeg.merge_outputs(sound, picture), names


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
