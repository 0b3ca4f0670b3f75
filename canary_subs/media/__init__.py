"""Media files: probe them, choose an audio track, decode it."""

from __future__ import annotations

from canary_subs.model import Context
from canary_subs.plugin.hookspecs import NoOptions, Provider, Source, hookimpl


def _make(options: NoOptions, context: Context) -> Source:
    from canary_subs.media.source import FfmpegSource

    return FfmpegSource()


@hookimpl
def canary_subs_sources() -> list[Provider[Source]]:
    return [
        Provider(
            name="ffmpeg",
            summary="every common video and audio container and codec, read with FFmpeg",
            make=_make,
        )
    ]
