"""LRC lyrics: a plugin for canary-subs."""

from __future__ import annotations

from collections.abc import Iterable

from canary_subs import Provider, hookimpl
from canary_subs.plugin.hookspecs import Reader, Writer
from canary_subs_karaoke.lrc import LrcOptions, LrcReader, LrcWriter

__all__ = ["LrcOptions", "LrcReader", "LrcWriter"]


@hookimpl
def canary_subs_writers() -> Iterable[Provider[Writer]]:
    return [
        Provider(
            name="lrc",
            summary="lyrics for music players and karaoke; words light up on request",
            make=lambda options, context: LrcWriter(options),
            options=LrcOptions,
        )
    ]


@hookimpl
def canary_subs_readers() -> Iterable[Provider[Reader]]:
    return [
        Provider(
            name="lrc",
            summary="lyrics for music players and karaoke, with word times",
            make=lambda options, context: LrcReader(),
        )
    ]
