"""The daemon's queue: status, why, stale, retry, cancel, pause, resume."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canary_subs._text import printable
from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser
from canary_subs.errors import UsageError

if TYPE_CHECKING:
    from canary_subs.jobs.queue import Queue
    from canary_subs.jobs.records import Record
    from canary_subs.jobs.store import Store


def add_to(commands: Commands[Parser]) -> None:
    seeing = _add(commands, "status", status, "the queue: what is done, running, waiting, failed")
    seeing.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="the history of one video"
    )
    seeing.add_argument("--follow", action="store_true", help="print it again when it changes")
    common.add_json(seeing)

    asking = _add(commands, "why", why, "what would be done with a file, and which rule decides")
    asking.add_argument("file", type=Path, metavar="FILE")
    asking.add_argument(
        "--in", dest="folders", action="append", default=[], type=Path, metavar="DIR",
        help="as if this folder were watched",
    )  # fmt: skip
    common.add_options(asking)
    common.add_json(asking)

    older = _add(commands, "stale", stale, "finished videos whose results would differ today")
    older.add_argument("--redo", action="store_true", help="queue them again")
    common.add_options(older)
    common.add_json(older)

    for name, command, text in (
        ("retry", retry, "queue videos again that failed, were skipped or cancelled"),
        ("cancel", cancel, "take videos out of the queue, and stop work on them"),
    ):
        parser = _add(commands, name, command, text)
        parser.add_argument(
            "jobs", nargs="+", metavar="JOB", help="job numbers or files, or a state, as 'failed'"
        )

    resting = _add(commands, "pause", pause, "stop all work until 'resume'")
    resting.add_argument(
        "--reason", default="paused by hand", metavar="TEXT", help="shown by 'status'"
    )
    _add(commands, "resume", resume, "continue after 'pause'")


def _add(
    commands: Commands[Parser], name: str, command: Callable[[argparse.Namespace], int], text: str
) -> Parser:
    parser = commands.add_parser(name, help=text)
    common.add_config(parser)
    parser.set_defaults(command=command)
    return parser


def why(args: argparse.Namespace) -> int:
    """Print what every rule says about a file, and which one decides."""
    from canary_subs.jobs.why import why as ask

    app = common.open_app(args)
    with common.open_store(args) as store:
        answer = ask(args.file, app.settings, app.plugins, store, args.folders)
    decided = answer.decided
    if args.json:
        findings = [common.fields(f, "rule", "verdict", "detail") for f in answer.findings]
        decision = common.fields(decided, "rule", "verdict", "detail")
        common.show_json({"file": str(answer.path), "decided": decision, "findings": findings})
        return 0
    for finding in answer.findings:
        mark = "->" if finding is decided else "  "
        print(f"{mark} {finding.rule:<12} {printable(finding.detail)}")
    print(f"{decided.verdict}: {printable(decided.detail)}")
    return 0


def stale(args: argparse.Namespace) -> int:
    """List videos that an upgrade or another configuration would subtitle differently."""
    from canary_subs.jobs.stale import stale as find

    app = common.open_app(args)
    with common.open_store(args) as store:
        found = find(store, app.settings, app.plugins)
        if args.redo:
            for one in found:
                store.queue.retry(one.record.job.id, "its results are stale", redo=True)
    if args.json:
        common.show_json(
            [{"file": str(s.record.job.path), "differences": s.differences} for s in found]
        )
        return 0
    for one in found:
        print(f"{printable(one.record.job.path)}: {'; '.join(one.differences)}")
    print(common.counted(len(found), "video") + (" queued again" if args.redo and found else ""))
    return 0


def status(args: argparse.Namespace) -> int:
    """Print the queue, or the history of one video; with ``--follow`` at every change."""
    with common.open_store(args) as store:
        shown: object = None
        while True:
            facts = _video(store, args.file) if args.file else _queue(store)
            if facts != shown:
                shown = facts
                if args.json:
                    common.show_json(facts)
                else:
                    _show_video(facts) if args.file else _show_queue(facts)
                sys.stdout.flush()
            if not args.follow:
                return 0
            time.sleep(1.0)


def _queue(store: Store) -> dict[str, Any]:
    return {
        "paused": store.queue.paused(),
        "counts": {state.value: count for state, count in store.views.counts().items()},
        "jobs": [_facts(record) for record in store.views.records()],
    }


def _video(store: Store, path: Path) -> dict[str, Any]:
    record = store.views.find(path)
    if record is None:
        raise UsageError(f"{path}: is not in the queue; 'canary-subs why' says what would be done")
    steps = [
        {
            "at": step.at.isoformat(timespec="seconds"),
            "state": step.became.value,
            "reason": step.reason,
        }
        for step in store.views.history(record.job.id)
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
        "warnings": list(record.warnings),
    }


def _show_queue(facts: dict[str, Any]) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in facts["counts"].items() if count)
    print(counts or "the queue is empty")
    if facts["paused"]:
        print(f"paused: {printable(facts['paused'])}")
    if facts["jobs"]:
        rows = (
            (str(job["id"]), _state(job), Path(job["file"]).name, _remarks(job))
            for job in facts["jobs"]
        )
        common.show_table(("job", "state", "video", "reason"), rows)


def _remarks(job: dict[str, Any]) -> str:
    return "; ".join([*([job["reason"]] if job["reason"] else []), *job["warnings"]])


def _state(job: dict[str, Any]) -> str:
    if job["state"] != "running":
        return str(job["state"])
    stage = common.STAGES.get(job["stage"], "starting")
    return stage if job["stage"] in (None, "load") else f"{stage} {job['progress']:.0%}"


def _show_video(facts: dict[str, Any]) -> None:
    print(f"job {facts['id']}: {_state(facts)}  {printable(facts['file'])}")
    for step in facts["history"]:
        reason = f"  {printable(step['reason'])}" if step["reason"] else ""
        print(f"  {step['at']}  {step['state']}{reason}")
    for place in facts["delivered"]:
        print(f"  {printable(place)}")
    for warning in facts["warnings"]:
        print(f"  warning: {printable(warning)}")


def retry(args: argparse.Namespace) -> int:
    """Queue jobs again."""
    return _each(args, lambda queue, id: queue.retry(id), "queued again", "it is running")


def cancel(args: argparse.Namespace) -> int:
    """End jobs, also running ones."""
    return _each(args, lambda queue, id: queue.cancel(id), "cancelled", "it has ended already")


def pause(args: argparse.Namespace) -> int:
    """Stop the work of every worker of the store."""
    from canary_subs.model import JobState

    with common.open_store(args) as store:
        store.queue.pause(args.reason)
        running = store.views.counts()[JobState.RUNNING]
    _say(args, "paused; 'canary-subs resume' continues")
    if running:
        _say(args, f"{common.counted(running, 'running job')} will stop after the current batch")
    return 0


def resume(args: argparse.Namespace) -> int:
    """Let the workers of the store continue."""
    from canary_subs.model import JobState

    with common.open_store(args) as store:
        paused = store.queue.paused()
        store.queue.resume()
        waiting = store.views.counts()[JobState.QUEUED]
    _say(args, f"resumed, {common.counted(waiting, 'job')} waiting" if paused else "was not paused")
    return 0


def _each(
    args: argparse.Namespace, act: Callable[[Queue, int], bool], done: str, refusal: str
) -> int:
    """Do one thing with every job that was named; 1 if one refuses."""
    status = 0
    with common.open_store(args) as store:
        for name in args.jobs:
            records = _named(store, name)
            if not records:
                _say(args, f"there are no {name} jobs")
            for record in records:
                job = f"job {record.job.id} ({record.job.path.name})"
                if act(store.queue, record.job.id):
                    _say(args, f"{job}: {done}")
                else:
                    common.complain(f"{job}: {refusal}")
                    status = 1
    return status


def _say(args: argparse.Namespace, text: str) -> None:
    if not args.quiet:
        print(printable(text))


def _named(store: Store, name: str) -> list[Record]:
    """The jobs that a person means: a number, a file, or all of a state."""
    from canary_subs.model import JobState

    if name.lower() in tuple(JobState):
        return store.views.records((JobState(name.lower()),))
    record = store.views.record(int(name)) if name.isdecimal() else store.views.find(Path(name))
    if record is None:
        raise UsageError(f"there is no job {name!r}; 'canary-subs status' lists them")
    return [record]
