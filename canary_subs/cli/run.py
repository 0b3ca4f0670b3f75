"""``canary-subs run``: subtitle these files now."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canary_subs._text import printable
from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser

if TYPE_CHECKING:
    from canary_subs.cli.progress import FilmProgress
    from canary_subs.jobs.store import Store
    from canary_subs.model import Plan
    from canary_subs.pipeline.task import Outcome, Task
    from canary_subs.plugin.manager import Plugins


def add_to(commands: Commands[Parser]) -> None:
    parser = commands.add_parser("run", help="subtitle these files now")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    common.add_work(parser)
    common.add_json(parser)
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Subtitle every file; one that fails costs no other."""
    from canary_subs.cli.progress import FilmProgress
    from canary_subs.config.plan import plan as plan_for
    from canary_subs.pipeline.schedule import process

    app = common.open_app(args)
    plan = plan_for(app.settings.config, app.plugins)
    # A model that does not exist is reported before any video is opened.
    app.plugins.use("engine", plan.engine, plan.context)
    status = 0
    try:
        with FilmProgress() as progress, _memory(app.settings.config.store) as store:
            tasks = _tasks(args.files, plan, progress, store)
            for done in process(tasks, app.plugins):
                outcome, findings = _reviewed(done, app.plugins)
                progress.end(outcome.task.path)
                facts = {**_facts(outcome), "findings": findings}
                progress.print(json.dumps(facts) if args.json else _line(outcome, findings))
                for error in outcome.errors:
                    common.complain(str(error))
                status = max(status, _status(outcome))
    finally:
        app.plugins.close()
    return status


@contextmanager
def _memory(path: Path) -> Iterator[Store | None]:
    """The daemon's store, for its pieces: an interrupted run goes on where it was."""
    from canary_subs.errors import StoreError
    from canary_subs.jobs.store import Store

    try:
        store = Store(path)
    except StoreError as error:
        common.complain(f"{error} (this run goes on, but could not be resumed)")
        yield None
        return
    with closing(store):
        yield store


def _tasks(
    files: Sequence[Path], plan: Plan, progress: FilmProgress, store: Store | None
) -> Iterator[Task]:
    from canary_subs.jobs.cache import TranscriptCache
    from canary_subs.jobs.identity import fingerprint
    from canary_subs.pipeline.cache import Cache, NoCache
    from canary_subs.pipeline.task import Task

    for path in dict.fromkeys(path.absolute() for path in files):
        keep: Cache = NoCache()
        if store is not None:
            with suppress(OSError):  # a file that is not there is told of by its probe
                keep = TranscriptCache(store, fingerprint(path))
        yield Task(path=path, plan=plan, cache=keep, on_progress=partial(progress.tell, path))


def _reviewed(outcome: Outcome, plugins: Plugins) -> tuple[Outcome, str | None]:
    """The line that sums the review up, where one was asked for; a failed one is an error."""
    from canary_subs.errors import CanarySubsError
    from canary_subs.workflows.review import write

    if not outcome.task.plan.review:
        return outcome, None
    try:
        return outcome, write(outcome, plugins)
    except CanarySubsError as error:
        return dataclasses.replace(outcome, errors=(*outcome.errors, error)), None


def _line(outcome: Outcome, findings: str | None) -> str:
    name = printable(outcome.task.path.name)
    if outcome.skip:
        return f"{name}: skipped, {printable(outcome.skip.reason)}"
    if outcome.errors and not outcome.delivered:
        return f"{name}: failed"
    made = "".join(f"\n  {printable(place)}" for place in outcome.delivered)
    found = f"\n  {printable(findings)}" if findings else ""
    return f"{name}:{made}{found}"


def _facts(outcome: Outcome) -> dict[str, Any]:
    return {
        "file": str(outcome.task.path),
        "state": "skipped" if outcome.skip else "failed" if outcome.errors else "done",
        "reason": outcome.skip.reason if outcome.skip else None,
        "rule": outcome.skip.rule if outcome.skip else None,
        "delivered": list(outcome.delivered),
        "errors": [str(error) for error in outcome.errors],
    }


def _status(outcome: Outcome) -> int:
    if outcome.errors:
        return max(error.exit_code for error in outcome.errors)
    # Nothing was made of a film that was asked for by name; that it is there already is no failure.
    return 3 if outcome.skip and outcome.skip.rule != "exists" else 0
