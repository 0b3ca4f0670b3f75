"""Describes what shapes a plan's results, and finds results that would differ today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from canary_subs import __version__
from canary_subs.config.layers import Settings
from canary_subs.config.plan import plan as plan_for
from canary_subs.errors import CanarySubsError
from canary_subs.jobs.records import Record
from canary_subs.jobs.store import Store
from canary_subs.model import Choice, JobState, Plan
from canary_subs.plugin.manager import Plugins


@dataclass(frozen=True, kw_only=True)
class Stale:
    """A finished video whose results an upgrade or another configuration would change."""

    record: Record
    #: "model: a -> b", one for each difference.
    differences: tuple[str, ...]


def describe(plan: Plan, plugins: Plugins) -> dict[str, str]:
    """Return everything in a plan that shapes its results, by name."""

    def described(kind: str, *choices: Choice | None) -> str:
        texts = []
        for choice in choices:
            if choice is not None:
                version = plugins.version(kind, choice.name)
                # That of what is built in is stated once.
                texts.append(f"{choice} {version}" if version != __version__ else str(choice))
        return "; ".join(texts)

    return {
        "canary_subs": __version__,
        "targets": ", ".join(map(str, plan.targets)),
        "spoken": plan.spoken or "",
        "track": "" if plan.audio_track is None else str(plan.audio_track),
        "engine": described("engine", plan.engine),
        "precision": plan.context.precision,
        "glossary": ", ".join(plan.glossary),
        "segmenter": described("segmenter", plan.segmenter),
        "aligner": described("aligner", plan.aligner),
        "tagger": described("tagger", plan.tagger),
        "layout": described("layout", plan.layout),
        "profile": plan.profile,
        "shots": str(plan.shots),
        "timing": "shared" if plan.shared_timing else "own",
        "formats": described("format", *plan.writers),
        "deliveries": described("delivery", *plan.deliveries),
    }


def workload(plan: Plan) -> str:
    """Return the kind of work that a plan is; speeds are measured for each kind."""
    return json.dumps(
        {
            "engine": str(plan.engine),
            "segmenter": str(plan.segmenter),
            "aligner": str(plan.aligner) if plan.aligner else "",
            "precision": plan.context.precision,
            "device": plan.context.device,
            "languages": len(plan.targets),
        }
    )


def stale(store: Store, settings: Settings, plugins: Plugins) -> list[Stale]:
    """Return the finished and skipped videos whose results would differ today."""
    found = []
    for record in store.views.records((JobState.DONE, JobState.SKIPPED)):
        try:
            own = settings.at(record.job.path.parent, record.root or record.job.path.parent)
            today = describe(plan_for(own, plugins, root=record.root), plugins)
        except (CanarySubsError, OSError):
            continue  # a plan that cannot be made today makes nothing stale
        if differences := _differences(record.plan, today):
            found.append(Stale(record=record, differences=differences))
    return found


def _differences(before: Mapping[str, str], today: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{key}: {before[key] or 'none'} -> {value or 'none'}"
        for key, value in today.items()
        if key in before and before[key] != value
    )
