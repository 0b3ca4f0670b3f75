"""Every kind of arrival of a file: queued once, and not before it is complete."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from canary_subs.errors import StoreError
from canary_subs.jobs import mounts, watch
from canary_subs.jobs.queue import Queue
from canary_subs.jobs.records import Arrival, Seen
from canary_subs.jobs.store import Store
from canary_subs.jobs.watch import Watcher
from tests.crash import stage

SETTLE_S = 0.3


class RecordingQueue(Queue):
    """A queue that remembers the files that were submitted."""

    submitted: list[Seen]

    def arrive(self, files: Iterable[Seen]) -> list[Arrival]:
        files = list(files)
        self.submitted.extend(files)
        return super().arrive(files)


class Recording(Store):
    """A store with such a queue."""

    queue: RecordingQueue

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.queue = RecordingQueue(self._database)
        self.queue.submitted = []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Recording:
    return Recording(tmp_path / "state" / "jobs.sqlite")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return stage.video(tmp_path_factory.mktemp("f") / "f.mkv", 1, 1).read_bytes()


@contextmanager
def watching(root: Path, store: Store, **chosen: object) -> Iterator[Watcher]:
    tables = {"settle_s": SETTLE_S, "rescan_s": 60.0, "poll_s": 0.2, **chosen}
    watcher = Watcher([root], stage.settings(root.parent / "state", watch=tables), store)
    stop = threading.Event()
    thread = threading.Thread(target=watcher.run, args=(stop,))
    thread.start()
    try:
        yield watcher
    finally:
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()


def eventually(true: Callable[[], object], within_s: float = 30) -> None:
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def names(store: Store) -> list[str]:
    return sorted(record.job.path.name for record in store.views.records())


def create(path: Path, video: bytes) -> None:
    path.write_bytes(video)


def move_in(path: Path, video: bytes) -> None:
    outside = path.parents[3] / f"outside-{path.name}"
    outside.write_bytes(video)
    outside.rename(path)


def rename(path: Path, video: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(video)
    part.rename(path)


def hard_link(path: Path, video: bytes) -> None:
    outside = path.parents[3] / f"outside-{path.name}"
    outside.write_bytes(video)
    os.link(outside, path)


def symbolic_link(path: Path, video: bytes) -> None:
    outside = path.parents[3] / f"outside-{path.name}"
    outside.write_bytes(video)
    path.symlink_to(outside)


def slowly(path: Path, video: bytes) -> None:
    step = len(video) // 4
    with path.open("wb") as file:
        for start in range(0, len(video), step):
            file.write(video[start : start + step])
            file.flush()
            time.sleep(SETTLE_S / 2)


def in_pauses(path: Path, video: bytes) -> None:
    """Longer than the settle time, and nobody holds it open meanwhile."""
    for part in (video[: len(video) // 2], video[len(video) // 2 :]):
        with path.open("ab") as file:
            file.write(part)
        time.sleep(2 * SETTLE_S)


def empty_first(path: Path, video: bytes) -> None:
    path.touch()
    time.sleep(2 * SETTLE_S)
    path.write_bytes(video)


def over_another(path: Path, video: bytes) -> None:
    path.write_bytes(video[:500])
    part = path.with_name(".hidden")
    part.write_bytes(video)
    part.replace(path)


def preallocated(path: Path, video: bytes) -> None:
    with path.open("wb") as file:
        os.truncate(file.fileno(), len(video))
    time.sleep(2 * SETTLE_S)
    with path.open("r+b") as file:
        file.write(video)


METHODS = [
    create, move_in, rename, hard_link, symbolic_link, slowly, in_pauses, empty_first,
    over_another, preallocated,
]  # fmt: skip


@pytest.mark.parametrize("polling", ["auto", "always"])
def test_every_kind_of_arrival_leads_to_one_job_when_complete(
    root: Path, store: Recording, video: bytes, polling: str
) -> None:
    with watching(root, store, polling=polling, follow_links="all"):
        threads = []
        for number, method in enumerate(METHODS):
            place = root / f"{number}" / "new" / f"{method.__name__}.mkv"
            place.parent.mkdir(parents=True)
            # Contents differ, so that none is taken for another that moved.
            own = video[:-1] + bytes([number])
            threads.append(threading.Thread(target=method, args=(place, own)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eventually(lambda: len(store.views.records()) == len(METHODS))
        time.sleep(3 * SETTLE_S)
    assert names(store) == sorted(f"{method.__name__}.mkv" for method in METHODS)
    for record in store.views.records():
        assert record.stamp.size_bytes == len(video)
        assert len(store.views.history(record.job.id)) == 1
    assert {seen.stamp.size_bytes for seen in store.queue.submitted} == {len(video)}


def test_a_tree_that_is_moved_in_arrives(root: Path, store: Store, video: bytes) -> None:
    tree = root.parent / "tree" / "season"
    tree.mkdir(parents=True)
    for number in range(5):
        (tree / f"{number}.mkv").write_bytes(video[:-1] + bytes([number]))
    with watching(root, store):
        time.sleep(0.3)
        tree.parent.rename(root / "tree")
        eventually(lambda: len(store.views.records()) == 5)


def test_a_file_that_was_there_before_arrives(root: Path, store: Store, video: bytes) -> None:
    create(root / "old.mkv", video)
    os.utime(root / "old.mkv", (0, 0))
    with watching(root, store):
        eventually(lambda: names(store) == ["old.mkv"])


def test_a_video_that_was_done_before_a_restart_is_not_submitted_again(
    root: Path, store: Recording, video: bytes
) -> None:
    create(root / "a.mkv", video)
    with watching(root, store):
        eventually(store.views.records)
    with watching(root, store) as watcher:
        eventually(lambda: watcher.settled)
        time.sleep(2 * SETTLE_S)
    assert len(store.queue.submitted) == 1


def test_it_is_queued_soon_after_its_last_byte(root: Path, store: Store, video: bytes) -> None:
    with watching(root, store):
        time.sleep(0.3)
        with (root / "a.mkv").open("wb") as file:
            for start in range(0, len(video), len(video) // 8):
                file.write(video[start : start + len(video) // 8])
                file.flush()
                time.sleep(0.15)
        done = time.monotonic()
        eventually(store.views.records, within_s=SETTLE_S + 2)
        assert time.monotonic() - done < SETTLE_S + 2


def test_links_that_lead_in_circles_end(root: Path, store: Store, video: bytes) -> None:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "up").symlink_to(root)
    (root / "a" / "self").symlink_to(root / "a")
    (root / "nowhere.mkv").symlink_to(root / "none")
    create(root / "a" / "video.mkv", video)
    with watching(root, store) as watcher:
        eventually(store.views.records)
        eventually(lambda: watcher.settled)
        time.sleep(2 * SETTLE_S)
    assert [r.job.path for r in store.views.records()] == [root / "a" / "video.mkv"]


def test_a_linked_folder_is_scanned(root: Path, store: Store, video: bytes) -> None:
    elsewhere = root.parent / "elsewhere"
    elsewhere.mkdir()
    (root / "link").symlink_to(elsewhere)
    with watching(root, store, follow_links="all"):
        time.sleep(0.3)
        create(elsewhere / "a.mkv", video)  # no event reports it
        eventually(lambda: [r.job.path for r in store.views.records()] == [root / "link" / "a.mkv"])


def test_a_link_that_leaves_the_folder_is_left_alone(
    root: Path, store: Store, video: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    private = root.parent / "private"
    private.mkdir()
    create(private / "secret.mkv", video)
    (root / "show").mkdir()
    create(root / "show" / "good.mkv", video + b"x")
    (root / "folder").symlink_to(private)
    (root / "file.mkv").symlink_to(private / "secret.mkv")
    (root / "same").symlink_to(root / "show")
    with watching(root, store) as watcher:
        eventually(store.views.records)
        (root / "late.mkv").symlink_to(private / "secret.mkv")
        (root / "late").symlink_to(private)
        eventually(lambda: watcher.settled)
        time.sleep(2 * SETTLE_S)
    assert [r.job.path for r in store.views.records()] == [root / "show" / "good.mkv"]
    assert "a link leads out of" in caplog.text


def test_a_folder_that_goes_and_comes_back_is_watched_again(
    root: Path, store: Store, video: bytes
) -> None:
    with watching(root, store, rescan_s=0.3):
        time.sleep(0.3)
        root.rename(root.with_name("away"))
        time.sleep(0.7)
        root.mkdir()
        time.sleep(0.7)
        create(root / "a.mkv", video)
        eventually(lambda: names(store) == ["a.mkv"])


def test_a_folder_that_is_not_there_yet_is_waited_for(
    root: Path, store: Store, video: bytes
) -> None:
    root.rmdir()
    with watching(root, store, rescan_s=0.3):
        time.sleep(0.3)
        root.mkdir()
        create(root / "a.mkv", video)
        eventually(lambda: names(store) == ["a.mkv"])


def test_only_what_is_wanted_is_taken(root: Path, store: Store, video: bytes) -> None:
    for name in ("a.mkv", "b.txt", ".c.mkv", "d.mkv.part", "sample.mkv", "e.MKV"):
        create(root / name, video[:-1] + name[:1].encode())
    for folder in ("@eaDir", ".hidden", "extras"):
        (root / folder).mkdir()
        create(root / folder / "x.mkv", video)
    os.mkfifo(root / "pipe.mkv")
    with watching(root, store, exclude=["sample.*", "extras"]) as watcher:
        eventually(lambda: watcher.settled)
        create(root / "extras" / "later.mkv", video)
        create(root / ".hidden" / "later.mkv", video)
        time.sleep(4 * SETTLE_S)
    assert names(store) == ["a.mkv", "e.MKV"]


def test_not_recursive_means_this_folder_only(root: Path, store: Store, video: bytes) -> None:
    (root / "sub").mkdir()
    create(root / "sub" / "x.mkv", video)
    create(root / "a.mkv", video)
    with watching(root, store, recursive=False) as watcher:
        eventually(lambda: watcher.settled)
        eventually(lambda: names(store) == ["a.mkv"])


def test_a_folders_own_file_decides_for_it(root: Path, store: Store, video: bytes) -> None:
    for folder, text in (("no", '[watch]\nexclude = ["*"]\n'), ("first", "priority = 7\n")):
        (root / folder).mkdir()
        (root / folder / ".canary-subs.toml").write_text(text)
        create(root / folder / f"{folder}.mkv", video)
    (root / "broken").mkdir()
    (root / "broken" / ".canary-subs.toml").write_text("nonsense")
    create(root / "broken" / "queued.mkv", video[:-1] + b"q")
    with watching(root, store) as watcher:
        eventually(lambda: watcher.settled)
        eventually(lambda: len(store.views.records()) == 2)
        time.sleep(2 * SETTLE_S)
    assert [(r.job.path.name, r.job.priority) for r in store.views.records()] == [
        ("first.mkv", 7), ("queued.mkv", 0)
    ]  # fmt: skip


def test_half_a_file_is_taken_at_last(root: Path, store: Store, video: bytes) -> None:
    create(root / "half.mkv", video[: len(video) // 2])
    with watching(root, store, patience_s=2.0) as watcher:
        eventually(watcher._scanned.is_set)
        time.sleep(3 * SETTLE_S)
        assert not store.views.records()
        assert not watcher.settled
        eventually(lambda: names(store) == ["half.mkv"])


def test_an_empty_file_waits_without_holding_up_a_drain(root: Path, store: Store) -> None:
    (root / "empty.mkv").touch()
    with watching(root, store) as watcher:
        eventually(lambda: watcher.settled)
        time.sleep(3 * SETTLE_S)
    assert not store.views.records()


def test_a_changed_video_is_submitted_again(root: Path, store: Store, video: bytes) -> None:
    create(root / "a.mkv", video)
    with watching(root, store):
        eventually(store.views.records)
        first = store.views.records()[0].job
        create(root / "a.mkv", video[:-1] + b"!")
        eventually(lambda: store.views.records()[0].job.fingerprint != first.fingerprint)
    assert len(store.views.records()) == 1


def test_a_video_that_only_was_touched_does_not(root: Path, store: Store, video: bytes) -> None:
    create(root / "a.mkv", video)
    with watching(root, store, rescan_s=0.5):
        eventually(store.views.records)
        os.utime(root / "a.mkv", (1, 1))
        eventually(lambda: store.views.records()[0].stamp.mtime_ns == 1_000_000_000)
    assert len(store.views.history(store.views.records()[0].job.id)) == 1


def test_network_shares_are_polled_by_themselves(
    root: Path, store: Store, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "file_system", lambda folder, table=None: "nfs4")
    with watching(root, store, rescan_s=1000.0) as watcher:
        time.sleep(0.5)
        assert watcher._observer is None
        create(root / "a.mkv", video)
        eventually(lambda: names(store) == ["a.mkv"])


def test_hostile_names_arrive(root: Path, store: Store, video: bytes) -> None:
    hostile = [b"-rf.mkv", b"a\nb.mkv", b"q'\"$(x).mkv", b"100%s.mkv", b"\xff\xfe.mkv", b" ;.mkv"]
    with watching(root, store):
        time.sleep(0.3)
        for number, name in enumerate(hostile):
            (root / os.fsdecode(name)).write_bytes(video[:-1] + bytes([number]))
        eventually(lambda: len(store.views.records()) == len(hostile))
    assert {os.fsencode(r.job.path.name) for r in store.views.records()} == set(hostile)


def test_a_file_that_cannot_be_read_gets_a_job_that_shows_the_failure(
    root: Path, store: Store, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(watch, "fingerprint", refuse)
    create(root / "a.mkv", video)
    with watching(root, store):
        eventually(lambda: names(store) == ["a.mkv"])


def test_many_files_are_scanned_quickly(root: Path, store: Store) -> None:
    for folder in range(20):
        (root / str(folder)).mkdir()
        for number in range(100):
            (root / str(folder) / f"{number}.mkv").touch()
    watcher = Watcher([root], stage.settings(root.parent / "state"), store)
    begun = time.process_time()
    watcher._scan_due()
    assert len(watcher._pending) == 2_000
    assert time.process_time() - begun < 0.6  # a fiftieth of 100,000 files, at 30 s for them all


def test_a_store_that_fails_for_a_while_loses_nothing(
    root: Path, store: Recording, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = threading.Event()
    failing.set()

    def fail(name: str) -> Callable[..., object]:
        real = getattr(store.queue, name)

        def maybe(*args: object) -> object:
            if failing.is_set():
                raise StoreError("the store is locked by another program")
            return real(*args)

        return maybe

    for name in ("arrive", "stamp", "stamps"):
        monkeypatch.setattr(store.queue, name, fail(name))
    monkeypatch.setattr(watch, "_RETRY_S", 0.5)
    create(root / "before.mkv", video[:-1] + b"1")
    with watching(root, store):
        time.sleep(0.5)
        create(root / "a.mkv", video[:-1] + b"2")
        (root / "new").mkdir()
        create(root / "new" / "b.mkv", video[:-1] + b"3")
        time.sleep(1)
        failing.clear()
        eventually(lambda: names(store) == ["a.mkv", "b.mkv", "before.mkv"])
