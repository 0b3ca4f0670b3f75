"""The engine beside NeMo's `transcribe()` and transformers' Canary: same weights, same audio.

``python -m tests.benchmarks.engine --require`` prints a table, and fails below the promised ratios.
Weights are random, in the exact sizes of a model, and every text runs to the same number of
tokens, so that all do the same work: nothing here says how well a model recognises, only how fast.
The programs are measured in turn, and the best of several rounds counts: what else the machine does
then weighs on all of them alike.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from canary_subs._device import device_of
from canary_subs.canary import precision
from canary_subs.canary.archive import Archive
from canary_subs.canary.load import Loaded
from canary_subs.canary.models import CanaryCard
from canary_subs.canary.session import CanarySession
from canary_subs.errors import CanarySubsError, UnknownName
from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, Request, Timing
from tests.benchmarks.random_models import SHAPES, Shape, build
from tests.benchmarks.report import NEMO, OURS, TRANSFORMERS, TRANSFORMERS_BATCH, Report, Timed
from tests.benchmarks.rivals import Audio, Cell, Nemo, Tokens, Transformers, Work, alignment

#: The languages of one and of four texts from a segment.
LANGUAGES = {1: ("en",), 4: ("en", "de", "es", "fr")}


def run(
    architecture: str,
    *,
    segments: int = 2,
    segment_s: float = 30.0,
    tokens: int = 100,
    rounds: int = 2,
    device: str = "auto",
    precision_name: str = "auto",
    rivals: bool = True,
) -> Report:
    """Measure an architecture of `random_models.SHAPES`. Raises `UnknownName`, `DeviceTooSmall`."""
    session = endless(architecture, tokens, device=device, precision_name=precision_name)
    where, form = device_of(device), session.precision
    shape = _capped(architecture, tokens)
    draw = np.random.default_rng(0)
    audio = [
        (draw.standard_normal(int(segment_s * SAMPLE_RATE_HZ)) * 0.1).astype(np.float32)
        for _ in range(segments)
    ]
    work = _our_work(session, audio)
    written = {OURS: _our_tokens(session, audio)}
    if rivals:
        model = _endless(shape).to(torch.float32 if form == "fp32" else torch.bfloat16).to(where)
        nemo = Nemo(model, audio)
        work |= nemo.work(LANGUAGES)
        written[NEMO] = nemo.tokens(LANGUAGES[4])
        if shape.pre_norm:
            theirs = Transformers(nemo, shape, tokens)
            work |= theirs.work(LANGUAGES)
            written[TRANSFORMERS] = theirs.tokens(LANGUAGES[4])
            written[TRANSFORMERS_BATCH] = theirs.batch_tokens(LANGUAGES[4])
        work |= alignment(segments, int(segment_s * 12.5), tokens, shape.vocabulary)
    same = None
    if form == "fp32" and rivals:
        same = all(tokens_of == written[OURS] for tokens_of in written.values())
    return Report(
        architecture=architecture,
        device=torch.cuda.get_device_name(where) if where.type == "cuda" else str(where),
        precision=form,
        segments=segments,
        segment_s=segment_s,
        tokens=tokens,
        rounds=rounds,
        same_tokens=same,
        distinct_tokens=min(len(set(text)) for texts in written[OURS] for text in texts),
        matmul_flops=_matmul_flops(where, form),
        needed_flops=_needed_flops(session, audio, tokens),
        timed=_measure(work, rounds, where),
    )


def endless(
    architecture: str, tokens: int, *, device: str = "auto", precision_name: str = "auto"
) -> CanarySession:
    """A session of random weights whose texts all have so many tokens.

    Raises `UnknownName`, `DeviceTooSmall`.
    """
    shape = _capped(architecture, tokens)
    where = device_of(device)
    card = _card(architecture, shape)
    form = precision.choose(precision_name, card, where)
    archive = Archive(
        path=Path("random"),
        config={},
        ctc_config=None,
        weights_bytes=0,
        ctc_weights_bytes=0,
        fingerprint="random",
    )
    loaded = Loaded(model=_endless(shape), ctc=None, archive=archive)
    return CanarySession(loaded, card, where, form)


def _capped(architecture: str, tokens: int) -> Shape:
    """The shape of an architecture, with a cap of the decoder's length that ends every text."""
    if architecture not in SHAPES:
        raise UnknownName(f"no architecture {architecture!r}; there are {', '.join(SHAPES)}")
    shape = SHAPES[architecture]
    prompt = 5 if shape.prompt == "canary" else 9
    return replace(shape, max_length=prompt + tokens)


def _endless(shape: Shape) -> Any:
    """A random model that never ends a text by itself, nor writes what its tokenizer lacks.

    Weights as they are drawn would write one token again and again, and all programs would agree
    whatever they do. Larger ones, and a head that is not the embedding, make texts that vary.
    """
    model = build(shape)
    for layer in model.transf_decoder.decoder.layers:
        for weight in layer.parameters():
            weight.data.mul_(4)
    head, generator = model.log_softmax.mlp.last_linear_layer, torch.Generator().manual_seed(0)
    weights = torch.randn(head.weight.shape, generator=generator) * shape.decoder_size**-0.5
    head.weight = torch.nn.Parameter(weights, requires_grad=False)
    bias = head.bias.data
    bias[model.tokenizer.eos] = bias[model.tokenizer.pad] = -1e4
    bias[model.tokenizer.vocab_size :] = -1e4
    return model


def _card(architecture: str, shape: Shape) -> CanaryCard:
    return CanaryCard(
        name=architecture,
        parameters=1_000_000_000 if "1b" in architecture else 182_000_000,
        licence="none",
        commercial=True,
        languages=tuple(sorted(shape.languages)),
        prompt=shape.prompt,
        timestamps=Timing.ATTENTION,
    )


def _our_work(session: CanarySession, audio: Audio) -> Work:
    clips = [AudioClip(samples=samples, start_samples=0) for samples in audio]
    work: Work = {
        (OURS, "encode", count): partial(session.encoder.encode, audio) for count in LANGUAGES
    }
    encoded, lengths = session.encoder.encode(audio)
    for count, languages in LANGUAGES.items():
        rows = [session.decode_requests("en", languages, frames) for frames in lengths]
        requests = [Request(clip=clip, spoken="en", targets=languages) for clip in clips]
        work[OURS, "decode", count] = partial(session.decoder.greedy, encoded, lengths, rows)
        work[OURS, "whole", count] = partial(session.recognise_once, requests)
    return work


def _our_tokens(session: CanarySession, audio: Audio) -> Tokens:
    encoded, lengths = session.encoder.encode(audio)
    rows = [session.decode_requests("en", LANGUAGES[4], frames) for frames in lengths]
    return [[text.tokens for text in row] for row in session.decoder.greedy(encoded, lengths, rows)]


def _measure(work: Work, rounds: int, device: torch.device) -> tuple[Timed, ...]:
    """Run every job in turn, several times over, and keep each one's best."""
    best: dict[Cell, tuple[float, int | None]] = {}
    # On a GPU the first rounds record graphs and warm up, and do not count.
    idle = 2 if device.type == "cuda" else 0
    for number in range(idle + rounds):
        for cell, job in work.items():
            if device.type == "cuda":
                torch.cuda.synchronize(device)
                torch.cuda.reset_peak_memory_stats(device)
            start = time.perf_counter()
            job()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            seconds = time.perf_counter() - start
            peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
            if number >= idle and (cell not in best or seconds < best[cell][0]):
                best[cell] = (seconds, peak)
    return tuple(
        Timed(program=program, stage=stage, languages=n, seconds=seconds, peak_bytes=peak)
        for (program, stage, n), (seconds, peak) in best.items()
    )


def _matmul_flops(device: torch.device, form: str) -> float:
    """Operations a second of a large matrix product in the format that the model computes in."""
    size = 8192 if device.type == "cuda" else 1024
    dtype = torch.float32 if device.type == "cpu" or form == "fp32" else torch.bfloat16
    left = torch.randn(size, size, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(4):
        start = time.perf_counter()
        left @ left
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
    return float(2 * size**3 / best)


def _needed_flops(session: CanarySession, audio: Audio, tokens: int) -> float:
    """Two operations for each weight and frame or token that passes it; attention is left out."""
    frames = sum(map(len, audio)) / SAMPLE_RATE_HZ * 1000 / session.frame_ms
    encoder = sum(p.numel() for p in session.encoder.parameters())
    decoder = sum(p.numel() for p in session.decoder.parameters())
    return 2.0 * (encoder * frames + decoder * tokens * len(audio))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with ``--require``, 1 if a promised ratio falls short."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="canary-180m-flash", choices=SHAPES)
    parser.add_argument("--segments", type=int, default=2, metavar="N")
    parser.add_argument("--segment-s", type=float, default=30.0, metavar="S", help="their length")
    parser.add_argument("--tokens", type=int, default=100, metavar="N", help="of each text")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="the best of so many")
    parser.add_argument("--device", default="auto", metavar="D")
    parser.add_argument("--precision", default="auto", metavar="P")
    parser.add_argument("--alone", action="store_true", help="without NeMo and transformers")
    parser.add_argument("--hours", type=float, metavar="H", help="hours of video in a library")
    parser.add_argument("--price", type=float, default=0.0, metavar="P", help="of a machine-hour")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--require", action="store_true", help="fail below the promised ratios")
    options = parser.parse_args(arguments)
    try:
        report = run(
            options.sizes,
            segments=options.segments,
            segment_s=options.segment_s,
            tokens=options.tokens,
            rounds=options.rounds,
            device=options.device,
            precision_name=options.precision,
            rivals=not options.alone,
        )
    except CanarySubsError as error:
        raise SystemExit(str(error)) from error
    print(json.dumps(report.as_json(), indent=1) if options.json else report.table())
    for languages in LANGUAGES if options.hours and not options.json else ():
        if (cost := report.library(options.hours, options.price, languages)) is not None:
            print(
                f"{options.hours:g} hours of video, languages: {languages}: "
                f"{cost[0]:,.1f} machine-hours, {cost[1]:,.2f}"
            )
    short = report.shortfalls() if options.require else []
    for text in short:
        print(f"falls short: {text}", file=sys.stderr)
    return int(bool(short))


if __name__ == "__main__":
    sys.exit(main())
