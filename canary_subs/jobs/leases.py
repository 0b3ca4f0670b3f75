"""Jobs as workers use them: a worker takes a job, reports progress, and ends it.

Leases need no clock: a worker counts heartbeats. It is taken for dead when its process is seen to
have exited or, on another machine, when its count has not risen for the length of a lease.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from canary_subs._text import printable
from canary_subs.jobs import identity
from canary_subs.jobs.database import Database
from canary_subs.jobs.queue import DUE, due_times
from canary_subs.jobs.records import Done, Record, Retries, record_of
from canary_subs.jobs.results import Results
from canary_subs.jobs.transitions import (
    START_OVER,
    Expression,
    announce,
    may_have_results,
    move,
)
from canary_subs.model import Job, JobState, Stage

#: A job's next state, the reason, and the columns that change with it.
_Ending = tuple[JobState, str | None, Mapping[str, Any]]


class Leases:
    """Who works on what: one part of the `Store`."""

    def __init__(self, database: Database, results: Results) -> None:
        self._database = database
        self._results = results
        #: Owner -> (its heartbeats, our monotonic time when they last rose).
        self._heartbeats: dict[str, tuple[int, float]] = {}

    def take(self, owner: str, *, suspects: bool = True) -> Record | None:
        """Take the next job that is due; ``suspects``: also one that crashed its worker."""
        with self._database.writing() as connection:
            row = connection.execute(
                f"SELECT id FROM jobs WHERE {DUE} AND (crashes = 0 OR ?) "
                "ORDER BY priority DESC, interruptions, crashes, id LIMIT 1",
                (*due_times(), suspects),
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "INSERT INTO workers (owner, started_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (owner, time.time()),
            )
            move(
                connection, row["id"], (JobState.QUEUED,), JobState.RUNNING, None,
                owner=owner, started_at=time.time(), attempts=Expression("attempts + 1"),
                retry_at=None, stage=None, progress=0.0, finished_at=None, warnings=None,
            )  # fmt: skip
            return record_of(
                connection.execute("SELECT * FROM jobs WHERE id = ?", (row["id"],)).fetchone()
            )

    def holds(self, id: int, owner: str) -> bool:
        """Whether the worker is to go on with the job."""
        return bool(
            self._database.query(
                "SELECT 1 FROM jobs WHERE id = ? AND owner = ? AND state = 'running' "
                "AND NOT cancel_requested",
                (id, owner),
            )
        )

    def rival(self, job: Job) -> Path | None:
        """Return the video that has the names which this running job's results would have.

        That is another one of the same folder and stem that is there, and whose results are made
        or were begun before.
        """
        rows = self._database.query(
            "SELECT other.path FROM jobs AS other, jobs AS own WHERE own.id = ? "
            "AND other.id <> own.id AND instr(other.path, ?) = 1 AND ("
            "(other.state = 'done' AND other.delivered NOT IN ('', '[]')) OR "
            "(other.state = 'running' "
            "AND (other.started_at, other.id) < (own.started_at, own.id))) ORDER BY other.id",
            (job.id, os.fsencode(job.path.parent / job.path.stem)),
        )
        for row in rows:
            path = Path(os.fsdecode(row["path"]))
            if (path.parent, path.stem) == (job.path.parent, job.path.stem) and os.path.lexists(
                path
            ):
                return path
        return None

    def held(self, owner: str) -> list[Record]:
        """Return the jobs that a worker holds."""
        rows = self._database.query("SELECT * FROM jobs WHERE owner = ?", (owner,))
        return [record_of(row) for row in rows]

    def progress(self, id: int, owner: str, stage: Stage, share: float) -> None:
        """Note the stage of a running job, and the share of the video that it has done."""
        with self._database.writing() as connection:
            row = connection.execute(
                "SELECT stage FROM jobs WHERE id = ? AND owner = ?", (id, owner)
            ).fetchone()
            if row is None:
                return
            connection.execute(
                "UPDATE jobs SET stage = ?, progress = ?, delivery_began = delivery_began OR ? "
                "WHERE id = ?",
                (stage, share, stage is Stage.DELIVER, id),
            )
            if row["stage"] != stage:
                announce(connection, id)

    # How a worker ends a job. Each returns False if the job is no longer the worker's.

    def done(self, id: int, owner: str, done: Done) -> bool:
        """Note the results of a running job."""
        columns = {
            "progress": 1.0, "crashes": 0, "interruptions": 0, "rule": None, "redo": 0,
            "finished_at": time.time(), "duration_ms": done.duration_ms,
            "delivered": json.dumps(done.delivered), "plan": json.dumps(dict(done.plan)),
            "provenance": json.dumps(dict(done.provenance)),
            "warnings": json.dumps(done.warnings),
        }  # fmt: skip
        self._results.add(done.delivered)
        return self._end(id, owner, lambda row: (JobState.DONE, done.reason, columns))

    def skipped(
        self,
        id: int,
        owner: str,
        rule: str,
        reason: str,
        plan: Mapping[str, str] | None = None,
        warnings: Sequence[str] = (),
    ) -> bool:
        """Note that a running job needs no work, and the rule that decided."""
        columns = {
            "rule": rule, "plan": json.dumps(dict(plan or {})), "finished_at": time.time(),
            "warnings": json.dumps(warnings),
        }  # fmt: skip
        return self._end(id, owner, lambda row: (JobState.SKIPPED, reason, columns))

    def failed(self, id: int, owner: str, reason: str, retries: Retries | None) -> bool:
        """Note that a running job failed; with ``retries`` temporarily, to be tried again."""
        now = time.time()

        def end(row: sqlite3.Row) -> _Ending:
            if retries is None:
                return JobState.FAILED, reason, {"finished_at": now}
            if row["attempts"] >= retries.attempts:
                final = f"{reason} (after {row['attempts']} attempts)"
                return JobState.FAILED, final, {"finished_at": now}
            return JobState.QUEUED, reason, {"retry_at": now + retries.wait_s(row["attempts"])}

        return self._end(id, owner, end)

    def postponed(self, id: int, owner: str, reason: str, wait_s: float) -> bool:
        """Put a running job back for a while; this does not count as an attempt."""
        columns = {"retry_at": time.time() + wait_s, "attempts": Expression("attempts - 1")}
        return self._end(id, owner, lambda row: (JobState.QUEUED, reason, columns))

    def released(self, id: int, owner: str, reason: str) -> bool:
        """Give a running job back as its worker stops; this does not count as an attempt."""
        columns = {"attempts": Expression("attempts - 1")}
        return self._end(id, owner, lambda row: (JobState.QUEUED, reason, columns))

    def crashed(self, id: int, owner: str, reason: str, *, limit: int, log: Path | None) -> bool:
        """Note that the worker process crashed, perhaps because of this job.

        Up to ``limit`` crashes the video is tried again, alone; then its job fails.
        """

        def end(row: sqlite3.Row) -> _Ending:
            crashes = row["crashes"] + 1
            if crashes < limit:
                return JobState.QUEUED, f"{reason}; tried again alone", {"crashes": crashes}
            final = f"set aside: {reason}, {crashes} times with this video"
            final += f"; its log: {log}" if log else ""
            return JobState.FAILED, final, {"crashes": crashes, "finished_at": time.time()}

        return self._end(id, owner, end)

    def _end(self, id: int, owner: str, ending: Callable[[sqlite3.Row], _Ending]) -> bool:
        """End a worker's hold of a job.

        Whatever the ending, a video that changed meanwhile starts over, and a job that would be
        queued again although its cancellation was requested is cancelled.
        """
        with self._database.writing() as connection:
            row = connection.execute(
                "SELECT * FROM jobs WHERE id = ? AND owner = ? AND state = 'running'", (id, owner)
            ).fetchone()
            if row is None:
                return False
            state, reason, columns = ending(row)
            if row["next_fingerprint"] is not None:
                columns = {
                    **START_OVER, "fingerprint": row["next_fingerprint"],
                    "redo": may_have_results(row) or state is JobState.DONE,
                }  # fmt: skip
                state, reason = JobState.QUEUED, "the file was changed"
            elif row["cancel_requested"] and state is JobState.QUEUED:
                state, reason = JobState.CANCELLED, "cancelled"
                columns = {"finished_at": time.time()}
            columns = {**columns, "owner": None, "cancel_requested": 0, "stage": None}
            return move(connection, id, (JobState.RUNNING,), state, reason, **columns)

    # Workers.

    def heartbeat(self, owner: str, status: str | None = None) -> None:
        """Show that the worker is alive."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO workers (owner, started_at, status) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET heartbeats = heartbeats + 1, status = excluded.status",
                (owner, time.time(), status and printable(status)),
            )

    def leave(self, owner: str) -> None:
        """Sign off a worker that holds no job any more."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM workers WHERE owner = ?", (owner,))

    def take_over(self, me: str, lease_s: float) -> int:
        """Queue the jobs of dead workers again; return how many they were."""
        rows = self._database.query(
            "SELECT owner, max(heartbeats) AS heartbeats FROM ("
            "SELECT owner, heartbeats FROM workers "
            "UNION ALL SELECT owner, 0 FROM jobs WHERE owner IS NOT NULL"
            ") WHERE owner <> ? GROUP BY owner",
            (me,),
        )
        dead = [
            row["owner"] for row in rows if self._is_dead(row["owner"], row["heartbeats"], lease_s)
        ]
        self._heartbeats = {row["owner"]: self._heartbeats[row["owner"]] for row in rows}
        count = 0
        for owner in dead:
            with self._database.writing() as connection:
                for row in connection.execute(
                    "SELECT id, next_fingerprint, fingerprint FROM jobs WHERE owner = ?", (owner,)
                ).fetchall():
                    count += move(
                        connection, row["id"], (JobState.RUNNING,), JobState.QUEUED,
                        "its worker ended unexpectedly", owner=None, cancel_requested=0,
                        attempts=Expression("attempts - 1"),
                        interruptions=Expression("interruptions + 1"),
                        fingerprint=row["next_fingerprint"] or row["fingerprint"],
                        next_fingerprint=None,
                    )  # fmt: skip
                connection.execute("DELETE FROM workers WHERE owner = ?", (owner,))
        return count

    def _is_dead(self, owner: str, heartbeats: int, lease_s: float) -> bool:
        known = self._heartbeats.get(owner)
        if known is None or known[0] != heartbeats:
            self._heartbeats[owner] = known = (heartbeats, time.monotonic())
        alive = identity.alive(owner)
        if alive is None:
            return time.monotonic() - known[1] > lease_s
        return not alive
