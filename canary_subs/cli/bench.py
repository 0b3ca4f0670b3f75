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
    common.add_json(parser)
    parser.set_defaults(command=bench)


def bench(args: argparse.Namespace) -> int:
    """Measure, show, and with ``--require`` fail where a promised ratio falls short."""
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
