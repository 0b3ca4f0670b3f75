"""Seeing every film of the watched folders once, when it is complete.

Events (watchdog) are hints to look soon; looking through the folders finds what they miss. Both
lead to `_Waiting`: a file is shown to the store when it has lain still for the settle time, no
process writes it, and its container is all there.
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

from canary_subs.config.layers import Config, Settings
from canary_subs.errors import StoreError
from canary_subs.jobs import globs as names
from canary_subs.jobs import mounts
from canary_subs.jobs.complete import being_written, looks_whole
from canary_subs.jobs.identity import Stamp, fingerprint
from canary_subs.jobs.records import Arrival, Seen, plain
from canary_subs.jobs.store import Store
from canary_subs.jobs.walk import config_for, refusal, walk

log = logging.getLogger(__name__)

#: How often a file is looked at while it grows.
_GROWING_S = 1.0
#: How long to leave a file that lies still but is not whole, or cannot be looked at.
_UNFINISHED_S = 15.0
#: Files that are shown to the store in one transaction.
_BATCH = 500
#: The loop wakes this often to see whether it shall stop.
_WAKE_S = 1.0
#: A folder is polled no more often than this many times as long as looking through it takes.
_POLL_SHARE = 4

#: The events that are hints to look at a file, and at a folder with all that is in it.
_FILE_HINTS = frozenset({"created", "modified", "moved", "closed"})
_FOLDER_HINTS = frozenset({"created", "moved"})


@dataclass(slots=True)
class _Waiting:
    """A file that is not yet known to be complete. Times are monotonic seconds."""

    root: Path
    stamp: Stamp
    #: When it was last seen to change.
    since: float
    #: When to look again; the heap's entries for other times are void.
    due: float


@dataclass(slots=True)
class _Root:
    """A watched folder and how it is watched."""

    path: Path
    #: watchdog's handle, where events are used.
    events: Any = None
    #: Device and inode: another folder mounted there needs a new watch.
    identity: tuple[int, int] | None = None
    next_look: float = 0.0
    missing: bool = False
    told: set[str] = field(default_factory=set)


class Watcher:
    """Shows the complete films of some folders to the store."""

    def __init__(self, roots: list[Path], settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._roots = [_Root(path=path) for path in _outermost(roots, settings.config)]
        self._waiting: dict[str, _Waiting] = {}
        self._heap: list[tuple[float, str]] = []
        self._hints: queue.Queue[tuple[Path, str, bool]] = queue.Queue()
        self._observer: Any = None
        self._looked = threading.Event()

    @property
    def settled(self) -> bool:
        """Whether all that lies in the folders was looked at and no file is expected to finish."""
        expected = (one for one in tuple(self._waiting.values()) if one.stamp.size_bytes)
        return self._looked.is_set() and self._hints.empty() and not any(expected)

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop."""
        try:
            while not stop.is_set():
                self._look_through()
                self._look_at_due()
                self._take_hints()
        finally:
            if self._observer is not None:
                self._observer.stop()
                self._observer.join(timeout=5)

    # Looking through the folders.

    def _look_through(self) -> None:
        known: dict[bytes, Stamp] | None = None
        for root in self._roots:
            if time.monotonic() < root.next_look:
                continue
            if known is None:
                try:
                    known = self._store.stamps()
                except StoreError as error:
                    log.warning("%s", error)
                    root.next_look = time.monotonic() + self._settings.config.watch.poll_s
                    return
            self._follow(root)
            begun = time.monotonic()
            linked = self._scan(root, root.path, known)
            took = time.monotonic() - begun
            watch = self._settings.config.watch
            blind = root.events is None or linked
            wait = max(watch.poll_s, _POLL_SHARE * took) if blind else watch.rescan_s
            root.next_look = time.monotonic() + wait
        if known is not None:
            self._looked.set()

    def _scan(self, root: _Root, folder: Path, known: dict[bytes, Stamp] | None) -> bool:
        """Note what is new below a folder; whether a linked folder was followed."""
        links: set[str] = set()
        told = partial(self._told_once, root)
        for path, status in walk(folder, root.path, self._settings, told, links):
            if path in self._waiting:
                continue
            stamp = Stamp.of(status)
            if known is not None:
                before = known.get(os.fsencode(path))
            else:
                before = self._store.stamp(Path(path))
            if before is None or not _same(before, stamp):
                self._wait_for(path, root, stamp)
        return bool(links)

    def _told_once(self, root: _Root, place: str, message: str) -> None:
        if place not in root.told:
            root.told.add(place)
            log.warning("%s: %s", plain(place), plain(message))

    # Events.

    def _follow(self, root: _Root) -> None:
        """Have events for a folder where it gives them; again, when it was away or replaced."""
        try:
            status = root.path.stat()
        except OSError as error:
            if not root.missing:
                log.warning(
                    "%s: is not there (%s); waiting for it", plain(str(root.path)), error.strerror
                )
            root.missing, root.identity = True, None
            self._unfollow(root)
            return
        if root.missing:
            log.info("%s: is there again", plain(str(root.path)))
            root.missing = False
        if root.identity == (status.st_dev, status.st_ino):
            return
        root.identity = (status.st_dev, status.st_ino)
        self._unfollow(root)
        watch = self._settings.config.watch
        if watch.polling == "always":
            return
        if watch.polling == "auto" and not mounts.tells_events(root.path):
            log.info(
                "%s: tells no events; looked through every %g s",
                plain(str(root.path)),
                watch.poll_s,
            )
            return
        self._schedule(root)

    def _schedule(self, root: _Root) -> None:
        # It watches a new folder once when told of it and once when looking into its parent, and
        # warns although the second watch is the first.
        warnings.filterwarnings(
            "ignore", "Callback with id", RuntimeWarning, module=r"watchdog\.observers"
        )
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        hints = self._hints

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                wanted = _FOLDER_HINTS if event.is_directory else _FILE_HINTS
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
                "%s: gives no events (%s; see fs.inotify.max_user_watches); looked through instead",
                plain(str(root.path)),
                error.strerror,
            )

    def _unfollow(self, root: _Root) -> None:
        if root.events is not None:
            handle, root.events = root.events, None
            try:
                self._observer.unschedule(handle)
            except (KeyError, OSError):  # it went with the folder
                log.debug("watch of %s was gone", root.path)

    def _take_hints(self) -> None:
        """Wait for events until something else is due, and note what they point at."""
        due = [root.next_look for root in self._roots]
        if self._heap:
            due.append(self._heap[0][0])
        timeout = min(min(due, default=0.0) - time.monotonic(), _WAKE_S)
        try:
            hint = self._hints.get(timeout=timeout) if timeout > 0 else self._hints.get_nowait()
            for _ in range(10_000):  # then look at what is due, however many more there are
                self._hint(*hint)
                hint = self._hints.get_nowait()
        except queue.Empty:
            pass
        except StoreError as error:
            # What this hint, or others, pointed at is found by looking.
            log.warning("%s", error)
            for root in self._roots:
                root.next_look = time.monotonic() + self._settings.config.watch.poll_s

    def _hint(self, root_path: Path, place: str, is_folder: bool) -> None:
        root = next(root for root in self._roots if root.path == root_path)
        if is_folder:
            if not _in_private_folder(place, root.path):
                self._scan(root, Path(place), None)
            return
        if (waiting := self._waiting.get(place)) is not None:
            now = time.monotonic()
            if waiting.due > now + _GROWING_S:
                self._look_again(place, waiting, now)
            return
        folder = place.rpartition("/")[0]
        if _in_private_folder(folder, root.path):
            return
        try:
            config = config_for(self._settings, folder, root.path, partial(self._told_once, root))
            if refusal(os.path.relpath(place, root.path), config) is not None:
                return
            stamp = Stamp.of(Path(place).stat())
            before = self._store.stamp(Path(place))
        except OSError:
            return
        if before is None or not _same(before, stamp):
            self._wait_for(place, root, stamp)

    # Waiting until files are complete.

    def _wait_for(self, path: str, root: _Root, stamp: Stamp) -> None:
        now = time.monotonic()
        # One that was written long ago is looked at when it has lain still; a young one sooner,
        # so that its last change is known to the second.
        young = abs(time.time() - stamp.mtime_ns / 1e9) < 60
        settle = self._settings.config.watch.settle_s
        waiting = _Waiting(root=root.path, stamp=stamp, since=now, due=now)
        self._waiting[path] = waiting
        self._look_again(path, waiting, now + (min(settle, _GROWING_S) if young else settle))

    def _look_again(self, path: str, waiting: _Waiting, due: float) -> None:
        waiting.due = due
        heapq.heappush(self._heap, (due, path))

    def _look_at_due(self) -> None:
        """Look at every file whose time has come, and show the complete ones to the store."""
        ready: list[Seen] = []
        while self._heap and self._heap[0][0] <= time.monotonic():
            due, path = heapq.heappop(self._heap)
            waiting = self._waiting.get(path)
            if waiting is None or waiting.due != due:
                continue
            try:
                seen = self._look(path, waiting)
            except FileNotFoundError:
                del self._waiting[path]
                continue
            except OSError as error:
                log.debug("%s: cannot be looked at: %s", plain(path), error)
                self._look_again(path, waiting, time.monotonic() + _UNFINISHED_S)
                continue
            if seen is not None:
                ready.append(seen)
            if len(ready) >= _BATCH:
                self._show(ready)
                ready = []
        self._show(ready)

    def _look(self, path: str, waiting: _Waiting) -> Seen | None:
        """The file, if it is complete; else the time of the next look is set."""
        watch = self._settings.config.watch
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(path)
        now = time.monotonic()
        stamp = Stamp.of(status)
        if stamp != waiting.stamp:
            waiting.stamp, waiting.since = stamp, now
        still = now - waiting.since
        if still < watch.settle_s:
            self._look_again(path, waiting, min(now + _GROWING_S, waiting.since + watch.settle_s))
        elif stamp.size_bytes == 0:
            self._look_again(path, waiting, now + min(max(still / 2, _GROWING_S), _UNFINISHED_S))
        elif still < watch.patience_s and being_written(Path(path)):
            self._look_again(path, waiting, now + min(max(still / 2, _GROWING_S), 4 * _GROWING_S))
        elif still < watch.patience_s and not _whole(path):
            wait = min(max(still / 2, _GROWING_S), _UNFINISHED_S)
            self._look_again(path, waiting, now + wait)
        else:
            return self._seen(path, waiting)
        return None

    def _seen(self, path: str, waiting: _Waiting) -> Seen | None:
        try:
            content = fingerprint(Path(path))
        except PermissionError:
            # Its job shall say so, rather than nobody.
            content = f"{waiting.stamp.size_bytes:x}-unread-{waiting.stamp.mtime_ns:x}"
        if Stamp.of(Path(path).stat()) != waiting.stamp:
            self._look_again(path, waiting, time.monotonic())
            return None
        root = next(root for root in self._roots if root.path == waiting.root)
        told = partial(self._told_once, root)
        config = config_for(self._settings, str(Path(path).parent), root.path, told)
        return Seen(
            path=Path(path),
            root=waiting.root,
            fingerprint=content,
            stamp=waiting.stamp,
            priority=config.priority,
        )

    def _show(self, ready: list[Seen]) -> None:
        if not ready:
            return
        try:
            arrivals = self._store.arrive(ready)
        except StoreError as error:
            log.warning("%s", error)
            for seen in ready:
                waiting = self._waiting[str(seen.path)]
                self._look_again(str(seen.path), waiting, time.monotonic() + _UNFINISHED_S)
            return
        for seen, arrival in zip(ready, arrivals, strict=True):
            del self._waiting[str(seen.path)]
            if arrival is not Arrival.KNOWN:
                log.info("%s: %s", plain(str(seen.path)), arrival)


def _same(before: Stamp, now: Stamp) -> bool:
    """Whether a file is as it was when it was taken (an inode of 0 was not noted)."""
    if not before.inode:
        return (before.size_bytes, before.mtime_ns) == (now.size_bytes, now.mtime_ns)
    return before == now


def _in_private_folder(folder: str, root: Path) -> bool:
    below = os.path.relpath(folder, root)
    return below != "." and any(names.private_folder(part) for part in below.split("/"))


def _whole(path: str) -> bool:
    try:
        return looks_whole(Path(path))
    except PermissionError:
        return True


def _outermost(roots: list[Path], config: Config) -> list[Path]:
    """The folders without those that lie in another one that is looked through anyway."""
    absolute = sorted({Path(os.path.abspath(root)) for root in roots})  # noqa: PTH100 - keeps links
    if not config.watch.recursive:
        return absolute
    return [
        root
        for root in absolute
        if not any(root != other and root.is_relative_to(other) for other in absolute)
    ]
