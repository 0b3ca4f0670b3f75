"""``canary-subs bench``: the engine against its rivals, in one run on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from canary_subs.cli import common

#: What must hold on a CPU with the sizes of canary-180m: (rival, stage, languages) -> ratio.
REQUIRED = {
    ("NeMo", "whole", 1): 1.6,
    ("NeMo", "whole", 4): 5.5,
    ("NeMo", "decode", 1): 4.0,
    ("NeMo", "decode", 4): 9.0,
    ("transformers", "decode", 4): 2.0,
    ("NeMo", "align", 1): 4.0,
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("bench", help="the engine against NeMo and transformers, here")
    parser.add_argument("--sizes", default="canary-180m-flash", metavar="M", help="whose sizes")
    parser.add_argument("--pieces", type=int, default=2, metavar="N", help="pieces of sound")
    parser.add_argument("--turns", type=int, default=2, metavar="N", help="the best of so many")
    parser.add_argument("--device", default="auto", metavar="D")
    parser.add_argument("--precision", default="auto", metavar="P")
    parser.add_argument("--alone", action="store_true", help="without the rivals")
    parser.add_argument("--hours", type=float, metavar="H", help="hours of film in a library")
    parser.add_argument("--price", type=float, default=0.0, metavar="P", help="of a machine-hour")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the figures as JSON too")
    parser.add_argument("--require", action="store_true", help="fail below the promised ratios")
    parser.add_argument(
        "--formats", type=Path, metavar="FILM", help="compare the precisions of --model on a film"
    )
    parser.add_argument("--model", metavar="M", help="for --formats: the model, by name or file")
    common.add_json(parser)
    parser.set_defaults(command=bench)


def bench(args: argparse.Namespace) -> int:
    """Measure, show, and with ``--require`` fail where a promised ratio falls short."""
    if args.formats is not None:
        return _formats(args)
    from canary_subs.canary.bench import run

    report = run(
        args.sizes,
        pieces=args.pieces,
        turns=args.turns,
        device=args.device,
        precision_name=args.precision,
        rivals=not args.alone,
    )
    if args.save:
        args.save.write_text(json.dumps(report.as_json(), indent=1) + "\n", encoding="utf-8")
    if args.json:
        common.show_json(report.as_json())
    else:
        print(report.table())
        for languages in (1, 4) if args.hours else ():
            if (cost := report.library(args.hours, args.price, languages)) is not None:
                print(
                    f"{args.hours:g} hours of film, languages: {languages}: "
                    f"{cost[0]:,.1f} machine-hours, {cost[1]:,.2f}"
                )
    short = 0
    for (rival, stage, languages), wanted in REQUIRED.items() if args.require else ():
        ratio = report.ratio(rival, stage, languages)
        if ratio is not None and ratio < wanted:
            name = f"{rival} / ours, {stage}, {languages}"
            print(f"falls short: {name}: {ratio:.2f}, wanted {wanted:g}", file=sys.stderr)
            short = 1
    return short


def _formats(args: argparse.Namespace) -> int:
    """What each precision costs, and how much its texts differ from those of fp32."""
    from dataclasses import asdict

    from canary_subs.canary.bench import compare_formats
    from canary_subs.config.schema import Config
    from canary_subs.media.tracks import choose
    from canary_subs.model import Choice, Request
    from canary_subs.pipeline import steps as film
    from canary_subs.plugin import manager

    plugins, config = manager.load(), Config()
    model = args.model or config.model
    engine = plugins.make("engine", Choice(name=config.engine, options={"model": model}))
    media, source, plugin = film.probe(args.formats, plugins)
    track = choose(media).track
    spoken = track.language or "en"
    segmenter = plugins.make("segmenter", Choice(name=config.segmenter))
    with film.sound(media, track, source, plugin) as clips:
        pieces = [
            Request(clip=clip, source=spoken, targets=(spoken,))
            for clip in film.cut(clips, segmenter, engine.card.longest_ms)
        ]
    reports = compare_formats(model, pieces, device=args.device)
    if args.json:
        common.show_json([asdict(report) for report in reports])
        return 0
    common.show_table(
        ("precision", "weights MB", "peak MB", "seconds", "word errors against fp32"),
        (
            (
                report.precision,
                f"{report.weights_bytes / 1e6:.1f}",
                "-" if report.peak_bytes is None else f"{report.peak_bytes / 1e6:.0f}",
                f"{report.seconds:.2f}",
                f"{report.changed:.2%}",
            )
            for report in reports
        ),
    )
    return 0
