"""What would be done with one file, and which rule decided."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from canary_subs.config.layers import Config, Settings
from canary_subs.config.plan import plan as plan_for
from canary_subs.errors import CanarySubsError
from canary_subs.jobs.complete import being_written, looks_whole
from canary_subs.jobs.records import Record
from canary_subs.jobs.skip import Judge
from canary_subs.jobs.store import GONE, Store
from canary_subs.jobs.walk import refusal
from canary_subs.model import JobState, MediaInfo, Plan, Skip
from canary_subs.pipeline.segments import probe
from canary_subs.plugin.manager import Plugins

Verdict = Literal["work", "wait", "skip", "done", "fail"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule says of a file."""

    rule: str
    #: What it would lead to; None where it lets the file pass.
    verdict: Verdict | None
    detail: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What would become of a file: the first finding with a verdict decides."""

    path: Path
    findings: tuple[Finding, ...]
    #: Its job, where there is one.
    record: Record | None
    #: What the file is, where it could be looked into.
    media: MediaInfo | None = None

    @property
    def decided(self) -> Finding:
        """The finding that decides."""
        for finding in self.findings:
            if finding.verdict is not None:
                return finding
        return Finding(rule="queue", verdict="work", detail="nothing speaks against it")


def why(
    path: Path,
    settings: Settings,
    plugins: Plugins,
    store: Store | None,
    folders: Sequence[Path] = (),
) -> Answer:
    """Ask every rule about a file; ``folders`` stand in for the watched ones of the settings."""
    path = path.absolute()
    record = store.find(path) if store is not None else None
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
            findings.append(Finding(rule="media", verdict="fail", detail=str(error)))
        else:
            config = settings.at(path.parent, root or path.parent)
            plan = plan_for(config, plugins, root=root)
            findings.extend(_inside(media, plan, config, plugins, store, record))
    return Answer(path=path, findings=tuple(findings), record=record, media=media)


def _outside(
    path: Path, root: Path | None, settings: Settings, store: Store | None, record: Record | None
) -> Iterator[Finding]:
    """What is known without looking into the file."""
    try:
        status = path.stat()
    except OSError as error:
        yield Finding(rule="file", verdict="fail", detail=f"cannot be found ({error.strerror})")
        return
    if not stat.S_ISREG(status.st_mode):
        yield Finding(rule="file", verdict="skip", detail="is no regular file")
        return
    try:
        config = settings.at(path.parent, root or path.parent)
    except CanarySubsError as error:
        yield Finding(rule="folder", verdict="fail", detail=str(error))
        return
    yield _name(path, root, config)
    if store is not None and store.owns(path):
        yield Finding(rule="ours", verdict="skip", detail="it is a result of ours")
    if record is not None:
        yield _job(record)
    yield _complete(path, status)


def _name(path: Path, root: Path | None, config: Config) -> Finding:
    if root is None:
        detail = "lies below no watched folder; `canary-subs run` would take it"
        return Finding(rule="watch", verdict="skip", detail=detail)
    if (reason := refusal(os.path.relpath(path, root), config)) is not None:
        return Finding(rule="excluded", verdict="skip", detail=reason)
    return Finding(rule="watch", verdict=None, detail=f"lies in the watched folder {root}")


def _job(record: Record) -> Finding:
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
        detail += f", rests until {job.retry_at:%Y-%m-%d %H:%M} UTC"
    if job.reason:
        detail += f": {job.reason}"
    if verdicts[job.state] is not None:
        detail += "; `canary-subs retry` queues it again"
    return Finding(rule="queue", verdict=verdicts[job.state], detail=detail)


def _complete(path: Path, status: os.stat_result) -> Finding:
    if status.st_size == 0:
        return Finding(rule="complete", verdict="wait", detail="is empty so far")
    if being_written(path):
        return Finding(rule="complete", verdict="wait", detail="a program is writing it")
    try:
        if not looks_whole(path):
            return Finding(rule="complete", verdict="wait", detail="is not all there yet")
    except OSError as error:
        return Finding(rule="complete", verdict="fail", detail=f"cannot be read ({error.strerror})")
    return Finding(rule="complete", verdict=None, detail="is all there")


def _inside(
    media: MediaInfo,
    plan: Plan,
    config: Config,
    plugins: Plugins,
    store: Store | None,
    record: Record | None,
) -> Iterator[Finding]:
    tracks = f"{len(media.audio)} sound and {len(media.subtitles)} subtitle tracks"
    yield Finding(
        rule="media", verdict=None, detail=f"{media.duration_ms / 1000:g} s, with {tracks}"
    )
    judge = Judge(
        config=config,
        plugins=plugins,
        ours=store.owns if store is not None else lambda path: False,
        renewing=record.renewing if record is not None else False,
    )
    try:
        decision = judge.decide(media, plan)
        if isinstance(decision, Plan):
            decision = plugins.plan(media, decision)
    except CanarySubsError as error:
        yield Finding(rule="plugins", verdict="fail", detail=str(error))
        return
    if isinstance(decision, Skip):
        yield Finding(rule=decision.rule, verdict="skip", detail=decision.reason)
        return
    if existing := judge.existing(media, decision):
        yield Finding(rule="exists", verdict="skip", detail=f"already there: {', '.join(existing)}")
        return
    yield Finding(
        rule="languages",
        verdict=None,
        detail=f"would be written: {', '.join(map(str, decision.targets))}",
    )
