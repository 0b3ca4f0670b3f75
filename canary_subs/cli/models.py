"""``canary-subs models``: the models of all engines, what they can do, what fits here."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser
from canary_subs.errors import UsageError

if TYPE_CHECKING:
    from canary_subs.config.schema import Config
    from canary_subs.model import Choice, Context, ModelCard
    from canary_subs.plugin.hookspecs import Engine
    from canary_subs.plugin.manager import Plugins


def add_to(commands: Commands[Parser]) -> None:
    parser = commands.add_parser("models", help="list the models, what they can do, what fits here")
    parser.add_argument(
        "names", nargs="*", metavar="[ENGINE:]MODEL", help="names or files; by default all models"
    )
    parser.add_argument("--fetch", action="store_true", help="download these models now")
    parser.add_argument(
        "--for",
        dest="pair",
        metavar="LANG[:LANG]",
        help="only models that can do this: 'de' transcribes German, 'de:fr' translates it",
    )
    common.add_settings(parser, "engine", "commercial", "device")
    common.add_config(parser)
    common.add_json(parser)
    parser.set_defaults(command=models)


def models(args: argparse.Namespace) -> int:
    """List the known models or the named ones; with ``--fetch`` download those."""
    app = common.load_app(args)
    chosen = app.settings.config
    if args.fetch and not args.names:
        raise UsageError("name the models to download: canary-subs models --fetch NAME")
    with closing(app.plugins):
        if args.fetch:
            for name in args.names:
                engine, choice, context = _engine(name, chosen, app.plugins)
                engine.fetch(context)
                print(f"{choice.name}:{choice.model} is here")
            return 0
        cards = list(_cards(args.names, chosen, app.plugins))
    if chosen.commercial:
        cards = [(engine, card) for engine, card in cards if card.commercial]
    if args.pair:
        pair = _pair(args.pair)
        cards = [(engine, card) for engine, card in cards if pair in card.pairs]
    if not cards:
        common.complain("no model of an installed engine can do that")
        return 1
    facts = [_facts(engine, card, chosen.device) for engine, card in cards]
    if args.json:
        common.show_json(facts)
        return 0
    for number, fact in enumerate(facts):
        if number:
            print()
        _show(fact)
    return 0


def _engine(name: str, chosen: Config, plugins: Plugins) -> tuple[Engine, Choice, Context]:
    """The engine of a model's name, which may be ENGINE:NAME; the choice and its context."""
    from canary_subs.config.plan import plan

    named = plan(replace(chosen, model=name), plugins)
    engine: Engine = plugins.use("engine", named.engine, named.context)
    return engine, named.engine, replace(named.context, model=named.engine.model)


def _cards(
    names: Iterable[str], chosen: Config, plugins: Plugins
) -> Iterator[tuple[str, ModelCard]]:
    """(engine, card) of the named models, or of all."""
    from canary_subs.pipeline.engine import models as all_models

    listed = False
    for name in names:
        listed = True
        engine, choice, _ = _engine(name, replace(chosen, commercial=False), plugins)
        card = next(iter(engine.models()), None)
        if card is None:
            raise UsageError(f"{name}: the engine {choice.name} describes no models")
        yield choice.name, card
    if not listed:
        yield from all_models(plugins, first=chosen.engine)


def _pair(text: str) -> tuple[str, str]:
    """(spoken, target) of "de:fr" or "de", by primary subtag. Raises `ConfigError`."""
    from canary_subs.config.layers import language
    from canary_subs.model import primary

    spoken, _, target = text.partition(":")
    return primary(language(spoken, "--for")), primary(language(target or spoken, "--for"))


def _facts(engine: str, card: ModelCard, device: str) -> dict[str, Any]:
    from canary_subs._device import device_of

    place = device_of(device)
    return {
        "name": card.name,
        "engine": engine,
        "licence": card.licence,
        "commercial": card.commercial,
        "parameters": card.parameters,
        "languages": list(card.languages),
        "pairs": sorted(map(list, card.pairs)),
        "download_bytes": card.size_bytes,
        "memory_bytes": dict(card.memory_bytes),
        "device": str(place),
        "fits_as": fits_as(card, device),
    }


def fits_as(card: ModelCard, device: str) -> str | None:
    """The best precision whose memory is free on a device; None if none is, or none is known."""
    from canary_subs._device import device_of, free_bytes

    place = device_of(device)
    # A graphics card computes in bf16 as well and faster; a CPU has to emulate it.
    slow = "fp32" if place.type == "cuda" else "bf16"
    free = free_bytes(place)
    fitting = (name for name, needed in card.memory_bytes.items() if needed <= free)
    return next((name for name in fitting if name != slow), None)


def _show(fact: dict[str, Any]) -> None:
    licence = fact["licence"] + ("" if fact["commercial"] else ": no commercial use")
    download = fact["download_bytes"]
    size = f"{download / 1e9:.1f} GB to download" if download else "nothing to download"
    if download is None:
        size = "to download"
    parameters = f"{fact['parameters'] / 1e6:,.0f} M parameters, " if fact["parameters"] else ""
    rows = {
        "engine": fact["engine"],
        "licence": licence,
        "size": parameters + size,
        "transcribes": " ".join(sorted(a for a, b in fact["pairs"] if a == b)),
        "translates": "; ".join(_translations(fact["pairs"])),
    }
    if memory := fact["memory_bytes"]:
        needs = (f"{name} {size / 1e9:.1f}" for name, size in memory.items())
        fits = f"fits as {fact['fits_as']}" if fact["fits_as"] else "does not fit"
        rows |= {"memory": f"{', '.join(needs)} GB", "here": f"{fact['device']}: {fits}"}
    print(fact["name"])
    for name, text in rows.items():
        if text:
            print(f"  {name:<12}{text}")


def _translations(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Who is translated into what, languages with the same targets together."""
    targets = defaultdict(set)
    for spoken, target in pairs:
        if spoken != target:
            targets[spoken].add(target)
    groups = defaultdict(list)
    for spoken, reached in sorted(targets.items()):
        groups[tuple(sorted(reached))].append(spoken)
    for written, group in sorted(groups.items(), key=lambda one: len(one[0])):
        yield f"{' '.join(group)} to {' '.join(written)}"
