"""Supervises the worker process: starts it, watches it, ends it, deals with its exit."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from canary_subs.config.layers import Settings
from canary_subs.errors import CanarySubsError, StoreError, Temporary
from canary_subs.jobs import identity, schedule
from canary_subs.jobs.cache import Transcripts
from canary_subs.jobs.logs import job_fields
from canary_subs.jobs.store import Store
from canary_subs.jobs.worker_config import STORE_FAILED, UNUSABLE, WorkerConfig
from canary_subs.jobs.worker_process import WorkerProcess, default_memory_mb, exit_text
from canary_subs.model import Stage

log = logging.getLogger(__name__)

#: How long a process that was asked to stop may take to finish its batch; then it is killed.
STOP_S = 6.0
#: How long a cancelled job may go on before its process is killed.
_CANCEL_S = 20.0
#: How often the loop checks everything, with and without a process.
_TICK_S, _IDLE_TICK_S = 0.2, 1.0
#: How often to check whether to pause, and to tidy the store.
_PAUSE_CHECK_S, _TIDY_S = 5.0, 3600.0
#: How long to wait before starting a process again that exited before it took a job.
_RESTARTS_S = (1.0, 5.0, 15.0, 60.0, 300.0)
#: When draining, give up after this many starts without a job.
_DRAIN_RESTARTS = 3


class Supervisor:
    """Keeps one worker process running while there is work; lives in the daemon's process."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._queue = settings.config.queue
        self._store = store
        self._owner = identity.owner()
        self._process: WorkerProcess | None = None
        self._failed_starts = 0
        self._start_at = 0.0
        self._pause_reason: str | None = None
        #: What is done every so often -> when it is due.
        self._due: dict[str, float] = {}
        #: Job -> when its cancellation was first seen.
        self._cancelled: dict[int, float] = {}
        self._start_failure: str | None = None
        self._memory_mb = self._queue.memory_mb or default_memory_mb()

    @property
    def start_failure(self) -> str | None:
        """Why the worker process cannot start working; None if it can."""
        return self._start_failure

    @property
    def pause_reason(self) -> str | None:
        """Why work is paused at present; None if it is not."""
        return self._pause_reason

    def run(self, stop: threading.Event, *, done: Callable[[], bool] = lambda: False) -> None:
        """Work until ``stop`` is set, or until nothing is due and ``done`` says nothing will come.

        Returns within 10 s of ``stop``; unfinished jobs go on from their last batch next time.
        Raises `CanarySubsError` if ``done`` was given and recognition cannot start, and
        `StoreError` if the store is damaged.
        """
        try:
            while not stop.is_set():
                try:
                    if self._step(done):
                        return
                except StoreError as error:
                    if not isinstance(error, Temporary):
                        raise
                    if self._every("store failure", 60.0):
                        log.error("%s; waiting", error)
                    stop.wait(_IDLE_TICK_S)
                stop.wait(_TICK_S if self._process is not None else _IDLE_TICK_S)
        finally:
            self._leave()

    def _step(self, done: Callable[[], bool]) -> bool:
        """Check everything once; return True if nothing is left to do."""
        self._heartbeat()
        if self._every("pause check", _PAUSE_CHECK_S):
            self._check_pause()
        if self._every("tidy", _TIDY_S):
            self._tidy()
        nothing_comes = done()  # asked before the queue: anything that came earlier is in it
        due = self._store.queue.due()
        if self._process is not None:
            self._check_process(self._process, needed=due or not nothing_comes)
            return False
        if due:
            if self._pause_reason is None and time.monotonic() >= self._start_at:
                self._start()
            elif nothing_comes and self._failed_starts >= _DRAIN_RESTARTS:
                raise CanarySubsError(f"recognition cannot start: {self._start_failure}")
            return False
        return nothing_comes

    def _heartbeat(self) -> None:
        if self._every("heartbeat", self._queue.lease_s / 4):
            status = f"paused: {self._pause_reason}" if self._pause_reason else None
            self._store.leases.heartbeat(self._owner, status)
            if count := self._store.leases.take_over(self._owner, self._queue.lease_s):
                log.info("took over %d jobs of dead workers", count)

    def _check_pause(self) -> None:
        reason = self._store.queue.paused() or schedule.pause_reason(self._settings.config.schedule)
        if reason != self._pause_reason:
            log.info("paused: %s" if reason else "work resumes%s", reason or "")
        self._pause_reason = reason

    def _tidy(self) -> None:
        transcripts = Transcripts(self._store.path)
        try:
            transcripts.forget_old(self._queue.remember_days)
        finally:
            transcripts.close()

    def _start(self) -> None:
        config = WorkerConfig(
            settings=self._settings,
            store=self._store.path,
            owner=self._owner,
            idle_s=self._queue.idle_s,
        )
        self._process = WorkerProcess(config)

    def _check_process(self, process: WorkerProcess, *, needed: bool) -> None:
        if process.status is not None:
            self._on_worker_exit(process)
            return
        now = time.monotonic()
        if self._pause_reason is not None:
            process.stop()
        if process.stopped_at is not None and now - process.stopped_at > STOP_S:
            process.kill()
        held = self._store.leases.held(self._owner)
        if not needed and not held:
            process.stop()
        loading = not process.progress_at or any(one.job.stage is Stage.LOAD for one in held)
        limit_s = self._queue.start_s if loading else self._queue.stall_s
        if not held:  # the limit only counts while it has a job
            process.idle_at = now
        elif now - max(process.progress_at or process.started_at, process.idle_at) > limit_s:
            process.kill(f"made no progress for {limit_s:g} s")
        limit_mb = self._memory_mb
        if limit_mb is not None and process.memory_mb() > limit_mb:
            process.kill(f"held more memory than {limit_mb} MiB")
        cancelled = {record.job.id for record in held if record.cancel_requested}
        self._cancelled = {id: self._cancelled.get(id, now) for id in cancelled}
        if any(now - since > _CANCEL_S for since in self._cancelled.values()):
            # Its other videos are not to blame: this does not count as a crash.
            process.stop()
            process.kill()

    def _on_worker_exit(self, process: WorkerProcess) -> None:
        """Decide what the exit of a process means for the jobs that it held."""
        process.close()
        held = self._store.leases.held(self._owner)
        status = process.status or 0
        asked_to_stop = process.stopped_at is not None and process.kill_reason is None
        if status in (0, STORE_FAILED, UNUSABLE) or asked_to_stop:
            for record in held:
                self._store.leases.released(record.job.id, self._owner, "the worker stopped")
        else:
            reason = f"the worker process {process.kill_reason or exit_text(status)}"
            log.error("%s", reason)
            for record in held:
                log.error("job %d was in it", record.job.id, extra=job_fields(record.job))
                self._store.leases.crashed(
                    record.job.id,
                    self._owner,
                    reason,
                    limit=self._queue.crashes,
                    log=self._write_log(record.job.id, process),
                )
        self._process = None
        if status == 0 or held or process.stopped_at is not None:
            self._failed_starts, self._start_failure = 0, None
        else:
            last = process.lines[-1].strip() if process.lines else exit_text(status)
            self._start_failure = last
            wait_s = _RESTARTS_S[min(self._failed_starts, len(_RESTARTS_S) - 1)]
            self._failed_starts += 1
            self._start_at = time.monotonic() + wait_s
            log.error("recognition cannot start: %s; trying again in %g s", last, wait_s)

    def _write_log(self, id: int, process: WorkerProcess) -> Path | None:
        place = self._store.path.parent / "logs" / f"job-{id}.log"
        try:
            place.parent.mkdir(exist_ok=True, mode=0o700)
            place.write_text("\n".join(process.lines) + "\n", errors="backslashreplace")
        except OSError as error:
            log.warning("%s: cannot be written (%s)", place, error.strerror)
            return None
        return place

    def _leave(self) -> None:
        """End the process, give its jobs back, and sign off."""
        if self._process is not None:
            process = self._process
            process.stop()
            while process.status is None and time.monotonic() - (process.stopped_at or 0) < STOP_S:
                time.sleep(0.05)
            process.kill()
            process.close()
            self._process = None
        try:
            for record in self._store.leases.held(self._owner):
                self._store.leases.released(record.job.id, self._owner, "the worker stopped")
            self._store.leases.leave(self._owner)
        except StoreError as error:
            # Other workers take its jobs over once this process is gone.
            log.error("%s", error)

    def _every(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + seconds
        return True
