"""An iterator that works ahead in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetch(Generic[T]):
    """Runs a generator up to ``capacity`` items ahead of whoever takes them.

    ``wakeup`` is set whenever taking may give something new. The generator is closed, in its own
    thread, when it ends or is stopped.
    """

    def __init__(
        self, items: Generator[T, None, None], capacity: int, wakeup: threading.Event
    ) -> None:
        self._items = items
        self._waiting: queue.Queue[T] = queue.Queue(capacity)
        self._wakeup = wakeup
        self._stopped = threading.Event()
        self._finished = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def take(self) -> T | None:
        """The next item, or None where none waits; raises what the generator raised."""
        finished = self._finished.is_set()  # asked first: nothing is put after it
        try:
            return self._waiting.get_nowait()
        except queue.Empty:
            if finished and self._error is not None:
                raise self._error from None
            return None

    @property
    def ended(self) -> bool:
        """Whether everything was taken."""
        return self._finished.is_set() and self._waiting.empty() and self._error is None

    def stop(self) -> None:
        """Nothing more is wanted; returns when the generator is closed."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with closing(self._items):
                for item in self._items:
                    if not self._put(item):
                        break
        except BaseException as error:
            self._error = error
        finally:
            self._finished.set()
            self._wakeup.set()

    def _put(self, item: T) -> bool:
        while not self._stopped.is_set():
            try:
                self._waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            self._wakeup.set()
            return True
        return False


@contextmanager
def prefetch(
    items: Generator[T, None, None], capacity: int, wakeup: threading.Event
) -> Iterator[Prefetch[T]]:
    """A `Prefetch` for as long as the block lasts."""
    reader = Prefetch(items, capacity, wakeup)
    try:
        yield reader
    finally:
        reader.stop()
