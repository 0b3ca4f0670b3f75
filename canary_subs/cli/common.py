"""What commands share: the flags that choose the work, settings, and ways to show things."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from canary_subs.config.layers import Settings
    from canary_subs.plugin.manager import Plugins


def add_config(parser: argparse.ArgumentParser) -> None:
    """The flags that every command with a configuration has."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration file")
    parser.add_argument(
        "-o",
        "--option",
        action="append",
        default=[],
        metavar="KIND.NAME.KEY=VALUE",
        help="an option of a provider, as format.ass.font_size=40; may be repeated",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """The flag of commands whose answer a script may want."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def add_work(parser: argparse.ArgumentParser) -> None:
    """The flags that choose languages, formats and the model."""
    work = parser.add_argument_group("what to make")
    work.add_argument(
        "--to",
        type=_names,
        metavar="LANG[,LANG]",
        help="languages to write; de+en: both in one track; en.forced: foreign lines only; "
        "en.sdh: sounds too",
    )
    work.add_argument("--from", dest="source", metavar="LANG", help="the language spoken")
    work.add_argument("--format", type=_names, metavar="NAME[,NAME]", help="formats to write")
    work.add_argument("--profile", metavar="NAME", help="reading rules (netflix, bbc ...)")
    work.add_argument(
        "--timing", choices=("own", "shared"), help="each track its own times, or all the same"
    )
    work.add_argument(
        "--shots", action="store_true", default=None, help="let cues keep to the picture's cuts"
    )
    work.add_argument(
        "--review", action="store_true", default=None, help="write a report and a proof page too"
    )
    work.add_argument("--track", type=int, metavar="N", help="which sound track, from 0")
    work.add_argument("--out", type=Path, metavar="DIR", help="folder for the results")
    work.add_argument("--overwrite", action="store_true", default=None, help="replace old files")
    how = parser.add_argument_group("how")
    how.add_argument("--model", metavar="M", help="hub name, .nemo file, or 'demo'")
    how.add_argument(
        "--sound-model", metavar="M", help="what names sounds: hub name, folder, or 'demo'"
    )
    how.add_argument("--device", metavar="D", help="auto, cpu, cuda, cuda:1, mps")
    how.add_argument("--precision", metavar="P", help="auto, fp32, bf16, int8, int4")
    how.add_argument(
        "--punctuation",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="write punctuation and capitals",
    )
    how.add_argument(
        "--commercial",
        action="store_true",
        default=None,
        help="refuse models whose licence forbids commercial use",
    )
    add_config(parser)


@dataclass(frozen=True, kw_only=True)
class Room:
    """Settings and everything on offer: what most commands begin with."""

    settings: Settings
    plugins: Plugins


def look_around(args: argparse.Namespace) -> Room:
    """Read the settings and load the plugins. Raises `ConfigError`."""
    from canary_subs.config import layers as config
    from canary_subs.plugin import manager

    settings = config.load(args.config, flags=_flags(args))
    chosen = settings.config
    return Room(settings=settings, plugins=manager.load(chosen.plugin_folder, chosen.disable))


def open_room(args: argparse.Namespace) -> Room:
    """`look_around`, and check that what is chosen exists. Raises `UsageError`."""
    from canary_subs.config import layers as config

    room = look_around(args)
    config.check_providers(room.settings, room.plugins)
    return room


def _flags(args: argparse.Namespace) -> dict[str, object]:
    """The flags that were given, as a configuration file would say them."""
    from canary_subs.config import layers as config

    given: dict[str, object] = {}
    keys = (
        "source",
        "profile",
        "timing",
        "review",
        "shots",
        "track",
        "overwrite",
        "model",
        "sound_model",
        "device",
        "precision",
    )
    for key in keys:
        if (value := getattr(args, key, None)) is not None:
            given[key] = value
    for flag, key in (("to", "targets"), ("format", "formats")):
        if (names := getattr(args, flag, None)) is not None:
            given[key] = names
    if getattr(args, "out", None) is not None:
        given["out"] = str(args.out.absolute())
    engine = {
        key: value
        for key in ("punctuation", "commercial")
        if (value := getattr(args, key, None)) is not None
    }
    tables: list[Mapping[str, object]] = [given]
    if engine:
        tables.append({"options": {"engine": {"canary": engine}}})
    tables.extend(config.read_option(text) for text in args.option)
    return config.merge(*tables)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"names are written as one,two, not {text!r}")
    return names


def show_json(value: object) -> None:
    """One JSON document on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def show_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns on standard output, as wide as they need to be; no frame, so that grep works."""
    lines = [tuple(head), *(tuple(plain(cell) for cell in row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def plain(text: str) -> str:
    """Text for a terminal: file names may hold escape sequences, newlines and broken bytes."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def complain(text: str) -> None:
    """One line on standard error."""
    print(f"canary-subs: {plain(text)}", file=sys.stderr)


def fields(value: Any, *names: str) -> dict[str, Any]:
    """Some attributes of a value, for JSON."""
    return {name: getattr(value, name) for name in names}
