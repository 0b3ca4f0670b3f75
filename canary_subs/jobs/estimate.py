"""Estimates the work in some folders, and how long it would take, without doing any of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_subs.config.layers import Settings
from canary_subs.config.plan import plan as plan_for
from canary_subs.jobs import stale
from canary_subs.jobs.store import Store
from canary_subs.jobs.walk import walk
from canary_subs.jobs.why import RuleFinding, why
from canary_subs.plugin.manager import Plugins


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One file, what would be done with it, and how long that would take."""

    path: Path
    finding: RuleFinding
    #: Playing time; None if the file could not be opened.
    duration_ms: int | None
    #: Working time; None if no speed was measured for such work yet.
    work_ms: int | None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """All files of some folders."""

    files: tuple[Expected, ...]

    @property
    def work(self) -> tuple[Expected, ...]:
        """The files that would be worked on, now or when they are complete."""
        return tuple(one for one in self.files if one.finding.verdict in ("work", "wait"))

    @property
    def duration_ms(self) -> int:
        """Playing time of all files that would be worked on."""
        return sum(one.duration_ms or 0 for one in self.work)

    @property
    def work_ms(self) -> int | None:
        """Working time of all of them; None if it is unknown for some."""
        times = [one.work_ms for one in self.work]
        return None if None in times else sum(time for time in times if time is not None)


def estimate(
    folders: Sequence[Path], settings: Settings, plugins: Plugins, store: Store | None
) -> Estimate:
    """Apply all rules to every file that watching the folders would take."""
    found = []
    roots = [folder.absolute() for folder in folders or settings.config.watch.folders]
    for root in roots:
        for place, _ in walk(root, root, settings, lambda place, message: None):
            answer = why(Path(place), settings, plugins, store, roots)
            decided = answer.decided
            duration_ms = answer.media.duration_ms if answer.media else None
            work_ms = None
            if decided.verdict in ("work", "wait") and store is not None and duration_ms:
                config = settings.at(Path(place).parent, root)
                plan = plan_for(config, plugins, root=root)
                speed = store.speeds.of(stale.workload(plan))
                work_ms = round(duration_ms / speed) if speed else None
            found.append(
                Expected(
                    path=Path(place), finding=decided, duration_ms=duration_ms, work_ms=work_ms
                )
            )
    return Estimate(files=tuple(found))
