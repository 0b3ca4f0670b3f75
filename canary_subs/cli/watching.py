"""The daemon and its queue: watch, status, retry, cancel, pause, resume, stale."""

from __future__ import annotations

import argparse
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canary_subs.cli import common
from canary_subs.errors import UsageError
from canary_subs.time import clock

if TYPE_CHECKING:
    from canary_subs.config.layers import Settings
    from canary_subs.jobs.records import Record
    from canary_subs.jobs.store import Store

Command = Callable[[argparse.Namespace], int]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    watching = commands.add_parser("watch", help="subtitle what lands in these folders")
    watching.add_argument("folders", nargs="*", type=Path, metavar="DIR")
    watching.add_argument("--drain", action="store_true", help="leave when nothing is left to do")
    watching.add_argument(
        "--dry-run", action="store_true", help="list the work and an estimate of its time"
    )
    common.add_work(watching)
    common.add_json(watching)
    watching.set_defaults(command=watch)

    seeing = _add(commands, "status", status, "the queue: what is done, running, waiting, failed")
    seeing.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the way of one film")
    seeing.add_argument("--follow", action="store_true", help="show it again as it changes")
    common.add_json(seeing)

    asking = _add(commands, "why", why, "what would be done with a file, and which rule decides")
    asking.add_argument("file", type=Path, metavar="FILE")
    asking.add_argument(
        "--in", dest="folders", action="append", default=[], type=Path, metavar="DIR",
        help="as if this folder were watched",
    )  # fmt: skip
    common.add_json(asking)

    older = _add(commands, "stale", stale, "finished films whose results would differ today")
    older.add_argument("--redo", action="store_true", help="queue them again")
    common.add_json(older)

    for name, command, text in (
        ("retry", retry, "queue films again that failed, were skipped or cancelled"),
        ("cancel", cancel, "take films out of the queue, stopping their work"),
    ):
        parser = _add(commands, name, command, text)
        parser.add_argument("jobs", nargs="+", metavar="JOB", help="numbers or files, or 'failed'")
    serving = _add(commands, "service", service, "files to run the daemon as a service")
    serving.add_argument("kind", choices=("systemd", "dockerfile", "compose"))
    serving.add_argument("--cuda", action="store_true", help="for containers: with an NVIDIA card")

    resting = _add(commands, "pause", pause, "let all workers rest until 'resume'")
    resting.add_argument("--reason", default="paused by hand", metavar="TEXT")
    _add(commands, "resume", resume, "let the workers go on")


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: Command,
    text: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text)
    common.add_config(parser)
    parser.set_defaults(command=command)
    return parser


def watch(args: argparse.Namespace) -> int:
    """Watch folders until told to stop or, draining, until nothing is left.

    Draining, 1 where a film failed, or waits for what may pass.
    """
    from canary_subs.config import layers as config
    from canary_subs.jobs import daemon
    from canary_subs.model import JobState

    room = common.open_room(args)
    # A model that is not there is told of now, and not by every film.
    room.plugins.make("engine", config.plan(room.settings.config, room.plugins).engine)
    folders = [folder.absolute() for folder in args.folders]
    if args.dry_run:
        return _estimate(args, room, folders)
    with _shown(room.settings):
        summary = daemon.watch(
            room.settings, folders, drain=args.drain, listener=room.plugins.job_changed
        )
    counts = {state.value: count for state, count in summary.counts.items() if count}
    if args.json:
        common.show_json(counts)
    elif args.drain:
        print(", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing to do")
    left = (JobState.FAILED,) if summary.stopped else (JobState.FAILED, JobState.QUEUED)
    return int(args.drain and any(summary.counts[state] for state in left))


@contextmanager
def _shown(settings: Settings) -> Iterator[None]:
    """Progress on a terminal; elsewhere log lines, as text or as JSON."""
    from canary_subs.jobs.logs import handler

    if sys.stderr.isatty():
        done = threading.Event()
        follower = threading.Thread(target=_follow, args=(settings.config.store, done))
        follower.start()
        try:
            yield
        finally:
            done.set()
            follower.join()
        return
    top = logging.getLogger()
    top.handlers[:] = [handler(settings.config.service.log, sys.stderr)]
    top.setLevel(min(top.level, logging.INFO))
    yield


def _follow(path: Path, done: threading.Event) -> None:
    """Show the films under way, as the store tells of them."""
    from contextlib import closing

    from canary_subs.cli.progress import FilmProgress
    from canary_subs.jobs.store import Store
    from canary_subs.model import JobState, Stage

    with FilmProgress() as progress, closing(Store(path)) as store:
        under_way: set[Path] = set()
        while not done.wait(0.5):
            running = {record.job.path: record.job for record in store.records((JobState.RUNNING,))}
            for gone in under_way - set(running):
                progress.end(gone)
                if (record := store.find(gone)) is not None:
                    progress.print(_ended(record))
            for film, job in running.items():
                progress.tell(film, job.stage or Stage.PROBE, job.progress)
            under_way = set(running)


def _ended(record: Record) -> str:
    name = common.plain(record.job.path.name)
    reason = f", {common.plain(record.job.reason)}" if record.job.reason else ""
    return f"{name}: {record.job.state.value}{reason}"


def _estimate(args: argparse.Namespace, room: common.Room, folders: list[Path]) -> int:
    """What watching would do with what lies there, and how long it would take."""
    from canary_subs.jobs.estimate import estimate

    with _store(args) as store:
        found = estimate(folders, room.settings, room.plugins, store)
    if args.json:
        files = [
            {
                "file": str(one.path),
                "verdict": one.finding.verdict,
                "rule": one.finding.rule,
                "reason": one.finding.detail,
                "duration_ms": one.duration_ms,
                "work_ms": one.work_ms,
            }
            for one in found.files
        ]
        common.show_json(
            {"files": files, "duration_ms": found.duration_ms, "work_ms": found.work_ms}
        )
        return 0
    rows = (
        (one.finding.verdict or "work", str(one.path), one.finding.detail) for one in found.files
    )
    common.show_table(("would", "file", "because"), rows)
    work = "unknown, nothing like it was measured yet"
    if found.work_ms is not None:
        work = clock(found.work_ms)
    print(f"{len(found.work)} films, {clock(found.duration_ms)} of sound; time: {work}")
    return 0


def why(args: argparse.Namespace) -> int:
    """Every rule's word on a file, and the one that decides."""
    from canary_subs.jobs.why import why as ask

    room = common.open_room(args)
    with _store(args) as store:
        answer = ask(args.file, room.settings, room.plugins, store, args.folders)
    decided = answer.decided
    if args.json:
        findings = [common.fields(f, "rule", "verdict", "detail") for f in answer.findings]
        decision = common.fields(decided, "rule", "verdict", "detail")
        common.show_json({"file": str(answer.path), "decided": decision, "findings": findings})
        return 0
    for finding in answer.findings:
        mark = "->" if finding is decided else "  "
        print(f"{mark} {finding.rule:<12} {common.plain(finding.detail)}")
    print(f"{decided.verdict}: {common.plain(decided.detail)}")
    return 0


def stale(args: argparse.Namespace) -> int:
    """Films that an upgrade or another configuration would subtitle differently."""
    from canary_subs.jobs.stale import stale as find

    room = common.open_room(args)
    with _store(args) as store:
        found = find(store, room.settings, room.plugins)
        if args.redo:
            for one in found:
                store.retry(one.record.job.id, "its results are stale", renew=True)
    if args.json:
        common.show_json(
            [{"file": str(s.record.job.path), "differences": s.differences} for s in found]
        )
        return 0
    for one in found:
        print(f"{common.plain(str(one.record.job.path))}: {'; '.join(one.differences)}")
    print(f"{len(found)} films" + (" queued again" if args.redo and found else ""))
    return 0


def status(args: argparse.Namespace) -> int:
    """Show the queue, or one film's way; with ``--follow`` again and again."""
    with _store(args) as store:
        shown: object = None
        while True:
            facts = _film(store, args.file) if args.file else _queue(store)
            if facts != shown:
                shown = facts
                if args.json:
                    common.show_json(facts)
                else:
                    _show_film(facts) if args.file else _show_queue(facts)
                sys.stdout.flush()
            if not args.follow:
                return 0
            time.sleep(1.0)


def _queue(store: Store) -> dict[str, Any]:
    return {
        "paused": store.paused(),
        "counts": {state.value: count for state, count in store.counts().items()},
        "jobs": [_facts(record) for record in store.records()],
    }


def _film(store: Store, path: Path) -> dict[str, Any]:
    record = store.find(path)
    if record is None:
        raise UsageError(f"{path}: is not in the queue; 'canary-subs why' tells what would be done")
    steps = [
        {
            "at": step.at.isoformat(timespec="seconds"),
            "state": step.became.value,
            "reason": step.reason,
        }
        for step in store.history(record.job.id)
    ]
    return {**_facts(record), "history": steps}


def _facts(record: Record) -> dict[str, Any]:
    job = record.job
    return {
        "id": job.id,
        "file": str(job.path),
        "state": job.state.value,
        "stage": job.stage.value if job.stage else None,
        "progress": round(job.progress, 3),
        "attempts": job.attempts,
        "priority": job.priority,
        "retry_at": job.retry_at.isoformat(timespec="seconds") if job.retry_at else None,
        "reason": job.reason,
        "delivered": list(record.delivered),
    }


def _show_queue(facts: dict[str, Any]) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in facts["counts"].items() if count)
    print(counts or "the queue is empty")
    if facts["paused"]:
        print(f"paused: {common.plain(facts['paused'])}")
    if facts["jobs"]:
        rows = (
            (str(job["id"]), _state(job), Path(job["file"]).name, job["reason"] or "")
            for job in facts["jobs"]
        )
        common.show_table(("job", "state", "film", "reason"), rows)


def _state(job: dict[str, Any]) -> str:
    if job["state"] != "running":
        return str(job["state"])
    return f"{job['stage'] or 'starting'} {job['progress']:.0%}"


def _show_film(facts: dict[str, Any]) -> None:
    print(f"job {facts['id']}: {_state(facts)}  {common.plain(facts['file'])}")
    for step in facts["history"]:
        reason = f"  {common.plain(step['reason'])}" if step["reason"] else ""
        print(f"  {step['at']}  {step['state']}{reason}")
    for place in facts["delivered"]:
        print(f"  {common.plain(place)}")


def retry(args: argparse.Namespace) -> int:
    """Queue jobs again."""
    return _each(args, lambda store, id: store.retry(id), "it is being worked on")


def cancel(args: argparse.Namespace) -> int:
    """End jobs, also running ones."""
    return _each(args, lambda store, id: store.cancel(id), "it has ended already")


def pause(args: argparse.Namespace) -> int:
    """Let every worker of the store rest."""
    with _store(args) as store:
        store.pause(args.reason)
    return 0


def resume(args: argparse.Namespace) -> int:
    """Let the workers of the store go on."""
    with _store(args) as store:
        store.resume()
    return 0


def service(args: argparse.Namespace) -> int:
    """Print a systemd unit, a Dockerfile or a compose file for the watched folders."""
    from canary_subs.jobs import service as texts

    settings = common.look_around(args).settings
    match args.kind:
        case "systemd":
            text = texts.unit(settings)
        case "dockerfile":
            text = texts.dockerfile(cuda=args.cuda)
        case _:
            text = texts.compose(settings, cuda=args.cuda)
    sys.stdout.write(text)
    return 0


def _each(args: argparse.Namespace, act: Callable[[Store, int], bool], refusal: str) -> int:
    status = 0
    with _store(args) as store:
        for name in args.jobs:
            for record in _named(store, name):
                if not act(store, record.job.id):
                    common.complain(f"job {record.job.id} ({record.job.path}): {refusal}")
                    status = 1
    return status


def _named(store: Store, name: str) -> list[Record]:
    """The jobs that a person means: a number, a file, or all of a state."""
    from canary_subs.model import JobState

    if name in tuple(JobState):
        return store.records((JobState(name),))
    record = store.record(int(name)) if name.isdecimal() else store.find(Path(name))
    if record is None:
        raise UsageError(f"there is no job {name!r}; 'canary-subs status' lists them")
    return [record]


def _store(args: argparse.Namespace) -> Any:
    """The queue's store, closed at the end of the block."""
    from contextlib import closing

    from canary_subs.jobs.store import Store

    return closing(Store(common.look_around(args).settings.config.store))
