"""``canary-subs watch``: the daemon; ``canary-subs service``: files to run it as a service."""

from __future__ import annotations

import argparse
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from canary_subs._text import printable
from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser

if TYPE_CHECKING:
    from canary_subs.config.layers import Settings
    from canary_subs.jobs.records import Record


def add_to(commands: Commands[Parser]) -> None:
    watching = commands.add_parser("watch", help="subtitle every video that lands in these folders")
    watching.add_argument("folders", nargs="*", type=Path, metavar="DIR")
    watching.add_argument(
        "--drain", action="store_true", help="work until nothing is left to do, then exit"
    )
    watching.add_argument(
        "--dry-run", action="store_true", help="list the work, with an estimate of its time"
    )
    common.add_work(watching)
    common.add_json(watching)
    watching.set_defaults(command=watch)

    serving = commands.add_parser("service", help="print files to run the daemon as a service")
    serving.add_argument("kind", choices=("systemd", "dockerfile", "compose"))
    serving.add_argument("--cuda", action="store_true", help="for containers: with an NVIDIA card")
    common.add_config(serving)
    serving.set_defaults(command=service)


def watch(args: argparse.Namespace) -> int:
    """Watch folders until told to stop or, draining, until nothing is left.

    Draining, 1 where a film failed, or waits for what may pass.
    """
    from canary_subs.config.plan import plan as plan_for
    from canary_subs.jobs import daemon
    from canary_subs.model import JobState

    app = common.open_app(args)
    # A model that is not there is told of now, and not by every film.
    plan = plan_for(app.settings.config, app.plugins)
    app.plugins.use("engine", plan.engine, plan.context)
    folders = [folder.absolute() for folder in args.folders]
    if args.dry_run:
        return _estimate(args, app, folders)
    with _shown(app.settings):
        summary = daemon.watch(
            app.settings, folders, drain=args.drain, listener=app.plugins.job_changed
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
    name = printable(record.job.path.name)
    reason = f", {printable(record.job.reason)}" if record.job.reason else ""
    return f"{name}: {record.job.state.value}{reason}"


def _estimate(args: argparse.Namespace, app: common.AppContext, folders: list[Path]) -> int:
    """What watching would do with what lies there, and how long it would take."""
    from canary_subs.jobs.estimate import estimate
    from canary_subs.time import clock

    with common.open_store(args) as store:
        found = estimate(folders, app.settings, app.plugins, store)
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


def service(args: argparse.Namespace) -> int:
    """Print a systemd unit, a Dockerfile or a compose file for the watched folders."""
    from canary_subs.jobs import service as texts

    settings = common.read_settings(args)
    match args.kind:
        case "systemd":
            text = texts.unit(settings)
        case "dockerfile":
            text = texts.dockerfile(cuda=args.cuda)
        case _:
            text = texts.compose(settings, cuda=args.cuda)
    sys.stdout.write(text)
    return 0
