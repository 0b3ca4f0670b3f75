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
    from canary_subs.cli.progress import VideoProgress
    from canary_subs.jobs.cache import Transcripts
    from canary_subs.model import Plan
    from canary_subs.pipeline.task import Outcome, Task
    from canary_subs.plugin.manager import Plugins


def add_to(commands: Commands[Parser]) -> None:
    parser = commands.add_parser("run", help="subtitle these files now")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument(
        "--fresh", action="store_true", help="recognise everything anew, using no earlier results"
    )
    common.add_work(parser)
    common.add_json(parser)
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Subtitle every file; one that fails costs no other."""
    from canary_subs.cli.progress import VideoProgress
    from canary_subs.config.plan import plan as plan_for
    from canary_subs.pipeline.engine import engine_of
    from canary_subs.pipeline.schedule import process

    app = common.open_app(args)
    plan = plan_for(app.settings.config, app.plugins)
    status = 0
    with (
        closing(app.plugins),
        VideoProgress(quiet=args.quiet and not args.json) as progress,
        _transcripts(app.settings.config.store) as transcripts,
    ):
        # A model that does not exist is reported before any video is opened.
        engine_of(plan.engine, plan.context, app.plugins)
        tasks = _tasks(args.files, plan, progress, transcripts, fresh=args.fresh)
        for ended in process(tasks, app.plugins):
            outcome, findings = _reviewed(_explained(ended), app.plugins)
            progress.end(outcome.task.path)
            facts = {**_facts(outcome), "findings": findings}
            progress.print(json.dumps(facts) if args.json else _line(outcome, findings))
            for error in outcome.errors:
                common.complain(common.about(outcome.task.path, error))
            status = max(status, _status(outcome))
    return status


@contextmanager
def _transcripts(path: Path) -> Iterator[Transcripts | None]:
    """The transcripts in the daemon's store: an interrupted run continues where it stopped."""
    from canary_subs.errors import StoreError
    from canary_subs.jobs.cache import Transcripts

    try:
        transcripts = Transcripts(path)
    except StoreError as error:
        common.complain(f"{error} (this run goes on, but could not be resumed)")
        yield None
        return
    with closing(transcripts):
        yield transcripts


def _tasks(
    files: Sequence[str],
    plan: Plan,
    progress: VideoProgress,
    transcripts: Transcripts | None,
    *,
    fresh: bool,
) -> Iterator[Task]:
    from canary_subs.jobs.identity import fingerprint
    from canary_subs.pipeline.cache import Cache, NoCache, WriteOnly
    from canary_subs.pipeline.task import Task

    for path in dict.fromkeys(Path(file).absolute() for file in files):
        cache: Cache = NoCache()
        if transcripts is not None:
            with suppress(OSError):  # a file that does not exist is reported by its probe
                cache = transcripts.of(fingerprint(path))
        yield Task(
            path=path,
            plan=plan,
            cache=WriteOnly(cache) if fresh else cache,
            on_progress=partial(progress.update, path),
        )


def _explained(outcome: Outcome) -> Outcome:
    """The outcome with a better error for what is not the name of a file at all."""
    from canary_subs.errors import NotMedia

    advice = common.not_a_file(outcome.task.path, "for all videos in it: canary-subs watch {}")
    if not outcome.errors or advice is None:
        return outcome
    return dataclasses.replace(outcome, errors=(NotMedia(advice),))


def _reviewed(outcome: Outcome, plugins: Plugins) -> tuple[Outcome, str | None]:
    """The line that sums up the review, if the plan asks for one; a failed one is an error."""
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
    warned = "".join(f"\n  warning: {printable(warning)}" for warning in outcome.warnings)
    if outcome.skip:
        return f"{name}: skipped, {printable(outcome.skip.reason)}{warned}"
    if outcome.errors and not outcome.delivered:
        return f"{name}: failed{warned}"
    made = "".join(f"\n  {printable(place)}" for place in outcome.delivered)
    found = f"\n  {printable(findings)}" if findings else ""
    return f"{name}:{made}{found}{warned}"


def _facts(outcome: Outcome) -> dict[str, Any]:
    return {
        "file": str(outcome.task.path),
        "state": "skipped" if outcome.skip else "failed" if outcome.errors else "done",
        "reason": outcome.skip.reason if outcome.skip else None,
        "rule": outcome.skip.rule if outcome.skip else None,
        "delivered": list(outcome.delivered),
        "warnings": list(outcome.warnings),
        "errors": [str(error) for error in outcome.errors],
    }


def _status(outcome: Outcome) -> int:
    if outcome.errors:
        return max(error.exit_code for error in outcome.errors)
    # Nothing was made of a video that was named; that its results exist already is not a failure.
    return 3 if outcome.skip and outcome.skip.rule != "exists" else 0
