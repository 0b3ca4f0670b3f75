"""Subtitle formats, one small module each, read and written; none knows another."""

from __future__ import annotations

from collections.abc import Iterable

from canary_subs.formats.ass import AssOptions, AssReader, AssWriter
from canary_subs.formats.json import JsonOptions, JsonReader, JsonWriter
from canary_subs.formats.microdvd import MicroDvdReader
from canary_subs.formats.sami import SamiReader
from canary_subs.formats.sbv import SbvReader
from canary_subs.formats.srt import SrtOptions, SrtReader, SrtWriter
from canary_subs.formats.subviewer import SubViewerReader
from canary_subs.formats.ttml import TtmlReader
from canary_subs.formats.txt import TxtOptions, TxtWriter
from canary_subs.formats.vtt import VttOptions, VttReader, VttWriter
from canary_subs.plugin.hookspecs import Provider, Reader, Writer, hookimpl


@hookimpl
def canary_subs_writers() -> Iterable[Provider[Writer]]:
    return [
        Provider(
            name="srt",
            summary="SubRip, for every player",
            make=lambda options, context: SrtWriter(options),
            options=SrtOptions,
        ),
        Provider(
            name="vtt",
            summary="WebVTT, for browsers",
            make=lambda options, context: VttWriter(options),
            options=VttOptions,
        ),
        Provider(
            name="ass",
            summary="Advanced SubStation Alpha, styled; karaoke on request",
            make=lambda options, context: AssWriter(options),
            options=AssOptions,
        ),
        Provider(
            name="json",
            summary="words, times, confidence, flags and provenance, for programs",
            make=lambda options, context: JsonWriter(options),
            options=JsonOptions,
        ),
        Provider(
            name="txt",
            summary="plain text in paragraphs, for reading",
            make=lambda options, context: TxtWriter(options),
            options=TxtOptions,
        ),
    ]


@hookimpl
def canary_subs_readers() -> Iterable[Provider[Reader]]:
    # SubRip comes after the formats that show themselves more clearly.
    return [
        _reader("vtt", "WebVTT", VttReader),
        _reader("ttml", "Timed Text Markup Language: iTT, IMSC, EBU-TT-D, DFXP", TtmlReader),
        _reader("json", "canary-subs' own JSON", JsonReader),
        _reader("ass", "Advanced SubStation Alpha and SubStation Alpha (SSA)", AssReader),
        _reader("sami", "SAMI, Windows Media's captions", SamiReader),
        _reader("srt", "SubRip", SrtReader),
        _reader("microdvd", "MicroDVD, whose times are frames", MicroDvdReader),
        _reader("subviewer", "SubViewer 2", SubViewerReader),
        _reader("sbv", "SBV, YouTube's captions", SbvReader),
    ]


def _reader(name: str, summary: str, made: type[Reader]) -> Provider[Reader]:
    return Provider(name=name, summary=summary, make=lambda options, context: made())
