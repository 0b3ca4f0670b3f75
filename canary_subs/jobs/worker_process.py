"""The worker process as the daemon sees it: started, listened to, ended."""

from __future__ import annotations

import json
import logging
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from canary_subs._process import safe_environment
from canary_subs.jobs.logs import JOB_FIELDS
from canary_subs.jobs.worker_config import WorkerConfig

log = logging.getLogger(__name__)

#: -P: the current folder may be the watched one, and its files are never imported.
_COMMAND = ("-P", "-m", "canary_subs.jobs.worker")
#: Lines of output that are kept for the log of a job that crashed the process.
_LOG_LINES = 200
#: A longer line is taken apart.
_MAX_LINE_BYTES = 1_000_000


def default_memory_mb() -> int | None:
    """How much memory the process may hold where no setting says so (MiB); None: not known.

    Three quarters of what the machine has, or the container.
    """
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        limit = "max"
    there = min(there, int(limit)) if limit.isdecimal() else there
    return there * 3 // 4 // 2**20


class WorkerProcess:
    """One worker process, and what is known about it."""

    def __init__(self, config: WorkerConfig) -> None:
        self.started_at = time.monotonic()
        #: When a job last made progress; None before the first time.
        self.progress_at: float | None = None
        #: When it was last seen without a job.
        self.idle_at = self.started_at
        #: When it was asked to stop; None if it was not.
        self.stopped_at: float | None = None
        #: Why it was killed; None if it was not, or was killed because it did not stop.
        self.kill_reason: str | None = None
        #: Its last log lines and other output.
        self.lines: deque[str] = deque(maxlen=_LOG_LINES)
        #: Whether it has begun to work: its imports are done.
        self.ready = False
        #: Whether it said that it ends because there is nothing to do.
        self.finished = False
        self._closed = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, *_COMMAND],
            env=safe_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own: Ctrl-C reaches it only through us, and its decoders end with it.
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        pipes = (
            (self._read_messages, self._process.stdout),
            (self._read_stderr, self._process.stderr),
            (partial(self._send, config), self._process.stdin),
        )
        self._threads = [
            threading.Thread(target=target, args=(pipe,), daemon=True) for target, pipe in pipes
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, as `subprocess` has it; None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Ask it to finish its batch and exit."""
        if self.stopped_at is None:
            self.stopped_at = time.monotonic()
            self._process.send_signal(signal.SIGTERM)

    def kill(self, reason: str | None = None) -> None:
        """Kill it and everything that it started."""
        self.kill_reason = self.kill_reason or reason
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            log.debug("the worker process had exited")

    def close(self) -> None:
        """Wait for its exit, kill the rest of its group, drain its output; safe to repeat."""
        if self._closed.is_set():
            return
        self._process.wait()
        self.kill()
        self._closed.set()
        for thread in self._threads:
            thread.join(timeout=2)
        assert self._process.stdin and self._process.stdout and self._process.stderr
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                log.debug("the worker process had closed its end")

    def memory_mb(self) -> float:
        """Return its resident memory in MiB; 0 if it cannot be seen."""
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0.0
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _send(self, config: WorkerConfig, pipe: IO[bytes]) -> None:
        # In a thread: a process that hangs before it reads would hold us up as well.
        try:
            pipe.write(pickle.dumps(config))
            pipe.flush()
        except (BrokenPipeError, ValueError):
            log.debug("the worker process ended before it read its configuration")

    def _read_messages(self, pipe: IO[bytes]) -> None:
        for line in self._lines_of(pipe):
            try:
                message = json.loads(line)
            except ValueError:
                self.lines.append(_text(line))
                continue
            if "progress" in message:
                self.progress_at = time.monotonic()
            elif "ready" in message:
                self.ready = True
            elif "finished" in message:
                self.finished = True
            else:
                self.lines.append(message["message"])
                fields = {name: message[name] for name in JOB_FIELDS if name in message}
                logging.getLogger(message["name"]).log(
                    message["level"], "%s", message["message"], extra=fields
                )

    def _read_stderr(self, pipe: IO[bytes]) -> None:
        for line in self._lines_of(pipe):
            self.lines.append(_text(line[:10_000]))
            log.debug("%s", _text(line[:10_000]))

    def _lines_of(self, pipe: IO[bytes]) -> Iterator[bytes]:
        """Yield the lines of a pipe until its end, or what is in it when the process is closed.

        A process that the worker left behind may keep the pipe open forever.
        """
        descriptor, rest = pipe.fileno(), b""
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        while True:
            closed = self._closed.is_set()
            if not waiting.poll(0 if closed else 200):
                if closed:
                    break
                continue
            data = os.read(descriptor, 65_536)
            *lines, rest = (rest + data).split(b"\n")
            yield from lines
            if not data:
                break
            if len(rest) > _MAX_LINE_BYTES:
                yield rest
                rest = b""
        if rest:
            yield rest


def exit_text(status: int) -> str:
    """Return an exit status in words."""
    if status >= 0:
        return f"failed (status {status})"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    hint = " (by hand, or because memory ran out)" if -status == signal.SIGKILL else ""
    return f"was ended by {name}{hint}"


def _text(line: bytes) -> str:
    return line.decode(errors="backslashreplace").rstrip("\n")
