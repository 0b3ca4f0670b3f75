"""Supervising the process that recognises: starting, watching, ending it, judging its end."""

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
from collections.abc import Callable
from pathlib import Path
from typing import IO

from canary_subs.config.layers import Settings
from canary_subs.errors import CanarySubsError, StoreError, Temporary
from canary_subs.jobs import cache as pieces
from canary_subs.jobs import identity, schedule
from canary_subs.jobs.store import Store
from canary_subs.jobs.worker_config import STORE_FAILED, UNUSABLE, WorkerConfig

log = logging.getLogger(__name__)

#: How long a child that was told to stop may take to finish its batch; then it is ended.
STOP_S = 6.0
#: How long a job that was cancelled may go on before its process is ended.
_CANCEL_S = 20.0
#: How often the loop looks at everything, with and without a child.
_TICK_S, _IDLE_TICK_S = 0.2, 1.0
#: How often it is asked whether to rest, and how often the store is tidied.
_REST_S, _TIDY_S = 5.0, 3600.0
#: How long to wait before a child is started again that ended before it took a job.
_RESTARTS_S = (1.0, 5.0, 15.0, 60.0, 300.0)
#: A child that never gets to work is given up after so many starts when draining.
_DRAIN_RESTARTS = 3
#: Lines of a child's noise that are kept for the log of a film that it died with.
_LOG_LINES = 200


class Child:
    """One recognising process, and what is known of it."""

    def __init__(self, order: WorkerConfig) -> None:
        self.began_at = time.monotonic()
        #: When a job last went forward; None before the first time.
        self.sign_at: float | None = None
        #: When it was last seen without a job.
        self.idle_at = self.began_at
        self.stopped_at: float | None = None
        #: Why we ended it ourselves.
        self.verdict: str | None = None
        self.lines: deque[str] = deque(maxlen=_LOG_LINES)
        self._closed = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "canary_subs.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own: Ctrl-C reaches it through us alone, and decoders end with it.
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._threads = [
            threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._gather, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        try:
            self._process.stdin.write(pickle.dumps(order))
            self._process.stdin.flush()
        except BrokenPipeError:
            log.debug("the child ended before it read its order")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """How it ended, as `subprocess` counts; None while it lives."""
        return self._process.poll()

    def stop(self) -> None:
        """Ask it to finish its batch and leave."""
        if self.stopped_at is None:
            self.stopped_at = time.monotonic()
            self._process.send_signal(signal.SIGTERM)

    def kill(self, verdict: str | None = None) -> None:
        """End it at once, with all that it started."""
        self.verdict = self.verdict or verdict
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            log.debug("the child had ended")

    def close(self) -> None:
        """Wait for its end, end what it left behind, hear its last words; safe to repeat."""
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
                log.debug("the child had closed its end")

    def memory_mb(self) -> float:
        """Memory it holds, in MiB; 0 where that cannot be seen."""
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0.0
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _listen(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            try:
                said = json.loads(line)
            except ValueError:
                self.lines.append(_text(line))
                continue
            if "sign" in said:
                self.sign_at = time.monotonic()
            else:
                self.lines.append(said["message"])
                logging.getLogger(said["name"]).log(said["level"], "%s", said["message"])

    def _gather(self, pipe: IO[bytes]) -> None:
        while line := pipe.readline(10_000):
            self.lines.append(_text(line))
            log.debug("%s", _text(line))


class Worker:
    """Keeps one child at work while there is work; lives in the daemon's process."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._queue = settings.config.queue
        self._store = store
        self._owner = identity.owner()
        self._child: Child | None = None
        self._failed_starts = 0
        self._start_at = 0.0
        self._resting: str | None = None
        self._due: dict[str, float] = {}
        self._cancelling: dict[int, float] = {}
        self._complaint: str | None = None

    @property
    def complaint(self) -> str | None:
        """Why the child cannot get to work, as far as it said; None where it can."""
        return self._complaint

    @property
    def resting(self) -> str | None:
        """Why no work is done at present; None where it is."""
        return self._resting

    def run(self, stop: threading.Event, *, done: Callable[[], bool] = lambda: False) -> None:
        """Work until told to stop, or until nothing is due and ``done`` says that nothing comes.

        Leaves within 10 s of ``stop``; what is unfinished goes on from its last batch next time.
        Raises `CanarySubsError` where recognition cannot begin at all and ``done`` was given, and
        `StoreError` for a store that is damaged.
        """
        try:
            while not stop.is_set():
                try:
                    if self._step(done):
                        return
                except StoreError as error:
                    if not isinstance(error, Temporary):
                        raise
                    if self._every("complaint", 60.0):
                        log.error("%s; waiting", error)
                    stop.wait(_IDLE_TICK_S)
                stop.wait(_TICK_S if self._child is not None else _IDLE_TICK_S)
        finally:
            self._leave()

    def _step(self, done: Callable[[], bool]) -> bool:
        """Look at everything once; True where nothing is left to do."""
        self._beat()
        if self._every("rest", _REST_S):
            self._rest()
        if self._every("tidy", _TIDY_S):
            pieces.forget_old(self._store, self._queue.remember_days)
        nothing_comes = done()  # asked before the queue: what comes later is in it
        due = self._store.due()
        if self._child is not None:
            self._look_after(self._child, needed=due or not nothing_comes)
            return False
        if due:
            if self._resting is None and time.monotonic() >= self._start_at:
                self._start()
            elif nothing_comes and self._failed_starts >= _DRAIN_RESTARTS:
                raise CanarySubsError(f"recognition cannot begin: {self._complaint}")
            return False
        return nothing_comes

    def _beat(self) -> None:
        if self._every("beat", self._queue.lease_s / 4):
            doing = f"resting: {self._resting}" if self._resting else None
            self._store.beat(self._owner, doing)
            if taken := self._store.take_over(self._owner, self._queue.lease_s):
                log.info("%d jobs of workers that ended are taken over", taken)

    def _rest(self) -> None:
        reason = self._store.paused() or schedule.rest(self._settings.config.schedule)
        if reason != self._resting:
            log.info("rests: %s" if reason else "%sgoes on working", reason or "")
        self._resting = reason

    def _start(self) -> None:
        order = WorkerConfig(
            settings=self._settings,
            store=self._store.path,
            owner=self._owner,
            idle_s=self._queue.idle_s,
        )
        self._child = Child(order)

    def _look_after(self, one: Child, *, needed: bool) -> None:
        if one.status is not None:
            self._bury(one)
            return
        now = time.monotonic()
        if self._resting is not None:
            one.stop()
        if one.stopped_at is not None and now - one.stopped_at > STOP_S:
            one.kill()
        held = self._store.running(self._owner)
        if not needed and not held:
            one.stop()
        limit_s = self._queue.stall_s if one.sign_at else self._queue.start_s
        if not held:  # time only counts while it has something to do
            one.idle_at = now
        elif now - max(one.sign_at or one.began_at, one.idle_at) > limit_s:
            one.kill(f"made no progress for {limit_s:g} s")
        most_mb = self._queue.memory_mb
        if most_mb is not None and one.memory_mb() > most_mb:
            one.kill(f"held more memory than {most_mb} MiB")
        asked = {record.job.id for record in held if record.cancelling}
        self._cancelling = {id: self._cancelling.get(id, now) for id in asked}
        if any(now - since > _CANCEL_S for since in self._cancelling.values()):
            # The films that it worked on besides are not to blame.
            one.stop()
            one.kill()

    def _bury(self, one: Child) -> None:
        """See how a child ended, and what that means for the jobs that it held."""
        one.close()
        held = self._store.running(self._owner)
        status = one.status or 0
        if status in (0, STORE_FAILED, UNUSABLE) or (
            one.stopped_at is not None and one.verdict is None
        ):
            for record in held:
                self._store.released(record.job.id, self._owner, "the worker stopped")
        else:
            reason = one.verdict or _ending(status)
            log.error("the recognising process %s", reason)
            for record in held:
                self._store.died(
                    record.job.id,
                    self._owner,
                    f"the recognising process {reason}",
                    limit=self._queue.crashes,
                    log=self._keep_log(record.job.id, one),
                )
        self._child = None
        if status == 0 or held or one.stopped_at is not None:
            self._failed_starts, self._complaint = 0, None
        else:
            self._complaint = one.lines[-1].strip() if one.lines else _ending(status)
            wait_s = _RESTARTS_S[min(self._failed_starts, len(_RESTARTS_S) - 1)]
            self._failed_starts += 1
            self._start_at = time.monotonic() + wait_s
            log.error("recognition cannot begin: %s; again in %g s", self._complaint, wait_s)

    def _keep_log(self, id: int, one: Child) -> Path | None:
        place = self._store.path.parent / "logs" / f"job-{id}.log"
        try:
            place.parent.mkdir(exist_ok=True, mode=0o700)
            place.write_text("\n".join(one.lines) + "\n", errors="backslashreplace")
        except OSError as error:
            log.warning("%s: cannot be written (%s)", place, error.strerror)
            return None
        return place

    def _leave(self) -> None:
        """End the child, give its jobs back, and sign off."""
        if self._child is not None:
            one = self._child
            one.stop()
            while one.status is None and time.monotonic() - (one.stopped_at or 0) < STOP_S:
                time.sleep(0.05)
            one.kill()
            one.close()
            self._child = None
        try:
            for record in self._store.running(self._owner):
                self._store.released(record.job.id, self._owner, "the worker stopped")
            self._store.leave(self._owner)
        except StoreError as error:
            # Its jobs are seen to be nobody's when this process is gone.
            log.error("%s", error)

    def _every(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + seconds
        return True


def _ending(status: int) -> str:
    """A child's exit status in words."""
    if status >= 0:
        return f"failed (status {status})"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    hint = " (by hand, or for want of memory)" if -status == signal.SIGKILL else ""
    return f"was ended by {name}{hint}"


def _text(line: bytes) -> str:
    return line.decode(errors="backslashreplace").rstrip("\n")
