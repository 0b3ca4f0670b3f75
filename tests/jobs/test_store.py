"""The queue: every change guarded, told, and safe between processes."""

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
from canary_subs.jobs.cache import TranscriptCache, forget_old
from canary_subs.jobs.database import Database
from canary_subs.jobs.identity import Stamp, fingerprint
from canary_subs.jobs.records import Arrival, Done, Retries, Seen
from canary_subs.jobs.store import GONE, Store
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
    assert store.arrive([seen(tmp_path / name, content + name.encode())]) == [Arrival.NEW]
    record = store.find(tmp_path / name)
    assert record is not None
    return record.job.id


def state(store: Store, id: int) -> JobState:
    record = store.record(id)
    assert record is not None
    return record.job.state


# Arrivals.


def test_a_file_is_queued_once_however_often_it_is_shown(store: Store, tmp_path: Path) -> None:
    one = seen(tmp_path / "a.mkv", b"film")
    assert store.arrive([one]) == [Arrival.NEW]
    assert store.arrive([one, one]) == [Arrival.KNOWN] * 2
    assert len(store.records()) == 1


@pytest.mark.parametrize(
    "name",
    [b"-rf.mkv", b"a\nb.mkv", b"q'\".mkv", b"100%s.mkv", b"\xff\xfe.mkv", b"..mkv", b" .mkv"],
)
def test_any_name_survives_the_store(store: Store, tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    store.arrive([seen(path, b"film")])
    record = store.lease("me")
    assert record is not None
    assert record.job.path == path
    assert store.failed(record.job.id, "me", f"{path}: is\nbad \x1b[31m", None)
    reason = store.records()[0].job.reason
    assert reason is not None
    assert reason.isprintable()


def test_a_moved_film_keeps_its_job(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.lease("me")
    store.done(id, "me", Done(delivered=()))
    (tmp_path / "a.mkv").rename(tmp_path / "b.mkv")
    assert store.arrive([seen(tmp_path / "b.mkv")]) == [Arrival.MOVED]
    assert [(r.job.id, r.job.path.name, r.job.state) for r in store.records()] == [
        (id, "b.mkv", JobState.DONE)
    ]
    assert "a.mkv" in (store.history(id)[-1].reason or "")


def test_a_copy_is_a_film_of_its_own(store: Store, tmp_path: Path) -> None:
    store.arrive([seen(tmp_path / "a.mkv", b"film")])
    assert store.arrive([seen(tmp_path / "b.mkv", b"film")]) == [Arrival.NEW]


def test_a_changed_film_is_queued_again(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.lease("me")
    result = tmp_path / "a.en.srt"
    result.write_text("1")
    store.done(id, "me", Done(delivered=(str(result),)))
    assert store.arrive([seen(tmp_path / "a.mkv", b"another film")]) == [Arrival.CHANGED]
    record = store.lease("me")
    assert record is not None
    assert (record.job.id, record.renewing, record.job.attempts) == (id, True, 1)


def test_a_film_that_changes_while_it_is_worked_on_begins_afresh(
    store: Store, tmp_path: Path
) -> None:
    id = queued(store, tmp_path)
    assert store.lease("me") is not None
    later = seen(tmp_path / "a.mkv", b"another film")
    assert store.arrive([later]) == [Arrival.CHANGED]
    assert store.arrive([later]) == [Arrival.KNOWN]
    assert not store.holds(id, "me")
    assert store.released(id, "me", "stopped")
    record = store.record(id)
    assert record is not None
    assert (record.job.state, record.job.fingerprint) == (JobState.QUEUED, later.fingerprint)
    assert store.due()


def test_a_film_that_comes_back_is_queued_again(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.lease("me")
    store.skipped(id, "me", GONE, "not there")
    assert os.fsencode(tmp_path / "a.mkv") not in store.stamps()
    assert store.stamp(tmp_path / "a.mkv") is None
    assert store.arrive([seen(tmp_path / "a.mkv")]) == [Arrival.CHANGED]
    assert state(store, id) is JobState.QUEUED


def test_results_are_never_films(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.lease("me")
    muxed = tmp_path / "a.subtitled.mkv"
    as_seen = seen(muxed, b"muxed")
    store.arrive([as_seen])  # the watcher may be quicker than the worker's note
    store.done(id, "me", Done(delivered=(str(muxed), "https://elsewhere/x", "\0")))
    assert store.owns(muxed)
    assert store.arrive([as_seen]) == [Arrival.OURS]
    assert [r.job.path.name for r in store.records()] == ["a.mkv"]
    assert store.arrive([seen(muxed, b"somebody's own film now")]) == [Arrival.NEW]
    assert not store.owns(muxed)


# Turns.


def test_turns_go_by_priority_then_by_age(store: Store, tmp_path: Path) -> None:
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
        store.arrive([seen(tmp_path / name, name.encode(), priority=priority)])
    names = []
    while (record := store.lease("me")) is not None:
        names.append(record.job.path.name)
    assert names == ["b", "d", "a", "c"]


def test_only_the_holder_ends_a_job_and_only_once(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    assert store.lease("me") is not None
    assert store.lease("other") is None
    done = Done(delivered=())
    assert not store.done(id, "other", done)
    assert not store.failed(id, "other", "x", None)
    assert not store.released(id, "other", "x")
    assert store.done(id, "me", done)
    assert not store.done(id, "me", done)
    assert not store.failed(id, "me", "x", None)
    assert state(store, id) is JobState.DONE


def test_what_may_pass_is_tried_again_later_and_later_and_then_no_more(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = queued(store, tmp_path)
    now = 1_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    waits = []
    for _ in range(3):
        record = store.lease("me")
        assert record is not None
        store.failed(id, "me", "disk full", RETRIES)
        record = store.record(id)
        assert record is not None
        if record.job.retry_at is not None:
            assert store.lease("me") is None
            assert not store.due()
            waits.append(record.job.retry_at.timestamp() - now)
            now = record.job.retry_at.timestamp()
    assert waits == [100, 150]
    assert record.job.state is JobState.FAILED
    assert record.job.reason == "disk full (after 3 attempts)"


def test_what_cannot_pass_fails_at_once(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.lease("me")
    store.failed(id, "me", "no sound", None)
    assert state(store, id) is JobState.FAILED
    assert not store.due()


def test_a_clock_that_jumped_back_does_not_strand_a_job(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = queued(store, tmp_path)
    store.lease("me")
    store.failed(id, "me", "disk full", RETRIES)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 10 * 365 * 86_400)
    assert store.due()
    assert store.lease("me") is not None


def test_a_film_that_kills_is_tried_alone_then_set_aside(store: Store, tmp_path: Path) -> None:
    bad = queued(store, tmp_path, "bad.mkv")
    good = queued(store, tmp_path, "good.mkv")
    store.lease("me")
    store.died(bad, "me", "crashed", limit=2, log=None)
    record = store.lease("me", suspects=False)
    assert record is not None
    assert record.job.id == good
    assert store.lease("me", suspects=False) is None
    record = store.lease("me")
    assert record is not None
    assert (record.job.id, record.deaths) == (bad, 1)
    store.died(bad, "me", "crashed", limit=2, log=tmp_path / "log")
    record = store.record(bad)
    assert record is not None
    assert record.job.state is JobState.FAILED
    assert (
        record.job.reason == f"set aside: crashed, 2 times with this film; its log: {tmp_path}/log"
    )


def test_stopping_costs_no_attempt(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    for _ in range(10):
        store.lease("me")
        store.released(id, "me", "stopped")
    store.lease("me")
    store.failed(id, "me", "disk full", RETRIES)
    assert state(store, id) is JobState.QUEUED


# Workers that end without a word.


def test_the_jobs_of_a_process_that_is_gone_are_taken_over_at_once(
    store: Store, tmp_path: Path
) -> None:
    id = queued(store, tmp_path)
    place = identity.owner().rsplit("/", 2)[0]
    store.lease(f"{place}/{2**22 + 1}/12345")
    assert store.take_over("me", lease_s=1000) == 1
    assert state(store, id) is JobState.QUEUED
    assert store.workers() == []


def test_the_jobs_of_a_living_process_are_not(store: Store, tmp_path: Path) -> None:
    queued(store, tmp_path)
    store.lease(identity.owner())
    assert store.take_over("me", lease_s=0) == 0


def test_elsewhere_a_worker_lives_while_its_count_rises(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(store, tmp_path)
    far = "elsewhere/boot/1/77/123"
    store.lease(far)
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(5):
        assert store.take_over("me", lease_s=60) == 0
        store.beat(far)
        now += 59
    assert store.take_over("me", lease_s=60) == 0
    monkeypatch.setattr(time, "time", lambda: 0.0)  # clocks do not matter
    now += 59
    assert store.take_over("me", lease_s=60) == 0
    now += 2
    assert store.take_over("me", lease_s=60) == 1


def test_a_worker_that_lost_its_job_can_spoil_nothing(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.lease("far/away/1/77/123")
    store.take_over("me", lease_s=-1)
    assert store.lease("me") is not None
    assert not store.holds(id, "far/away/1/77/123")
    store.tell(id, "far/away/1/77/123", Stage.DELIVER, 1.0)
    assert not store.done(id, "far/away/1/77/123", Done(delivered=()))
    record = store.record(id)
    assert record is not None
    assert (record.job.state, record.job.stage) == (JobState.RUNNING, None)


def _take_all(path: Path, start: object, results: object) -> None:
    store = Store(path)
    start.wait()  # type: ignore[attr-defined]
    me = identity.owner()
    taken = []
    while (record := store.lease(me)) is not None:
        taken.append(record.job.id)
        assert store.done(record.job.id, me, Done(delivered=()))
    results.put(taken)  # type: ignore[attr-defined]


def test_several_processes_never_take_the_same_job(store: Store, tmp_path: Path) -> None:
    store.arrive([seen(tmp_path / f"{n}.mkv", str(n).encode()) for n in range(60)])
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
    store.arrive([seen(tmp_path / f"{n}.mkv", str(n).encode()) for n in range(40)])
    taken: list[int] = []

    def take(me: str) -> None:
        while (record := store.lease(me)) is not None:
            taken.append(record.job.id)

    threads = [threading.Thread(target=take, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 40


# What people ask for.


def test_cancelling_ends_waiting_and_running_jobs(store: Store, tmp_path: Path) -> None:
    waiting, running = queued(store, tmp_path, "a.mkv"), queued(store, tmp_path, "b.mkv")
    assert store.cancel(waiting)
    assert state(store, waiting) is JobState.CANCELLED
    assert store.lease("me") is not None
    assert store.cancel(running)
    assert not store.holds(running, "me")
    assert store.released(running, "me", "stopped")
    assert state(store, running) is JobState.CANCELLED
    assert not store.cancel(running)
    assert not store.cancel(999)


def test_a_job_that_finishes_before_it_hears_of_its_cancellation_is_done(
    store: Store, tmp_path: Path
) -> None:
    id = queued(store, tmp_path)
    store.lease("me")
    store.cancel(id)
    assert store.done(id, "me", Done(delivered=()))
    assert state(store, id) is JobState.DONE


def test_retry_begins_with_a_clean_past(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    for _ in range(3):
        assert store.retry(id)
        store.lease("me")
        store.failed(id, "me", "disk full", RETRIES)
    store.retry(id)
    record = store.record(id)
    assert record is not None
    assert (record.job.state, record.job.attempts) == (JobState.QUEUED, 0)
    store.lease("me")
    assert not store.retry(id)


def test_pausing_is_kept(store: Store) -> None:
    assert store.paused() is None
    store.pause("the card is needed\nelsewhere")
    assert Store(store.path).paused() == "the card is needed\\nelsewhere"
    store.resume()
    assert store.paused() is None


def test_every_step_is_in_the_history_with_its_reason(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    store.lease("me")
    store.failed(id, "me", "disk full", RETRIES)
    steps = [(t.was, t.became, t.reason) for t in store.history(id)]
    assert steps == [
        (None, JobState.QUEUED, "arrived"),
        (JobState.QUEUED, JobState.RUNNING, None),
        (JobState.RUNNING, JobState.QUEUED, "disk full"),
    ]


def test_listeners_hear_of_every_change(tmp_path: Path) -> None:
    heard: list[Job] = []
    store = Store(tmp_path / "jobs.sqlite", listener=heard.append)
    id = queued(store, tmp_path)
    store.lease("me")
    store.done(id, "me", Done(delivered=()))
    assert [job.state for job in heard] == [JobState.QUEUED, JobState.RUNNING, JobState.DONE]


def test_forgetting_makes_a_film_new(store: Store, tmp_path: Path) -> None:
    id = queued(store, tmp_path)
    assert store.forget(id)
    assert not store.forget(id)
    assert store.arrive([seen(tmp_path / "a.mkv")]) == [Arrival.NEW]


def test_speed_is_film_time_over_working_time(store: Store) -> None:
    assert store.speed("w") is None
    store.measured("w", 60_000, 10_000)
    assert store.speed("w") == 6
    for _ in range(50):
        store.measured("w", 60_000, 60_000)
    assert store.speed("w") == pytest.approx(1, abs=0.05)


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
        record = self.store.lease(owner)
        return record.job.id if record else multiple()

    @rule(id=jobs, owner=st.sampled_from("ab"), what=st.integers(0, 6))
    def turn_ends(self, id: int, owner: str, what: int) -> None:
        record = self.store.record(id)
        assert record is not None
        ended = [
            lambda: self.store.done(id, owner, Done(delivered=())),
            lambda: self.store.skipped(id, owner, "r", "x"),
            lambda: self.store.failed(id, owner, "x", None),
            lambda: self.store.failed(id, owner, "x", RETRIES),
            lambda: self.store.released(id, owner, "x"),
            lambda: self.store.postponed(id, owner, "x", 5),
            lambda: self.store.died(id, owner, "x", limit=2, log=None),
        ][what]()
        assert ended == (record.owner == owner)

    @rule(id=jobs, what=st.integers(0, 2))
    def somebody_asks(self, id: int, what: int) -> None:
        [self.store.cancel, self.store.retry, lambda id: self.store.prioritise(id, 1)][what](id)

    @rule(id=jobs, content=st.binary(min_size=1, max_size=3))
    def film_changes(self, id: int, content: bytes) -> None:
        record = self.store.record(id)
        assert record is not None
        assert self.store.arrive([seen(record.job.path, content)])[0] in (
            Arrival.CHANGED,
            Arrival.KNOWN,
        )

    @rule()
    def the_dead_are_buried(self) -> None:
        self.store.take_over("c", lease_s=-1)
        assert not self.store.running("a")

    @invariant()
    def history_explains_the_state(self) -> None:
        for record in self.store.records():
            steps = self.store.history(record.job.id)
            assert steps[0].was is None
            assert all(a.became == b.was for a, b in itertools.pairwise(steps))
            assert steps[-1].became == record.job.state
            assert (record.owner is not None) == (record.job.state is JobState.RUNNING)
            assert record.job.attempts >= 0


TestQueue = Queue.TestCase
TestQueue.settings = hypothesis_settings(max_examples=60, stateful_step_count=30, deadline=None)


# Pieces.


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


def test_pieces_come_back_as_they_were(store: Store) -> None:
    span, other = Span(start_ms=0, end_ms=1000), Span(start_ms=0, end_ms=1001)
    found = {"en": utterance("x"), "de": utterance("", "de")}
    TranscriptCache(store, "film").keep("scope", [(span, found)])
    again = TranscriptCache(Store(store.path), "film")
    assert again.recall("scope", span) == found
    assert again.recall("another", span) == {}
    assert again.recall("scope", other) == {}
    assert TranscriptCache(store, "another").recall("scope", span) == {}


def test_old_pieces_are_forgotten_but_not_of_films_under_way(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(store, tmp_path)
    span = Span(start_ms=0, end_ms=1)
    mine = TranscriptCache(store, fingerprint(tmp_path / "a.mkv"))
    for pieces in (mine, TranscriptCache(store, "ended")):
        pieces.keep("s", [(span, {"en": utterance("x")})])
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 89 * 86_400)
    assert forget_old(store, 90) == 0
    monkeypatch.setattr(time, "time", lambda: real() + 91 * 86_400)
    assert forget_old(store, 90) == 1
    assert mine.recall("s", span)


# A store that cannot be used is told plainly.


def test_a_damaged_store_is_refused(store: Store, tmp_path: Path) -> None:
    store.arrive([seen(tmp_path / f"{n}.mkv", str(n).encode()) for n in range(200)])
    store.close()
    data = bytearray(store.path.read_bytes())
    for offset in range(4096 * 3, len(data), 4096):
        data[offset : offset + 200] = os.urandom(200)
    store.path.write_bytes(data)
    with pytest.raises(StoreError, match="is damaged") as caught:
        Store(store.path).check()
    assert not isinstance(caught.value, Temporary)


def test_another_file_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_text("something else entirely, long enough to be looked at" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is no job store"):
        Store(path)
    assert path.read_bytes() == before


def test_a_locked_store_may_pass(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(database, "_BUSY_S", 0.1)
    waiting = Store(store.path)
    blocker = sqlite3.connect(store.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="is locked by another program") as caught:
        waiting.pause("x")
    assert isinstance(caught.value, Temporary)
    blocker.execute("ROLLBACK")
    waiting.pause("x")


def test_a_full_disk_may_pass(store: Store, tmp_path: Path) -> None:
    store._database._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match="disk is full") as caught:
        store.arrive([seen(tmp_path / f"{n}.mkv", str(n).encode() * 99) for n in range(400)])
    assert isinstance(caught.value, Temporary)
    assert store.records() == []


def test_a_store_of_a_newer_version_is_refused(store: Store) -> None:
    store._database._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer canary-subs"):
        Store(store.path)


def test_a_store_that_cannot_be_made_is_told(tmp_path: Path) -> None:
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


def test_a_pipe_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    with pytest.raises(OSError, match="no regular file"):
        fingerprint(tmp_path / "p")


def test_a_process_knows_that_it_lives() -> None:
    me = identity.owner()
    assert identity.alive(me) is True
    place, pid, started = me.rsplit("/", 2)
    assert identity.alive(f"{place}/{pid}/{int(started) + 1}") is False  # the number was reused
    assert identity.alive(f"x{place}/{pid}/{started}") is None


MOUNTS = b"""sysfs /sys sysfs rw 0 0
/dev/sda1 / ext4 rw 0 0
nas:/films /films nfs4 rw 0 0
tmpfs /films/local tmpfs rw 0 0
u@h: /with\\040space fuse.sshfs rw 0 0
/dev/sdb1 /usb fuseblk rw 0 0
branches /pool fuse.mergerfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind", "remote", "events"),
    [
        ("/films/a", "nfs4", True, False),
        ("/filmsX", "ext4", False, True),
        ("/films/local/x", "tmpfs", False, True),
        ("/with space/x", "fuse.sshfs", True, False),
        ("/usb", "fuseblk", False, True),
        ("/pool/x", "fuse.mergerfs", False, False),
    ],
)
def test_where_a_folder_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    folder: str, kind: str, remote: bool, events: bool,
) -> None:  # fmt: skip
    table = tmp_path / "mounts"
    table.write_bytes(MOUNTS)
    found = mounts.file_system(Path(folder), table)
    assert found == kind
    monkeypatch.setattr(mounts, "file_system", lambda folder: found)
    assert mounts.is_remote(Path(folder)) is remote
    assert mounts.tells_events(Path(folder)) is events


def test_without_a_mount_table_nothing_is_known(tmp_path: Path) -> None:
    assert mounts.file_system(tmp_path, tmp_path / "none") is None
