"""``canary-subs models``: which models there are, what they can do, and what fits here."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser

if TYPE_CHECKING:
    from canary_subs.canary.models import CanaryCard


def add_to(commands: Commands[Parser]) -> None:
    parser = commands.add_parser("models", help="the models, what they can do, what fits here")
    parser.add_argument("names", nargs="*", metavar="MODEL", help="hub names or .nemo files")
    parser.add_argument("--fetch", action="store_true", help="get these models now")
    parser.add_argument("--commercial", action="store_true", help="only those for commercial use")
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda, cuda:1")
    common.add_json(parser)
    parser.set_defaults(command=models)


def models(args: argparse.Namespace) -> int:
    """List the known models or the named ones; with ``--fetch`` get those first."""
    from canary_subs.canary import models as registry
    from canary_subs.errors import UsageError

    if args.fetch and not args.names:
        raise UsageError("name the models to get: canary-subs models --fetch nvidia/canary-1b-v2")
    if args.fetch:
        for name in args.names:
            print(registry.locate(name))
        return 0
    cards = [registry.find(name) for name in args.names] or list(registry.known())
    if args.commercial:
        cards = [card for card in cards if card.commercial]
    facts = [_facts(card, args.device) for card in cards]
    if args.json:
        common.show_json(facts)
        return 0
    for number, fact in enumerate(facts):
        if number:
            print()
        _show(fact)
    return 0


def _facts(card: CanaryCard, device: str) -> dict[str, Any]:
    from canary_subs.canary.models import BYTES_PER_PARAMETER
    from canary_subs.canary.precision import choose, device_of
    from canary_subs.errors import DeviceTooSmall

    place = device_of(device)
    try:
        fits = choose("auto", card, place)
    except DeviceTooSmall:
        fits = ""
    return {
        "name": card.name,
        "licence": card.licence,
        "commercial": card.commercial,
        "parameters": card.parameters + card.ctc_parameters,
        "languages": list(card.languages),
        "pairs": sorted(map(list, card.pairs)),
        "word_times": card.timestamps.value,
        "longest_ms": card.longest_ms,
        "download_bytes": card.size_bytes,
        "memory_bytes": {name: card.memory_bytes(name) for name in BYTES_PER_PARAMETER},
        "device": str(place),
        "fits_as": fits or None,
    }


def _show(fact: dict[str, Any]) -> None:
    memory = ", ".join(f"{name} {size / 1e9:.1f}" for name, size in fact["memory_bytes"].items())
    licence = fact["licence"] + ("" if fact["commercial"] else ": no commercial use")
    fits = f"as {fact['fits_as']}" if fact["fits_as"] else "not, too little memory is free"
    size = f"{fact['download_bytes'] / 1e9:.1f} GB to fetch" if fact["download_bytes"] else "here"
    print(fact["name"])
    print(f"  licence     {licence}")
    print(f"  size        {fact['parameters'] / 1e6:,.0f} M parameters, {size}")
    print(f"  languages   {' '.join(fact['languages'])}; translates to and from en")
    print(f"  word times  {fact['word_times']}")
    print(f"  piece       at most {fact['longest_ms'] / 1000:.0f} s")
    print(f"  memory      {memory} GB")
    print(f"  on {fact['device']:<9}{fits}")
