"""``canary-subs doctor``: what is installed, where it would run, what would be slow or fail."""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from canary_subs._text import printable
from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser
from canary_subs.errors import CanarySubsError

if TYPE_CHECKING:
    from canary_subs.config.schema import Config
    from canary_subs.model import ModelCard
    from canary_subs.pipeline.engine import PlanEngine

PACKAGES = ("torch", "nemo_toolkit", "av", "ffmpeg-python", "onnxruntime", "silero-vad", "watchdog")

#: Below this, a store or a folder of results soon cannot be written.
LOW_DISK_BYTES = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing that was checked."""

    what: str
    #: "ok"; "slow": works, but could be better; "bad": will fail.
    state: str
    found: str
    #: What to do; empty if nothing.
    advice: str = ""


def add_to(commands: Commands[Parser]) -> None:
    parser = commands.add_parser(
        "doctor", help="check what is installed, what would be slow or fail"
    )
    common.add_work(parser)
    common.add_json(parser)
    parser.set_defaults(command=doctor)


def doctor(args: argparse.Namespace) -> int:
    """Condition everything that a video will need; status 1 if something will fail."""
    app = common.load_app(args)
    chosen = app.settings.config
    checks = [*_software(), _ffmpeg(), *_device(), *_models(app), *_places(chosen)]
    for plugin in app.plugins.plugins:
        if plugin.broken:
            checks.append(
                Condition(
                    what=f"plugin {plugin.name}",
                    state="bad",
                    found=plugin.broken,
                    advice=f"repair or remove {plugin.origin}, or name it under 'disable'",
                )
            )
    if args.json:
        common.show_json([dataclasses.asdict(check) for check in checks])
    else:
        for check in checks:
            print(f"{check.state:<5} {check.what:<14} {printable(check.found)}")
            if check.advice:
                print(f"{'':<20} -> {printable(check.advice)}")
    return int(any(check.state == "bad" for check in checks))


def _software() -> Iterator[Condition]:
    yield Condition(what="python", state="ok", found=f"{platform.python_version()}")
    for name in PACKAGES:
        try:
            yield Condition(what=name, state="ok", found=metadata.version(name))
        except metadata.PackageNotFoundError:
            advice = "pip install canary-subs again; it brings everything"
            yield Condition(what=name, state="bad", found="not installed", advice=advice)


def _ffmpeg() -> Condition:
    from canary_subs.media import ffmpeg

    programs = ffmpeg.programs()
    if not programs:
        advice = "install ffmpeg, or the package imageio-ffmpeg"
        return Condition(what="ffmpeg", state="bad", found="none", advice=advice)
    used, *others = programs
    found = f"{used.version}, {used.origin} ({used.path})"
    for other in others:
        than = "newer than" if used.codecs > other.codecs else "as new as"
        found += f"; {than} {other.version}, {other.origin} ({other.path})"
    if used.is_old:
        return Condition(
            what="ffmpeg",
            state="slow",
            found=f"{found}; older than the libraries that probe, so some files are not read",
            advice="pip install --upgrade imageio-ffmpeg",
        )
    return Condition(what="ffmpeg", state="ok", found=found)


def _device() -> Iterator[Condition]:
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            name = torch.cuda.get_device_name(index)
            found = f"{name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free"
            yield Condition(what=f"cuda:{index}", state="ok", found=found)
    elif torch.backends.mps.is_available():
        yield Condition(what="mps", state="ok", found="Apple Silicon")
    elif torch.version.cuda:
        yield Condition(
            what="device",
            state="slow",
            found=f"cpu only, {cores} cores; torch was built for CUDA {torch.version.cuda}",
            advice="check the NVIDIA driver with nvidia-smi",
        )
    else:
        yield Condition(
            what="device",
            state="slow",
            found=f"cpu only, {cores} cores",
            advice="with an NVIDIA card: pip install --force-reinstall a CUDA build of torch",
        )


def _models(app: common.AppContext) -> Iterator[Condition]:
    """What the chosen engine and its model say, and whether they can do what is asked for."""
    from canary_subs.config.plan import plan as plan_for
    from canary_subs.pipeline.engine import PlanEngine

    chosen = app.settings.config
    what = "model"
    try:
        plan = plan_for(chosen, app.plugins)
        what = f"model ({plan.engine.name})"
        engine = PlanEngine(plan, app.plugins)
        card = engine.card
        yield (
            _model(what, card, chosen.device)
            if card
            else Condition(what=what, state="ok", found="this engine describes no models")
        )
        for track in plan.targets:
            for language in track.languages:
                _require(engine, chosen.spoken, language)
    except CanarySubsError as error:
        found = str(chosen.model or chosen.engine)
        yield Condition(what=what, state="bad", found=found, advice=str(error))


def _model(what: str, card: ModelCard, device: str) -> Condition:
    from canary_subs.cli.models import fits_as

    licence = card.licence if card.commercial else f"{card.licence}: no commercial use"
    found = f"{card.name}, {licence}"
    if card.memory_bytes and (fits := fits_as(card, device)) is None:
        least = min(card.memory_bytes.values())
        return Condition(
            what=what,
            state="bad",
            found=f"{found}, needs {least / 1e9:.1f} GB of free memory at least",
            advice="close other programs, or choose a smaller model; `canary-subs models` lists "
            "them",
        )
    return Condition(what=what, state="ok", found=f"{found}, fits as {fits}" if fits else found)


def _require(engine: PlanEngine, spoken: str | None, target: str) -> None:
    """Raise `UnsupportedPair` if the engine cannot write this language."""
    from canary_subs.model import ORIGINAL

    target = spoken or ORIGINAL if target == ORIGINAL else target
    if spoken is not None:
        engine.require(spoken, target)
    elif target != ORIGINAL and not any(engine.can(one, target) for one in engine.spoken_languages):
        engine.require(target, target)


def _places(chosen: Config) -> Iterator[Condition]:
    places = [("store", chosen.store.parent), *(("watched", f) for f in chosen.watch.folders)]
    if chosen.out is not None:
        places.append(("results", chosen.out))
    for what, folder in places:
        there = next((f for f in (folder, *folder.parents) if f.exists()), folder)
        if what == "watched" and there != folder:
            advice = "create it, or mount it"
            yield Condition(
                what=what, state="bad", found=f"{folder}: does not exist", advice=advice
            )
        elif not os.access(there, os.W_OK):
            found = f"{folder}: cannot be written"
            yield Condition(
                what=what, state="bad", found=found, advice="allow writing there, or set --out"
            )
        else:
            free = shutil.disk_usage(there).free
            yield Condition(
                what=what,
                state="slow" if free < LOW_DISK_BYTES else "ok",
                found=f"{folder}, {free / 2**30:.1f} GiB free",
                advice="free some space" if free < LOW_DISK_BYTES else "",
            )
