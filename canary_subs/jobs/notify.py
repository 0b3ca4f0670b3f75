"""Notifies plugins of every change of a job, whichever process made it, from the daemon alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from canary_subs.errors import StoreError
from canary_subs.jobs.store import Store
from canary_subs.model import Job

log = logging.getLogger(__name__)

#: How often new changes are looked for.
_POLL_S = 0.5

#: Called with a job after it changed its state, stage or reason.
Listener = Callable[[Job], None]


class Notifier:
    """Calls listeners with each change in the store, in order, on a thread of its own."""

    def __init__(self, store: Store, *listeners: Listener) -> None:
        self._store = store
        self._listeners = listeners

    def run(self, stop: threading.Event) -> None:
        """Notify until ``stop`` is set, then of what is left."""
        while not stop.wait(_POLL_S):
            self.notify()
        self.notify()

    def notify(self) -> None:
        """Notify of all changes since the last call."""
        try:
            changes = self._store.views.take_changes()
        except StoreError as error:
            log.warning("%s; plugins are notified later", error)
            return
        for job in changes:
            for listener in self._listeners:
                listener(job)
