"""The store: every change guarded, recorded, and safe between processes."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from canary_subs.errors import StoreError, Temporary
from canary_subs.jobs import database, identity, mounts
from canary_subs.jobs.cache import Transcripts
from canary_subs.jobs.database import Database
from canary_subs.jobs.identity import Stamp, fingerprint
from canary_subs.jobs.notify import Notifier
from canary_subs.jobs.records import GONE, Arrival, Done, Retries, Seen
from canary_subs.jobs.schema import UNSUPPORTED_VERSION
from canary_subs.jobs.store import Store
from canary_subs.model import Flag, Job, JobState, Span, Stage, Timing, Utterance, Word
from tests.jobs.conftest import memory_folder

RETRIES = Retries(attempts=3, backoff_s=100, max_backoff_s=150)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "jobs.sqlite")


def seen(path: Path, content: bytes | None = None, **more: int) -> Seen:
    if content is not None:
        path.write_bytes(content)
    return Seen(
        path=path,
        root=path.parent,
        fingerprint=fingerprint(path),
        stamp=Stamp.of(path.stat()),
        **more,
    )


def queued(store: Store, tmp_path: Path, name: str = "a.mkv", content: bytes = b"x") -> int:
    assert store.queue.arrive([seen(tmp_path / name, content + name.encode())]) == [Arrival.NEW]
    record = store.views.find(tmp_path / name)
    assert record is not None
    return record.job.id


def state(store: Store, id: int) -> JobState:
    record = store.views.record(id)
    assert record is not None
    return record.job.state


# Arrivals.


def test_a_file_is_queued_once_however_often_it_is_submitted(store: Store, tmp_path: Path) -> None:
    one = seen(tmp_path / "a.mkv", b"video")
    assert store.queue.arrive([one]) == [Arrival.NEW]
    assert store.queue.arrive([one, one]) == [Arrival.KNOWN] * 2
    assert len(store.views.records()) == 1


@pytest.mark.parametrize(
    "name",
    [b"-rf.mkv", b"a\nb.mkv", b"q'\".mkv", b"100%s.mkv", b"\xff\xfe.mkv", b"..mkv", b" .mkv"],
)
def test_any_name_survives_the_store(store: Store, tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    store.queue.arrive([seen(path, b"video")])
    record = store.leases.take("me")
    assert record is not None
    assert record.job.path == path
    assert store.leases.failed(record.job.id, "me", f"{path}: is\nbad \x1b[31m", None)
    reason = store.views.records()[0].job.reason
    assert reason is not None
    assert reason.isprintable()


def test_a_moved_video_keeps_its_job(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.leases.take("me")
    store.leases.done(id, "me", Done(delivered=()))
    (tmp_path / "a.mkv").rename(tmp_path / "b.mkv")
    assert store.queue.arrive([seen(tmp_path / "b.mkv")]) == [Arrival.MOVED]
    assert [(r.job.id, r.job.path.name, r.job.state) for r in store.views.records()] == [
        (id, "b.mkv", JobState.DONE)
    ]
    assert "a.mkv" in (store.views.history(id)[-1].reason or "")


def test_a_copy_is_a_video_of_its_own(store: Store, tmp_path: Path) -> None:
    store.queue.arrive([seen(tmp_path / "a.mkv", b"video")])
    assert store.queue.arrive([seen(tmp_path / "b.mkv", b"video")]) == [Arrival.NEW]


def test_a_changed_video_is_queued_again(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.leases.take("me")
    result = tmp_path / "a.en.srt"
    result.write_text("1")
    store.leases.done(id, "me", Done(delivered=(str(result),)))
    assert store.queue.arrive([seen(tmp_path / "a.mkv", b"another video")]) == [Arrival.CHANGED]
    record = store.leases.take("me")
    assert record is not None
    assert (record.job.id, record.redo, record.job.attempts) == (id, True, 1)


def test_a_video_that_changes_while_it_is_worked_on_starts_over(
    store: Store, tmp_path: Path
) -> None:
    id = queued(store, tmp_path)
    assert store.leases.take("me") is not None
    later = seen(tmp_path / "a.mkv", b"another video")
    assert store.queue.arrive([later]) == [Arrival.CHANGED]
    assert store.queue.arrive([later]) == [Arrival.KNOWN]
    assert not store.leases.holds(id, "me")
    assert store.leases.released(id, "me", "stopped")
    record = store.views.record(id)
    assert record is not None
    assert (record.job.state, record.job.fingerprint) == (JobState.QUEUED, later.fingerprint)
    assert store.queue.due()


def test_a_video_that_comes_back_is_queued_again(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.leases.take("me")
    store.leases.skipped(id, "me", GONE, "not there")
    assert os.fsencode(tmp_path / "a.mkv") not in store.queue.stamps()
    assert store.queue.stamp(tmp_path / "a.mkv") is None
    assert store.queue.arrive([seen(tmp_path / "a.mkv")]) == [Arrival.CHANGED]
    assert state(store, id) is JobState.QUEUED


def test_results_are_never_videos(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.leases.take("me")
    muxed = tmp_path / "a.subtitled.mkv"
    as_seen = seen(muxed, b"muxed")
    store.queue.arrive([as_seen])  # the watcher may be quicker than the worker's note
    store.leases.done(id, "me", Done(delivered=(str(muxed), "https://elsewhere/x", "\0")))
    assert store.results.contains(muxed)
    assert store.queue.arrive([as_seen]) == [Arrival.OURS]
    assert [r.job.path.name for r in store.views.records()] == ["a.mkv"]
    assert store.queue.arrive([seen(muxed, b"somebody's own video now")]) == [Arrival.NEW]
    assert not store.results.contains(muxed)


# Taking jobs.


def test_jobs_are_taken_by_priority_then_by_age(store: Store, tmp_path: Path) -> None:
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
        store.queue.arrive([seen(tmp_path / name, name.encode(), priority=priority)])
    names = []
    while (record := store.leases.take("me")) is not None:
        names.append(record.job.path.name)
    assert names == ["b", "d", "a", "c"]


def test_only_the_holder_ends_a_job_and_only_once(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    assert store.leases.take("me") is not None
    assert store.leases.take("other") is None
    done = Done(delivered=())
    assert not store.leases.done(id, "other", done)
    assert not store.leases.failed(id, "other", "x", None)
    assert not store.leases.released(id, "other", "x")
    assert store.leases.done(id, "me", done)
    assert not store.leases.done(id, "me", done)
    assert not store.leases.failed(id, "me", "x", None)
    assert state(store, id) is JobState.DONE


def test_a_temporary_failure_is_retried_later_and_later_and_then_no_more(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = queued(store, tmp_path)
    now = 1_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    waits = []
    for _ in range(3):
        record = store.leases.take("me")
        assert record is not None
        store.leases.failed(id, "me", "disk full", RETRIES)
        record = store.views.record(id)
        assert record is not None
        if record.job.retry_at is not None:
            assert store.leases.take("me") is None
            assert not store.queue.due()
            waits.append(record.job.retry_at.timestamp() - now)
            now = record.job.retry_at.timestamp()
    assert waits == [100, 150]
    assert record is not None
    assert record.job.state is JobState.FAILED
    assert record.job.reason == "disk full (after 3 attempts)"


def test_a_permanent_failure_fails_at_once(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.leases.take("me")
    store.leases.failed(id, "me", "no sound", None)
    assert state(store, id) is JobState.FAILED
    assert not store.queue.due()


def test_a_clock_that_jumped_back_does_not_strand_a_job(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = queued(store, tmp_path)
    store.leases.take("me")
    store.leases.failed(id, "me", "disk full", RETRIES)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 10 * 365 * 86_400)
    assert store.queue.due()
    assert store.leases.take("me") is not None


def test_a_video_that_crashes_the_worker_is_tried_alone_then_set_aside(
    store: Store, tmp_path: Path
) -> None:
    bad = queued(store, tmp_path, "bad.mkv")
    good = queued(store, tmp_path, "good.mkv")
    store.leases.take("me")
    store.leases.crashed(bad, "me", "crashed", limit=2, log=None)
    record = store.leases.take("me", suspects=False)
    assert record is not None
    assert record.job.id == good
    assert store.leases.take("me", suspects=False) is None
    record = store.leases.take("me")
    assert record is not None
    assert (record.job.id, record.crashes) == (bad, 1)
    store.leases.crashed(bad, "me", "crashed", limit=2, log=tmp_path / "log")
    record = store.views.record(bad)
    assert record is not None
    assert record.job.state is JobState.FAILED
    assert (
        record.job.reason == f"set aside: crashed, 2 times with this video; its log: {tmp_path}/log"
    )


def test_stopping_costs_no_attempt(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    for _ in range(10):
        store.leases.take("me")
        store.leases.released(id, "me", "stopped")
    store.leases.take("me")
    store.leases.failed(id, "me", "disk full", RETRIES)
    assert state(store, id) is JobState.QUEUED


# Workers that die.


def test_the_jobs_of_a_process_that_is_gone_are_taken_over_at_once(
    store: Store, tmp_path: Path
) -> None:
    id = queued(store, tmp_path)
    place = identity.owner().rsplit("/", 2)[0]
    store.leases.take(f"{place}/{2**22 + 1}/12345")
    assert store.leases.take_over("me", lease_s=1000) == 1
    assert state(store, id) is JobState.QUEUED
    assert store.views.workers() == []


def test_the_jobs_of_a_running_process_are_not(store: Store, tmp_path: Path) -> None:
    queued(store, tmp_path)
    store.leases.take(identity.owner())
    assert store.leases.take_over("me", lease_s=0) == 0


def test_a_worker_on_another_machine_is_alive_while_its_heartbeats_rise(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(store, tmp_path)
    far = "elsewhere/boot/1/77/123"
    store.leases.take(far)
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(5):
        assert store.leases.take_over("me", lease_s=60) == 0
        store.leases.heartbeat(far)
        now += 59
    assert store.leases.take_over("me", lease_s=60) == 0
    monkeypatch.setattr(time, "time", lambda: 0.0)  # clocks do not matter
    now += 59
    assert store.leases.take_over("me", lease_s=60) == 0
    now += 2
    assert store.leases.take_over("me", lease_s=60) == 1


def test_a_worker_that_lost_its_job_can_change_nothing(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.leases.take("far/away/1/77/123")
    store.leases.take_over("me", lease_s=-1)
    assert store.leases.take("me") is not None
    assert not store.leases.holds(id, "far/away/1/77/123")
    store.leases.progress(id, "far/away/1/77/123", Stage.DELIVER, 1.0)
    assert not store.leases.done(id, "far/away/1/77/123", Done(delivered=()))
    record = store.views.record(id)
    assert record is not None
    assert (record.job.state, record.job.stage) == (JobState.RUNNING, None)


def _take_all(path: Path, start: object, results: object) -> None:
    store = Store(path)
    start.wait()  # type: ignore[attr-defined]
    me = identity.owner()
    taken = []
    while (record := store.leases.take(me)) is not None:
        taken.append(record.job.id)
        assert store.leases.done(record.job.id, me, Done(delivered=()))
    results.put(taken)  # type: ignore[attr-defined]


def test_several_processes_never_take_the_same_job(store: Store, tmp_path: Path) -> None:
    store.queue.arrive([seen(tmp_path / f"{n}.mkv", str(n).encode()) for n in range(60)])
    context = multiprocessing.get_context("spawn")
    start, results = context.Event(), context.Queue()
    workers = [
        context.Process(target=_take_all, args=(store.path, start, results)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    start.set()
    taken = Counter(id for _ in workers for id in results.get(timeout=60))
    for worker in workers:
        worker.join()
    assert set(taken.values()) == {1}
    assert len(taken) == 60


def test_several_threads_never_take_the_same_job(store: Store, tmp_path: Path) -> None:
    store.queue.arrive([seen(tmp_path / f"{n}.mkv", str(n).encode()) for n in range(40)])
    taken: list[int] = []

    def take(me: str) -> None:
        while (record := store.leases.take(me)) is not None:
            taken.append(record.job.id)

    threads = [threading.Thread(target=take, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 40


# Requests by people.


def test_cancelling_ends_waiting_and_running_jobs(store: Store, tmp_path: Path) -> None:
    waiting, running = queued(store, tmp_path, "a.mkv"), queued(store, tmp_path, "b.mkv")
    assert store.queue.cancel(waiting)
    assert state(store, waiting) is JobState.CANCELLED
    assert store.leases.take("me") is not None
    assert store.queue.cancel(running)
    assert not store.leases.holds(running, "me")
    assert store.leases.released(running, "me", "stopped")
    assert state(store, running) is JobState.CANCELLED
    assert not store.queue.cancel(running)
    assert not store.queue.cancel(999)


def test_a_job_that_finishes_before_its_worker_sees_the_cancellation_is_done(
    store: Store, tmp_path: Path
) -> None:
    id = queued(store, tmp_path)
    store.leases.take("me")
    store.queue.cancel(id)
    assert store.leases.done(id, "me", Done(delivered=()))
    assert state(store, id) is JobState.DONE


def test_retry_resets_the_job(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    for _ in range(3):
        assert store.queue.retry(id)
        store.leases.take("me")
        store.leases.failed(id, "me", "disk full", RETRIES)
    store.queue.retry(id)
    record = store.views.record(id)
    assert record is not None
    assert (record.job.state, record.job.attempts) == (JobState.QUEUED, 0)
    store.leases.take("me")
    assert not store.queue.retry(id)


def test_a_pause_is_stored(store: Store) -> None:
    assert store.queue.paused() is None
    store.queue.pause("the card is needed\nelsewhere")
    assert Store(store.path).queue.paused() == "the card is needed\\nelsewhere"
    store.queue.resume()
    assert store.queue.paused() is None


def test_every_step_is_in_the_history_with_its_reason(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.leases.take("me")
    store.leases.failed(id, "me", "disk full", RETRIES)
    steps = [(t.was, t.became, t.reason) for t in store.views.history(id)]
    assert steps == [
        (None, JobState.QUEUED, "arrived"),
        (JobState.QUEUED, JobState.RUNNING, None),
        (JobState.RUNNING, JobState.QUEUED, "disk full"),
    ]


def test_every_change_of_every_process_is_notified_once(store: Store, tmp_path: Path) -> None:
    changes: list[Job] = []
    notifier = Notifier(store, changes.append)
    other = Store(store.path)  # the worker's, or the command line's
    id = queued(store, tmp_path)
    other.leases.take("me")
    for stage, share in ((Stage.PROBE, 0.0), (Stage.RECOGNISE, 0.1), (Stage.RECOGNISE, 0.2)):
        other.leases.progress(id, "me", stage, share)
    other.queue.cancel(id)
    other.leases.released(id, "me", "stopped")
    notifier.notify()
    Notifier(Store(store.path), changes.append).notify()  # a second daemon
    assert [(job.id, job.state, job.stage, job.reason) for job in changes] == [
        (id, JobState.QUEUED, None, None),
        (id, JobState.RUNNING, None, None),
        (id, JobState.RUNNING, Stage.PROBE, None),
        (id, JobState.RUNNING, Stage.RECOGNISE, None),
        (id, JobState.CANCELLED, None, "cancelled"),
    ]
    assert changes[0].path == tmp_path / "a.mkv"


def test_each_step_is_notified_in_order(store: Store, tmp_path: Path) -> None:
    changes: list[Job] = []
    id = queued(store, tmp_path)
    store.leases.take("me")
    store.leases.done(id, "me", Done(delivered=()))
    Notifier(store, changes.append).notify()
    assert [job.state for job in changes] == [JobState.QUEUED, JobState.RUNNING, JobState.DONE]


def test_speed_is_playing_time_over_working_time(store: Store) -> None:
    assert store.speeds.of("w") is None
    store.speeds.add("w", 60_000, 10_000)
    assert store.speeds.of("w") == 6
    for _ in range(50):
        store.speeds.add("w", 60_000, 60_000)
    assert store.speeds.of("w") == pytest.approx(1, abs=0.05)


class Queue(RuleBasedStateMachine):
    """Any order of requests keeps a job in one state that its history explains."""

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = memory_folder()
        self.store = Store(self.folder / "jobs.sqlite")
        self.count = 0

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(target=jobs)
    def arrives(self) -> int:
        self.count += 1
        return queued(self.store, self.folder, f"{self.count}.mkv")

    @rule(target=jobs, owner=st.sampled_from("ab"))
    def is_taken(self, owner: str) -> object:
        record = self.store.leases.take(owner)
        return record.job.id if record else multiple()

    @rule(id=jobs, owner=st.sampled_from("ab"), what=st.integers(0, 6))
    def worker_ends_it(self, id: int, owner: str, what: int) -> None:
        record = self.store.views.record(id)
        assert record is not None
        ended = [
            lambda: self.store.leases.done(id, owner, Done(delivered=())),
            lambda: self.store.leases.skipped(id, owner, "r", "x"),
            lambda: self.store.leases.failed(id, owner, "x", None),
            lambda: self.store.leases.failed(id, owner, "x", RETRIES),
            lambda: self.store.leases.released(id, owner, "x"),
            lambda: self.store.leases.postponed(id, owner, "x", 5),
            lambda: self.store.leases.crashed(id, owner, "x", limit=2, log=None),
        ][what]()
        assert ended == (record.owner == owner)

    @rule(id=jobs, what=st.integers(0, 1))
    def person_requests(self, id: int, what: int) -> None:
        [self.store.queue.cancel, self.store.queue.retry][what](id)

    @rule(id=jobs, content=st.binary(min_size=1, max_size=3))
    def video_changes(self, id: int, content: bytes) -> None:
        record = self.store.views.record(id)
        assert record is not None
        assert self.store.queue.arrive([seen(record.job.path, content)])[0] in (
            Arrival.CHANGED,
            Arrival.KNOWN,
        )

    @rule()
    def dead_workers_are_replaced(self) -> None:
        self.store.leases.take_over("c", lease_s=-1)
        assert not self.store.leases.held("a")

    @invariant()
    def history_explains_the_state(self) -> None:
        for record in self.store.views.records():
            steps = self.store.views.history(record.job.id)
            assert steps[0].was is None
            assert all(a.became == b.was for a, b in itertools.pairwise(steps))
            assert steps[-1].became == record.job.state
            assert (record.owner is not None) == (record.job.state is JobState.RUNNING)
            assert record.job.attempts >= 0


TestQueue = Queue.TestCase
TestQueue.settings = hypothesis_settings(max_examples=60, stateful_step_count=30, deadline=None)


# Cached segments.


def utterance(text: str, language: str = "en") -> Utterance:
    return Utterance(
        text=text,
        span=Span(start_ms=0, end_ms=1000),
        language=language,
        words=(
            Word(text="a\N{COMBINING ACUTE ACCENT}", start_ms=0, end_ms=5, confidence=0.1 + 0.2),
            Word(text="b", start_ms=5, end_ms=9),
        ),
        timing=Timing.CTC,
        flags=frozenset({Flag.LOOPING, Flag.DENSE}),
    )


def test_segments_come_back_as_they_were(store: Store) -> None:
    span, other = Span(start_ms=0, end_ms=1000), Span(start_ms=0, end_ms=1001)
    found = {"en": utterance("x"), "de": utterance("", "de")}
    Transcripts(store.path).of("video").keep("scope", [(span, found)])
    again = Transcripts(store.path).of("video")
    assert again.recall("scope", span) == found
    assert again.recall("another", span) == {}
    assert again.recall("scope", other) == {}
    assert Transcripts(store.path).of("another").recall("scope", span) == {}


def test_old_segments_are_forgotten_but_not_of_videos_in_the_queue(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(store, tmp_path)
    span = Span(start_ms=0, end_ms=1)
    transcripts = Transcripts(store.path)
    mine = transcripts.of(fingerprint(tmp_path / "a.mkv"))
    for cache in (mine, transcripts.of("ended")):
        cache.keep("s", [(span, {"en": utterance("x")})])
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 89 * 86_400)
    assert transcripts.forget_old(90) == 0
    monkeypatch.setattr(time, "time", lambda: real() + 91 * 86_400)
    assert transcripts.forget_old(90) == 1
    assert mine.recall("s", span)


# A store that cannot be used is reported plainly.


def test_a_damaged_store_is_refused(store: Store, tmp_path: Path) -> None:
    store.queue.arrive([seen(tmp_path / f"{n}.mkv", str(n).encode()) for n in range(200)])
    store.close()
    data = bytearray(store.path.read_bytes())
    for offset in range(4096 * 3, len(data), 4096):
        data[offset : offset + 200] = os.urandom(200)
    store.path.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged") as caught:
        Store(store.path).check()
    assert not isinstance(caught.value, Temporary)


def test_another_file_is_not_a_store(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_text("something else entirely, long enough to be read" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is not a job store"):
        Store(path)
    assert path.read_bytes() == before


def test_a_locked_store_is_a_temporary_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(database, "_BUSY_S", 0.1)
    waiting = Store(store.path)
    blocker = sqlite3.connect(store.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="is locked by another program") as caught:
        waiting.queue.pause("x")
    assert isinstance(caught.value, Temporary)
    blocker.execute("ROLLBACK")
    waiting.queue.pause("x")


def test_a_full_disk_is_a_temporary_failure(store: Store, tmp_path: Path) -> None:
    store._database._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match="disk is full") as caught:
        store.queue.arrive([seen(tmp_path / f"{n}.mkv", str(n).encode() * 99) for n in range(400)])
    assert isinstance(caught.value, Temporary)
    assert store.views.records() == []


def test_a_store_of_a_newer_version_is_refused(store: Store) -> None:
    store._database._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer canary-subs"):
        Store(store.path)


def test_a_store_of_an_older_version_is_refused(store: Store) -> None:
    store._database._connection.execute(f"PRAGMA user_version = {UNSUPPORTED_VERSION}")
    with pytest.raises(StoreError, match="older canary-subs; move it away to start afresh"):
        Store(store.path)


def test_a_store_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="its folder cannot be made"):
        Store(tmp_path / "file" / "jobs.sqlite")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "folder")


def test_a_network_share_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "file_system", lambda folder: "nfs4")
    with pytest.raises(StoreError, match="network share"):
        Store(tmp_path / "jobs.sqlite")


def test_a_migration_is_preceded_by_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    first = "CREATE TABLE t (a TEXT);\nINSERT INTO t VALUES ('kept');"
    Database(path, [first]).close()
    second = "ALTER TABLE t ADD COLUMN b TEXT;\nUPDATE t SET b = 'new';"
    newer = Database(path, [first, second])
    assert [tuple(row) for row in newer.query("SELECT * FROM t")] == [("kept", "new")]
    newer.close()
    backup = sqlite3.connect(tmp_path / "jobs.sqlite.v1.backup")
    assert backup.execute("SELECT * FROM t").fetchall() == [("kept",)]


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    first = "CREATE TABLE t (a TEXT);"
    Database(path, [first]).close()
    with pytest.raises(sqlite3.OperationalError):
        Database(path, [first, "ALTER TABLE t ADD COLUMN b TEXT;\nUPDATE missing SET b = 1;"])
    again = Database(path, [first])
    assert len(again.query("SELECT * FROM pragma_table_info('t')")) == 1


# Identity.


def test_a_fingerprint_sees_head_middle_tail_and_size(tmp_path: Path) -> None:
    path = tmp_path / "f"
    base = bytearray(os.urandom(1_000_000))
    path.write_bytes(base)
    prints = {fingerprint(path)}
    for place in (0, 65_535, 500_000, 565_535, 934_464, 999_999):
        changed = bytearray(base)
        changed[place] ^= 1
        path.write_bytes(changed)
        prints.add(fingerprint(path))
    path.write_bytes(base + b"\0")
    prints.add(fingerprint(path))
    assert len(prints) == 8


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 131_073])
def test_small_files_have_fingerprints_too(tmp_path: Path, size: int) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * size)
    one = fingerprint(path)
    path.write_bytes(b"y" * size)
    assert (fingerprint(path) == one) == (size == 0)


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    with pytest.raises(OSError, match="not a regular file"):
        fingerprint(tmp_path / "p")


def test_a_process_knows_that_it_is_alive() -> None:
    me = identity.owner()
    assert identity.alive(me) is True
    place, pid, started = me.rsplit("/", 2)
    assert identity.alive(f"{place}/{pid}/{int(started) + 1}") is False  # the number was reused
    assert identity.alive(f"x{place}/{pid}/{started}") is None


MOUNTS = b"""sysfs /sys sysfs rw 0 0
/dev/sda1 / ext4 rw 0 0
nas:/videos /videos nfs4 rw 0 0
tmpfs /videos/local tmpfs rw 0 0
u@h: /with\\040space fuse.sshfs rw 0 0
/dev/sdb1 /usb fuseblk rw 0 0
branches /pool fuse.mergerfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind", "remote", "events"),
    [
        ("/videos/a", "nfs4", True, False),
        ("/filmsX", "ext4", False, True),
        ("/videos/local/x", "tmpfs", False, True),
        ("/with space/x", "fuse.sshfs", True, False),
        ("/usb", "fuseblk", False, True),
        ("/pool/x", "fuse.mergerfs", False, False),
    ],
)
def test_what_holds_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    folder: str, kind: str, remote: bool, events: bool,
) -> None:  # fmt: skip
    table = tmp_path / "mounts"
    table.write_bytes(MOUNTS)
    found = mounts.file_system(Path(folder), table)
    assert found == kind
    monkeypatch.setattr(mounts, "file_system", lambda folder: found)
    assert mounts.is_remote(Path(folder)) is remote
    assert mounts.gives_events(Path(folder)) is events


def test_without_a_mount_table_nothing_is_known(tmp_path: Path) -> None:
    assert mounts.file_system(tmp_path, tmp_path / "none") is None
