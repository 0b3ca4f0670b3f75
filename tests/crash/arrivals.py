"""`make arrivals`: files arrive by every method; each is queued once, and when complete.

Once with events, once without: the folder is then only scanned.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue

from canary_subs.jobs import queue
from canary_subs.jobs.records import Arrival, Seen
from canary_subs.jobs.store import Store
from canary_subs.jobs.watch import Watcher
from tests.crash import stage

SETTLE_S = 1.0
#: Besides the settle time: when a file has to be queued, counted from its last byte.
WITHIN_S = 2.0
#: What scanning instead of events may add, with many threads busy in the folder.
POLLING_S = 5.0
#: Hands that bring files.
HANDS = 20

Method = Callable[[Path, bytes, Path], None]


def create(path: Path, video: bytes, outside: Path) -> None:
    path.write_bytes(video)


def move_in(path: Path, video: bytes, outside: Path) -> None:
    (outside / path.name).write_bytes(video)
    (outside / path.name).rename(path)


def rename(path: Path, video: bytes, outside: Path) -> None:
    part = path.with_name(path.name + random.choice([".part", ".crdownload", ".!qB", "~"]))
    part.write_bytes(video)
    time.sleep(random.choice([0, 2 * SETTLE_S]))
    part.rename(path)


def hidden_first(path: Path, video: bytes, outside: Path) -> None:
    part = path.with_name(f".{path.name}.Xy7Q")
    part.write_bytes(video)
    part.rename(path)


def hard_link(path: Path, video: bytes, outside: Path) -> None:
    (outside / path.name).write_bytes(video)
    os.link(outside / path.name, path)


def symbolic_link(path: Path, video: bytes, outside: Path) -> None:
    (outside / path.name).write_bytes(video)
    path.symlink_to(outside / path.name)


def slowly(path: Path, video: bytes, outside: Path) -> None:
    with path.open("wb") as file:
        for start in range(0, len(video), len(video) // 5 + 1):
            file.write(video[start : start + len(video) // 5 + 1])
            file.flush()
            time.sleep(random.uniform(0, SETTLE_S))


def held_open(path: Path, video: bytes, outside: Path) -> None:
    """A writer that pauses for longer than the settle time."""
    with path.open("wb") as file:
        file.write(video[: len(video) // 2])
        file.flush()
        time.sleep(2 * SETTLE_S)
        file.write(video[len(video) // 2 :])


def in_pauses(path: Path, video: bytes, outside: Path) -> None:
    """A copy that is broken off and taken up again; nobody holds it open meanwhile."""
    for part in (video[: len(video) // 2], video[len(video) // 2 :]):
        with path.open("ab") as file:
            file.write(part)
        time.sleep(random.uniform(0, 3 * SETTLE_S))


def empty_first(path: Path, video: bytes, outside: Path) -> None:
    path.touch()
    time.sleep(2 * SETTLE_S)
    path.write_bytes(video)


def preallocated(path: Path, video: bytes, outside: Path) -> None:
    with path.open("wb") as file:
        os.truncate(file.fileno(), len(video))
    time.sleep(2 * SETTLE_S)
    with path.open("r+b") as file:
        file.write(video)


def over_another(path: Path, video: bytes, outside: Path) -> None:
    path.write_bytes(video[: len(video) // 3])
    part = path.with_name(f".new-{path.name}")
    part.write_bytes(video)
    part.replace(path)


def old_times(path: Path, video: bytes, outside: Path) -> None:
    """A copy that keeps the time of its original."""
    path.write_bytes(video)
    os.utime(path, (1_000_000_000, 1_000_000_000))


def beside_notes(path: Path, video: bytes, outside: Path) -> None:
    notes = path.with_name(path.name + ".aria2")
    notes.write_bytes(b"notes")
    path.write_bytes(video)
    time.sleep(2 * SETTLE_S)
    notes.unlink()
    os.utime(path)


METHODS: tuple[Method, ...] = (
    create, move_in, rename, hidden_first, hard_link, symbolic_link, slowly, held_open, in_pauses,
    empty_first, preallocated, over_another, old_times, beside_notes,
)  # fmt: skip


@dataclass
class Report:
    files: int = 0
    queued: int = 0
    twice: int = 0
    incomplete: int = 0
    late: int = 0
    latest_s: float = 0.0
    latest: str = ""
    #: How late is too late; without events it depends on how often the folder is scanned.
    within_s: float = WITHIN_S
    methods: Counter[str] = field(default_factory=Counter)

    @property
    def faults(self) -> int:
        return (self.files - self.queued) + self.twice + self.incomplete + self.late

    def lines(self) -> list[str]:
        methods = ", ".join(f"{count} {method}" for method, count in sorted(self.methods.items()))
        return [
            f"{self.files} files ({methods})",
            f"{self.queued} queued, {self.twice} of them more than once, "
            f"{self.incomplete} before they were complete",
            f"the latest {self.latest_s:.2f} s after its last byte and {SETTLE_S:g} s unchanged "
            f"({self.latest}); {self.late} later than {self.within_s:g} s",
        ]


class RecordingQueue(queue.Queue):
    """A queue that notes when which file was submitted."""

    submitted: list[tuple[float, Seen]]

    def arrive(self, files: Iterable[Seen]) -> list[Arrival]:
        files = list(files)
        found = super().arrive(files)
        now = time.monotonic()
        self.submitted += [
            (now, seen)
            for seen, arrival in zip(files, found, strict=True)
            if arrival is not Arrival.KNOWN
        ]
        return found


class Recording(Store):
    """A store with such a queue."""

    queue: RecordingQueue

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.queue = RecordingQueue(self._database)
        self.queue.submitted = []


def trial(folder: Path, count: int, seed: int, *, polling: str) -> Report:
    """Let ``count`` files arrive and see what is submitted to the store."""
    report, chance = Report(files=count), random.Random(seed)
    if polling == "always":
        report.within_s += POLLING_S
    root, outside = folder / "videos", folder / "outside"
    for place in (root, outside):
        place.mkdir(parents=True)
    kinds = [".mkv", ".mp4", ".avi"]
    videos = {kind: stage.video(outside / f"f{kind}", 1, 1).read_bytes() for kind in kinds}
    store = Recording(folder / "state" / "jobs.sqlite")
    chosen = {
        "settle_s": SETTLE_S, "rescan_s": 3600.0, "poll_s": 0.5, "polling": polling,
    }  # fmt: skip
    ended: dict[Path, float] = {}
    work: Queue[tuple[Method, Path, bytes]] = Queue()
    for number in range(count):
        method, kind = METHODS[number % len(METHODS)], chance.choice(kinds)
        parts = [f"d{chance.randrange(8)}" for _ in range(chance.randrange(4))]
        # Every video is another one, so that none is taken for one that moved: rubbish after the
        # last frame, where containers let it pass.
        data = bytearray(videos[kind])
        data[-6:] = number.to_bytes(6, "big")
        path = root.joinpath(*parts) / f"{number} {method.__name__}{kind}"
        work.put((method, path, bytes(data)))
        report.methods[method.__name__] += 1

    def hand() -> None:
        while True:
            try:
                method, path, data = work.get_nowait()
            except Empty:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            method(path, data, outside)
            ended[path] = time.monotonic()

    stop = threading.Event()
    chosen = {**chosen, "follow_links": "all"}
    settings = stage.settings(folder / "state", watch=chosen)
    watcher = threading.Thread(target=Watcher([root], settings, store).run, args=(stop,))
    before, after = work.qsize() // 10, []
    for _ in range(before):  # some lie there before the watch begins
        after.append(work.get())
    for _, path, early in after:
        path.parent.mkdir(parents=True, exist_ok=True)
        create(path, early, outside)
    begun = time.monotonic()
    ended.update({path: begun for _, path, _ in after})
    watcher.start()
    hands = [threading.Thread(target=hand) for _ in range(HANDS)]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    end = time.monotonic() + 60
    while len({seen.path for _, seen in store.queue.submitted}) < count and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(3 * SETTLE_S)
    stop.set()
    watcher.join()
    times = Counter(seen.path for _, seen in store.queue.submitted)
    report.queued = len(times)
    report.twice = sum(number > 1 for number in times.values())
    sizes = {path: path.stat().st_size for path in ended}
    for at, seen in store.queue.submitted:
        report.incomplete += seen.stamp.size_bytes != sizes[seen.path]
        late_s = at - ended[seen.path] - SETTLE_S
        if late_s > report.latest_s:
            report.latest_s, report.latest = late_s, seen.path.name
        report.late += late_s > report.within_s
    store.close()
    return report


def main() -> int:
    """Print counts; 1 where one falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    print(f"seed {args.seed}")
    faults = 0
    for name, polling in (("with events", "auto"), ("without events", "always")):
        with tempfile.TemporaryDirectory(prefix="canary-subs-arrivals-") as folder:
            report = trial(Path(folder), args.files, args.seed, polling=polling)
        print("\n".join(f"{name}: {line}" for line in report.lines()), flush=True)
        faults += report.faults
    print(json.dumps({"files": args.files, "faults": faults}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
