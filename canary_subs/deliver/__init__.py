"""Deliveries: where finished subtitles go."""

from __future__ import annotations

from collections.abc import Iterable

from canary_subs.deliver.sidecar import Sidecar
from canary_subs.plugin.hookspecs import Delivery, Provider, hookimpl


@hookimpl
def canary_subs_deliveries() -> Iterable[Provider[Delivery]]:
    return [
        Provider(
            name="sidecar",
            summary="a file beside the video, or in a folder of its own: Name.<language>.srt",
            make=lambda options, context: Sidecar(context),
        )
    ]
