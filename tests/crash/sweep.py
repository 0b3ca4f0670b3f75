"""`make crash`: the daemon is killed again and again; what it makes must not show it.

Videos of several containers are subtitled once undisturbed. Then the daemon, its child or both are
killed at random instants, over and over, while a reader reads every file that appears. At the
end the outputs must equal the undisturbed ones byte for byte, no segment may have been recognised
twice but those of the batch in flight, and nothing else may lie in the folders.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from canary_subs.config.layers import merge
from tests.crash import stage

#: The light engine's batch of 4 s in segments of 1 s, in two languages.
BATCH_LINES = 8
#: How long one round may go on after its last kill.
ROUND_S = 600.0


@dataclass
class Report:
    """What happened, and what was wrong with it."""

    kills: int = 0
    rounds: int = 0
    reads: int = 0
    #: Kills by what was going on: the stages of the jobs that were running.
    stages: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    forgivable: int = 0
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        doing = ", ".join(f"{count} in {stage}" for stage, count in sorted(self.stages.items()))
        return [
            f"{self.kills} kills in {self.rounds} rounds ({doing})",
            f"{self.reads} files read while they appeared",
            f"{self.repeated} segments recognised twice; {self.forgivable} were in flight at kills",
            *(f"FAULT: {fault}" for fault in self.faults),
        ]


class Reader(threading.Thread):
    """Reads every result the moment it is there; it must be complete."""

    def __init__(self, folder: Path, expected: Mapping[str, bytes], report: Report) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._expected = expected
        self._report = report
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            for name, data in results(self._folder).items():
                self._report.reads += 1
                if self._expected.get(name) != data:
                    self._report.faults.append(f"{name} was seen with {len(data)} wrong bytes")
            time.sleep(0.002)


def results(folder: Path) -> dict[str, bytes]:
    """Return everything but the videos, by its path in the folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix not in VIDEOS and path.is_file():
            with suppress(FileNotFoundError):  # a hidden one that was renamed meanwhile
                found[str(path.relative_to(folder))] = path.read_bytes()
    return {name: data for name, data in found.items() if not Path(name).name.startswith(".")}


VIDEOS = (".wav", ".mkv", ".mp4", ".ts", ".avi", ".webm")


def make_videos(folder: Path, count: int) -> None:
    """Videos of every container, 2 to 9 s long, some in folders of their own."""
    for number in range(count):
        place = folder / ("" if number % 2 else f"season {number}")
        place.mkdir(exist_ok=True, parents=True)
        ending = VIDEOS[number % len(VIDEOS)]
        stage.video(place / f"video {number}{ending}", 2 + number * 3 % 8, number, picture=False)


def sweep(folder: Path, kills: int, seed: int, *, videos: int, model: str = "light") -> Report:
    """Kill that often; ``model``: "light" for the light engine, "demo" for the real one."""
    report, chance = Report(), random.Random(seed)
    calm = Setup(folder / "calm", model)
    if model == "light":
        make_videos(calm.videos, videos)
    else:
        examples = Path(__file__).parents[2] / "examples" / "videos"
        for name in ("sounds.mkv", "english.mp4")[:videos]:
            shutil.copy(examples / name, calm.videos)
    calm.drain()
    expected = results(calm.videos)
    if not expected:
        report.faults.append("the undisturbed run made nothing")
        return report
    while report.kills < kills and not report.faults:
        report.rounds += 1
        one = Setup(folder / f"round-{report.rounds}", model)
        shutil.copytree(calm.videos, one.videos, dirs_exist_ok=True)
        for name in expected:
            (one.videos / name).unlink()
        reader = Reader(one.videos, expected, report)
        reader.start()
        _round(one, chance, report, kills)
        reader.ended.set()
        reader.join()
        found = results(one.videos)
        if found != expected:
            differing = sorted(n for n in {*found, *expected} if found.get(n) != expected.get(n))
            report.faults.append(f"round {report.rounds} ended with other results: {differing}")
        hidden = [p.name for p in one.videos.rglob(".*") if p.is_file()]
        if hidden:
            report.faults.append(f"round {report.rounds} left {hidden} behind")
        one.close(report)
        shutil.rmtree(one.folder)
    return report


class Setup:
    """A folder of videos, a store and a daemon for them."""

    def __init__(self, folder: Path, model: str) -> None:
        self.folder = folder
        self.videos, self.state, self.light = (folder / n for n in ("videos", "state", "light"))
        for place in (self.videos, self.state, self.light):
            place.mkdir(parents=True)
        tables = stage.flags(self.state, queue={"crashes": 1_000_000, "backoff_s": 0.1})
        if model != "light":
            real = {"engine": "canary", "model": model, "segmenter": "silero"}
            tracks = {"targets": ["en", "de", "en.sdh"], "sound_model": model}
            tables = merge(tables, real, tracks)
        self.tables = tables
        #: Segments in the diary, and segments stored, at the last kill.
        self.recognised = self.stored = 0

    def start(self) -> subprocess.Popen[bytes]:
        return stage.daemon([self.videos], self.tables, self.light, drain=True)

    def drain(self) -> None:
        if self.start().wait(timeout=ROUND_S) != 0:
            raise RuntimeError("an undisturbed run failed")

    def query(self, sql: str) -> list[tuple[object, ...]]:
        try:
            with closing(sqlite3.connect(f"file:{self.state}/jobs.sqlite?mode=ro", uri=True)) as db:
                return db.execute(sql).fetchall()
        except sqlite3.OperationalError:  # not made yet
            return []

    def diary(self) -> list[str]:
        try:
            return (self.light / "diary.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []

    def count_in_flight(self, report: Report) -> None:
        """What was recognised and not stored when everything was killed."""
        rows = self.query("SELECT count(*) FROM segments")
        recognised, stored = len(self.diary()), int(str(rows[0][0])) if rows else 0
        lost = (recognised - self.recognised) - (stored - self.stored)
        self.recognised, self.stored = recognised, stored
        if lost > BATCH_LINES:
            report.faults.append(f"{lost} segments were lost by one kill, more than a batch")
        report.forgivable += lost

    def close(self, report: Report) -> None:
        lines = self.diary()
        report.repeated += len(lines) - len(set(lines))
        if report.repeated > report.forgivable:
            report.faults.append("segments were recognised again that had been stored")
        for path, state, reason in self.query("SELECT path, state, reason FROM jobs"):
            if state not in ("done", "skipped"):
                report.faults.append(f"{path!r} ended {state}: {reason}")


def _round(setup: Setup, chance: random.Random, report: Report, kills: int) -> None:
    """Kill the daemon at random instants until its work is done all the same."""
    (setup.light / "slow").write_text("0.03")
    ends = time.monotonic() + ROUND_S
    while True:
        if time.monotonic() > ends:
            report.faults.append(f"round {report.rounds} took more than {ROUND_S:g} s")
            return
        daemon = setup.start()
        if report.kills < kills:
            _wait_for_an_instant(setup, daemon, chance)
        else:
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(timeout=ROUND_S)
        if daemon.poll() is not None:
            if daemon.returncode != 0:
                report.faults.append(f"the daemon ended with status {daemon.returncode}")
            return
        doing = setup.query("SELECT stage FROM jobs WHERE state = 'running'")
        for name in {str(row[0] or "begin") for row in doing} or {"between videos"}:
            report.stages[name] = report.stages.get(name, 0) + 1
        children = stage.children(daemon.pid)
        whom = chance.choice(["both", "both", "daemon", "child"]) if children else "daemon"
        report.kills += 1
        if whom in ("both", "daemon"):
            _kill(daemon.pid)
        if whom in ("both", "child"):
            for child in children:
                _kill(child)
        if whom == "child":
            time.sleep(chance.uniform(0, 0.5))
            _kill(daemon.pid)
        daemon.wait()
        while any(Path(f"/proc/{pid}").exists() for pid in children):
            time.sleep(0.01)  # what a dead daemon leaves behind ends by itself
        if setup.tables["engine"] == "light":
            setup.count_in_flight(report)


def _wait_for_an_instant(
    setup: Setup, daemon: subprocess.Popen[bytes], chance: random.Random
) -> None:
    """Return at a random instant: as jobs start, while they are recognised, as results appear."""

    def begun() -> int:
        return len(setup.query("SELECT 1 FROM transitions WHERE became = 'running'"))

    counted, more, blur_s = chance.choice(
        [
            (begun, 1, 0.5),
            (lambda: len(setup.diary()), chance.randint(1, 40), 0.1),
            (lambda: len(setup.diary()), chance.randint(1, 40), 0.1),
            (lambda: len(results(setup.videos)), chance.randint(1, 6), 0.02),
        ]
    )
    enough = counted() + more
    while daemon.poll() is None and counted() < enough:
        time.sleep(0.002)
    time.sleep(chance.uniform(0, blur_s))


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def main() -> int:
    """Print counts; 1 where one falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=180, help="with the light engine")
    parser.add_argument("--demo-kills", type=int, default=20, help="with the demonstration model")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    print(f"seed {args.seed}")
    faults, killed = 0, 0
    for model, kills, videos in (("light", args.kills, 8), ("demo", args.demo_kills, 2)):
        if not kills:
            continue
        with tempfile.TemporaryDirectory(prefix="canary-subs-crash-") as folder:
            report = sweep(Path(folder), kills, args.seed, videos=videos, model=model)
        print("\n".join(f"{model}: {line}" for line in report.lines()), flush=True)
        faults += len(report.faults)
        killed += report.kills
    print(json.dumps({"kills": killed, "faults": faults}))
    return 1 if faults or killed < args.kills + args.demo_kills else 0


if __name__ == "__main__":
    sys.exit(main())
