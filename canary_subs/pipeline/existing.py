"""The one rule for results that already exist: where they are, and what is still to be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from canary_subs.errors import CanarySubsError, OutputError, PluginError
from canary_subs.model import Choice, MediaInfo, Plan, Skip, Track
from canary_subs.plugin.contain import misbehaved, shown
from canary_subs.plugin.hookspecs import Delivery, Writer
from canary_subs.plugin.manager import Plugins


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One file of a plan: its track, its format, its delivery."""

    track: Track
    writer: Choice
    delivery: Choice
    #: Where it already is, and is kept; None: it is still to be made.
    place: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Existing:
    """All outputs of a plan, and which of them exist."""

    outputs: tuple[Output, ...]
    #: Why some deliveries could not say which exist; their outputs are left out.
    failures: tuple[CanarySubsError, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outstanding:
    """What is still to be made for a video."""

    tracks: tuple[Track, ...]
    outputs: tuple[Output, ...] = ()
    #: Outputs that already failed, before any recognition.
    failures: tuple[CanarySubsError, ...] = ()


def existing_outputs(
    media: MediaInfo, plan: Plan, tracks: Sequence[Track], plugins: Plugins
) -> Existing:
    """Ask every delivery of a plan for its results of these tracks.

    Raises `UsageError` if the plan names what does not exist.
    """
    outputs: list[Output] = []
    failures: list[CanarySubsError] = []
    for writer, delivery in product(plan.writers, plan.deliveries):
        try:
            places = _find(media, tracks, writer, delivery, plan, plugins)
        except (PluginError, OutputError) as error:
            failures.append(error)
            continue
        outputs += [
            Output(track=track, writer=writer, delivery=delivery, place=place)
            for track, place in zip(tracks, places, strict=True)
        ]
    outputs.sort(key=lambda output: tracks.index(output.track))
    return Existing(outputs=tuple(outputs), failures=tuple(failures))


def outstanding(plan: Plan, tracks: Sequence[Track], existing: Existing) -> Outstanding | Skip:
    """Return what is still to be made of these tracks; a `Skip` if everything exists.

    A plan without formats or deliveries makes all of them, for whoever takes the documents.
    """
    if not plan.writers or not plan.deliveries:
        return Outstanding(tracks=tuple(tracks))
    outputs = tuple(output for output in existing.outputs if output.place is None)
    if not outputs and not existing.failures:
        names = [Path(output.place).name for output in existing.outputs if output.place]
        reason = f"already there: {', '.join(names)}; --overwrite makes it afresh"
        return Skip(rule="exists", reason=reason)
    missing = {output.track for output in outputs}
    return Outstanding(
        tracks=tuple(track for track in tracks if track in missing),
        outputs=outputs,
        failures=existing.failures,
    )


def _find(
    media: MediaInfo,
    tracks: Sequence[Track],
    writer: Choice,
    delivery: Choice,
    plan: Plan,
    plugins: Plugins,
) -> list[str | None]:
    """Return where each track's file already is, and would be kept.

    Raises `PluginError`, `OutputError`.
    """
    suffix = suffix_of(writer, plan, plugins)
    used: Delivery = plugins.use("delivery", delivery, plan.context)
    places = [used.find(media, track, suffix) for track in tracks]
    if not all(isinstance(place, str | None) for place in places):
        raise misbehaved(used.find, f"find must give a place as text or None: {shown(places)}")
    return places


def suffix_of(writer: Choice, plan: Plan, plugins: Plugins) -> str:
    """The suffix of a format's files, with its dot. Raises `PluginError`."""
    used: Writer = plugins.use("format", writer, plan.context)
    suffix: object = used.suffix
    if not isinstance(suffix, str) or not suffix.startswith("."):
        raise misbehaved(used.write, f"a format's suffix begins with a dot, not as {shown(suffix)}")
    return suffix
