"""The daemon: a store, a watcher, a supervised worker, services, and how they all end."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from canary_subs.config.layers import Settings
from canary_subs.errors import CanarySubsError, ConfigError
from canary_subs.jobs import services
from canary_subs.jobs.notify import Listener, Notifier
from canary_subs.jobs.store import Store
from canary_subs.jobs.supervisor import Supervisor
from canary_subs.jobs.watch import Watcher
from canary_subs.model import JobState
from canary_subs.plugin.manager import Plugins

log = logging.getLogger(__name__)

#: How long a thread may take to end; a slow network share may block it, and it has nothing to save.
_THREAD_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The state of the queue when the daemon ended."""

    counts: Mapping[JobState, int]
    #: Whether a signal ended it.
    stopped: bool


def watch(
    settings: Settings,
    plugins: Plugins,
    folders: Sequence[Path] = (),
    *,
    drain: bool = False,
    stop: threading.Event | None = None,
    listener: Listener = lambda job: None,
) -> Summary:
    """Watch folders and subtitle the videos in them until stopped or, draining, until done.

    ``folders`` replace those of the configuration. In the main thread SIGTERM and SIGINT end it
    within 10 s, with everything saved. Plugins and ``listener`` are notified of every change of a
    job; the services that the configuration names run beside it. Raises `ConfigError` if there is
    nothing to watch, `StoreError` if the store cannot be used, `CanarySubsError` if the watcher
    failed and, draining, if recognition cannot start.
    """
    roots = list(folders or settings.config.watch.folders)
    if not roots:
        raise ConfigError("no folder to watch; name one, or set [watch] folders")
    for root in roots:
        if root.exists() and not root.is_dir():
            raise ConfigError(f"{root}: is a file; name its folder instead")
    stop = stop or threading.Event()
    with ExitStack() as stack:
        signalled = stack.enter_context(_signals(stop))
        store = Store(settings.config.store)
        stack.callback(store.close)
        store.check()
        supervisor = Supervisor(settings, store)
        watcher = Watcher(roots, settings, store)
        notifier = Notifier(store, plugins.job_changed, listener)
        if settings.config.service.metrics is not None:
            from canary_subs.jobs.metrics import serve

            stack.enter_context(serve(settings.config.service.metrics, store, supervisor))
        stack.enter_context(services.running(settings.config, plugins))
        # The notifier ends after the worker, so that it sees the last changes.
        stack.enter_context(_thread("notifier", notifier.run, threading.Event()))
        failures = stack.enter_context(_thread("watcher", watcher.run, stop, needed=True))
        supervisor.run(stop, done=lambda: drain and watcher.settled)
        if failures:
            raise CanarySubsError(
                f"the watcher failed unexpectedly ({failures[0]!r:.200}); please report its log"
            )
        return Summary(counts=store.views.counts(), stopped=signalled.is_set())


@contextmanager
def _thread(
    name: str,
    run: Callable[[threading.Event], None],
    stop: threading.Event,
    *,
    needed: bool = False,
) -> Iterator[list[BaseException]]:
    """Run a thread inside the block and set ``stop`` at its end; yields where a failure will be.

    A ``needed`` thread also sets it if it fails: without the watcher the daemon would idle forever.
    """
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            run(stop)
        except BaseException as error:
            if stop.is_set():  # the store was closed while a slow folder blocked the thread
                return
            log.exception("the %s failed unexpectedly%s", name, "; stopping" if needed else "")
            failures.append(error)
            if needed:
                stop.set()

    thread = threading.Thread(target=guarded, name=name, daemon=True)
    thread.start()
    try:
        yield failures
    finally:
        stop.set()
        thread.join(timeout=_THREAD_S)


@contextmanager
def _signals(stop: threading.Event) -> Iterator[threading.Event]:
    """Have SIGTERM and SIGINT set ``stop`` if this is the main thread; yields whether one did."""
    signalled = threading.Event()

    def handle(number: int, frame: object) -> None:
        log.info("%s: finishing the batch, then leaving", signal.Signals(number).name)
        signalled.set()
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield signalled
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield signalled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
