"""An SQLite file, opened with care: checked, migrated after a backup, its errors explained."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from canary_subs.errors import StoreError, StoreUnavailable
from canary_subs.jobs import mounts

#: Seconds to wait for another process's transaction.
_BUSY_S = 10.0


class Database:
    """One connection, shared by the threads of a process, one at a time."""

    def __init__(self, path: Path, migrations: Sequence[str], *, unsupported: int = 0) -> None:
        """Open or create the file and bring it to the newest version.

        A file of version ``unsupported`` or older is refused; the first migration makes the version
        after it. Raises `StoreError` if the file is damaged, locked, too old, too new, or on a file
        system where SQLite cannot lock.
        """
        self.path = path
        self._lock = threading.RLock()
        with self._explained():
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise StoreError(
                    f"{path}: its folder cannot be made ({error.strerror}); choose another store"
                ) from error
            if mounts.is_remote(path.parent):
                raise StoreError(
                    f"{path}: lies on a network share, where SQLite cannot lock; "
                    "set [queue] store to a file on a local disk"
                )
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._connection.row_factory = sqlite3.Row
                self._connection.execute("PRAGMA journal_mode = WAL")
                # FULL: a segment that was stored survives a power cut.
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute("PRAGMA foreign_keys = ON")
                self._migrate(migrations, unsupported)
                self._inode = _inode(path)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def check(self) -> None:
        """Read the whole file for damage. Raises `StoreError`."""
        findings = [row[0] for row in self.query("PRAGMA quick_check(3)")]
        if findings != ["ok"]:
            raise StoreError(f"{self.path}: is damaged ({findings[0]}); {_REPAIR}")

    def check_place(self) -> None:
        """Raise `StoreError` if another file, or none, is where this one was opened."""
        if _inode(self.path) != self._inode:
            raise StoreError(
                f"{self.path}: was deleted or replaced while it was in use; start again"
            )

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a SELECT. Raises `StoreError`."""
        with self._lock, self._explained():
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run a transaction, all or nothing. Raises `StoreError`."""
        with self._lock, self._explained():
            if self._connection.in_transaction:  # an inner step of a larger one
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _migrate(self, migrations: Sequence[str], unsupported: int) -> None:
        newest = unsupported + len(migrations)
        version = self._version()
        if version > newest:
            raise StoreError(
                f"{self.path}: was made by a newer canary-subs; upgrade, or choose another store"
            )
        if 0 < version <= unsupported:
            raise StoreError(f"{self.path}: was made by an older canary-subs; {_START_AFRESH}")
        if version == newest:
            return
        if version:
            self._back_up(version)
        with self.writing() as connection:
            version = max(self._version(), unsupported)  # another process may have been quicker
            for number, script in enumerate(migrations[version - unsupported :], version + 1):
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _back_up(self, version: int) -> None:
        copy = sqlite3.connect(self.path.with_name(f"{self.path.name}.v{version}.backup"))
        try:
            self._connection.backup(copy)
        finally:
            copy.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _store_error(self.path, error) from error


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


_START_AFRESH = (
    "move it away to start afresh (finished videos are then skipped if their subtitles exist)"
)
_REPAIR = f"{_START_AFRESH}, or put a backup in its place"

#: SQLite's error name -> (what it means, what to do, whether it is temporary).
_MEANINGS: dict[str, tuple[str, str, bool]] = {
    "SQLITE_BUSY": ("is locked by another program", "end that program, or wait", True),
    "SQLITE_LOCKED": ("is locked by another program", "end that program, or wait", True),
    "SQLITE_FULL": ("cannot grow, the disk is full", "free some space", True),
    "SQLITE_IOERR": ("cannot be read or written", "check the disk", True),
    "SQLITE_READONLY": ("cannot be written", "allow this user to write it and its folder", False),
    "SQLITE_PERM": ("cannot be opened", "allow this user to write it and its folder", False),
    "SQLITE_CANTOPEN": ("cannot be opened", "allow this user to write it and its folder", False),
    "SQLITE_CORRUPT": ("is damaged", _REPAIR, False),
    "SQLITE_NOTADB": ("is not a job store", _REPAIR, False),
}


def _store_error(path: Path, error: sqlite3.Error) -> StoreError:
    name = getattr(error, "sqlite_errorname", "")
    for prefix, (meaning, advice, temporary) in _MEANINGS.items():
        if name.startswith(prefix):
            kind = StoreUnavailable if temporary else StoreError
            return kind(f"{path}: {meaning}; {advice}")
    raise error  # a wrong statement: a bug of ours


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
