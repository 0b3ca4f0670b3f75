"""The values that go into the store and come out of it."""

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


class Arrival(StrEnum):
    """What a file turned out to be when it was shown to the store."""

    NEW = "new"
    #: The same path with another content: it is queued again.
    CHANGED = "changed"
    #: A known film at another path: its job moves along.
    MOVED = "moved"
    KNOWN = "known"
    #: A result of ours.
    OURS = "ours"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A complete file, as the watcher shows it to the store."""

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
    cancelling: bool
    deaths: int
    #: Whether some of its results may be out already.
    delivering: bool
    #: Whether its old results are to be replaced: the film changed, or what is asked for.
    renewing: bool
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    #: What was asked for when it was last worked on, as `jobs.provenance.describe` says it.
    plan: Mapping[str, str]
    #: How its results came about: versions, model, precision.
    provenance: Mapping[str, str]
    #: Where its results went.
    delivered: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One step of a job's way."""

    at: datetime
    was: JobState | None
    became: JobState
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSeen:
    """A worker that said that it lives."""

    owner: str
    started_at: datetime
    #: What it does, in one line.
    doing: str | None
    #: None: it runs elsewhere, so nobody here can tell.
    alive: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retries:
    """When to try again what may pass."""

    attempts: int
    backoff_s: float
    max_backoff_s: float

    def wait_s(self, attempts: int) -> float:
        """How long to rest after so many attempts; doubles each time."""
        return min(self.backoff_s * 2.0 ** min(attempts - 1, 30), self.max_backoff_s)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a finished film leaves."""

    delivered: tuple[str, ...]
    plan: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    duration_ms: int | None = None
    #: A line for a person, where there is something to say.
    reason: str | None = None


def plain(text: str) -> str:
    """``text`` on one line and valid, whatever a file's name brought into it."""
    valid = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in valid)


def _time(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def job_of(row: sqlite3.Row) -> Job:
    """A row of the table ``jobs`` as the job that everybody knows."""
    return Job(
        id=row["id"],
        path=Path(os.fsdecode(row["path"])),
        fingerprint=row["fingerprint"],
        state=JobState(row["state"]),
        stage=Stage(row["stage"]) if row["stage"] else None,
        attempts=row["attempts"],
        priority=row["priority"],
        retry_at=_time(row["retry_at"]),
        reason=row["reason"],
        progress=row["progress"],
    )


def record_of(row: sqlite3.Row) -> Record:
    """A row of the table ``jobs`` with all that is in it."""
    return Record(
        job=job_of(row),
        root=Path(os.fsdecode(row["root"])) if row["root"] is not None else None,
        stamp=Stamp(size_bytes=row["size_bytes"], mtime_ns=row["mtime_ns"], inode=row["inode"]),
        rule=row["rule"],
        owner=row["owner"],
        cancelling=bool(row["cancelling"]),
        deaths=row["deaths"],
        delivering=bool(row["delivering"]),
        renewing=bool(row["renewing"]),
        queued_at=datetime.fromtimestamp(row["queued_at"], UTC),
        started_at=_time(row["started_at"]),
        finished_at=_time(row["finished_at"]),
        duration_ms=row["duration_ms"],
        plan=json.loads(row["plan"] or "{}"),
        provenance=json.loads(row["provenance"] or "{}"),
        delivered=tuple(json.loads(row["delivered"] or "[]")),
    )
