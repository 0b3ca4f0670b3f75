"""The worker process as the daemon sees it: started, listened to, ended."""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO

from canary_subs._process import safe_environment
from canary_subs.jobs.logs import JOB_FIELDS
from canary_subs.jobs.worker_config import WorkerConfig

log = logging.getLogger(__name__)

#: Lines of output that are kept for the log of a job that crashed the process.
_LOG_LINES = 200


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
        self._closed = False
        self._process = subprocess.Popen(
            # -P: the current folder may be the watched one, and its files are never imported.
            [sys.executable, "-P", "-m", "canary_subs.jobs.worker"],
            env=safe_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own: Ctrl-C reaches it only through us, and its decoders end with it.
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._threads = [
            threading.Thread(target=self._read_messages, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_stderr, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        try:
            self._process.stdin.write(pickle.dumps(config))
            self._process.stdin.flush()
        except BrokenPipeError:
            log.debug("the worker process exited before it read its configuration")

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
        if self._closed:
            return
        self._closed = True
        self._process.wait()
        self.kill()
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

    def _read_messages(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            try:
                message = json.loads(line)
            except ValueError:
                self.lines.append(_text(line))
                continue
            if "progress" in message:
                self.progress_at = time.monotonic()
            else:
                self.lines.append(message["message"])
                fields = {name: message[name] for name in JOB_FIELDS if name in message}
                logging.getLogger(message["name"]).log(
                    message["level"], "%s", message["message"], extra=fields
                )

    def _read_stderr(self, pipe: IO[bytes]) -> None:
        while line := pipe.readline(10_000):
            self.lines.append(_text(line))
            log.debug("%s", _text(line))


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
