"""Subtitle formats, one small module each; none knows another."""

from __future__ import annotations

from collections.abc import Iterable

from canary_subs.formats.ass import AssOptions, AssWriter
from canary_subs.formats.json import JsonOptions, JsonWriter
from canary_subs.formats.srt import SrtOptions, SrtWriter
from canary_subs.formats.txt import TxtOptions, TxtWriter
from canary_subs.formats.vtt import VttOptions, VttWriter
from canary_subs.plugin.hookspecs import Provider, Writer, hookimpl


@hookimpl
def canary_subs_writers() -> Iterable[Provider[Writer]]:
    return [
        Provider(
            name="srt", summary="SubRip, for every player", make=SrtWriter, options=SrtOptions
        ),
        Provider(name="vtt", summary="WebVTT, for browsers", make=VttWriter, options=VttOptions),
        Provider(
            name="ass",
            summary="Advanced SubStation Alpha, styled; karaoke on request",
            make=AssWriter,
            options=AssOptions,
        ),
        Provider(
            name="json",
            summary="words, times, confidence, flags and provenance, for programs",
            make=JsonWriter,
            options=JsonOptions,
        ),
        Provider(
            name="txt",
            summary="plain text in paragraphs, for reading",
            make=TxtWriter,
            options=TxtOptions,
        ),
    ]
