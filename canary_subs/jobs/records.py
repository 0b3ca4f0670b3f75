"""The values that go into the job store and come out of it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from canary_subs.jobs.identity import Stamp
from canary_subs.model import Job, JobState, Stage

#: The rule that skips a video whose file was missing when its job started.
GONE = "gone"
#: The rule that skips a video whose results would have the names of another one's.
TAKEN = "taken"


class Arrival(StrEnum):
    """What the store makes of a file that the watcher found."""

    NEW = "new"
    #: The same path with other content: it is queued again.
    CHANGED = "changed"
    #: A known video at another path: its job keeps its history.
    MOVED = "moved"
    KNOWN = "known"
    #: A result of ours.
    OURS = "ours"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A complete file, as the watcher found it."""

    path: Path
    root: Path | None
    fingerprint: str
    stamp: Stamp
    priority: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Everything that is stored about a job."""

    job: Job
    root: Path | None
    stamp: Stamp
    rule: str | None
    owner: str | None
    cancel_requested: bool
    #: How often the worker process crashed during this job.
    crashes: int
    #: Whether some of its results may exist already.
    delivery_began: bool
    #: Whether existing results are to be replaced: the video changed, or what is asked for.
    redo: bool
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    #: What was asked for when it was last worked on, as `jobs.stale.describe` puts it.
    plan: Mapping[str, str]
    #: How its results were made: versions, model, precision.
    provenance: Mapping[str, str]
    #: Where its results went.
    delivered: tuple[str, ...]
    #: What a person should know of them: sound that could not be read, the mix that was taken.
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One change of a job's state."""

    at: datetime
    was: JobState | None
    became: JobState
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerRecord:
    """A worker that has signed in to the store."""

    owner: str
    started_at: datetime
    #: What it is doing, in one line.
    status: str | None
    #: None: it runs on another machine or in another container, so it cannot be seen from here.
    alive: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retries:
    """When to try again after a temporary failure."""

    attempts: int
    backoff_s: float
    max_backoff_s: float

    def wait_s(self, attempts: int) -> float:
        """Return how long to wait after so many attempts; it doubles each time."""
        return min(self.backoff_s * 2.0 ** min(attempts - 1, 30), self.max_backoff_s)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a finished job leaves behind."""

    delivered: tuple[str, ...]
    plan: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    duration_ms: int | None = None
    #: A remark for a person.
    reason: str | None = None
    warnings: tuple[str, ...] = ()


def utc(seconds: float | None) -> datetime | None:
    """Convert a time of the store; None stays None."""
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def job_of(row: sqlite3.Row) -> Job:
    """Convert a row of the table ``jobs`` to the public value."""
    return Job(
        id=row["id"],
        path=Path(os.fsdecode(row["path"])),
        fingerprint=row["fingerprint"],
        state=JobState(row["state"]),
        stage=Stage(row["stage"]) if row["stage"] else None,
        attempts=row["attempts"],
        priority=row["priority"],
        retry_at=utc(row["retry_at"]),
        reason=row["reason"],
        progress=row["progress"],
    )


def record_of(row: sqlite3.Row) -> Record:
    """Convert a row of the table ``jobs`` with all its columns."""
    return Record(
        job=job_of(row),
        root=Path(os.fsdecode(row["root"])) if row["root"] is not None else None,
        stamp=Stamp(size_bytes=row["size_bytes"], mtime_ns=row["mtime_ns"], inode=row["inode"]),
        rule=row["rule"],
        owner=row["owner"],
        cancel_requested=bool(row["cancel_requested"]),
        crashes=row["crashes"],
        delivery_began=bool(row["delivery_began"]),
        redo=bool(row["redo"]),
        queued_at=datetime.fromtimestamp(row["queued_at"], UTC),
        started_at=utc(row["started_at"]),
        finished_at=utc(row["finished_at"]),
        duration_ms=row["duration_ms"],
        plan=json.loads(row["plan"] or "{}"),
        provenance=json.loads(row["provenance"] or "{}"),
        delivered=tuple(json.loads(row["delivered"] or "[]")),
        warnings=tuple(json.loads(row["warnings"] or "[]")),
    )
