"""Every way in which a file can arrive: queued once, and not before it is complete."""

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
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Recording:
    return Recording(tmp_path / "state" / "jobs.sqlite")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return stage.film(tmp_path_factory.mktemp("f") / "f.mkv", 1, 1).read_bytes()


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


def create(path: Path, film: bytes) -> None:
    path.write_bytes(film)


def move_in(path: Path, film: bytes) -> None:
    outside = path.parents[3] / f"outside-{path.name}"
    outside.write_bytes(film)
    outside.rename(path)


def rename(path: Path, film: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(film)
    part.rename(path)


def hard_link(path: Path, film: bytes) -> None:
    outside = path.parents[3] / f"outside-{path.name}"
    outside.write_bytes(film)
    os.link(outside, path)


def symbolic_link(path: Path, film: bytes) -> None:
    outside = path.parents[3] / f"outside-{path.name}"
    outside.write_bytes(film)
    path.symlink_to(outside)


def slowly(path: Path, film: bytes) -> None:
    step = len(film) // 4
    with path.open("wb") as file:
        for start in range(0, len(film), step):
            file.write(film[start : start + step])
            file.flush()
            time.sleep(SETTLE_S / 2)


def in_pauses(path: Path, film: bytes) -> None:
    """Longer than the settle time, and nobody holds it open meanwhile."""
    for part in (film[: len(film) // 2], film[len(film) // 2 :]):
        with path.open("ab") as file:
            file.write(part)
        time.sleep(2 * SETTLE_S)


def empty_first(path: Path, film: bytes) -> None:
    path.touch()
    time.sleep(2 * SETTLE_S)
    path.write_bytes(film)


def over_another(path: Path, film: bytes) -> None:
    path.write_bytes(film[:500])
    part = path.with_name(".hidden")
    part.write_bytes(film)
    part.replace(path)


def preallocated(path: Path, film: bytes) -> None:
    with path.open("wb") as file:
        os.truncate(file.fileno(), len(film))
    time.sleep(2 * SETTLE_S)
    with path.open("r+b") as file:
        file.write(film)


WAYS = [
    create, move_in, rename, hard_link, symbolic_link, slowly, in_pauses, empty_first,
    over_another, preallocated,
]  # fmt: skip


@pytest.mark.parametrize("polling", ["auto", "always"])
def test_every_way_to_arrive_leads_to_one_job_when_complete(
    root: Path, store: Recording, film: bytes, polling: str
) -> None:
    with watching(root, store, polling=polling):
        threads = []
        for number, way in enumerate(WAYS):
            place = root / f"{number}" / "new" / f"{way.__name__}.mkv"
            place.parent.mkdir(parents=True)
            # Contents differ, so that none is taken for another that moved.
            own = film[:-1] + bytes([number])
            threads.append(threading.Thread(target=way, args=(place, own)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eventually(lambda: len(store.views.records()) == len(WAYS))
        time.sleep(3 * SETTLE_S)
    assert names(store) == sorted(f"{way.__name__}.mkv" for way in WAYS)
    for record in store.views.records():
        assert record.stamp.size_bytes == len(film)
        assert len(store.views.history(record.job.id)) == 1
    assert {seen.stamp.size_bytes for seen in store.queue.submitted} == {len(film)}


def test_a_whole_tree_that_is_moved_in_arrives(root: Path, store: Store, film: bytes) -> None:
    tree = root.parent / "tree" / "season"
    tree.mkdir(parents=True)
    for number in range(5):
        (tree / f"{number}.mkv").write_bytes(film[:-1] + bytes([number]))
    with watching(root, store):
        time.sleep(0.3)
        tree.parent.rename(root / "tree")
        eventually(lambda: len(store.views.records()) == 5)


def test_what_was_there_before_arrives(root: Path, store: Store, film: bytes) -> None:
    create(root / "old.mkv", film)
    os.utime(root / "old.mkv", (0, 0))
    with watching(root, store):
        eventually(lambda: names(store) == ["old.mkv"])


def test_a_film_that_was_done_before_a_restart_is_not_submitted_again(
    root: Path, store: Recording, film: bytes
) -> None:
    create(root / "a.mkv", film)
    with watching(root, store):
        eventually(store.views.records)
    with watching(root, store) as watcher:
        eventually(lambda: watcher.settled)
        time.sleep(2 * SETTLE_S)
    assert len(store.queue.submitted) == 1


def test_it_is_queued_soon_after_its_last_byte(root: Path, store: Store, film: bytes) -> None:
    with watching(root, store):
        time.sleep(0.3)
        with (root / "a.mkv").open("wb") as file:
            for start in range(0, len(film), len(film) // 8):
                file.write(film[start : start + len(film) // 8])
                file.flush()
                time.sleep(0.15)
        done = time.monotonic()
        eventually(store.views.records, within_s=SETTLE_S + 2)
        assert time.monotonic() - done < SETTLE_S + 2


def test_links_that_lead_in_circles_end(root: Path, store: Store, film: bytes) -> None:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "up").symlink_to(root)
    (root / "a" / "self").symlink_to(root / "a")
    (root / "nowhere.mkv").symlink_to(root / "none")
    create(root / "a" / "film.mkv", film)
    with watching(root, store) as watcher:
        eventually(store.views.records)
        eventually(lambda: watcher.settled)
        time.sleep(2 * SETTLE_S)
    assert [r.job.path for r in store.views.records()] == [root / "a" / "film.mkv"]


def test_a_linked_folder_is_looked_into(root: Path, store: Store, film: bytes) -> None:
    elsewhere = root.parent / "elsewhere"
    elsewhere.mkdir()
    (root / "link").symlink_to(elsewhere)
    with watching(root, store):
        time.sleep(0.3)
        create(elsewhere / "a.mkv", film)  # no event tells of it
        eventually(lambda: [r.job.path for r in store.views.records()] == [root / "link" / "a.mkv"])


def test_a_folder_that_goes_and_comes_back_is_watched_again(
    root: Path, store: Store, film: bytes
) -> None:
    with watching(root, store, rescan_s=0.3):
        time.sleep(0.3)
        root.rename(root.with_name("away"))
        time.sleep(0.7)
        root.mkdir()
        time.sleep(0.7)
        create(root / "a.mkv", film)
        eventually(lambda: names(store) == ["a.mkv"])


def test_a_folder_that_is_not_there_yet_is_waited_for(
    root: Path, store: Store, film: bytes
) -> None:
    root.rmdir()
    with watching(root, store, rescan_s=0.3):
        time.sleep(0.3)
        root.mkdir()
        create(root / "a.mkv", film)
        eventually(lambda: names(store) == ["a.mkv"])


def test_only_what_is_wanted_is_taken(root: Path, store: Store, film: bytes) -> None:
    for name in ("a.mkv", "b.txt", ".c.mkv", "d.mkv.part", "sample.mkv", "e.MKV"):
        create(root / name, film[:-1] + name[:1].encode())
    for folder in ("@eaDir", ".hidden", "extras"):
        (root / folder).mkdir()
        create(root / folder / "x.mkv", film)
    os.mkfifo(root / "pipe.mkv")
    with watching(root, store, exclude=["sample.*", "extras"]) as watcher:
        eventually(lambda: watcher.settled)
        create(root / "extras" / "later.mkv", film)
        create(root / ".hidden" / "later.mkv", film)
        time.sleep(4 * SETTLE_S)
    assert names(store) == ["a.mkv", "e.MKV"]


def test_not_recursive_means_this_folder_only(root: Path, store: Store, film: bytes) -> None:
    (root / "sub").mkdir()
    create(root / "sub" / "x.mkv", film)
    create(root / "a.mkv", film)
    with watching(root, store, recursive=False) as watcher:
        eventually(lambda: watcher.settled)
        eventually(lambda: names(store) == ["a.mkv"])


def test_a_folders_own_file_decides_for_it(root: Path, store: Store, film: bytes) -> None:
    for folder, text in (("no", '[watch]\nexclude = ["*"]\n'), ("first", "priority = 7\n")):
        (root / folder).mkdir()
        (root / folder / ".canary-subs.toml").write_text(text)
        create(root / folder / f"{folder}.mkv", film)
    (root / "broken").mkdir()
    (root / "broken" / ".canary-subs.toml").write_text("nonsense")
    create(root / "broken" / "queued.mkv", film[:-1] + b"q")
    with watching(root, store) as watcher:
        eventually(lambda: watcher.settled)
        eventually(lambda: len(store.views.records()) == 2)
        time.sleep(2 * SETTLE_S)
    assert [(r.job.path.name, r.job.priority) for r in store.views.records()] == [
        ("first.mkv", 7), ("queued.mkv", 0)
    ]  # fmt: skip


def test_half_a_file_is_taken_at_last(root: Path, store: Store, film: bytes) -> None:
    create(root / "half.mkv", film[: len(film) // 2])
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


def test_a_changed_film_comes_again(root: Path, store: Store, film: bytes) -> None:
    create(root / "a.mkv", film)
    with watching(root, store):
        eventually(store.views.records)
        first = store.views.records()[0].job
        create(root / "a.mkv", film[:-1] + b"!")
        eventually(lambda: store.views.records()[0].job.fingerprint != first.fingerprint)
    assert len(store.views.records()) == 1


def test_a_film_that_only_was_touched_does_not(root: Path, store: Store, film: bytes) -> None:
    create(root / "a.mkv", film)
    with watching(root, store, rescan_s=0.5):
        eventually(store.views.records)
        os.utime(root / "a.mkv", (1, 1))
        eventually(lambda: store.views.records()[0].stamp.mtime_ns == 1_000_000_000)
    assert len(store.views.history(store.views.records()[0].job.id)) == 1


def test_network_shares_are_polled_by_themselves(
    root: Path, store: Store, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "file_system", lambda folder, table=None: "nfs4")
    with watching(root, store, rescan_s=1000.0) as watcher:
        time.sleep(0.5)
        assert watcher._observer is None
        create(root / "a.mkv", film)
        eventually(lambda: names(store) == ["a.mkv"])


def test_hostile_names_arrive(root: Path, store: Store, film: bytes) -> None:
    hostile = [b"-rf.mkv", b"a\nb.mkv", b"q'\"$(x).mkv", b"100%s.mkv", b"\xff\xfe.mkv", b" ;.mkv"]
    with watching(root, store):
        time.sleep(0.3)
        for number, name in enumerate(hostile):
            (root / os.fsdecode(name)).write_bytes(film[:-1] + bytes([number]))
        eventually(lambda: len(store.views.records()) == len(hostile))
    assert {os.fsencode(r.job.path.name) for r in store.views.records()} == set(hostile)


def test_a_file_that_cannot_be_read_gets_a_job_that_will_say_so(
    root: Path, store: Store, film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(watch, "fingerprint", refuse)
    create(root / "a.mkv", film)
    with watching(root, store):
        eventually(lambda: names(store) == ["a.mkv"])


def test_many_files_are_looked_through_quickly(root: Path, store: Store) -> None:
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
    root: Path, store: Recording, film: bytes, monkeypatch: pytest.MonkeyPatch
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
    create(root / "before.mkv", film[:-1] + b"1")
    with watching(root, store):
        time.sleep(0.5)
        create(root / "a.mkv", film[:-1] + b"2")
        (root / "new").mkdir()
        create(root / "new" / "b.mkv", film[:-1] + b"3")
        time.sleep(1)
        failing.clear()
        eventually(lambda: names(store) == ["a.mkv", "b.mkv", "before.mkv"])
