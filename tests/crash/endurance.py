"""`python -m tests.crash.endurance`: memory over 2,000 jobs, 100,000 files, and idling."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from canary_subs.jobs.identity import Stamp
from canary_subs.jobs.records import Seen
from canary_subs.jobs.store import Store
from canary_subs.jobs.watch import Watcher
from canary_subs.model import JobState
from tests.crash import stage

#: The daemon may hold so much more at the end than after a tenth of the jobs.
GROWTH_MB = 20.0
#: Scanning 100,000 known files, in seconds of one core.
SCAN_S = 10.0
#: Share of one core that an idle daemon may use.
IDLE = 0.01
IDLE_S = 20.0


def memory_mb(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def jobs(folder: Path, count: int) -> dict[str, float]:
    """Work through so many videos; memory (MiB) of the daemon and of its worker, early and late."""
    root, state = folder / "videos", folder / "state"
    root.mkdir(parents=True)
    for number in range(count):
        stage.wav(root / f"{number}.wav", 0.3, number)
    tables = stage.flags(
        state,
        queue={"idle_s": 3600},
        # One scan of the folder falls into the time that idling is measured; by default they
        # are five minutes apart.
        watch={"rescan_s": IDLE_S},
        targets=["en"],
        formats=["srt"],
    )
    state.mkdir()
    daemon = stage.daemon([root], tables, state, drain=False)
    store = Store(state / "jobs.sqlite")
    seen: dict[str, float] = {}
    try:
        while (done := store.views.counts()[JobState.DONE]) < count:
            if daemon.poll() is not None:
                raise RuntimeError(f"the daemon ended with status {daemon.returncode}")
            if done >= count // 10 and "daemon early" not in seen:
                seen["daemon early"] = memory_mb(daemon.pid)
                seen["worker early"] = sum(memory_mb(pid) for pid in stage.children(daemon.pid))
            time.sleep(0.2)
        seen["daemon late"] = memory_mb(daemon.pid)
        seen["worker late"] = sum(memory_mb(pid) for pid in stage.children(daemon.pid))
        time.sleep(5)
        before = cpu_s(daemon.pid)
        time.sleep(IDLE_S)
        seen["idle share"] = (cpu_s(daemon.pid) - before) / IDLE_S
    finally:
        daemon.terminate()
        daemon.wait()
        store.close()
    return seen


def scan(folder: Path, count: int) -> float:
    """Processor seconds to scan so many files that are known already."""
    root = folder / "videos"
    found = []
    for number in range(count):
        place = root / str(number // 500)
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{number}.mkv"
        path.touch()
        stamp = Stamp.of(path.stat())
        found.append(Seen(path=path, root=root, fingerprint=str(number), stamp=stamp))
    store = Store(folder / "state" / "jobs.sqlite")
    store.queue.arrive(found)
    settings = stage.settings(folder / "state", watch={"polling": "always"})
    watcher = Watcher([root], settings, store)
    begun = time.process_time()
    watcher._scan_due()
    took_s = time.process_time() - begun
    if watcher._pending:
        raise RuntimeError("known files were taken for new ones")
    return took_s


def main() -> int:
    """Print figures; 1 where one falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--files", type=int, default=100_000)
    args = parser.parse_args()
    faults = []
    with tempfile.TemporaryDirectory(prefix="canary-subs-endurance-") as folder:
        took_s = scan(Path(folder) / "scan", args.files)
        print(f"{args.files} files scanned in {took_s:.1f} s of one core", flush=True)
        if took_s > SCAN_S:
            faults.append("scanning is slow")
        seen = jobs(Path(folder) / "jobs", args.jobs)
    print(", ".join(f"{what} {value:.3g}" for what, value in seen.items()))
    if seen["daemon late"] - seen["daemon early"] > GROWTH_MB:
        faults.append("the daemon's memory grows")
    if seen["worker late"] - seen["worker early"] > 5 * GROWTH_MB:
        faults.append("the recognising process's memory grows")
    if seen["idle share"] > IDLE:
        faults.append("idling costs")
    print(json.dumps({"jobs": args.jobs, "faults": faults}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
