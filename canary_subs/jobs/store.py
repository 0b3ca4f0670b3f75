"""The job store: what is to be done, who is doing it, what became of it, and why."""

from __future__ import annotations

from pathlib import Path

from canary_subs.jobs.database import Database
from canary_subs.jobs.leases import Leases
from canary_subs.jobs.queue import Queue
from canary_subs.jobs.results import Results
from canary_subs.jobs.schema import MIGRATIONS, UNSUPPORTED_VERSION
from canary_subs.jobs.speeds import Speeds
from canary_subs.jobs.views import Views


def open_database(path: Path) -> Database:
    """Open or create the file of a job store. Raises `StoreError`."""
    return Database(path, MIGRATIONS, unsupported=UNSUPPORTED_VERSION)


class Store:
    """One SQLite file, by subject; safe to use from several threads, processes and daemons.

    Every method of its parts raises `StoreError` if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the store. Raises `StoreError`."""
        self.path = path
        self._database = open_database(path)
        #: For the watcher and for people: arrivals, cancel, retry, pause.
        self.queue = Queue(self._database)
        #: Files that we made.
        self.results = Results(self._database)
        #: For workers: take a job, report progress, end it.
        self.leases = Leases(self._database, self.results)
        #: For reading: jobs, histories, counts.
        self.views = Views(self._database)
        #: Measured speeds.
        self.speeds = Speeds(self._database)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def check(self) -> None:
        """Read all of it for damage. Raises `StoreError`."""
        self._database.check()

    def check_place(self) -> None:
        """Raise `StoreError` if the file was deleted or replaced while it is open."""
        self._database.check_place()
