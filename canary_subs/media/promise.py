"""What a file promises of an audio track: the second reading, beside the decoder's.

PyAV counts the packets of the track while ffmpeg decodes it, as far as ffmpeg has come, so that
each part of the file comes from the disk once. Where less sound is decoded than the packets hold,
or the packets end before the header says, sound was lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from canary_subs.media.probe import last_packet_end, opened, packets
from canary_subs.model import AudioTrack, MediaInfo
from canary_subs.time import seconds_to_ms

#: libavformat's AVFMT_TS_DISCONT: timestamps may jump (MPEG-TS, MPEG-PS, Ogg). But for Ogg, such
#: formats have no header that says how long they are.
_MAY_JUMP = 0x0200

#: Less than this may differ: codecs that start or end inside a packet.
CLOSE_MS = 500

#: Some track of a complete file comes this close to the end that its header states.
_NEAR_MS = 2_000


class Promise:
    """The packets of one audio track, counted as far as they were asked for."""

    def __init__(self, container: Any, track: AudioTrack) -> None:
        self._stream = container.streams.audio[track.index]
        for other in container.streams:
            if other.index != self._stream.index:
                other.discard = type(other.discard).all
        self._packets = packets(container, [self._stream], self._break)
        self._seconds = Fraction(0)
        self._first: Fraction | None = None
        self._end = Fraction(0)
        self._known = True
        self._has_header = not container.format.flags & _MAY_JUMP or container.format.name == "ogg"
        self._container_ms = seconds_to_ms(Fraction(container.duration or 0, 1_000_000))
        self._has_own_duration = "mp4" in container.format.name
        self._is_alone = len(container.streams) == 1
        #: How many packets hold anything.
        self.count = 0
        self.is_encrypted = False
        #: Whether the file cannot be read to its end.
        self.is_broken = False

    def _break(self) -> None:
        self.is_broken = True

    def read(self, until_ms: float) -> None:
        """Count on until the packets hold so much sound."""
        while self._seconds * 1000 < until_ms and (packet := next(self._packets, None)) is not None:
            self._add(packet)

    def _add(self, packet: Any) -> None:
        if not packet.size or packet.is_discard:
            return
        self.count += 1
        self.is_encrypted |= packet.has_sidedata("encryption_info")
        self._known &= bool(packet.duration)
        length = (packet.duration or 0) * packet.time_base
        self._seconds += length
        if packet.pts is not None:
            at = packet.pts * packet.time_base
            self._first = at if self._first is None else self._first
            self._end = max(self._end, at + length)

    @property
    def held_ms(self) -> int | None:
        """How much sound the packets hold; None where they do not say."""
        return seconds_to_ms(self._seconds) if self._known and self.count else None

    @property
    def span_ms(self) -> int | None:
        """From the start of the first packet to the end of the last; None without any."""
        return None if self._first is None else seconds_to_ms(self._end - self._first)

    def cut_ms(self, *, estimated: bool) -> int | None:
        """How long the track should be, where its packets end before that; else None.

        ``estimated``: the container's duration is a guess by its bit rate.
        """
        reached_ms = self.span_ms
        if reached_ms is None:
            return None
        stated_ms = self.stated_ms(estimated=estimated)
        tolerance_ms = max(CLOSE_MS, stated_ms // 100)
        return stated_ms if stated_ms > reached_ms + tolerance_ms else None

    def stated_ms(self, *, estimated: bool) -> int:
        """How long the track is by the file's header; 0 where it does not say."""
        stream = self._stream
        if not self._has_header:
            return 0
        hours, _, rest = stream.metadata.get("DURATION", "").partition(":")
        minutes, _, seconds = rest.partition(":")
        try:  # Matroska, "00:00:33.183000000"
            return seconds_to_ms(int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds))
        except ValueError:
            pass
        if estimated:
            return 0
        # Others copy the container's duration, which a longer picture may decide.
        if stream.duration is not None and (self._is_alone or self._has_own_duration):
            return seconds_to_ms(stream.duration * stream.time_base)
        return self._container_ms if self._is_alone else 0


@contextmanager
def promise(media: MediaInfo, track: AudioTrack) -> Iterator[Promise]:
    """What the track's packets promise, for as long as the block lasts."""
    with opened(media.path) as container:
        yield Promise(container, track)


def ends_early(media: MediaInfo) -> bool:
    """Whether no packet of any track comes near the end that the header states."""
    if media.duration_ms < 2 * _NEAR_MS:
        return False
    with opened(media.path) as container:
        if container.format.flags & _MAY_JUMP:
            return False
        end_ms = seconds_to_ms(last_packet_end(container, media.duration_ms - 30_000))
    return end_ms - media.start_ms < media.duration_ms - _NEAR_MS
