"""The whole of it: a store, a watcher, a worker, and the way they end."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from canary_subs.config.layers import Settings
from canary_subs.errors import ConfigError
from canary_subs.jobs.store import Listener, Store
from canary_subs.jobs.supervisor import Worker
from canary_subs.jobs.watch import Watcher
from canary_subs.model import JobState

log = logging.getLogger(__name__)

#: How long the watcher may take to end; a slow share may hold it, and it has nothing to save.
_WATCHER_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How the queue stood when the daemon left."""

    counts: Mapping[JobState, int]
    #: Whether it left because a signal told it to.
    stopped: bool


def watch(
    settings: Settings,
    folders: Sequence[Path] = (),
    *,
    drain: bool = False,
    stop: threading.Event | None = None,
    listener: Listener | None = None,
) -> Summary:
    """Watch folders and subtitle what lands in them, until told to stop or, draining, until done.

    ``folders`` stand in for those of the configuration. In the main thread SIGTERM and SIGINT end
    it within 10 s, with everything saved. ``listener`` hears of the changes that this process makes
    to jobs. Raises `ConfigError` where there is nothing to watch, `StoreError` for a store that
    cannot be used, and, draining, `CanarySubsError` where recognition cannot begin.
    """
    roots = list(folders or settings.config.watch.folders)
    if not roots:
        raise ConfigError("no folder to watch; name one, or set [watch] folders")
    for root in roots:
        if root.exists() and not root.is_dir():
            raise ConfigError(f"{root}: is a file; name the folder that it is in")
    stop = stop or threading.Event()
    with ExitStack() as stack:
        told = stack.enter_context(_signals(stop))
        store = Store(settings.config.store, listener=listener)
        stack.callback(store.close)
        store.check()
        worker = Worker(settings, store)
        watcher = Watcher(roots, settings, store)
        if settings.config.service.metrics is not None:
            from canary_subs.jobs.metrics import serve

            stack.enter_context(serve(settings.config.service.metrics, store, worker))
        watching = threading.Thread(
            target=_watch, args=(watcher, stop), name="watcher", daemon=True
        )
        watching.start()
        try:
            worker.run(stop, done=lambda: drain and watcher.settled)
        finally:
            stop.set()
            watching.join(timeout=_WATCHER_S)
        return Summary(counts=store.counts(), stopped=told.is_set())


def _watch(watcher: Watcher, stop: threading.Event) -> None:
    try:
        watcher.run(stop)
    except BaseException:
        if stop.is_set():  # the store was closed under a look through a slow folder
            return
        # Without its eyes the daemon would wait for ever, and nobody would know.
        log.exception("watching ended unexpectedly; the daemon ends")
        stop.set()


@contextmanager
def _signals(stop: threading.Event) -> Iterator[threading.Event]:
    """Let SIGTERM and SIGINT set ``stop``, where this thread may; yields whether one did."""
    told = threading.Event()

    def tell(number: int, frame: object) -> None:
        log.info("%s: finishes the batch and leaves", signal.Signals(number).name)
        told.set()
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    before = {number: signal.signal(number, tell) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
