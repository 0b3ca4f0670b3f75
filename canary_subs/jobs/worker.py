"""The worker process: takes jobs from the store, works on them, notes what became of them.

It is a child of the daemon, so that a crash, a hang or a lack of memory costs only this process. It
writes lines of JSON to the standard output that it was started with: progress and log records. When
the daemon is gone, standard input closes and the process exits at once.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from canary_subs import _process
from canary_subs._text import printable
from canary_subs.config.plan import check_providers
from canary_subs.config.plan import plan as plan_for
from canary_subs.config.schema import SkipRules
from canary_subs.errors import CanarySubsError, StoreError, Temporary
from canary_subs.jobs import skip, stale
from canary_subs.jobs.cache import TranscriptCache, Transcripts
from canary_subs.jobs.logs import fields_of, job_fields
from canary_subs.jobs.records import GONE, TAKEN, Done, Record, Retries
from canary_subs.jobs.store import Store
from canary_subs.jobs.walk import refused_link
from canary_subs.jobs.worker_config import STORE_FAILED, UNUSABLE, WorkerConfig
from canary_subs.model import Job, MediaInfo, Plan, Skip, Span, Stage, Utterance
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.task import Outcome, Task
from canary_subs.plugin import manager
from canary_subs.workflows import review

log = logging.getLogger("canary_subs.jobs.worker")  # not "__main__"

#: How often the store is asked for new jobs, and for cancellations.
_POLL_S = 0.5
#: How often progress is written to the store.
_PROGRESS_S = 1.0
#: How long to wait for a video whose watched folder is missing.
_MISSING_S = 60.0


def main() -> None:
    """Work until there is nothing to do, the daemon asks to stop, or the daemon is gone."""
    _process.prepare()
    config: WorkerConfig = pickle.load(sys.stdin.buffer)
    # Redirect stdout, so that what libraries print cannot corrupt the messages to the daemon.
    messages = os.fdopen(os.dup(1), "w", encoding="ascii", buffering=1)
    os.dup2(2, 1)
    faulthandler.enable()
    _prefer_for_oom_killer()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_daemon, daemon=True).start()
    daemon = _Daemon(messages)
    logging.basicConfig(handlers=[daemon], level=logging.INFO, force=True)
    try:
        worker = _Worker(config, daemon, stop)
        daemon.ready()
        worker.run()
    except StoreError as error:
        log.error("%s", error)
        os._exit(STORE_FAILED)
    except CanarySubsError as error:
        log.error("%s", error)
        os._exit(UNUSABLE)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    daemon.finished()
    # Threads of libraries may hang as the interpreter ends; everything is saved.
    os._exit(0)


class _Daemon(logging.Handler):
    """Sends progress and log records to the daemon."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        #: File -> the job that works on it, so that records about a file name their job.
        self.jobs: dict[str, _ActiveJob] = {}

    def progress(self, job: int) -> None:
        """Report that a job made progress."""
        self._send({"progress": job})

    def ready(self) -> None:
        """Report that the imports are done."""
        self._send({"ready": True})

    def finished(self) -> None:
        """Report that the process is about to end as planned."""
        self._send({"finished": True})

    def emit(self, record: logging.LogRecord) -> None:
        message = printable(record.getMessage())  # a file's name may contain anything
        if record.exc_info and record.exc_info[0] is not None:
            message += "\n" + "".join(traceback.format_exception(*record.exc_info))
        fields = fields_of(record)
        if (active := self.jobs.get(fields.get("file", ""))) is not None:
            fields = {**job_fields(active.job), **fields}
        self._send({"level": record.levelno, "name": record.name, "message": message, **fields})

    def _send(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the daemon is gone: see `_exit_with_daemon`
            self._stream.write(json.dumps(message) + "\n")


class _ReportingCache:
    """A video's cache; stored segments count as progress."""

    def __init__(self, cache: TranscriptCache, job: int, daemon: _Daemon) -> None:
        self._cache = cache
        self._job = job
        self._daemon = daemon

    def recall(self, scope: str, span: Span) -> Mapping[str, Utterance]:
        return self._cache.recall(scope, span)

    def keep(self, scope: str, found: Sequence[tuple[Span, Mapping[str, Utterance]]]) -> None:
        self._cache.keep(scope, found)
        self._daemon.progress(self._job)


class _ActiveJob:
    """A job that this process is working on."""

    def __init__(self, record: Record, store: Store, owner: str, daemon: _Daemon) -> None:
        self.record = record
        self._store = store
        self._owner = owner
        self._daemon = daemon
        self._reported: tuple[Stage | None, float] = (None, 0.0)
        self._written_at = 0.0
        self._polled_at = 0.0
        self._lost = False

    @property
    def job(self) -> Job:
        """The job in its present stage."""
        return replace(self.record.job, stage=self._reported[0])

    def progress(self, stage: Stage, share: float) -> None:
        """Report to the daemon at once, and to the store now and then."""
        if (stage, share) == self._reported:
            return
        new_stage = stage is not self._reported[0]
        self._reported = (stage, share)
        self._daemon.progress(self.record.job.id)
        now = time.monotonic()
        if new_stage or now - self._written_at > _PROGRESS_S:
            self._written_at = now
            self._store.leases.progress(self.record.job.id, self._owner, stage, share)

    def lost(self) -> bool:
        """Whether the job was cancelled, changed or taken over."""
        now = time.monotonic()
        if not self._lost and now - self._polled_at > _POLL_S:
            self._polled_at = now
            self._lost = not self._store.leases.holds(self.record.job.id, self._owner)
        return self._lost


class _Worker:
    def __init__(self, order: WorkerConfig, daemon: _Daemon, stop: threading.Event) -> None:
        self._settings = order.settings
        self._owner = order.owner
        self._roots = order.roots
        self._idle_s = order.idle_s
        self._daemon = daemon
        self._stop = stop
        config = order.settings.config
        self._plugins = manager.load(config.plugin_folder, config.disable, options=config.options)
        self._store = Store(order.store)
        self._transcripts = Transcripts(order.store)
        self._retries = Retries(
            attempts=config.queue.attempts,
            backoff_s=config.queue.backoff_s,
            max_backoff_s=config.queue.max_backoff_s,
        )
        self._active: dict[Task, _ActiveJob] = {}
        #: Start of the working time that is not yet part of a measured speed.
        self._unmeasured_since = 0.0

    def run(self) -> None:
        """Work; without work, keep the model loaded for a while; then return."""
        check_providers(self._settings, self._plugins)
        idle_since = time.monotonic()
        while not self._stop.is_set() and time.monotonic() - idle_since < self._idle_s:
            if not self._store.queue.due(self._roots):
                self._stop.wait(_POLL_S)
                continue
            for outcome in process(self._tasks(), self._plugins):
                self._note(outcome)
            idle_since = time.monotonic()
        self._plugins.close()
        self._transcripts.close()
        self._store.close()

    def _tasks(self) -> Iterator[Task | None]:
        while not self._stop.is_set():
            if any(active.record.crashes for active in self._active.values()):
                yield None  # a video that crashed its process is worked on alone
                continue
            record = self._store.leases.take(
                self._owner, suspects=not self._active, roots=self._roots
            )
            if record is None:
                yield None
                continue
            if (task := self._task(record)) is not None:
                yield task

    def _task(self, record: Record) -> Task | None:
        """Return the pipeline's task for a job; None if the job has ended already."""
        job = record.job
        log.info("job %d: %s: starts", job.id, printable(job.path), extra=job_fields(job))
        self._daemon.progress(job.id)
        if not os.path.lexists(job.path):
            home = record.root or job.path.parent
            if os.path.lexists(home):
                self._store.leases.skipped(
                    job.id, self._owner, GONE, "the file does not exist any more"
                )
            else:
                reason = f"{home} is not there; waiting for it"
                self._store.leases.postponed(job.id, self._owner, reason, _MISSING_S)
            return None
        if self._store.results.contains(job.path):
            self._store.leases.skipped(job.id, self._owner, "ours", "it is a result of ours")
            return None
        root = record.root or job.path.parent
        link = refused_link(str(job.path), root, self._settings.config.watch)
        if link is not None:  # it was made after the watcher took the video
            self._store.leases.skipped(job.id, self._owner, "link", link)
            return None
        if (rival := self._store.leases.rival(job)) is not None:
            reason = (
                f"its results would have the names of those of {rival.name}; "
                "rename or move one of the two"
            )
            self._store.leases.skipped(job.id, self._owner, TAKEN, reason)
            return None
        try:
            config = self._settings.at(job.path.parent, root)
            plan = plan_for(config, self._plugins, root=record.root)
        except (CanarySubsError, OSError) as error:
            # A folder's configuration file is often wrong because it is being written.
            self._store.leases.failed(job.id, self._owner, str(error), self._retries)
            return None
        active = _ActiveJob(record, self._store, self._owner, self._daemon)
        cache = self._transcripts.of(job.fingerprint)
        task = Task(
            path=job.path,
            plan=plan,
            decide=partial(self._decide, config.skip, record.redo),
            cache=_ReportingCache(cache, job.id, self._daemon),
            on_progress=active.progress,
            cancelled=lambda: self._stop.is_set() or active.lost(),
        )
        if not self._active:
            self._unmeasured_since = time.monotonic()
        self._active[task] = active
        self._daemon.jobs[str(job.path)] = active
        return task

    def _decide(self, rules: SkipRules, redo: bool, media: MediaInfo, plan: Plan) -> Plan | Skip:
        facts = skip.gather(
            media, plan, rules, self._plugins, is_ours=self._store.results.contains, redo=redo
        )
        return skip.decide(facts, skip.findings(facts))

    def _note(self, outcome: Outcome) -> None:
        """Note what became of a video."""
        active = self._active.pop(outcome.task)
        record, job = active.record, active.job
        plan = stale.describe(outcome.task.plan, self._plugins)
        self._store.results.add(outcome.delivered)
        if outcome.cancelled:
            reason = self._store.queue.paused() or "the worker stopped"
            self._store.leases.released(job.id, self._owner, reason)
            ended = "stopped"
        elif outcome.errors:
            temporary = any(isinstance(error, Temporary) for error in outcome.errors)
            reason = str(outcome.errors[0])
            if len(outcome.errors) > 1:
                reason += f" (and {len(outcome.errors) - 1} more)"
            self._store.leases.failed(
                job.id, self._owner, reason, self._retries if temporary else None
            )
            ended = f"failed{' for now' if temporary else ''}: {reason}"
        elif outcome.skip and not (outcome.skip.rule == "exists" and record.delivery_began):
            rule, reason = outcome.skip.rule, outcome.skip.reason
            self._store.leases.skipped(job.id, self._owner, rule, reason, plan, outcome.warnings)
            ended = f"skipped: {reason}"
        else:
            self._measure(outcome)
            documents = outcome.documents
            done = Done(
                delivered=tuple(dict.fromkeys((*record.delivered, *outcome.delivered))),
                plan=plan,
                provenance=documents[0].provenance if documents else record.provenance,
                duration_ms=outcome.media.duration_ms if outcome.media else None,
                reason=self._review(outcome),
                warnings=outcome.warnings,
            )
            self._store.leases.done(job.id, self._owner, done)
            ended = "done: " + ", ".join((*outcome.delivered, *outcome.warnings))
        log.info(
            "job %d: %s: %s",
            job.id,
            printable(job.path),
            printable(ended),
            extra=job_fields(job),
        )
        del self._daemon.jobs[str(job.path)]

    def _review(self, outcome: Outcome) -> str | None:
        """Write the review if one was asked for; return its findings, or its failure, in a line."""
        if not outcome.task.plan.review:
            return None
        ours = self._store.results
        try:
            found = review.write(outcome, self._plugins, is_ours=ours.contains)
        except CanarySubsError as error:
            return f"not reviewed: {error}"
        if found is not None and outcome.delivered:
            folder, stem = Path(outcome.delivered[0]).parent, outcome.task.path.stem
            ours.add(str(folder / f"{stem}{end}") for end in (review.REPORT, review.PAGE))
        return found

    def _measure(self, outcome: Outcome) -> None:
        now = time.monotonic()
        work_ms = round((now - self._unmeasured_since) * 1000)
        self._unmeasured_since = now
        if outcome.media is not None and outcome.documents:
            workload = stale.workload(outcome.task.plan)
            self._store.speeds.add(workload, outcome.media.duration_ms, work_ms)


def _prefer_for_oom_killer() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")


def _exit_with_daemon() -> None:
    while os.read(0, 1024):
        pass
    # This process leads a group of its own: its decoders are killed with it.
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
