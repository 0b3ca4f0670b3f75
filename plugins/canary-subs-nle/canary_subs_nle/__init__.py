"""Formats for editing programs: a plugin for canary-subs."""

from __future__ import annotations

from collections.abc import Iterable

from canary_subs import Provider, hookimpl
from canary_subs.plugin.hookspecs import Writer
from canary_subs_nle.avid import AvidDsWriter, AvidMarkersWriter
from canary_subs_nle.itt import IttOptions, IttWriter
from canary_subs_nle.resolve import ResolveMarkersWriter
from canary_subs_nle.timeline import TimelineOptions


@hookimpl
def canary_subs_writers() -> Iterable[Provider[Writer]]:
    return [
        Provider(
            name="itt",
            summary="iTunes Timed Text, for Final Cut Pro",
            make=lambda options, context: IttWriter(options),
            options=IttOptions,
        ),
        Provider(
            name="avid-ds",
            summary="captions for Avid Media Composer's SubCap effect",
            make=lambda options, context: AvidDsWriter(options),
            options=TimelineOptions,
        ),
        Provider(
            name="avid-markers",
            summary="markers for Avid Media Composer",
            make=lambda options, context: AvidMarkersWriter(options),
            options=TimelineOptions,
        ),
        Provider(
            name="resolve-markers",
            summary="markers for DaVinci Resolve, as an EDL",
            make=lambda options, context: ResolveMarkersWriter(options),
            options=TimelineOptions,
        ),
    ]
