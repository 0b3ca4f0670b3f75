"""``canary-subs watch``: the daemon; ``canary-subs service``: files to run it as a service."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from canary_subs._text import printable
from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser
from canary_subs.errors import StoreError, UsageError

if TYPE_CHECKING:
    from canary_subs.cli.progress import VideoProgress
    from canary_subs.config.layers import Settings
    from canary_subs.jobs.store import Store
    from canary_subs.model import Job


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
    """Watch folders until stopped or, draining, until nothing is left.

    Draining, the status is 1 if a video failed, or waits to be tried again.
    """
    from canary_subs.config.plan import plan as plan_for
    from canary_subs.jobs import daemon
    from canary_subs.model import JobState
    from canary_subs.pipeline.engine import engine_of

    for folder in args.folders:
        if folder.is_file():
            raise UsageError(f"{folder}: is a file; use canary-subs run {shlex.quote(str(folder))}")
    app = common.open_app(args)
    folders = [folder.absolute() for folder in args.folders]
    with closing(app.plugins):
        plan = plan_for(app.settings.config, app.plugins)
        # A model that does not exist is reported once, and not by every video.
        engine_of(plan.engine, plan.context, app.plugins)
        if args.dry_run:
            return _estimate(args, app, folders)
        with _shown(args, app.settings) as listener:
            summary = daemon.watch(
                app.settings, app.plugins, folders, drain=args.drain, listener=listener
            )
    counts = {state.value: count for state, count in summary.counts.items() if count}
    if args.json:
        common.show_json(counts)
    elif args.drain and not args.quiet:
        print(", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing to do")
    left = (JobState.FAILED,) if summary.stopped else (JobState.FAILED, JobState.QUEUED)
    return int(args.drain and any(summary.counts[state] for state in left))


@contextmanager
def _shown(args: argparse.Namespace, settings: Settings) -> Iterator[Callable[[Job], None]]:
    """Progress on a terminal; elsewhere log lines, as text or as JSON.

    Yields what is to be called with each job that changed.
    """
    from canary_subs.cli.progress import VideoProgress
    from canary_subs.jobs.logs import handler

    if sys.stderr.isatty():
        done = threading.Event()
        with VideoProgress(quiet=args.quiet) as progress:
            follower = threading.Thread(
                target=_follow, args=(settings.config.store, progress, done)
            )
            follower.start()
            try:
                yield partial(_print_end, progress)
            finally:
                done.set()
                follower.join()
        return
    top = logging.getLogger()
    top.handlers[:] = [handler(settings.config.service.log, sys.stderr)]
    if not args.quiet:
        top.setLevel(min(top.level, logging.INFO))
        logging.getLogger("canary_subs").setLevel(logging.DEBUG if args.debug else logging.INFO)
    yield lambda job: None


def _follow(path: Path, progress: VideoProgress, done: threading.Event) -> None:
    """Show the progress of running jobs, as it is in the store, until ``done`` is set."""
    from canary_subs.jobs.store import Store

    shown: set[Path] = set()
    while not done.wait(0.5):
        # A store that the daemon is just creating is locked: then the next turn shows it.
        with suppress(StoreError), closing(Store(path)) as store:
            while not done.wait(0.5):
                shown = _show_running(store, progress, shown)


def _show_running(store: Store, progress: VideoProgress, shown: set[Path]) -> set[Path]:
    """Show the running jobs instead of those that were shown; return their files."""
    from canary_subs.model import JobState, Stage

    running = {one.job.path: one.job for one in store.views.records((JobState.RUNNING,))}
    for gone in shown - set(running):
        progress.end(gone)
    for video, job in running.items():
        progress.update(video, job.stage or Stage.PROBE, job.progress)
    return set(running)


def _print_end(progress: VideoProgress, job: Job) -> None:
    """Print what became of a job that has ended, or that waits after a failure."""
    from canary_subs.model import JobState

    waiting = job.state is JobState.QUEUED and job.reason is not None and job.attempts
    if waiting or job.state not in (JobState.QUEUED, JobState.RUNNING):
        reason = f", {printable(job.reason)}" if job.reason else ""
        progress.print(f"{printable(job.path.name)}: {job.state.value}{reason}")


def _estimate(args: argparse.Namespace, app: common.AppContext, folders: list[Path]) -> int:
    """Print what watching would do with the files that are there, and how long it would take."""
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
    work = "not known, nothing comparable has been measured yet"
    if found.work_ms is not None:
        work = clock(found.work_ms)
    videos = common.counted(len(found.work), "video")
    print(f"{videos}, {clock(found.duration_ms)} of audio; time: {work}")
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
