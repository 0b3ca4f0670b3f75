"""What the store knows, for reading: jobs, their histories, counts, workers, new changes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from canary_subs.jobs import identity
from canary_subs.jobs.database import Database
from canary_subs.jobs.queue import below
from canary_subs.jobs.records import Record, Transition, WorkerRecord, job_of, record_of
from canary_subs.model import Job, JobState


class Views:
    """Jobs as people and plugins see them: one part of the `Store`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def records(
        self, states: Sequence[JobState] = tuple(JobState), *, limit: int = -1
    ) -> list[Record]:
        """Return jobs: running ones, then queued ones in order, then ended ones, latest first."""
        marks = ", ".join("?" * len(states))
        rows = self._database.query(
            f"SELECT * FROM jobs WHERE state IN ({marks}) ORDER BY state <> 'running', "
            "state <> 'queued', finished_at DESC, priority DESC, interruptions, crashes, id "
            "LIMIT ?",
            (*states, limit),
        )
        return [record_of(row) for row in rows]

    def record(self, id: int) -> Record | None:
        """Return the job of a number."""
        rows = self._database.query("SELECT * FROM jobs WHERE id = ?", (id,))
        return record_of(rows[0]) if rows else None

    def find(self, path: Path) -> Record | None:
        """Return the job of a file."""
        rows = self._database.query(
            "SELECT * FROM jobs WHERE path = ?", (os.fsencode(path.absolute()),)
        )
        return record_of(rows[0]) if rows else None

    def history(self, id: int) -> list[Transition]:
        """Return the changes of a job's state, oldest first."""
        rows = self._database.query(
            "SELECT at, was, became, reason FROM transitions WHERE job = ? ORDER BY rowid", (id,)
        )
        return [
            Transition(
                at=datetime.fromtimestamp(row["at"], UTC),
                was=JobState(row["was"]) if row["was"] else None,
                became=JobState(row["became"]),
                reason=row["reason"],
            )
            for row in rows
        ]

    def counts(self) -> dict[JobState, int]:
        """Return how many jobs are in each state."""
        rows = self._database.query("SELECT state, count(*) AS n FROM jobs GROUP BY state")
        found = {JobState(row["state"]): row["n"] for row in rows}
        return {state: found.get(state, 0) for state in JobState}

    def last_change(self) -> int:
        """Return the number of the last change of a job's state, for `counts_below`."""
        rows = self._database.query("SELECT coalesce(max(rowid), 0) FROM transitions")
        return int(rows[0][0])

    def counts_below(self, roots: Sequence[Path], since: int) -> dict[JobState, int]:
        """Return how many jobs of these folders are in each state; ended ones that ended since."""
        inside, places = below(roots)
        rows = self._database.query(
            f"SELECT state, count(*) AS n FROM jobs WHERE ({inside}) AND (state IN ('queued', "
            "'running') OR id IN (SELECT job FROM transitions WHERE rowid > ?)) GROUP BY state",
            (*places, since),
        )
        found = {JobState(row["state"]): row["n"] for row in rows}
        return {state: found.get(state, 0) for state in JobState}

    def workers(self) -> list[WorkerRecord]:
        """Return the workers that have signed in and not signed off."""
        rows = self._database.query("SELECT owner, started_at, status FROM workers ORDER BY owner")
        return [
            WorkerRecord(
                owner=row["owner"],
                started_at=datetime.fromtimestamp(row["started_at"], UTC),
                status=row["status"],
                alive=identity.alive(row["owner"]),
            )
            for row in rows
        ]

    def video_seconds(self) -> float:
        """Return the playing time of all finished videos."""
        rows = self._database.query("SELECT total(duration_ms) FROM jobs WHERE state = 'done'")
        return float(rows[0][0]) / 1000

    def take_changes(self) -> list[Job]:
        """Return jobs as they were after each change since the last call, by whichever process.

        Every change is returned once, to one of the daemons that share the store.
        """
        if not self._database.query("SELECT 1 FROM changes LIMIT 1"):
            return []
        with self._database.writing() as connection:
            rows = connection.execute(
                "SELECT jobs.id, path, fingerprint, priority, changes.state, changes.stage, "
                "changes.progress, changes.attempts, changes.retry_at, changes.reason "
                "FROM changes JOIN jobs ON jobs.id = changes.job ORDER BY number"
            ).fetchall()
            connection.execute("DELETE FROM changes")
        return [job_of(row) for row in rows]
