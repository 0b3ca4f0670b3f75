"""What would be done with one file, and which rule decides."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from canary_subs.config.layers import Config, Settings
from canary_subs.config.plan import plan as plan_for
from canary_subs.errors import CanarySubsError
from canary_subs.jobs import schedule, skip
from canary_subs.jobs.complete import incomplete
from canary_subs.jobs.records import GONE, Record
from canary_subs.jobs.store import Store
from canary_subs.jobs.walk import refusal, refused_link, refused_place
from canary_subs.model import ORIGINAL, JobState, MediaInfo, Plan, Skip
from canary_subs.pipeline.existing import existing_outputs, outstanding
from canary_subs.pipeline.segments import probe
from canary_subs.plugin.manager import Plugins

Verdict = Literal["work", "wait", "skip", "done", "fail"]


@dataclass(frozen=True, kw_only=True)
class RuleFinding:
    """The result of one rule for a file."""

    rule: str
    #: What follows from it; None if the rule lets the file pass.
    verdict: Verdict | None
    detail: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """All findings about a file; the first one with a verdict decides."""

    path: Path
    findings: tuple[RuleFinding, ...]
    #: Its job, if it has one.
    record: Record | None
    #: What the file is, if it could be opened.
    media: MediaInfo | None = None

    @property
    def decided(self) -> RuleFinding:
        """The finding that decides."""
        for finding in self.findings:
            if finding.verdict is not None:
                return finding
        return RuleFinding(rule="queue", verdict="work", detail="no rule is against it")


def why(
    path: Path,
    settings: Settings,
    plugins: Plugins,
    store: Store | None,
    folders: Sequence[Path] = (),
) -> Answer:
    """Apply every rule to a file; ``folders`` replace the watched ones of the settings."""
    path = path.absolute()
    record = store.views.find(path) if store is not None else None
    roots = [folder.absolute() for folder in folders or settings.config.watch.folders]
    if record is not None and record.root is not None:
        roots.insert(0, record.root)
    root = next((root for root in roots if path.is_relative_to(root)), None)
    findings = list(_outside(path, root, settings, store, record))
    media: MediaInfo | None = None
    if all(finding.rule not in ("file", "folder") for finding in findings):
        try:
            media = probe(path, plugins)[0]
        except CanarySubsError as error:
            findings.append(RuleFinding(rule="media", verdict="fail", detail=str(error)))
        else:
            config = settings.at(path.parent, root or path.parent)
            plan = plan_for(config, plugins, root=root)
            findings.extend(_inside(media, plan, config, plugins, store, record))
    return Answer(path=path, findings=tuple(findings), record=record, media=media)


def _outside(
    path: Path, root: Path | None, settings: Settings, store: Store | None, record: Record | None
) -> Iterator[RuleFinding]:
    """Yield what is known without opening the file."""
    try:
        status = path.stat()
    except OSError as error:
        yield RuleFinding(rule="file", verdict="fail", detail=f"cannot be found ({error.strerror})")
        return
    if not stat.S_ISREG(status.st_mode):
        yield RuleFinding(rule="file", verdict="skip", detail="is not a regular file")
        return
    try:
        config = settings.at(path.parent, root or path.parent)
    except CanarySubsError as error:
        yield RuleFinding(rule="folder", verdict="fail", detail=str(error))
        return
    yield _name(path, root, config)
    if store is not None and (paused := _paused(store, config)) is not None:
        yield RuleFinding(rule="paused", verdict="wait", detail=paused)
    if store is not None and store.results.contains(path):
        yield RuleFinding(rule="ours", verdict="skip", detail="it is a result of ours")
    if record is not None:
        yield _job(record)
    yield _complete(path, status, config)


def _name(path: Path, root: Path | None, config: Config) -> RuleFinding:
    if root is None:
        detail = "is not in a watched folder; `canary-subs run` would take it"
        return RuleFinding(rule="watch", verdict="skip", detail=detail)
    below = os.path.relpath(path, root)
    reason = refused_place(below, root, config) or refusal(below, config)
    reason = reason or refused_link(str(path), root, config.watch)
    if reason is not None:
        return RuleFinding(rule="excluded", verdict="skip", detail=reason)
    return RuleFinding(rule="watch", verdict=None, detail=f"is in the watched folder {root}")


def _paused(store: Store, config: Config) -> str | None:
    reason = store.queue.paused() or schedule.pause_reason(config.schedule)
    return None if reason is None else f"all work is paused: {reason}"


def _job(record: Record) -> RuleFinding:
    job = record.job
    verdicts: dict[JobState, Verdict | None] = {
        JobState.QUEUED: None,
        JobState.RUNNING: None,
        JobState.DONE: "done",
        JobState.SKIPPED: None if record.rule == GONE else "skip",
        JobState.FAILED: "fail",
        JobState.CANCELLED: "skip",
    }
    detail = f"job {job.id} is {job.state}"
    if record.finished_at is not None:
        detail += f" since {record.finished_at:%Y-%m-%d %H:%M} UTC"
    if job.retry_at is not None:
        detail += f", waits until {job.retry_at:%Y-%m-%d %H:%M} UTC"
    if job.reason:
        detail += f": {job.reason}"
    if verdicts[job.state] is not None:
        detail += "; `canary-subs retry` queues it again"
    return RuleFinding(rule="queue", verdict=verdicts[job.state], detail=detail)


def _complete(path: Path, status: os.stat_result, config: Config) -> RuleFinding:
    # A copy may keep its original's mtime, but not its ctime.
    unchanged_s = max(0.0, time.time() - max(status.st_mtime, status.st_ctime))
    try:
        found = incomplete(path, status.st_size, unchanged_s, config.watch)
    except OSError as error:
        return RuleFinding(
            rule="complete", verdict="fail", detail=f"cannot be read ({error.strerror})"
        )
    if found is not None:
        return RuleFinding(rule="complete", verdict="wait", detail=found.reason)
    return RuleFinding(rule="complete", verdict=None, detail="is complete")


def _inside(
    media: MediaInfo,
    plan: Plan,
    config: Config,
    plugins: Plugins,
    store: Store | None,
    record: Record | None,
) -> Iterator[RuleFinding]:
    tracks = f"{len(media.audio)} audio and {len(media.subtitles)} subtitle tracks"
    yield RuleFinding(
        rule="media", verdict=None, detail=f"{media.duration_ms / 1000:g} s, with {tracks}"
    )
    try:
        facts = skip.gather(
            media,
            plan,
            config.skip,
            plugins,
            is_ours=store.results.contains if store is not None else lambda path: False,
            redo=record.redo if record is not None else False,
        )
        found = skip.findings(facts)
        decision = skip.decide(facts, found)
        verdict: Verdict | None = "skip" if isinstance(decision, Skip) else None
        for one in found:
            yield RuleFinding(rule=one.rule, verdict=verdict, detail=one.reason)
        if isinstance(decision, Skip):
            return
        changed = plugins.plan(media, decision)
        if isinstance(changed, Skip):
            yield RuleFinding(rule=changed.rule, verdict="skip", detail=changed.reason)
            return
        yield from _outputs(media, changed, plugins)
    except CanarySubsError as error:
        yield RuleFinding(rule="plugins", verdict="fail", detail=str(error))


def _outputs(media: MediaInfo, plan: Plan, plugins: Plugins) -> Iterator[RuleFinding]:
    """Yield which tracks would be made, by the pipeline's own rule for what exists."""
    spoken = skip.spoken_before_recognition(media, plan)
    if spoken is None and any(ORIGINAL in target.languages for target in plan.targets):
        names = ", ".join(map(str, plan.targets))
        detail = f"would be written: {names}; recognition finds the spoken language"
        yield RuleFinding(rule="tracks", verdict=None, detail=detail)
        return
    resolved = (target.resolved(spoken or ORIGINAL) for target in plan.targets)
    tracks = tuple(dict.fromkeys(resolved))
    work = outstanding(plan, tracks, existing_outputs(media, plan, tracks, plugins))
    if isinstance(work, Skip):
        yield RuleFinding(rule=work.rule, verdict="skip", detail=work.reason)
        return
    for failure in work.failures:
        verdict: Verdict | None = None if work.tracks else "fail"
        yield RuleFinding(rule="plugins", verdict=verdict, detail=str(failure))
    if work.tracks:
        names = ", ".join(map(str, work.tracks))
        yield RuleFinding(rule="tracks", verdict=None, detail=f"would be written: {names}")
