"""The supervised worker: whatever happens to it, the daemon goes on and nothing is lost."""

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

from canary_subs.config.layers import Settings, load
from canary_subs.errors import CanarySubsError, StoreError
from canary_subs.jobs.identity import Stamp, fingerprint
from canary_subs.jobs.records import Record, Seen
from canary_subs.jobs.store import Store
from canary_subs.jobs.supervisor import Supervisor
from canary_subs.jobs.worker_process import default_memory_mb
from canary_subs.model import Job, JobState
from tests.crash import stage

LOUD = 0.9


class Setup:
    """A folder of videos, a store, and a supervisor whose engine obeys orders for loud videos."""

    def __init__(self, folder: Path) -> None:
        self.videos, self.state, self.orders = (folder / n for n in ("videos", "state", "orders"))
        for place in (self.videos, self.state, self.orders):
            place.mkdir()
        self.store = Store(self.state / "jobs.sqlite")
        self.more: dict[str, object] = {}

    def video(self, name: str, seconds: float = 2, *, loud: bool = False, seed: int = 0) -> Path:
        seed = seed or int.from_bytes(name.encode(), "big") % 99991
        path = stage.wav(self.videos / name, seconds, seed, LOUD if loud else 0.2)
        self.arrive(path)
        return path

    def arrive(self, path: Path) -> None:
        one = Seen(
            path=path, root=self.videos, fingerprint=fingerprint(path), stamp=Stamp.of(path.stat())
        )
        self.store.queue.arrive([one])

    def order(self, what: str, text: str = "") -> None:
        (self.orders / what).write_text(text)

    def supervisor(self) -> Supervisor:
        return Supervisor(self.settings(), self.store)

    def settings(self) -> Settings:
        os.environ["LIGHT_FOLDER"] = str(self.orders)
        return load(environment={}, flags=stage.flags(self.state, **self.more))

    def drain(self) -> None:
        self.supervisor().run(threading.Event(), done=lambda: True)

    @contextmanager
    def working(self) -> Iterator[Supervisor]:
        stop, supervisor = threading.Event(), self.supervisor()
        thread = threading.Thread(target=supervisor.run, args=(stop,))
        thread.start()
        try:
            yield supervisor
        finally:
            stop.set()
            thread.join()

    def record(self, name: str) -> Record:
        record = self.store.views.find(self.videos / name)
        assert record is not None
        return record

    def diary(self) -> Counter[str]:
        try:
            return Counter((self.orders / "diary.jsonl").read_text().splitlines())
        except FileNotFoundError:
            return Counter()

    def outputs(self) -> dict[str, bytes]:
        return {
            p.name: p.read_bytes() for p in self.videos.iterdir() if p.suffix in (".srt", ".json")
        }


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    monkeypatch.setenv("LIGHT_FOLDER", "set by `supervisor`, restored by pytest")
    return Setup(tmp_path)


def eventually(true: object, within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_a_video_that_crashes_is_set_aside_and_the_others_are_done(setup: Setup) -> None:
    for name in ("a.wav", "b.wav"):
        setup.video(name)
    setup.video("bad.wav", loud=True)
    setup.video("c.wav")
    setup.order("crash")
    setup.drain()
    assert [setup.record(n).job.state for n in ("a.wav", "b.wav", "c.wav")] == [JobState.DONE] * 3
    bad = setup.record("bad.wav")
    assert bad.job.state is JobState.FAILED
    assert bad.crashes == 2
    assert "SIGABRT" in (bad.job.reason or "")
    log = setup.state / "logs" / f"job-{bad.job.id}.log"
    assert str(log) in (bad.job.reason or "")
    assert "Fatal Python error" in log.read_text()
    assert max(setup.diary().values()) <= 2  # what was in flight with it, no more
    for record in setup.store.views.records((JobState.DONE,)):
        assert len(record.delivered) == 4
        assert record.provenance["model"] == "light"
        assert record.plan["targets"] == "en, de"
        assert record.duration_ms == 2000
    # Once fixed, it is done on request.
    (setup.orders / "crash").unlink()
    assert setup.store.queue.retry(bad.job.id)
    setup.drain()
    assert setup.record("bad.wav").job.state is JobState.DONE


def test_a_video_that_hangs_is_killed(setup: Setup) -> None:
    setup.video("bad.wav", loud=True)
    setup.order("hang")
    setup.more = {"queue": {"stall_s": 2, "crashes": 1}}
    setup.drain()
    bad = setup.record("bad.wav")
    assert bad.job.state is JobState.FAILED
    assert "made no progress for 2 s" in (bad.job.reason or "")


def test_a_video_that_uses_too_much_memory_is_killed(setup: Setup) -> None:
    setup.video("bad.wav", loud=True)
    setup.order("eat")
    setup.more = {"queue": {"memory_mb": 1500, "crashes": 1}}
    setup.drain()
    assert "held more memory than 1500 MiB" in (setup.record("bad.wav").job.reason or "")


def test_a_plugin_that_raises_fails_its_own_video(setup: Setup) -> None:
    setup.video("bad.wav", loud=True)
    setup.video("a.wav")
    setup.order("raise")
    setup.drain()
    bad = setup.record("bad.wav")
    assert bad.job.state is JobState.FAILED
    assert "ordered to" in (bad.job.reason or "")
    assert bad.crashes == 0
    assert setup.record("a.wav").job.state is JobState.DONE


def test_a_delivery_that_raises_fails_its_own_video_even_in_a_redo(setup: Setup) -> None:
    setup.more = {"deliveries": ["archive"]}
    setup.video("bad.wav")
    setup.video("a.wav")
    setup.drain()
    before = setup.outputs()
    for name in ("bad.wav", "a.wav"):
        setup.store.queue.retry(setup.record(name).job.id, redo=True)
    setup.order("lost", "bad.wav")
    setup.drain()
    bad = setup.record("bad.wav")
    assert (bad.job.state, bad.crashes) == (JobState.FAILED, 0)
    assert (bad.job.reason or "").startswith(
        "plugin 'light' failed: RuntimeError: the archive forgot it"
    )
    assert setup.record("a.wav").job.state is JobState.DONE
    assert setup.outputs() == before


def test_log_records_of_the_worker_name_their_job(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    path = setup.video("a.wav")
    setup.drain()
    id = setup.record("a.wav").job.id
    found = [
        (one.name.rpartition(".")[2], vars(one).get("stage"))
        for one in caplog.records
        if vars(one).get("job") == id and vars(one).get("file") == str(path)
    ]
    assert found == [("worker", None), ("segments", "probe"), ("worker", "deliver")]


def test_a_stop_is_quick_and_the_next_run_goes_on_from_there(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    calm = Setup(tmp_path / "calm")
    for one in (setup, calm):
        one.video("a.wav", 12, seed=5)
        one.video("b.wav", 12, seed=6)
    calm.drain()
    setup.order("slow", "0.2")
    with setup.working():
        eventually(lambda: len(setup.diary()) > 8)
        asked = time.monotonic()
    assert time.monotonic() - asked < 10
    assert not setup.outputs()
    before = setup.diary()
    for record in setup.store.views.records():
        assert (record.job.state, record.job.attempts) == (JobState.QUEUED, 0)
    setup.order("slow", "0")
    setup.drain()
    assert setup.outputs() == calm.outputs()
    assert len(setup.outputs()) == 8
    assert setup.diary() == calm.diary()  # also: no segment was recognised twice
    assert before < setup.diary()


def test_cancelling_stops_the_work(setup: Setup) -> None:
    setup.video("long.wav", 60)
    setup.order("slow", "0.3")
    with setup.working():
        eventually(setup.diary)
        setup.store.queue.cancel(setup.record("long.wav").job.id)
        eventually(lambda: setup.record("long.wav").job.state is JobState.CANCELLED, 15)
        seen = len(setup.diary())
        time.sleep(1)
        assert len(setup.diary()) == seen
        # The worker is free for others.
        setup.order("slow", "0")
        setup.video("b.wav", 1)
        eventually(lambda: setup.record("b.wav").job.state is JobState.DONE)


def test_a_pause_gives_the_job_back_and_resume_takes_it_again(setup: Setup) -> None:
    setup.video("a.wav", 20)
    setup.order("slow", "1")
    with setup.working() as supervisor:
        eventually(setup.diary)
        setup.store.queue.pause("tea")
        eventually(lambda: setup.record("a.wav").job.state is JobState.QUEUED)
        assert setup.record("a.wav").job.reason == "tea"
        assert supervisor.pause_reason == "tea"
        setup.order("slow", "0")
        setup.store.queue.resume()
        eventually(lambda: setup.record("a.wav").job.state is JobState.DONE)
    assert max(setup.diary().values()) == 1


def test_a_failure_to_start_is_reported_when_draining(setup: Setup) -> None:
    setup.video("a.wav")
    setup.more = {"engine": "lihgt"}
    with pytest.raises(CanarySubsError, match=r"did you mean 'light'"):
        setup.drain()
    record = setup.record("a.wav")
    assert (record.job.state, record.crashes, record.job.attempts) == (JobState.QUEUED, 0, 0)


def test_videos_wait_for_a_model_that_is_temporarily_unavailable(setup: Setup) -> None:
    videos = ("a.wav", "b.wav", "c.wav")
    for name in videos:
        setup.video(name)
    setup.order("away")

    def jobs() -> list[Job]:
        return [setup.record(name).job for name in videos]

    with setup.working() as supervisor:
        eventually(lambda: all(job.attempts > 2 for job in jobs()))
        eventually(lambda: all(job.state is JobState.QUEUED for job in jobs()))
        for job in jobs():
            assert job.reason == "the hub cannot be reached"
            assert job.retry_at is not None
        assert supervisor.start_failure is None
        (setup.orders / "away").unlink()
        eventually(lambda: all(job.state is JobState.DONE for job in jobs()))


def test_a_broken_model_fails_its_videos_at_once(setup: Setup) -> None:
    setup.video("a.wav")
    setup.order("broken")
    setup.drain()
    job = setup.record("a.wav").job
    assert (job.state, job.attempts) == (JobState.FAILED, 1)
    assert job.reason == "light.nemo is not a Canary model"


def test_a_missing_video_is_skipped_and_one_whose_folder_is_missing_waits(
    setup: Setup,
) -> None:
    setup.video("gone.wav").unlink()
    folder = setup.videos / "share"
    folder.mkdir()
    path = stage.wav(folder / "away.wav", 1, 9)
    setup.store.queue.arrive(
        [Seen(path=path, root=folder, fingerprint="x", stamp=Stamp.of(path.stat()))]
    )
    folder.rename(setup.videos.parent / "unmounted")
    setup.drain()
    assert setup.record("gone.wav").rule == "gone"
    away = setup.store.views.find(path)
    assert away is not None
    assert (away.job.state, away.job.attempts) == (JobState.QUEUED, 0)
    assert "waiting for it" in (away.job.reason or "")


def test_a_changed_video_gets_new_subtitles_but_edited_ones_are_kept(setup: Setup) -> None:
    setup.video("a.wav", seed=1)
    setup.drain()
    first = setup.outputs()
    (setup.videos / "a.de.srt").write_text("fixed by hand")
    (setup.videos / "a.fr.srt").write_text("somebody's own")
    setup.video("a.wav", seed=2)
    setup.drain()
    second = setup.outputs()
    assert second["a.en.srt"] != first["a.en.srt"]
    assert second["a.de.srt"] == b"fixed by hand"
    assert second["a.fr.srt"] == b"somebody's own"
    assert setup.record("a.wav").job.state is JobState.DONE


def test_a_folders_broken_file_fails_its_videos_with_the_reason(setup: Setup) -> None:
    (setup.videos / ".canary-subs.toml").write_text('formats = ["srtt"]\n[skip]\nx = 1\n')
    setup.video("a.wav")
    setup.more = {"queue": {"attempts": 1}}
    setup.drain()
    assert ".canary-subs.toml:3: [skip] knows no 'x'" in (setup.record("a.wav").job.reason or "")


def test_two_daemons_on_one_store_share_the_work(setup: Setup) -> None:
    for number in range(8):
        setup.video(f"{number}.wav", 3)
    tables = stage.flags(setup.state)
    setup.order("slow", "0.05")
    daemons = [stage.daemon([setup.videos], tables, setup.orders, drain=True) for _ in range(2)]
    for daemon in daemons:
        assert daemon.wait(timeout=120) == 0
    assert setup.store.views.counts()[JobState.DONE] == 8
    assert set(setup.diary().values()) == {1}
    assert len(setup.diary()) == 8 * 3 * 2
    for record in setup.store.views.records():
        became = [step.became for step in setup.store.views.history(record.job.id)]
        assert became == [JobState.QUEUED, JobState.RUNNING, JobState.DONE]


def test_a_daemon_that_is_killed_takes_its_worker_along(setup: Setup) -> None:
    setup.video("a.wav", 60)
    tables = stage.flags(setup.state)
    setup.order("slow", "0.2")
    daemon = stage.daemon([setup.videos], tables, setup.orders, drain=True)
    eventually(setup.diary)
    children = stage.children(daemon.pid)
    assert children
    os.kill(daemon.pid, signal.SIGKILL)  # the daemon alone, not its group
    daemon.wait()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 10)
    # A new daemon sees at once that the job has no worker.
    assert setup.record("a.wav").job.state is JobState.RUNNING
    assert Supervisor(load(environment={}, flags=tables), setup.store)
    assert setup.store.leases.take_over("me", lease_s=1000) == 1


def test_a_daemon_leaves_within_ten_seconds_of_sigterm(setup: Setup) -> None:
    setup.video("a.wav", 60)
    tables = stage.flags(setup.state)
    setup.order("slow", "60")
    daemon = stage.daemon([setup.videos], tables, setup.orders, drain=False)
    eventually(lambda: setup.record("a.wav").job.state is JobState.RUNNING)
    eventually(setup.diary)
    asked = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(timeout=15) == 0
    assert time.monotonic() - asked < 10
    record = setup.record("a.wav")
    assert (record.job.state, record.job.attempts) == (JobState.QUEUED, 0)


def test_the_diary_is_what_the_engine_did(setup: Setup) -> None:
    setup.video("a.wav", 2)
    setup.drain()
    lines = [json.loads(line) for line in setup.diary()]
    assert sorted((start_ms, target) for _, start_ms, target in lines) == [
        (0, "de"), (0, "en"), (1000, "de"), (1000, "en")
    ]  # fmt: skip


def plugin(setup: Setup, code: str) -> None:
    """Have the worker load a plugin, and the light engine beside it."""
    folder = setup.state / "plugins"
    folder.mkdir()
    for file in stage.PLUGINS.glob("*.py"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "strange.py").write_text(code)
    setup.more = {**setup.more, "plugins": str(folder)}


HOOK = """
from canary_subs import hookimpl

@hookimpl
def canary_subs_plan(media, plan):
    {code}
    return plan
"""


def test_a_process_that_ends_as_if_all_were_well_counts_as_crashed(setup: Setup) -> None:
    plugin(setup, HOOK.format(code="import os; os._exit(0)"))
    setup.video("a.wav")
    setup.drain()
    job = setup.record("a.wav").job
    assert job.state is JobState.FAILED and "failed (status 0)" in (job.reason or "")


def test_a_process_that_ends_at_import_is_a_failure_to_start(setup: Setup) -> None:
    plugin(setup, "import os; os._exit(0)")
    setup.video("a.wav")
    with pytest.raises(CanarySubsError, match="recognition cannot start"):
        setup.drain()


def test_a_process_that_hangs_at_import_is_ended(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary_subs.jobs.supervisor.IMPORT_S", 1.0)
    plugin(setup, "import signal, time; time.sleep(1000)")
    setup.video("a.wav")
    with setup.working() as supervisor:
        eventually(lambda: supervisor.start_failure)
        assert "was not ready to work after 1 s" in (supervisor.start_failure or "")


def test_a_process_that_never_reads_holds_nothing_up(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "canary_subs.jobs.worker_process._COMMAND", ("-c", "import time; time.sleep(1000)")
    )
    setup.more = {"glossary": ["x" * 1000] * 1000}
    setup.video("a.wav")
    with setup.working():
        time.sleep(2)
        began = time.monotonic()
    assert time.monotonic() - began < 10


def test_a_process_left_behind_does_not_hold_up_the_end(setup: Setup) -> None:
    code = 'import subprocess; subprocess.Popen(["sleep", "100"], start_new_session=True)'
    plugin(setup, HOOK.format(code=code))
    setup.video("first.wav")
    setup.drain()
    setup.video("a.wav")
    began, open_before = time.monotonic(), len(list(Path("/proc/self/fd").iterdir()))
    setup.drain()
    assert setup.record("a.wav").job.state is JobState.DONE
    assert time.monotonic() - began < 50
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_before


def test_a_store_that_is_deleted_ends_the_daemon(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary_subs.jobs.supervisor._PAUSE_CHECK_S", 0.2)
    supervisor = setup.supervisor()
    threading.Timer(1.0, (setup.state / "jobs.sqlite").unlink).start()
    with pytest.raises(StoreError, match="was deleted or replaced"):
        supervisor.run(threading.Event())


def test_of_two_videos_of_one_name_the_second_is_left_alone(setup: Setup) -> None:
    """Whether they are worked on together or one after the other."""
    first = setup.video("movie.wav")
    second = stage.video(setup.videos / "movie.mkv", 2, 7)
    setup.arrive(second)
    setup.drain()
    records = {name: setup.record(name) for name in ("movie.wav", "movie.mkv")}
    owner, other = ("movie.wav", "movie.mkv")
    assert records[owner].job.state is JobState.DONE and records[owner].delivered
    assert records[other].job.state is JobState.SKIPPED
    assert f"names of those of {owner}; rename or move" in (records[other].job.reason or "")
    texts = setup.outputs()
    assert setup.store.queue.retry(records[other].job.id)
    setup.drain()
    assert setup.record(other).job.state is JobState.SKIPPED
    # Under another name it is done.
    moved = second.rename(setup.videos / "another.mkv")
    setup.arrive(moved)
    setup.drain()
    assert setup.record("another.mkv").job.state is JobState.DONE
    assert {name: data for name, data in setup.outputs().items() if name in texts} == texts
    assert first.exists()


def test_memory_is_bounded_without_a_setting() -> None:
    limit_mb = default_memory_mb()
    assert limit_mb is not None
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20
    assert 64 < limit_mb <= there * 3 / 4
