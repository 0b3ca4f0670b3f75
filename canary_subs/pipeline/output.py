"""Finished documents, written in their formats and delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from canary_subs.errors import CanarySubsError
from canary_subs.model import Choice, Document, MediaInfo, Plan, Rendered
from canary_subs.pipeline.existing import Output, suffix_of
from canary_subs.plugin.contain import each, misbehaved, shown
from canary_subs.plugin.hookspecs import Delivery, Writer
from canary_subs.plugin.manager import Plugins


def deliver(
    media: MediaInfo,
    documents: Sequence[Document],
    outputs: Sequence[Output],
    plan: Plan,
    plugins: Plugins,
) -> tuple[list[str], list[CanarySubsError]]:
    """Write every output that has a document, and deliver them: (where they went, failures).

    Each delivery gets all files of the video at once. An output that fails costs no other.
    """
    places: list[str] = []
    failures: list[CanarySubsError] = []
    by_track = {document.track: document for document in documents}
    for delivery in dict.fromkeys(output.delivery.name for output in outputs):
        rendered: list[Rendered] = []
        own = [output for output in outputs if output.delivery.name == delivery]
        for output in own:
            if (document := by_track.get(output.track)) is None:
                continue
            try:
                rendered.append(render(document, output.writer, plan, plugins))
            except CanarySubsError as error:
                failures.append(error)
        if not rendered:
            continue
        try:
            used: Delivery = plugins.use("delivery", own[0].delivery, plan.context)
            for place in each(used.deliver, used.deliver(media, rendered), str):
                places.append(place)
        except CanarySubsError as error:
            failures.append(error)
    return places, failures


def render(document: Document, writer: Choice, plan: Plan, plugins: Plugins) -> Rendered:
    """A document in a format. Raises `PluginError`, and what the format refuses."""
    used: Writer = plugins.use("format", writer, plan.context)
    suffix = suffix_of(writer, plan, plugins)
    written = used.write(document)
    files = written if isinstance(written, Mapping) else {suffix: written}
    if suffix not in files or not all(isinstance(data, bytes) for data in files.values()):
        raise misbehaved(used.write, f"write must give bytes, not {shown(written)}")
    extra = {other: data for other, data in files.items() if other != suffix}
    return Rendered(
        track=document.track, suffix=suffix, data=files[suffix], format=writer.name, extra=extra
    )
