"""The process that recognises: takes jobs from the store, works on them, notes what became of them.

It is the daemon's child, so that a crash, a hang or a lack of memory costs only itself. It speaks
to its parent in lines of JSON on the standard output that it was given: signs of life and log
lines. When the parent is gone, its end of the standard input closes, and the child ends at once.
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
from pathlib import Path
from typing import Any, TextIO

from canary_subs import _process
from canary_subs.config.plan import check_providers
from canary_subs.config.plan import plan as plan_for
from canary_subs.errors import CanarySubsError, StoreError, Temporary
from canary_subs.jobs import stale
from canary_subs.jobs.cache import TranscriptCache
from canary_subs.jobs.records import Done, Record, Retries, plain
from canary_subs.jobs.skip import Judge
from canary_subs.jobs.store import GONE, Store
from canary_subs.jobs.worker_config import STORE_FAILED, UNUSABLE, WorkerConfig
from canary_subs.model import Span, Stage, Utterance
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.task import Outcome, Task
from canary_subs.plugin import manager
from canary_subs.plugin.manager import Plugins
from canary_subs.workflows import review

log = logging.getLogger("canary_subs.jobs.worker")  # and not __main__

#: How often the store is asked for new work, and for cancellations.
_ASK_S = 0.5
#: How often progress is written to the store.
_NOTE_S = 1.0
#: How long a film is left whose whole folder is away.
_AWAY_S = 60.0


def main() -> None:
    """Serve until there is nothing to do, the parent says stop, or the parent is gone."""
    _process.prepare()
    order: WorkerConfig = pickle.load(sys.stdin.buffer)
    # Whatever prints shall not disturb what is said to the parent.
    voice = os.fdopen(os.dup(1), "w", encoding="ascii", buffering=1)
    os.dup2(2, 1)
    faulthandler.enable()
    _volunteer_for_the_oom_killer()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    parent = _Parent(voice)
    logging.basicConfig(handlers=[parent], level=logging.INFO, force=True)
    try:
        _Child(order, parent, stop).serve()
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
    # Threads of libraries may hang at the end of the interpreter; everything is saved.
    os._exit(0)


class _Parent(logging.Handler):
    """What is said to the parent."""

    def __init__(self, voice: TextIO) -> None:
        super().__init__()
        self._voice = voice

    def sign(self, job: int) -> None:
        """A job went forward."""
        self._say({"sign": job})

    def emit(self, record: logging.LogRecord) -> None:
        message = plain(record.getMessage())  # a file's name may hold anything
        if record.exc_info and record.exc_info[0] is not None:
            message += "\n" + "".join(traceback.format_exception(*record.exc_info))
        self._say({"level": record.levelno, "name": record.name, "message": message})

    def _say(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the parent is gone; `_end_with_parent` sees to it
            self._voice.write(json.dumps(message) + "\n")


class _SigningCache(TranscriptCache):
    """Kept pieces are a sign of life."""

    def __init__(self, store: Store, record: Record, parent: _Parent) -> None:
        super().__init__(store, record.job.fingerprint)
        self._parent = parent
        self._job = record.job.id

    def keep(self, scope: str, found: Sequence[tuple[Span, Mapping[str, Utterance]]]) -> None:
        super().keep(scope, found)
        self._parent.sign(self._job)


class _Turn:
    """One job in flight."""

    def __init__(self, record: Record, store: Store, owner: str, parent: _Parent) -> None:
        self.record = record
        self._store = store
        self._owner = owner
        self._parent = parent
        self._told: tuple[Stage | None, float] = (None, 0.0)
        self._noted_at = 0.0
        self._asked_at = 0.0
        self._lost = False

    def tell(self, stage: Stage, share: float) -> None:
        if (stage, share) == self._told:
            return
        new_stage = stage is not self._told[0]
        self._told = (stage, share)
        self._parent.sign(self.record.job.id)
        now = time.monotonic()
        if new_stage or now - self._noted_at > _NOTE_S:
            self._noted_at = now
            self._store.tell(self.record.job.id, self._owner, stage, share)

    def lost(self) -> bool:
        """Whether the job was cancelled, changed or taken away."""
        now = time.monotonic()
        if not self._lost and now - self._asked_at > _ASK_S:
            self._asked_at = now
            self._lost = not self._store.holds(self.record.job.id, self._owner)
        return self._lost


class _Child:
    def __init__(self, order: WorkerConfig, parent: _Parent, stop: threading.Event) -> None:
        self._settings = order.settings
        self._owner = order.owner
        self._idle_s = order.idle_s
        self._parent = parent
        self._stop = stop
        config = order.settings.config
        self._plugins = manager.load(config.plugin_folder, config.disable, options=config.options)
        self._store = Store(order.store, listener=self._plugins.job_changed)
        self._retries = Retries(
            attempts=config.queue.attempts,
            backoff_s=config.queue.backoff_s,
            max_backoff_s=config.queue.max_backoff_s,
        )
        self._turns: dict[Task, _Turn] = {}
        #: When the time that is not yet measured began.
        self._since = 0.0

    def serve(self) -> None:
        """Work; keep the model for a while when there is none; then leave."""
        check_providers(self._settings, self._plugins)
        idle_since = time.monotonic()
        while not self._stop.is_set() and time.monotonic() - idle_since < self._idle_s:
            if not self._store.due():
                self._stop.wait(_ASK_S)
                continue
            for outcome in process(self._tasks(), self._plugins):
                self._note(outcome)
            idle_since = time.monotonic()
        self._plugins.close()
        self._store.close()

    def _tasks(self) -> Iterator[Task | None]:
        while not self._stop.is_set():
            if any(turn.record.deaths for turn in self._turns.values()):
                yield None  # a film that brought its process down is worked on alone
                continue
            record = self._store.lease(self._owner, suspects=not self._turns)
            if record is None:
                yield None
                continue
            if (task := self._task(record)) is not None:
                yield task

    def _task(self, record: Record) -> Task | None:
        """The pipeline's task for a job; None where the job has already ended."""
        job = record.job
        log.info("job %d: %s: begins", job.id, plain(str(job.path)))
        self._parent.sign(job.id)
        if not os.path.lexists(job.path):
            home = record.root or job.path.parent
            if os.path.lexists(home):
                self._store.skipped(job.id, self._owner, GONE, "the file is not there any more")
            else:
                reason = f"{home} is not there; waiting for it"
                self._store.postponed(job.id, self._owner, reason, _AWAY_S)
            return None
        if self._store.owns(job.path):
            self._store.skipped(job.id, self._owner, "ours", "it is a result of ours")
            return None
        try:
            config = self._settings.at(job.path.parent, record.root or job.path.parent)
            plan = plan_for(config, self._plugins, root=record.root)
        except CanarySubsError as error:
            # A folder's own file is often being written when it is wrong.
            self._store.failed(job.id, self._owner, str(error), self._retries)
            return None
        judge = Judge(
            config=config,
            plugins=self._plugins,
            ours=self._store.owns,
            renewing=record.renewing,
        )
        turn = _Turn(record, self._store, self._owner, self._parent)
        task = Task(
            path=job.path,
            plan=plan,
            decide=judge.decide,
            cache=_SigningCache(self._store, record, self._parent),
            on_progress=turn.tell,
            cancelled=lambda: self._stop.is_set() or turn.lost(),
        )
        if not self._turns:
            self._since = time.monotonic()
        self._turns[task] = turn
        return task

    def _note(self, outcome: Outcome) -> None:
        """Write down what became of a film."""
        turn = self._turns.pop(outcome.task)
        job, plan = turn.record.job, stale.describe(outcome.task.plan)
        self._store.own(outcome.delivered)
        if outcome.cancelled:
            self._store.released(job.id, self._owner, self._store.paused() or "the worker stopped")
            ended = "stopped"
        elif outcome.errors:
            may_pass = any(isinstance(error, Temporary) for error in outcome.errors)
            reason = str(outcome.errors[0])
            if len(outcome.errors) > 1:
                reason += f" (and {len(outcome.errors) - 1} more)"
            self._store.failed(job.id, self._owner, reason, self._retries if may_pass else None)
            ended = f"failed{' for now' if may_pass else ''}: {reason}"
        elif outcome.skip and not (outcome.skip.rule == "exists" and turn.record.delivering):
            skip = outcome.skip
            self._store.skipped(job.id, self._owner, skip.rule, skip.reason, plan)
            ended = f"skipped: {skip.reason}"
        else:
            self._measure(outcome)
            documents = outcome.documents
            done = Done(
                delivered=tuple(dict.fromkeys((*turn.record.delivered, *outcome.delivered))),
                plan=plan,
                provenance=documents[0].provenance if documents else turn.record.provenance,
                duration_ms=outcome.media.duration_ms if outcome.media else None,
                reason=_review(outcome, self._plugins),
            )
            self._store.done(job.id, self._owner, done)
            ended = "done: " + ", ".join(outcome.delivered)
        log.info("job %d: %s: %s", job.id, plain(str(job.path)), plain(ended))

    def _measure(self, outcome: Outcome) -> None:
        now = time.monotonic()
        busy_ms, self._since = round((now - self._since) * 1000), now
        if outcome.media is not None and outcome.documents:
            self._store.measured(stale.work(outcome.task.plan), outcome.media.duration_ms, busy_ms)


def _review(outcome: Outcome, plugins: Plugins) -> str | None:
    """The findings in a line, where a review was asked for; that it failed costs no result."""
    if not outcome.task.plan.review:
        return None
    try:
        return review.write(outcome, plugins)
    except CanarySubsError as error:
        return f"not reviewed: {error}"


def _volunteer_for_the_oom_killer() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    # The parent made this process the leader of a group: the decoders go with it.
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
