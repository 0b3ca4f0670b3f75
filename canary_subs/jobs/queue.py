"""The queue as the watcher and people use it: files arrive, jobs are cancelled, tried again."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from canary_subs._text import printable
from canary_subs.jobs.database import Database
from canary_subs.jobs.identity import Stamp
from canary_subs.jobs.records import GONE, TAKEN, Arrival, Seen
from canary_subs.jobs.transitions import (
    ENDED,
    START_OVER,
    may_have_results,
    move,
    record,
    set_columns,
)
from canary_subs.model import JobState

_DAY_S = 86_400.0

#: Jobs that could start now; its parameters are the time twice, the second one a day later.
#: A wait that ends more than a day from now was set by a clock that jumped.
DUE = "state = 'queued' AND (retry_at IS NULL OR retry_at <= ? OR retry_at > ?)"


def due_times() -> tuple[float, float]:
    """Return the parameters of `DUE`."""
    now = time.time()
    return now, now + _DAY_S


class Queue:
    """What is to be done: one part of the `Store`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Arrivals.

    def stamps(self) -> dict[bytes, Stamp]:
        """Return path -> the file's stamp when it was taken, for every job and result."""
        rows = self._database.query(
            "SELECT path, size_bytes, mtime_ns, inode FROM jobs WHERE rule IS NOT 'gone' "
            "UNION ALL SELECT path, size_bytes, mtime_ns, 0 FROM results"
        )
        return {
            path: Stamp(size_bytes=size, mtime_ns=mtime, inode=inode)
            for path, size, mtime, inode in rows
        }

    def stamp(self, path: Path) -> Stamp | None:
        """Return a file's stamp when it was taken, as a video or as a result."""
        rows = self._database.query(
            "SELECT size_bytes, mtime_ns, inode FROM jobs WHERE path = :path "
            "AND rule IS NOT 'gone' UNION ALL "
            "SELECT size_bytes, mtime_ns, 0 FROM results WHERE path = :path",
            {"path": os.fsencode(path)},  # type: ignore[arg-type]
        )
        if not rows:
            return None
        size, mtime, inode = rows[0]
        return Stamp(size_bytes=size, mtime_ns=mtime, inode=inode)

    def arrive(self, files: Iterable[Seen]) -> list[Arrival]:
        """Take note of complete files, all in one transaction; queue those that are new."""
        with self._database.writing() as connection:
            return [_arrive(connection, seen) for seen in files]

    # Requests.

    def cancel(self, id: int) -> bool:
        """End a job: at once if it waits, soon if it runs; False if it has ended."""
        with self._database.writing() as connection:
            requested = connection.execute(
                "UPDATE jobs SET cancel_requested = 1 WHERE id = ? AND state = 'running'", (id,)
            ).rowcount
            return bool(requested) or move(
                connection, id, (JobState.QUEUED,), JobState.CANCELLED, "cancelled",
                finished_at=time.time(),
            )  # fmt: skip

    def retry(self, id: int, reason: str = "retry requested", *, redo: bool = False) -> bool:
        """Queue an ended or waiting job to start at once; False if it is running.

        ``redo``: existing results are replaced, except those that somebody edited.
        """
        columns = {**START_OVER, "redo": redo}
        with self._database.writing() as connection:
            return move(
                connection, id, (JobState.QUEUED, *ENDED), JobState.QUEUED, reason, **columns
            )

    def pause(self, reason: str) -> None:
        """Keep all workers of this store from working until `resume`."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO flags VALUES ('paused', ?) "
                "ON CONFLICT DO UPDATE SET value = excluded.value",
                (printable(reason),),
            )

    def resume(self) -> None:
        """End a pause."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM flags WHERE key = 'paused'")

    def paused(self) -> str | None:
        """Return why all work is paused; None if it is not."""
        rows = self._database.query("SELECT value FROM flags WHERE key = 'paused'")
        return rows[0]["value"] if rows else None

    def due(self) -> bool:
        """Whether a job could start now."""
        return bool(self._database.query(f"SELECT 1 FROM jobs WHERE {DUE} LIMIT 1", due_times()))


def _arrive(connection: sqlite3.Connection, seen: Seen) -> Arrival:
    path = os.fsencode(seen.path)
    if _is_ours(connection, path, seen.stamp):
        return Arrival.OURS
    stamp = {
        "size_bytes": seen.stamp.size_bytes,
        "mtime_ns": seen.stamp.mtime_ns,
        "inode": seen.stamp.inode,
    }
    row = connection.execute("SELECT * FROM jobs WHERE path = ?", (path,)).fetchone()
    if row is None:
        return _arrive_at_new_path(connection, path, seen, stamp)
    set_columns(connection, row["id"], **stamp)
    if seen.fingerprint == (row["next_fingerprint"] or row["fingerprint"]):
        if row["rule"] != GONE:
            return Arrival.KNOWN
        reason = "the file is there again"
    else:
        reason = "the file was changed"
    if row["state"] == JobState.RUNNING:
        set_columns(connection, row["id"], next_fingerprint=seen.fingerprint, cancel_requested=1)
    else:
        move(
            connection, row["id"], (JobState(row["state"]),), JobState.QUEUED, reason,
            fingerprint=seen.fingerprint, redo=may_have_results(row), **START_OVER,
        )  # fmt: skip
    return Arrival.CHANGED


def _arrive_at_new_path(
    connection: sqlite3.Connection, path: bytes, seen: Seen, stamp: dict[str, int]
) -> Arrival:
    root = os.fsencode(seen.root) if seen.root is not None else None
    moved = _job_without_file(connection, seen.fingerprint)
    if moved is not None:
        reason = f"was moved here from {printable(os.fsdecode(moved['path']))}"
        set_columns(connection, moved["id"], path=path, root=root, **stamp)
        if moved["rule"] == TAKEN:
            move(connection, moved["id"], ENDED, JobState.QUEUED, reason, **START_OVER)
        else:
            record(connection, moved["id"], moved["state"], moved["state"], reason)
        return Arrival.MOVED
    columns = {
        "path": path, "root": root, "fingerprint": seen.fingerprint, "state": JobState.QUEUED,
        "priority": seen.priority, "queued_at": time.time(), **stamp,
    }  # fmt: skip
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    cursor = connection.execute(
        f"INSERT INTO jobs ({names}) VALUES ({marks})", tuple(columns.values())
    )
    assert cursor.lastrowid is not None
    record(connection, cursor.lastrowid, None, JobState.QUEUED, "arrived")
    return Arrival.NEW


def _is_ours(connection: sqlite3.Connection, path: bytes, stamp: Stamp) -> bool:
    row = connection.execute(
        "SELECT size_bytes, mtime_ns FROM results WHERE path = ?", (path,)
    ).fetchone()
    return row is not None and tuple(row) == (stamp.size_bytes, stamp.mtime_ns)


def _job_without_file(connection: sqlite3.Connection, fingerprint: str) -> sqlite3.Row | None:
    """Return a job of the same content whose file is no longer at its path."""
    for row in connection.execute(
        "SELECT * FROM jobs WHERE fingerprint = ? AND state <> 'running'", (fingerprint,)
    ):
        if not os.path.lexists(row["path"]):
            return row  # type: ignore[no-any-return]
    return None
