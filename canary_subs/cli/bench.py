"""``canary-subs bench``: what each precision of a model costs on a video and this machine."""

from __future__ import annotations

import argparse
import threading
from dataclasses import asdict
from pathlib import Path

from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser


def add_to(commands: Commands[Parser]) -> None:
    parser = commands.add_parser(
        "bench",
        help="time, memory and accuracy of each precision on a video",
        description="Transcribe a video in each precision that the model has, and compare time, "
        "memory and words with those of fp32.",
    )
    parser.add_argument("video", type=Path, metavar="VIDEO", help="a video of some minutes")
    parser.add_argument("--model", metavar="M", help="by name or file (default: the usual model)")
    parser.add_argument("--device", default="auto", metavar="D", help="cpu, cuda, mps or auto")
    common.add_json(parser)
    parser.set_defaults(command=bench)


def bench(args: argparse.Namespace) -> int:
    """Measure and show."""
    from canary_subs.canary import models
    from canary_subs.canary.compare import compare_precisions
    from canary_subs.config.schema import Config
    from canary_subs.media.tracks import choose
    from canary_subs.model import Choice, Request
    from canary_subs.pipeline.segments import Audio, cut, probe
    from canary_subs.plugin import manager

    plugins, config = manager.load(), Config()
    model = args.model or models.DEFAULT_MODEL
    card = models.find(model)
    media, source = probe(args.video, plugins)
    track = choose(media).track
    spoken = track.language or "en"
    segmenter = plugins.use("segmenter", Choice(name=config.segmenter))
    audio = Audio(media=media, track=track, source=source, stop=threading.Event())
    with audio.clips() as clips:
        requests = [
            Request(clip=clip, spoken=spoken, targets=(spoken,))
            for clip in cut(clips, segmenter, card.longest_ms)
        ]
    reports = compare_precisions(model, requests, device=args.device)
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
