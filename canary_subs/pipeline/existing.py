"""Which outputs of a plan are already there, and which are still to be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from canary_subs.errors import CanarySubsError, OutputError, PluginError
from canary_subs.model import Choice, MediaInfo, Plan, Skip, Track
from canary_subs.plugin.contain import misbehaved
from canary_subs.plugin.hookspecs import Delivery, Writer
from canary_subs.plugin.manager import Plugins


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One file to make: its track, its format, and where it goes."""

    track: Track
    writer: Choice
    delivery: Choice


@dataclass(frozen=True, kw_only=True, slots=True)
class Outstanding:
    """What is still to be made for a video."""

    tracks: tuple[Track, ...]
    outputs: tuple[Output, ...] = ()
    #: Outputs that already failed, before any recognition.
    failures: tuple[CanarySubsError, ...] = ()


def outstanding(media: MediaInfo, plan: Plan, spoken: str, plugins: Plugins) -> Outstanding | Skip:
    """What is still to be made; a `Skip` where everything is already there.

    A plan without formats or deliveries wants its tracks, for whoever takes the documents.
    Raises `UsageError` where the plan names what does not exist.
    """
    tracks = tuple(dict.fromkeys(target.resolved(spoken) for target in plan.targets))
    if not plan.writers or not plan.deliveries:
        return Outstanding(tracks=tracks)
    outputs: list[Output] = []
    kept: list[str] = []
    failures: list[CanarySubsError] = []
    for writer, delivery in product(plan.writers, plan.deliveries):
        try:
            places = find(media, tracks, writer, delivery, plan, plugins)
        except (PluginError, OutputError) as error:
            failures.append(error)
            continue
        kept += [place for place in places.values() if place is not None]
        outputs += [
            Output(track=track, writer=writer, delivery=delivery)
            for track, place in places.items()
            if place is None
        ]
    if not outputs and not failures:
        there = ", ".join(Path(place).name for place in kept)
        return Skip(rule="exists", reason=f"already there: {there}; --overwrite makes it afresh")
    missing = {output.track for output in outputs}
    return Outstanding(
        tracks=tuple(track for track in tracks if track in missing),
        outputs=tuple(sorted(outputs, key=lambda output: tracks.index(output.track))),
        failures=tuple(failures),
    )


def find(
    media: MediaInfo,
    tracks: Sequence[Track],
    writer: Choice,
    delivery: Choice,
    plan: Plan,
    plugins: Plugins,
) -> dict[Track, str | None]:
    """Track -> where its file already is, and would be kept.

    Raises `PluginError`, `OutputError`.
    """
    suffix = suffix_of(writer, plan, plugins)
    used: Delivery = plugins.use("delivery", delivery, plan.context)
    places = {track: used.find(media, track, suffix) for track in tracks}
    if not all(isinstance(place, str | None) for place in places.values()):
        raise misbehaved(used.find, f"find must give a place as text or None: {places!r:.60}")
    return places


def suffix_of(writer: Choice, plan: Plan, plugins: Plugins) -> str:
    """The suffix of a format's files, with its dot. Raises `PluginError`."""
    used: Writer = plugins.use("format", writer, plan.context)
    suffix: object = used.suffix
    if not isinstance(suffix, str) or not suffix.startswith("."):
        raise misbehaved(used.write, f"a format's suffix begins with a dot, not as {suffix!r:.60}")
    return suffix
