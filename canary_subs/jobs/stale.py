"""What was asked for, in words that can be compared, and which results no longer fit it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import canary_subs
from canary_subs.config.layers import Settings
from canary_subs.config.plan import plan as plan_for
from canary_subs.errors import CanarySubsError
from canary_subs.jobs.records import Record
from canary_subs.jobs.store import Store
from canary_subs.model import JobState, Plan
from canary_subs.plugin.manager import Plugins


@dataclass(frozen=True, kw_only=True)
class Stale:
    """A finished film whose results an upgrade or another configuration would change."""

    record: Record
    #: "model: a -> b", one for each difference.
    differences: tuple[str, ...]


def describe(plan: Plan) -> dict[str, str]:
    """Everything in a plan that shapes its results, by name."""
    return {
        "canary_subs": canary_subs.__version__,
        "targets": ", ".join(map(str, plan.targets)),
        "spoken": plan.spoken or "",
        "track": "" if plan.audio_track is None else str(plan.audio_track),
        "engine": str(plan.engine),
        "precision": plan.context.precision,
        "segmenter": str(plan.segmenter),
        "aligner": str(plan.aligner) if plan.aligner else "",
        "tagger": str(plan.tagger) if plan.tagger else "",
        "layout": str(plan.layout),
        "profile": plan.profile,
        "shots": str(plan.shots),
        "timing": "shared" if plan.shared_timing else "own",
        "formats": "; ".join(str(choice) for choice in plan.writers),
        "deliveries": "; ".join(str(choice) for choice in plan.deliveries),
    }


def work(plan: Plan) -> str:
    """The kind of work that a plan is, as speeds are measured by it."""
    described = describe(plan)
    kept = {key: described[key] for key in ("engine", "precision", "segmenter", "aligner")}
    return json.dumps({**kept, "device": plan.context.device, "languages": len(plan.targets)})


def stale(store: Store, settings: Settings, plugins: Plugins) -> list[Stale]:
    """The finished and skipped films for which something else would be made today."""
    found = []
    for record in store.records((JobState.DONE, JobState.SKIPPED)):
        try:
            own = settings.at(record.job.path.parent, record.root or record.job.path.parent)
            today = describe(plan_for(own, plugins, root=record.root))
        except (CanarySubsError, OSError):
            continue  # what cannot be asked for today cannot make anything stale
        if differences := _differences(record.plan, today):
            found.append(Stale(record=record, differences=differences))
    return found


def _differences(before: Mapping[str, str], today: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{key}: {before[key] or 'none'} -> {value or 'none'}"
        for key, value in today.items()
        if key in before and before[key] != value
    )
