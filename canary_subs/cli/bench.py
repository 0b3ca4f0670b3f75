"""``canary-subs bench``: what each precision of a model costs on a video and this machine."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser


def add_to(commands: Commands[Parser]) -> None:
    parser = commands.add_parser(
        "bench",
        help="compare time, memory and accuracy of a model's precisions",
        description="Transcribe a video in each precision that the model has, and compare time, "
        "memory and words with those of the first, most exact one.",
    )
    parser.add_argument("video", type=Path, metavar="VIDEO", help="a video of some minutes")
    common.add_settings(parser, "spoken", "audio_track", "engine", "model", "device")
    common.add_config(parser)
    common.add_options(parser)
    common.add_json(parser)
    parser.set_defaults(command=bench)


def bench(args: argparse.Namespace) -> int:
    """Measure, and print a table."""
    from canary_subs.config.plan import plan
    from canary_subs.workflows.precisions import compare_precisions

    common.require_file(args.video, "name a video in it")
    app = common.open_app(args)
    with closing(app.plugins):
        reports = compare_precisions(
            args.video, plan(app.settings.config, app.plugins), app.plugins
        )
    if args.json:
        common.show_json([asdict(report) for report in reports])
        return 0
    common.show_table(
        ("precision", "memory MB", "peak MB", "loading s", "work s", "word errors"),
        (
            (
                report.precision,
                _megabytes(report.memory_bytes),
                _megabytes(report.peak_bytes),
                f"{report.load_seconds:.2f}",
                f"{report.seconds:.2f}",
                f"{report.changed:.2%}",
            )
            for report in reports
        ),
    )
    return 0


def _megabytes(size: int | None) -> str:
    return "-" if size is None else f"{size / 1e6:.0f}"
