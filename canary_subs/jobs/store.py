"""The durable queue: what is to be done, who does it, what became of it, and why.

Every change of a job's state goes through `Store._move`: an UPDATE that names the states (and the
worker) it may happen in, and a line in ``transitions`` with time and reason. A worker that lost
its job, to a cancellation or to another worker, therefore learns so and cannot spoil anything.

Leases need no clock: a worker counts beats, and is taken for dead where its process is seen to be
gone, or, from elsewhere, where its count has stood still for the time of a lease.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from canary_subs.jobs import identity
from canary_subs.jobs.database import Database
from canary_subs.jobs.identity import Stamp
from canary_subs.jobs.records import (
    Arrival,
    Done,
    Record,
    Retries,
    Seen,
    Transition,
    WorkerSeen,
    job_of,
    plain,
    record_of,
)
from canary_subs.jobs.schema import MIGRATIONS
from canary_subs.model import Job, JobState, Stage

_ENDED = (JobState.DONE, JobState.SKIPPED, JobState.FAILED, JobState.CANCELLED)
_DAY_S = 86_400.0

#: The rule of a film that was not there when its turn came.
GONE = "gone"

#: The columns of a job whose past does not count any more.
_AFRESH: Mapping[str, Any] = {
    "attempts": 0, "deaths": 0, "interruptions": 0, "retry_at": None, "next_fingerprint": None,
    "rule": None, "stage": None, "progress": 0.0, "delivering": 0, "finished_at": None,
}  # fmt: skip

#: A job's next state, the reason, and the columns that change with it.
_Ending = tuple[JobState, str | None, Mapping[str, Any]]

#: Called after a job changed its state, outside of any transaction.
Listener = Callable[[Job], None]


class Store:
    """The queue in one SQLite file; safe to use from several threads, processes and daemons."""

    def __init__(self, path: Path, *, listener: Listener | None = None) -> None:
        """Open or make the store. Raises `StoreError`."""
        self.path = path
        self._database = Database(path, MIGRATIONS)
        self._listener = listener
        #: Owner -> (its beats, our monotonic time when they were seen to change).
        self._beats: dict[str, tuple[int, float]] = {}

    def close(self) -> None:
        self._database.close()

    def check(self) -> None:
        """Read all of it for damage. Raises `StoreError`."""
        self._database.check()

    # Arrivals.

    def stamps(self) -> dict[bytes, Stamp]:
        """Path -> what the file looked like when it was taken, for every job and result."""
        rows = self._database.query(
            "SELECT path, size_bytes, mtime_ns, inode FROM jobs WHERE rule IS NOT 'gone' "
            "UNION ALL SELECT path, size_bytes, mtime_ns, 0 FROM outputs"
        )
        return {
            path: Stamp(size_bytes=size, mtime_ns=mtime, inode=inode)
            for path, size, mtime, inode in rows
        }

    def arrive(self, seen: Iterable[Seen]) -> list[Arrival]:
        """Take note of complete files, all in one transaction; queue those that are new."""
        moved: list[Job] = []
        with self._database.writing() as connection:
            found = [self._arrive(connection, one, moved) for one in seen]
        self._tell(moved)
        return found

    def _arrive(self, connection: sqlite3.Connection, seen: Seen, moved: list[Job]) -> Arrival:
        path = os.fsencode(seen.path)
        if self._is_ours(connection, path, seen.stamp):
            return Arrival.OURS
        stamp = {
            "size_bytes": seen.stamp.size_bytes,
            "mtime_ns": seen.stamp.mtime_ns,
            "inode": seen.stamp.inode,
        }
        row = connection.execute("SELECT * FROM jobs WHERE path = ?", (path,)).fetchone()
        if row is None:
            row = self._gone_twin(connection, seen.fingerprint)
            if row is not None:
                reason = f"was moved here from {plain(os.fsdecode(row['path']))}"
                self._set(connection, row["id"], path=path, root=_bytes(seen.root), **stamp)
                self._note(connection, row["id"], row["state"], row["state"], reason)
                moved.append(job_of(self._row(connection, row["id"])))
                return Arrival.MOVED
            columns = {
                "path": path, "root": _bytes(seen.root), "fingerprint": seen.fingerprint,
                "state": JobState.QUEUED, "priority": seen.priority, "queued_at": time.time(),
                **stamp,
            }  # fmt: skip
            names, marks = ", ".join(columns), ", ".join("?" * len(columns))
            cursor = connection.execute(
                f"INSERT INTO jobs ({names}) VALUES ({marks})", tuple(columns.values())
            )
            assert cursor.lastrowid is not None
            self._note(connection, cursor.lastrowid, None, JobState.QUEUED, "arrived")
            moved.append(job_of(self._row(connection, cursor.lastrowid)))
            return Arrival.NEW
        self._set(connection, row["id"], **stamp)
        if seen.fingerprint == (row["next_fingerprint"] or row["fingerprint"]):
            if row["rule"] != GONE:
                return Arrival.KNOWN
            reason = "the file is there again"
        else:
            reason = "the file was changed"
        if row["state"] == JobState.RUNNING:
            self._set(connection, row["id"], next_fingerprint=seen.fingerprint, cancelling=1)
        else:
            was = (JobState(row["state"]),)
            self._move(
                connection, moved, row["id"], was, JobState.QUEUED, reason,
                fingerprint=seen.fingerprint, renewing=_may_have_results(row), **_AFRESH,
            )  # fmt: skip
        return Arrival.CHANGED

    def _is_ours(self, connection: sqlite3.Connection, path: bytes, stamp: Stamp) -> bool:
        row = connection.execute(
            "SELECT size_bytes, mtime_ns FROM outputs WHERE path = ?", (path,)
        ).fetchone()
        return row is not None and tuple(row) == (stamp.size_bytes, stamp.mtime_ns)

    def _gone_twin(self, connection: sqlite3.Connection, fingerprint: str) -> sqlite3.Row | None:
        """A job of the same content whose file is no longer where it was."""
        for row in connection.execute(
            "SELECT * FROM jobs WHERE fingerprint = ? AND state <> 'running'", (fingerprint,)
        ):
            if not os.path.lexists(row["path"]):
                return row  # type: ignore[no-any-return]
        return None

    # Work.

    def lease(self, owner: str, *, suspects: bool = True) -> Record | None:
        """Take the next job that is due; ``suspects``: also one that brought its process down."""
        moved: list[Job] = []
        now = time.time()
        with self._database.writing() as connection:
            row = connection.execute(
                "SELECT id FROM jobs WHERE state = 'queued' AND (deaths = 0 OR ?) "
                # A rest that ends more than a day from now was set by a clock that jumped.
                "AND (retry_at IS NULL OR retry_at <= ? OR retry_at > ?) "
                "ORDER BY priority DESC, interruptions, deaths, id LIMIT 1",
                (suspects, now, now + _DAY_S),
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "INSERT INTO workers (owner, started_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (owner, now),
            )
            self._move(
                connection, moved, row["id"], (JobState.QUEUED,), JobState.RUNNING, None,
                owner=owner, started_at=now, attempts=("attempts + 1",), retry_at=None,
                stage=None, progress=0.0, finished_at=None,
            )  # fmt: skip
            record = record_of(self._row(connection, row["id"]))
        self._tell(moved)
        return record

    def holds(self, id: int, owner: str) -> bool:
        """Whether the worker shall go on with the job."""
        return bool(
            self._database.query(
                "SELECT 1 FROM jobs WHERE id = ? AND owner = ? AND state = 'running' "
                "AND NOT cancelling",
                (id, owner),
            )
        )

    def tell(self, id: int, owner: str, stage: Stage, progress: float) -> None:
        """Note how far a running job is."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE jobs SET stage = ?, progress = ?, delivering = delivering OR ? "
                "WHERE id = ? AND owner = ?",
                (stage, progress, stage is Stage.DELIVER, id, owner),
            )

    def done(self, id: int, owner: str, done: Done) -> bool:
        """Note the results of a running job; False where it is no longer the worker's."""
        now = time.time()
        columns = {
            "progress": 1.0, "deaths": 0, "interruptions": 0, "rule": None,
            "renewing": 0, "finished_at": now, "duration_ms": done.duration_ms,
            "delivered": json.dumps(done.delivered), "plan": json.dumps(dict(done.plan)),
            "provenance": json.dumps(dict(done.provenance)),
        }  # fmt: skip
        self.own(done.delivered)
        return self._end(id, owner, lambda row: (JobState.DONE, done.reason, columns))

    def own(self, places: Iterable[str]) -> None:
        """Remember results, so that none is taken for a film, or for a file of the user's."""
        with self._database.writing() as connection:
            for place in places:
                _own(connection, place)

    def owns(self, path: Path) -> bool:
        """Whether a file is a result of ours that nobody changed."""
        try:
            stamp = Stamp.of(path.stat())
        except OSError:
            return False
        rows = self._database.query(
            "SELECT size_bytes, mtime_ns FROM outputs WHERE path = ?", (os.fsencode(path),)
        )
        return [tuple(row) for row in rows] == [(stamp.size_bytes, stamp.mtime_ns)]

    def skipped(
        self, id: int, owner: str, rule: str, reason: str, plan: Mapping[str, str] | None = None
    ) -> bool:
        """Note that a running job needs no work, and the rule that decided."""
        columns = {"rule": rule, "plan": json.dumps(dict(plan or {})), "finished_at": time.time()}
        return self._end(id, owner, lambda row: (JobState.SKIPPED, reason, columns))

    def failed(self, id: int, owner: str, reason: str, retries: Retries | None) -> bool:
        """Note that a running job failed; with ``retries`` it may pass and is tried again."""
        now = time.time()

        def end(row: sqlite3.Row) -> _Ending:
            if retries is None:
                return JobState.FAILED, reason, {"finished_at": now}
            if row["attempts"] >= retries.attempts:
                told = f"{reason} (after {row['attempts']} attempts)"
                return JobState.FAILED, told, {"finished_at": now}
            return JobState.QUEUED, reason, {"retry_at": now + retries.wait_s(row["attempts"])}

        return self._end(id, owner, end)

    def postponed(self, id: int, owner: str, reason: str, wait_s: float) -> bool:
        """Put a running job back for a time; it costs it no attempt."""
        columns = {"retry_at": time.time() + wait_s, "attempts": ("attempts - 1",)}
        return self._end(id, owner, lambda row: (JobState.QUEUED, reason, columns))

    def released(self, id: int, owner: str, reason: str) -> bool:
        """Give a running job back, as its worker stops; it costs it no attempt."""
        columns = {"attempts": ("attempts - 1",)}
        return self._end(id, owner, lambda row: (JobState.QUEUED, reason, columns))

    def died(self, id: int, owner: str, reason: str, *, limit: int, log: Path | None) -> bool:
        """The process that worked on the job died, of it perhaps.

        Until this has happened ``limit`` times the film is tried again, alone; then set aside.
        """

        def end(row: sqlite3.Row) -> _Ending:
            deaths = row["deaths"] + 1
            if deaths < limit:
                return JobState.QUEUED, f"{reason}; tried again alone", {"deaths": deaths}
            told = f"set aside: {reason}, {deaths} times with this film"
            told += f"; its log: {log}" if log else ""
            return JobState.FAILED, told, {"deaths": deaths, "finished_at": time.time()}

        return self._end(id, owner, end)

    def running(self, owner: str) -> list[Record]:
        """The jobs that a worker holds."""
        rows = self._database.query("SELECT * FROM jobs WHERE owner = ?", (owner,))
        return [record_of(row) for row in rows]

    def beat(self, owner: str, doing: str | None = None) -> None:
        """Say that the worker lives."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO workers (owner, started_at, doing) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET beats = beats + 1, doing = excluded.doing",
                (owner, time.time(), doing and plain(doing)),
            )

    def leave(self, owner: str) -> None:
        """The worker ends; it holds no job any more."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM workers WHERE owner = ?", (owner,))

    def take_over(self, me: str, lease_s: float) -> int:
        """Queue again the jobs of workers that ended without a word; how many they were."""
        moved: list[Job] = []
        rows = self._database.query(
            "SELECT owner, max(beats) AS beats FROM ("
            "SELECT owner, beats FROM workers "
            "UNION ALL SELECT owner, 0 FROM jobs WHERE owner IS NOT NULL"
            ") WHERE owner <> ? GROUP BY owner",
            (me,),
        )
        dead = [row["owner"] for row in rows if self._is_dead(row["owner"], row["beats"], lease_s)]
        self._beats = {row["owner"]: self._beats[row["owner"]] for row in rows}
        count = 0
        for owner in dead:
            with self._database.writing() as connection:
                for row in connection.execute(
                    "SELECT id, next_fingerprint, fingerprint FROM jobs WHERE owner = ?", (owner,)
                ).fetchall():
                    count += self._move(
                        connection, moved, row["id"], (JobState.RUNNING,), JobState.QUEUED,
                        "its worker ended without a word", owner=None, cancelling=0,
                        attempts=("attempts - 1",), interruptions=("interruptions + 1",),
                        fingerprint=row["next_fingerprint"] or row["fingerprint"],
                        next_fingerprint=None,
                    )  # fmt: skip
                connection.execute("DELETE FROM workers WHERE owner = ?", (owner,))
        self._tell(moved)
        return count

    def _is_dead(self, owner: str, beats: int, lease_s: float) -> bool:
        known = self._beats.get(owner)
        if known is None or known[0] != beats:
            self._beats[owner] = known = (beats, time.monotonic())
        lives = identity.alive(owner)
        if lives is None:
            return time.monotonic() - known[1] > lease_s
        return not lives

    # What people ask for.

    def cancel(self, id: int) -> bool:
        """End a job: at once where it waits, soon where it runs; False where it has ended."""
        moved: list[Job] = []
        with self._database.writing() as connection:
            asked = connection.execute(
                "UPDATE jobs SET cancelling = 1 WHERE id = ? AND state = 'running'", (id,)
            ).rowcount
            done = asked or self._move(
                connection, moved, id, (JobState.QUEUED,), JobState.CANCELLED, "cancelled",
                finished_at=time.time(),
            )  # fmt: skip
        self._tell(moved)
        return bool(done)

    def retry(self, id: int, reason: str = "asked to try again", *, renew: bool = False) -> bool:
        """Queue an ended or resting job to be done at once; False where it runs.

        ``renew``: its old results are replaced, but for those that somebody changed.
        """
        moved: list[Job] = []
        columns = {**_AFRESH, "renewing": renew}
        with self._database.writing() as connection:
            done = self._move(
                connection, moved, id, (JobState.QUEUED, *_ENDED), JobState.QUEUED, reason,
                **columns,
            )  # fmt: skip
        self._tell(moved)
        return done

    def prioritise(self, id: int, priority: int) -> bool:
        """Do a job earlier (or later) than others; False where there is none of that number."""
        with self._database.writing() as connection:
            return bool(
                connection.execute(
                    "UPDATE jobs SET priority = ? WHERE id = ?", (priority, id)
                ).rowcount
            )

    def forget(self, id: int) -> bool:
        """Drop an ended or waiting job and its history; its film counts as new when seen again."""
        with self._database.writing() as connection:
            return bool(
                connection.execute(
                    "DELETE FROM jobs WHERE id = ? AND state <> 'running'", (id,)
                ).rowcount
            )

    def pause(self, reason: str) -> None:
        """Let no worker of this store work until `resume`."""
        self._put_note("paused", plain(reason))

    def resume(self) -> None:
        with self._database.writing() as connection:
            connection.execute("DELETE FROM notes WHERE key = 'paused'")

    def paused(self) -> str | None:
        """Why all work rests, or None."""
        rows = self._database.query("SELECT value FROM notes WHERE key = 'paused'")
        return rows[0]["value"] if rows else None

    # Looking.

    def records(
        self, states: Sequence[JobState] = tuple(JobState), *, limit: int = -1
    ) -> list[Record]:
        """Jobs in those states: running ones first, then by turn; ended ones latest first."""
        marks = ", ".join("?" * len(states))
        rows = self._database.query(
            f"SELECT * FROM jobs WHERE state IN ({marks}) ORDER BY state <> 'running', "
            "state <> 'queued', finished_at DESC, priority DESC, interruptions, deaths, id LIMIT ?",
            (*states, limit),
        )
        return [record_of(row) for row in rows]

    def record(self, id: int) -> Record | None:
        rows = self._database.query("SELECT * FROM jobs WHERE id = ?", (id,))
        return record_of(rows[0]) if rows else None

    def find(self, path: Path) -> Record | None:
        """The job of a file."""
        rows = self._database.query(
            "SELECT * FROM jobs WHERE path = ?", (os.fsencode(path.absolute()),)
        )
        return record_of(rows[0]) if rows else None

    def stamp(self, path: Path) -> Stamp | None:
        """What a file looked like when it was taken, as a job or a result."""
        rows = self._database.query(
            "SELECT size_bytes, mtime_ns, inode FROM jobs WHERE path = :path "
            "AND rule IS NOT 'gone' UNION ALL "
            "SELECT size_bytes, mtime_ns, 0 FROM outputs WHERE path = :path",
            {"path": os.fsencode(path)},  # type: ignore[arg-type]
        )
        if not rows:
            return None
        size, mtime, inode = rows[0]
        return Stamp(size_bytes=size, mtime_ns=mtime, inode=inode)

    def history(self, id: int) -> list[Transition]:
        """A job's way, oldest first."""
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
        """How many jobs are in each state."""
        rows = self._database.query("SELECT state, count(*) AS n FROM jobs GROUP BY state")
        found = {JobState(row["state"]): row["n"] for row in rows}
        return {state: found.get(state, 0) for state in JobState}

    def due(self) -> bool:
        """Whether a job could be taken now."""
        now = time.time()
        return bool(
            self._database.query(
                "SELECT 1 FROM jobs WHERE state = 'queued' "
                "AND (retry_at IS NULL OR retry_at <= ? OR retry_at > ?) LIMIT 1",
                (now, now + _DAY_S),
            )
        )

    def workers(self) -> list[WorkerSeen]:
        rows = self._database.query("SELECT owner, started_at, doing FROM workers ORDER BY owner")
        return [
            WorkerSeen(
                owner=row["owner"],
                started_at=datetime.fromtimestamp(row["started_at"], UTC),
                doing=row["doing"],
                alive=identity.alive(row["owner"]),
            )
            for row in rows
        ]

    def film_seconds(self) -> float:
        """Playing time of all finished films."""
        rows = self._database.query("SELECT total(duration_ms) FROM jobs WHERE state = 'done'")
        return float(rows[0][0]) / 1000

    # Speed.

    def measured(self, work: str, film_ms: int, busy_ms: int) -> None:
        """Add to what is known about how fast work of that kind goes."""
        with self._database.writing() as connection:
            # Old measurements fade, so that a new card shows within a few films.
            connection.execute(
                "INSERT INTO speeds VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
                "film_ms = film_ms * 0.9 + excluded.film_ms, "
                "busy_ms = busy_ms * 0.9 + excluded.busy_ms",
                (work, film_ms, max(busy_ms, 1)),
            )

    def speed(self, work: str) -> float | None:
        """Film time per working time, as measured; None before the first film."""
        rows = self._database.query("SELECT film_ms, busy_ms FROM speeds WHERE work = ?", (work,))
        return rows[0]["film_ms"] / rows[0]["busy_ms"] if rows and rows[0]["film_ms"] else None

    # Pieces, for `jobs.pieces`.

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the tables, for the modules of this folder."""
        with self._database.writing() as connection:
            yield connection

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Rows of the tables, for the modules of this folder."""
        return self._database.query(sql, values)

    # The one place where states change.

    def _move(
        self,
        connection: sqlite3.Connection,
        moved: list[Job],
        id: int,
        was: Sequence[JobState],
        became: JobState,
        reason: str | None,
        **columns: Any,
    ) -> bool:
        """Change a job's state if it is in one of ``was``; a column's (text,) is an expression."""
        row = connection.execute("SELECT state FROM jobs WHERE id = ?", (id,)).fetchone()
        sets = "".join(
            f", {name} = {value[0] if isinstance(value, tuple) else '?'}"
            for name, value in columns.items()
        )
        values = [value for value in columns.values() if not isinstance(value, tuple)]
        marks = ", ".join("?" * len(was))
        reason = plain(reason) if reason is not None else None
        changed = connection.execute(
            f"UPDATE jobs SET state = ?, reason = ?{sets} WHERE id = ? AND state IN ({marks})",
            (became, reason, *values, id, *was),
        ).rowcount
        if not changed:
            return False
        self._note(connection, id, row["state"], became, reason)
        moved.append(job_of(self._row(connection, id)))
        return True

    def _end(self, id: int, owner: str, ending: Callable[[sqlite3.Row], _Ending]) -> bool:
        """End a worker's turn at a job; False where the job is no longer the worker's.

        Whatever the ending, a film that changed meanwhile begins afresh, and one that would go on
        although it shall be cancelled is cancelled.
        """
        moved: list[Job] = []
        with self._database.writing() as connection:
            row = connection.execute(
                "SELECT * FROM jobs WHERE id = ? AND owner = ? AND state = 'running'", (id, owner)
            ).fetchone()
            if row is None:
                return False
            became, reason, columns = ending(row)
            if row["next_fingerprint"] is not None:
                columns = {
                    **_AFRESH, "fingerprint": row["next_fingerprint"],
                    "renewing": _may_have_results(row) or became is JobState.DONE,
                }  # fmt: skip
                became, reason = JobState.QUEUED, "the file was changed"
            elif row["cancelling"] and became is JobState.QUEUED:
                became, reason = JobState.CANCELLED, "cancelled"
                columns = {"finished_at": time.time()}
            columns = {**columns, "owner": None, "cancelling": 0, "stage": None}
            self._move(connection, moved, id, (JobState.RUNNING,), became, reason, **columns)
        self._tell(moved)
        return True

    def _note(
        self,
        connection: sqlite3.Connection,
        id: int,
        was: str | None,
        became: str,
        reason: str | None,
    ) -> None:
        connection.execute(
            "INSERT INTO transitions VALUES (?, ?, ?, ?, ?)", (id, time.time(), was, became, reason)
        )

    def _set(self, connection: sqlite3.Connection, id: int, **columns: Any) -> None:
        sets = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE jobs SET {sets} WHERE id = ?", (*columns.values(), id))

    def _row(self, connection: sqlite3.Connection, id: int) -> sqlite3.Row:
        row = connection.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
        assert row is not None
        return row  # type: ignore[no-any-return]

    def _put_note(self, key: str, value: str) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO notes VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (key, value),
            )

    def _tell(self, moved: Iterable[Job]) -> None:
        if self._listener is not None:
            for job in moved:
                self._listener(job)


def _may_have_results(row: sqlite3.Row) -> bool:
    return bool(row["delivered"] or row["delivering"])


def _own(connection: sqlite3.Connection, place: str) -> None:
    """Remember a result, so that it is never taken for a film."""
    path = os.fsencode(place)
    try:
        status = os.stat(path)  # noqa: PTH116 - bytes are what the system names it
    except (OSError, ValueError):  # no file of this machine: another way of delivering
        return
    connection.execute(
        "INSERT INTO outputs VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
        "SET size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns",
        (path, status.st_size, status.st_mtime_ns),
    )
    # It may have been seen before it was known to be ours.
    connection.execute("DELETE FROM jobs WHERE path = ? AND state = 'queued'", (path,))


def _bytes(path: Path | None) -> bytes | None:
    return os.fsencode(path) if path is not None else None
