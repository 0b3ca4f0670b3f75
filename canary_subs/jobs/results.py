"""Files that we made: never taken for videos, and replaced only if nobody edited them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from canary_subs.jobs.database import Database
from canary_subs.jobs.identity import Stamp


class Results:
    """The results of all jobs: one part of the `Store`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, places: Iterable[str]) -> None:
        """Remember results; places that are not files of this machine are ignored."""
        with self._database.writing() as connection:
            for place in places:
                _add(connection, place)

    def contains(self, path: Path) -> bool:
        """Whether a file is a result of ours that nobody changed."""
        try:
            stamp = Stamp.of(path.stat())
        except OSError:
            return False
        rows = self._database.query(
            "SELECT size_bytes, mtime_ns FROM results WHERE path = ?", (os.fsencode(path),)
        )
        return [tuple(row) for row in rows] == [(stamp.size_bytes, stamp.mtime_ns)]


def _add(connection: sqlite3.Connection, place: str) -> None:
    path = os.fsencode(place)
    try:
        status = os.stat(path)  # noqa: PTH116 - the path is bytes
    except (OSError, ValueError):
        return
    connection.execute(
        "INSERT INTO results VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
        "SET size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns",
        (path, status.st_size, status.st_mtime_ns),
    )
    # The watcher may have queued it before it was known to be ours.
    connection.execute("DELETE FROM jobs WHERE path = ? AND state = 'queued'", (path,))
