"""A file becomes sound: looking into media files, choosing a track, decoding it."""

from __future__ import annotations

from canary_subs.plugin.hookspecs import NoOptions, Provider, Source, hookimpl


def _make(options: NoOptions) -> Source:
    from canary_subs.media.source import FfmpegSource

    return FfmpegSource()


@hookimpl
def canary_subs_sources() -> list[Provider[Source]]:
    return [
        Provider(
            name="ffmpeg",
            summary="films and recordings of every usual container and codec, read with FFmpeg",
            make=_make,
        )
    ]
