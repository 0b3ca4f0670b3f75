"""The supervised child: whatever happens to it, the daemon goes on and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from canary_subs.config.layers import load
from canary_subs.errors import CanarySubsError
from canary_subs.jobs.identity import Stamp, fingerprint
from canary_subs.jobs.records import Record, Seen
from canary_subs.jobs.store import Store
from canary_subs.jobs.supervisor import Worker
from canary_subs.model import Job, JobState
from tests.crash import stage

LOUD = 0.9


class House:
    """A folder of films, a store, and a worker whose engine obeys orders for loud films."""

    def __init__(self, folder: Path) -> None:
        self.films, self.state, self.orders = (folder / n for n in ("films", "state", "orders"))
        for place in (self.films, self.state, self.orders):
            place.mkdir()
        self.store = Store(self.state / "jobs.sqlite")
        self.more: dict[str, object] = {}

    def film(self, name: str, seconds: float = 2, *, loud: bool = False, seed: int = 0) -> Path:
        seed = seed or int.from_bytes(name.encode(), "big") % 99991
        path = stage.wav(self.films / name, seconds, seed, LOUD if loud else 0.2)
        one = Seen(
            path=path, root=self.films, fingerprint=fingerprint(path), stamp=Stamp.of(path.stat())
        )
        self.store.arrive([one])
        return path

    def order(self, what: str, text: str = "") -> None:
        (self.orders / what).write_text(text)

    def worker(self) -> Worker:
        os.environ["LIGHT_FOLDER"] = str(self.orders)
        tables = stage.flags(self.state, **self.more)
        return Worker(load(environment={}, flags=tables), self.store)

    def drain(self) -> None:
        self.worker().run(threading.Event(), done=lambda: True)

    @contextmanager
    def working(self) -> Iterator[Worker]:
        stop, worker = threading.Event(), self.worker()
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        try:
            yield worker
        finally:
            stop.set()
            thread.join()

    def record(self, name: str) -> Record:
        record = self.store.find(self.films / name)
        assert record is not None
        return record

    def diary(self) -> Counter[str]:
        try:
            return Counter((self.orders / "diary.jsonl").read_text().splitlines())
        except FileNotFoundError:
            return Counter()

    def outputs(self) -> dict[str, bytes]:
        return {
            p.name: p.read_bytes() for p in self.films.iterdir() if p.suffix in (".srt", ".json")
        }


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("LIGHT_FOLDER", "set by `worker`, put back by pytest")
    return House(tmp_path)


def eventually(true: object, within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_a_film_that_crashes_is_set_aside_and_the_others_are_done(house: House) -> None:
    for name in ("a.wav", "b.wav"):
        house.film(name)
    house.film("bad.wav", loud=True)
    house.film("c.wav")
    house.order("crash")
    house.drain()
    assert [house.record(n).job.state for n in ("a.wav", "b.wav", "c.wav")] == [JobState.DONE] * 3
    bad = house.record("bad.wav")
    assert bad.job.state is JobState.FAILED
    assert bad.deaths == 2
    assert "SIGABRT" in (bad.job.reason or "")
    log = house.state / "logs" / f"job-{bad.job.id}.log"
    assert str(log) in (bad.job.reason or "")
    assert "Fatal Python error" in log.read_text()
    assert max(house.diary().values()) <= 2  # what was in flight with it, no more
    for record in house.store.records((JobState.DONE,)):
        assert len(record.delivered) == 4
        assert record.provenance["model"] == "light"
        assert record.plan["targets"] == "en, de"
        assert record.duration_ms == 2000
    # Mended, it is done on request.
    (house.orders / "crash").unlink()
    assert house.store.retry(bad.job.id)
    house.drain()
    assert house.record("bad.wav").job.state is JobState.DONE


def test_a_film_that_hangs_is_ended(house: House) -> None:
    house.film("bad.wav", loud=True)
    house.order("hang")
    house.more = {"queue": {"stall_s": 2, "crashes": 1}}
    house.drain()
    bad = house.record("bad.wav")
    assert bad.job.state is JobState.FAILED
    assert "made no progress for 2 s" in (bad.job.reason or "")


def test_a_film_that_eats_memory_is_ended(house: House) -> None:
    house.film("bad.wav", loud=True)
    house.order("eat")
    house.more = {"queue": {"memory_mb": 1500, "crashes": 1}}
    house.drain()
    assert "held more memory than 1500 MiB" in (house.record("bad.wav").job.reason or "")


def test_a_plugin_that_raises_costs_its_own_film(house: House) -> None:
    house.film("bad.wav", loud=True)
    house.film("a.wav")
    house.order("raise")
    house.drain()
    bad = house.record("bad.wav")
    assert bad.job.state is JobState.FAILED
    assert "told to" in (bad.job.reason or "")
    assert bad.deaths == 0
    assert house.record("a.wav").job.state is JobState.DONE


def test_a_stop_is_quick_and_the_next_run_goes_on_from_there(house: House, tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    calm = House(tmp_path / "calm")
    for one in (house, calm):
        one.film("a.wav", 12, seed=5)
        one.film("b.wav", 12, seed=6)
    calm.drain()
    house.order("slow", "0.2")
    with house.working():
        eventually(lambda: len(house.diary()) > 8)
        asked = time.monotonic()
    assert time.monotonic() - asked < 10
    assert not house.outputs()
    before = house.diary()
    for record in house.store.records():
        assert (record.job.state, record.job.attempts) == (JobState.QUEUED, 0)
    house.order("slow", "0")
    house.drain()
    assert house.outputs() == calm.outputs()
    assert len(house.outputs()) == 8
    assert house.diary() == calm.diary()  # also: no piece was recognised twice
    assert before < house.diary()


def test_cancelling_stops_the_work(house: House) -> None:
    house.film("long.wav", 60)
    house.order("slow", "0.3")
    with house.working():
        eventually(house.diary)
        house.store.cancel(house.record("long.wav").job.id)
        eventually(lambda: house.record("long.wav").job.state is JobState.CANCELLED, 15)
        seen = len(house.diary())
        time.sleep(1)
        assert len(house.diary()) == seen
        # The worker is free for others.
        house.order("slow", "0")
        house.film("b.wav", 1)
        eventually(lambda: house.record("b.wav").job.state is JobState.DONE)


def test_pausing_gives_the_film_back_and_resuming_takes_it_again(house: House) -> None:
    house.film("a.wav", 20)
    house.order("slow", "1")
    with house.working() as worker:
        eventually(house.diary)
        house.store.pause("tea")
        eventually(lambda: house.record("a.wav").job.state is JobState.QUEUED)
        assert house.record("a.wav").job.reason == "tea"
        assert worker.resting == "tea"
        house.order("slow", "0")
        house.store.resume()
        eventually(lambda: house.record("a.wav").job.state is JobState.DONE)
    assert max(house.diary().values()) == 1


def test_what_cannot_begin_is_told_when_draining(house: House) -> None:
    house.film("a.wav")
    house.more = {"engine": "lihgt"}
    with pytest.raises(CanarySubsError, match=r"did you mean 'light'"):
        house.drain()
    record = house.record("a.wav")
    assert (record.job.state, record.deaths, record.job.attempts) == (JobState.QUEUED, 0, 0)


def test_films_wait_for_a_model_that_cannot_be_had_now(house: House) -> None:
    films = ("a.wav", "b.wav", "c.wav")
    for name in films:
        house.film(name)
    house.order("away")

    def jobs() -> list[Job]:
        return [house.record(name).job for name in films]

    with house.working() as worker:
        eventually(lambda: all(job.attempts > 2 for job in jobs()))
        eventually(lambda: all(job.state is JobState.QUEUED for job in jobs()))
        for job in jobs():
            assert job.reason == "the hub cannot be reached"
            assert job.retry_at is not None
        assert worker.complaint is None
        (house.orders / "away").unlink()
        eventually(lambda: all(job.state is JobState.DONE for job in jobs()))


def test_a_model_that_is_none_fails_its_films_at_once(house: House) -> None:
    house.film("a.wav")
    house.order("broken")
    house.drain()
    job = house.record("a.wav").job
    assert (job.state, job.attempts) == (JobState.FAILED, 1)
    assert job.reason == "light.nemo is no Canary"


def test_a_film_that_is_gone_is_skipped_and_one_whose_folder_is_away_waits(house: House) -> None:
    house.film("gone.wav").unlink()
    folder = house.films / "share"
    folder.mkdir()
    path = stage.wav(folder / "away.wav", 1, 9)
    house.store.arrive([Seen(path=path, root=folder, fingerprint="x", stamp=Stamp.of(path.stat()))])
    folder.rename(house.films.parent / "unmounted")
    house.drain()
    assert house.record("gone.wav").rule == "gone"
    away = house.store.find(path)
    assert away is not None
    assert (away.job.state, away.job.attempts) == (JobState.QUEUED, 0)
    assert "waiting for it" in (away.job.reason or "")


def test_a_changed_film_gets_new_subtitles_but_edited_ones_are_kept(house: House) -> None:
    house.film("a.wav", seed=1)
    house.drain()
    first = house.outputs()
    (house.films / "a.de.srt").write_text("mended by hand")
    (house.films / "a.fr.srt").write_text("somebody's own")
    house.film("a.wav", seed=2)
    house.drain()
    second = house.outputs()
    assert second["a.en.srt"] != first["a.en.srt"]
    assert second["a.de.srt"] == b"mended by hand"
    assert second["a.fr.srt"] == b"somebody's own"
    assert house.record("a.wav").job.state is JobState.DONE


def test_a_folders_broken_file_fails_its_films_with_the_reason(house: House) -> None:
    (house.films / ".canary-subs.toml").write_text('formats = ["srtt"]\n[skip]\nx = 1\n')
    house.film("a.wav")
    house.more = {"queue": {"attempts": 1}}
    house.drain()
    assert ".canary-subs.toml:3: [skip] knows no 'x'" in (house.record("a.wav").job.reason or "")


def test_two_daemons_on_one_store_share_the_work(house: House) -> None:
    for number in range(8):
        house.film(f"{number}.wav", 3)
    tables = stage.flags(house.state)
    house.order("slow", "0.05")
    daemons = [stage.daemon([house.films], tables, house.orders, drain=True) for _ in range(2)]
    for daemon in daemons:
        assert daemon.wait(timeout=120) == 0
    assert house.store.counts()[JobState.DONE] == 8
    assert set(house.diary().values()) == {1}
    assert len(house.diary()) == 8 * 3 * 2
    for record in house.store.records():
        became = [step.became for step in house.store.history(record.job.id)]
        assert became == [JobState.QUEUED, JobState.RUNNING, JobState.DONE]


def test_a_daemon_that_is_killed_takes_its_child_along(house: House) -> None:
    house.film("a.wav", 60)
    tables = stage.flags(house.state)
    house.order("slow", "0.2")
    daemon = stage.daemon([house.films], tables, house.orders, drain=True)
    eventually(house.diary)
    children = stage.children(daemon.pid)
    assert children
    os.kill(daemon.pid, signal.SIGKILL)  # the daemon alone, not its group
    daemon.wait()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 10)
    # A new daemon sees at once that the job is nobody's.
    assert house.record("a.wav").job.state is JobState.RUNNING
    assert Worker(load(environment={}, flags=tables), house.store)
    assert house.store.take_over("me", lease_s=1000) == 1


def test_a_daemon_leaves_within_ten_seconds_of_sigterm(house: House) -> None:
    house.film("a.wav", 60)
    tables = stage.flags(house.state)
    house.order("slow", "60")
    daemon = stage.daemon([house.films], tables, house.orders, drain=False)
    eventually(lambda: house.record("a.wav").job.state is JobState.RUNNING)
    eventually(house.diary)
    asked = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(timeout=15) == 0
    assert time.monotonic() - asked < 10
    record = house.record("a.wav")
    assert (record.job.state, record.job.attempts) == (JobState.QUEUED, 0)


def test_the_diary_is_what_the_engine_did(house: House) -> None:
    house.film("a.wav", 2)
    house.drain()
    lines = [json.loads(line) for line in house.diary()]
    assert sorted((start_ms, target) for _, start_ms, target in lines) == [
        (0, "de"), (0, "en"), (1000, "de"), (1000, "en")
    ]  # fmt: skip
