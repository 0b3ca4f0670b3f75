"""Finds every video in the watched folders once, when it is complete.

Events (watchdog) are hints to check soon; scans of the folders find what events miss. Both lead to
`_Pending`: a file is submitted to the store when `complete.incomplete` has nothing against it.
"""

from __future__ import annotations

import heapq
import logging
import os
import queue
import stat
import threading
import time
import warnings
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from canary_subs._text import printable
from canary_subs.config.layers import Config, Settings
from canary_subs.errors import StoreError
from canary_subs.jobs import globs, mounts
from canary_subs.jobs.complete import incomplete
from canary_subs.jobs.identity import Stamp, fingerprint
from canary_subs.jobs.records import Arrival, Seen
from canary_subs.jobs.store import Store
from canary_subs.jobs.walk import config_for, refusal, refused_link, walk

log = logging.getLogger(__name__)

#: A pending file is checked soon if an event says that it changed.
_SOON_S = 1.0
#: How long to wait after a file could not be checked, or the store could not be used.
_RETRY_S = 15.0
#: Files submitted to the store in one transaction.
_BATCH = 500
#: The loop wakes up this often to see whether it is to stop.
_WAKE_S = 1.0
#: A folder is scanned no more often than this many times as long as a scan takes.
_SCAN_SHARE = 4

#: The events that are hints to check a file, and to scan a folder.
_FILE_EVENTS = frozenset({"created", "modified", "moved", "closed"})
_FOLDER_EVENTS = frozenset({"created", "moved"})


@dataclass(slots=True)
class _Pending:
    """A file that is not yet known to be complete. Times are monotonic seconds."""

    root: Path
    stamp: Stamp
    #: When it was last seen to change.
    since: float
    #: When to check it; entries of the heap for other times are void.
    due: float


@dataclass(slots=True)
class _Root:
    """A watched folder and how it is watched."""

    path: Path
    #: watchdog's handle if events are used.
    events: Any = None
    #: Device and inode: another folder mounted there needs a new subscription.
    identity: tuple[int, int] | None = None
    next_scan: float = 0.0
    missing: bool = False
    #: Places that a warning was logged for.
    warned: set[str] = field(default_factory=set)


class Watcher:
    """Submits the complete videos of some folders to the store."""

    def __init__(self, roots: list[Path], settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._roots = [_Root(path=path) for path in _outermost(roots, settings.config)]
        self._pending: dict[str, _Pending] = {}
        self._heap: list[tuple[float, str]] = []
        self._hints: queue.Queue[tuple[Path, str, bool]] = queue.Queue()
        self._observer: Any = None
        self._scanned = threading.Event()

    @property
    def settled(self) -> bool:
        """Whether everything in the folders was checked and no file is still being completed."""
        expected = (one for one in tuple(self._pending.values()) if one.stamp.size_bytes)
        return self._scanned.is_set() and self._hints.empty() and not any(expected)

    def run(self, stop: threading.Event) -> None:
        """Watch until ``stop`` is set."""
        try:
            while not stop.is_set():
                self._scan_due()
                self._check_due()
                self._handle_events()
        finally:
            if self._observer is not None:
                self._observer.stop()
                self._observer.join(timeout=5)

    # Scans.

    def _scan_due(self) -> None:
        known: dict[bytes, Stamp] | None = None
        for root in self._roots:
            if time.monotonic() < root.next_scan:
                continue
            if known is None:
                try:
                    known = self._store.queue.stamps()
                except StoreError as error:
                    log.warning("%s", error)
                    root.next_scan = time.monotonic() + self._settings.config.watch.poll_s
                    return
            self._subscribe(root)
            started = time.monotonic()
            linked = self._scan(root, root.path, known)
            took = time.monotonic() - started
            watch = self._settings.config.watch
            blind = root.events is None or linked
            wait = max(watch.poll_s, _SCAN_SHARE * took) if blind else watch.rescan_s
            root.next_scan = time.monotonic() + wait
        if known is not None:
            self._scanned.set()

    def _scan(self, root: _Root, folder: Path, known: dict[bytes, Stamp] | None) -> bool:
        """Add what is new below a folder to the pending files; return whether links were followed.

        Without ``known`` stamps, each file is looked up in the store.
        """
        links: set[str] = set()
        warn = partial(self._warn_once, root)
        for path, status in walk(folder, root.path, self._settings, warn, links):
            if path in self._pending:
                continue
            stamp = Stamp.of(status)
            if known is not None:
                before = known.get(os.fsencode(path))
            else:
                before = self._store.queue.stamp(Path(path))
            if before is None or not _same(before, stamp):
                self._add(path, root, stamp)
        return bool(links)

    def _warn_once(self, root: _Root, place: str, message: str) -> None:
        if place not in root.warned:
            root.warned.add(place)
            log.warning("%s: %s", printable(place), printable(message))

    # Events.

    def _subscribe(self, root: _Root) -> None:
        """Subscribe to a folder's events, again if it was missing or replaced."""
        try:
            status = root.path.stat()
        except OSError as error:
            if not root.missing:
                log.warning(
                    "%s: is not there (%s); waiting for it",
                    printable(root.path),
                    error.strerror,
                )
            root.missing, root.identity = True, None
            self._unsubscribe(root)
            return
        if root.missing:
            log.info("%s: is there again", printable(root.path))
            root.missing = False
        if root.identity == (status.st_dev, status.st_ino):
            return
        root.identity = (status.st_dev, status.st_ino)
        self._unsubscribe(root)
        watch = self._settings.config.watch
        if watch.polling == "always":
            return
        if watch.polling == "auto" and not mounts.gives_events(root.path):
            log.info(
                "%s: its file system gives no events; scanned every %g s",
                printable(root.path),
                watch.poll_s,
            )
            return
        self._observe(root)

    def _observe(self, root: _Root) -> None:
        # watchdog watches a new folder twice, once for its event and once as it scans the parent,
        # and warns about it.
        warnings.filterwarnings(
            "ignore", "Callback with id", RuntimeWarning, module=r"watchdog\.observers"
        )
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        hints = self._hints

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                wanted = _FOLDER_EVENTS if event.is_directory else _FILE_EVENTS
                if event.event_type in wanted:
                    place = event.dest_path if event.event_type == "moved" else event.src_path
                    if place:
                        hints.put((root.path, os.fsdecode(place), event.is_directory))

        if self._observer is None:
            self._observer = Observer()
            self._observer.start()
        recursive = self._settings.config.watch.recursive
        try:
            root.events = self._observer.schedule(Handler(), str(root.path), recursive=recursive)
        except OSError as error:
            log.warning(
                "%s: gives no events (%s; see fs.inotify.max_user_watches); scanned instead",
                printable(root.path),
                error.strerror,
            )

    def _unsubscribe(self, root: _Root) -> None:
        if root.events is not None:
            handle, root.events = root.events, None
            try:
                self._observer.unschedule(handle)
            except (KeyError, OSError):  # the subscription ended with the folder
                log.debug("subscription to %s was gone", root.path)

    def _handle_events(self) -> None:
        """Wait for events until something else is due, and handle them."""
        due = [root.next_scan for root in self._roots]
        if self._heap:
            due.append(self._heap[0][0])
        timeout = min(min(due, default=0.0) - time.monotonic(), _WAKE_S)
        try:
            hint = self._hints.get(timeout=timeout) if timeout > 0 else self._hints.get_nowait()
            for _ in range(10_000):  # then check what is due, however many events there are
                self._handle_event(*hint)
                hint = self._hints.get_nowait()
        except queue.Empty:
            pass
        except StoreError as error:
            # A scan finds what this event, or others, pointed to.
            log.warning("%s", error)
            for root in self._roots:
                root.next_scan = time.monotonic() + self._settings.config.watch.poll_s

    def _handle_event(self, root_path: Path, place: str, is_folder: bool) -> None:
        root = next(root for root in self._roots if root.path == root_path)
        if is_folder:
            if not _in_private_folder(place, root.path):
                self._scan(root, Path(place), None)
            return
        if (pending := self._pending.get(place)) is not None:
            now = time.monotonic()
            if pending.due > now + _SOON_S:
                self._check_at(place, pending, now)
            return
        folder = place.rpartition("/")[0]
        if _in_private_folder(folder, root.path):
            return
        try:
            config = config_for(self._settings, folder, root.path, partial(self._warn_once, root))
            if refusal(os.path.relpath(place, root.path), config) is not None:
                return
            if (reason := refused_link(place, root.path, config.watch)) is not None:
                self._warn_once(root, place, f"left alone: {reason}")
                return
            stamp = Stamp.of(Path(place).stat())
            before = self._store.queue.stamp(Path(place))
        except OSError:
            return
        if before is None or not _same(before, stamp):
            self._add(place, root, stamp)

    # Pending files.

    def _add(self, path: str, root: _Root, stamp: Stamp) -> None:
        now = time.monotonic()
        # A file that was written long ago is checked after the settle time; a young one sooner,
        # so that the time of its last change is known to the second.
        young = abs(time.time() - stamp.mtime_ns / 1e9) < 60
        settle = self._settings.config.watch.settle_s
        pending = _Pending(root=root.path, stamp=stamp, since=now, due=now)
        self._pending[path] = pending
        self._check_at(path, pending, now + (min(settle, _SOON_S) if young else settle))

    def _check_at(self, path: str, pending: _Pending, due: float) -> None:
        pending.due = due
        heapq.heappush(self._heap, (due, path))

    def _check_due(self) -> None:
        """Check every file whose time has come, and submit the complete ones to the store."""
        ready: list[Seen] = []
        while self._heap and self._heap[0][0] <= time.monotonic():
            due, path = heapq.heappop(self._heap)
            pending = self._pending.get(path)
            if pending is None or pending.due != due:
                continue
            try:
                seen = self._check(path, pending)
            except FileNotFoundError:
                del self._pending[path]
                continue
            except OSError as error:
                log.debug("%s: cannot be checked: %s", printable(path), error)
                self._check_at(path, pending, time.monotonic() + _RETRY_S)
                continue
            if seen is not None:
                ready.append(seen)
            if len(ready) >= _BATCH:
                self._submit(ready)
                ready = []
        self._submit(ready)

    def _check(self, path: str, pending: _Pending) -> Seen | None:
        """Return the file if it is complete; otherwise set the time of the next check."""
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(path)
        now = time.monotonic()
        stamp = Stamp.of(status)
        if stamp != pending.stamp:
            pending.stamp, pending.since = stamp, now
        unchanged_s = now - pending.since
        found = incomplete(Path(path), stamp.size_bytes, unchanged_s, self._settings.config.watch)
        if found is not None:
            self._check_at(path, pending, now + found.wait_s)
            return None
        return self._seen(path, pending)

    def _seen(self, path: str, pending: _Pending) -> Seen | None:
        try:
            content = fingerprint(Path(path))
        except PermissionError:
            # Queue it anyway, so that its job shows the failure.
            content = f"{pending.stamp.size_bytes:x}-unread-{pending.stamp.mtime_ns:x}"
        if Stamp.of(Path(path).stat()) != pending.stamp:
            self._check_at(path, pending, time.monotonic())
            return None
        root = next(root for root in self._roots if root.path == pending.root)
        warn = partial(self._warn_once, root)
        config = config_for(self._settings, str(Path(path).parent), root.path, warn)
        return Seen(
            path=Path(path),
            root=pending.root,
            fingerprint=content,
            stamp=pending.stamp,
            priority=config.priority,
        )

    def _submit(self, ready: list[Seen]) -> None:
        if not ready:
            return
        try:
            arrivals = self._store.queue.arrive(ready)
        except StoreError as error:
            log.warning("%s", error)
            for seen in ready:
                pending = self._pending[str(seen.path)]
                self._check_at(str(seen.path), pending, time.monotonic() + _RETRY_S)
            return
        for seen, arrival in zip(ready, arrivals, strict=True):
            del self._pending[str(seen.path)]
            if arrival is not Arrival.KNOWN:
                log.info("%s: %s", printable(seen.path), arrival, extra={"file": str(seen.path)})


def _same(before: Stamp, now: Stamp) -> bool:
    """Whether a file is unchanged since it was taken (an inode of 0 was not noted)."""
    if not before.inode:
        return (before.size_bytes, before.mtime_ns) == (now.size_bytes, now.mtime_ns)
    return before == now


def _in_private_folder(folder: str, root: Path) -> bool:
    below = os.path.relpath(folder, root)
    return below != "." and any(globs.private_folder(part) for part in below.split("/"))


def _outermost(roots: list[Path], config: Config) -> list[Path]:
    """Return the folders without those that are scanned as part of another one."""
    absolute = sorted({Path(os.path.abspath(root)) for root in roots})  # noqa: PTH100 - keeps links
    if not config.watch.recursive:
        return absolute
    return [
        root
        for root in absolute
        if not any(root != other and root.is_relative_to(other) for other in absolute)
    ]
