"""The provider "ffmpeg": PyAV probes, the ffmpeg program decodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from canary_subs.errors import PluginUnusable
from canary_subs.media import audio, ffmpeg, probe
from canary_subs.model import AudioClip, AudioTrack, MediaInfo


class FfmpegSource:
    """Opens every container that `probe.FORMATS` lists. Raises `PluginUnusable` without ffmpeg."""

    def __init__(self) -> None:
        try:
            ffmpeg.find()
        except FileNotFoundError as error:
            raise PluginUnusable(str(error)) from None

    def probe(self, path: Path) -> MediaInfo | None:
        return probe.probe(path)

    def read(self, media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
        return audio.read(media, track)
