"""The one place where a job's state changes.

A change is an UPDATE that names the states that it is allowed from, a line in ``transitions`` with
time and reason, and a line in ``changes`` for the daemon to notify plugins of. A worker that has
lost its job, to a cancellation or to another worker, therefore finds out and cannot do any damage.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any

from canary_subs._text import printable
from canary_subs.model import JobState

#: The states that a job stays in until somebody asks for it again.
ENDED = (JobState.DONE, JobState.SKIPPED, JobState.FAILED, JobState.CANCELLED)

#: Columns of a job that starts over, with nothing held against it.
START_OVER: Mapping[str, Any] = {
    "attempts": 0, "crashes": 0, "interruptions": 0, "retry_at": None, "next_fingerprint": None,
    "rule": None, "stage": None, "progress": 0.0, "delivery_began": 0, "finished_at": None,
}  # fmt: skip


class Expression(str):
    """A column's new value as SQL, such as "attempts + 1"."""

    __slots__ = ()


def move(
    connection: sqlite3.Connection,
    id: int,
    allowed: Sequence[JobState],
    state: JobState,
    reason: str | None,
    **columns: Any,
) -> bool:
    """Change the state of a job that is in one of the ``allowed`` states; False if it is not."""
    row = connection.execute("SELECT state FROM jobs WHERE id = ?", (id,)).fetchone()
    sets = "".join(
        f", {name} = {value if isinstance(value, Expression) else '?'}"
        for name, value in columns.items()
    )
    values = [value for value in columns.values() if not isinstance(value, Expression)]
    marks = ", ".join("?" * len(allowed))
    reason = printable(reason) if reason is not None else None
    changed = connection.execute(
        f"UPDATE jobs SET state = ?, reason = ?{sets} WHERE id = ? AND state IN ({marks})",
        (state, reason, *values, id, *allowed),
    ).rowcount
    if not changed:
        return False
    record(connection, id, row["state"], state, reason)
    return True


def record(
    connection: sqlite3.Connection, id: int, was: str | None, became: str, reason: str | None
) -> None:
    """Add a step to a job's history and have plugins notified."""
    connection.execute(
        "INSERT INTO transitions VALUES (?, ?, ?, ?, ?)", (id, time.time(), was, became, reason)
    )
    announce(connection, id)


def announce(connection: sqlite3.Connection, id: int) -> None:
    """Have plugins notified of a job as it is now."""
    connection.execute(
        "INSERT INTO changes (job, state, stage, progress, attempts, retry_at, reason) "
        "SELECT id, state, stage, progress, attempts, retry_at, reason FROM jobs WHERE id = ?",
        (id,),
    )


def set_columns(connection: sqlite3.Connection, id: int, **columns: Any) -> None:
    """Change columns of a job other than its state."""
    sets = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(f"UPDATE jobs SET {sets} WHERE id = ?", (*columns.values(), id))


def may_have_results(row: sqlite3.Row) -> bool:
    """Whether results of a job may exist."""
    return bool(row["delivered"] or row["delivery_began"])
