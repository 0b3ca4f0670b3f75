"""What commands share: the flags that choose the work, settings, and ways to show things."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import shlex
import sys
import typing
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canary_subs._text import printable
from canary_subs.config.schema import Config
from canary_subs.errors import UsageError
from canary_subs.plugin.options import kinds, parse

if TYPE_CHECKING:
    from canary_subs.config.layers import Settings
    from canary_subs.jobs.store import Store
    from canary_subs.plugin.manager import Plugins


#: What is shown while a stage of the work lasts, by `model.Stage`.
STAGES = {
    "probe": "reading the file",
    "load": "loading the model",
    "recognise": "recognising",
    "tag": "finding sounds",
    "layout": "breaking lines",
    "deliver": "writing",
}

#: Where a flag's value is kept in the parsed arguments: this and its key of the configuration.
KEY = "config."


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the flag that names the configuration file."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration file")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the flag that sets one option of a provider."""
    parser.add_argument(
        "-o",
        "--option",
        action="append",
        default=[],
        metavar="KIND.NAME.KEY=VALUE",
        help="set an option of a provider, as -o format.ass.font_size=40 or "
        "-o engine.canary.punctuation=false; may be repeated; `canary-subs plugins` lists them",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the flag for answers that a script can read."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def add_settings(parser: argparse.ArgumentParser, *keys: str) -> None:
    """Add the flags of these keys of the configuration; without keys, of all that have a flag."""
    types = kinds(Config)
    groups: dict[str, argparse._ArgumentGroup] = {}
    for member in dataclasses.fields(Config):
        about = member.metadata
        if not about.get("flag") or (keys and member.name not in keys):
            continue
        if (title := about["group"]) not in groups:
            groups[title] = parser.add_argument_group(title)
        groups[title].add_argument(
            about["flag"],
            dest=KEY + member.name,
            default=None,
            help=_help(about["doc"]),
            **_value_of(types[member.name], about["metavar"]),
        )


def _help(doc: str) -> str:
    """A key's description as argparse shows one: not a sentence, and % has a meaning."""
    return (doc[0].lower() + doc[1:]).removesuffix(".").replace("%", "%%")


def _value_of(kind: Any, metavar: str) -> dict[str, Any]:
    """How argparse takes a value of this type. Its check follows with the configuration's."""
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if typing.get_origin(kind) is tuple:
        return {"type": _names, "metavar": metavar}
    if typing.get_origin(kind) is typing.Literal:
        return {"metavar": f"{{{','.join(typing.get_args(kind))}}}"}
    return {"metavar": metavar}


def add_work(parser: argparse.ArgumentParser) -> None:
    """Add every flag of the configuration, its file and the options of providers."""
    add_settings(parser)
    add_config(parser)
    add_options(parser)


@dataclass(frozen=True, kw_only=True)
class AppContext:
    """Settings and plugins: what most commands begin with."""

    settings: Settings
    plugins: Plugins


def read_settings(args: argparse.Namespace) -> Settings:
    """The configuration, with the flags over it. Raises `ConfigError`."""
    from canary_subs.config import layers

    return layers.load(getattr(args, "config", None), flags=_flags(args))


def load_app(args: argparse.Namespace) -> AppContext:
    """Read the settings and load the plugins. Raises `ConfigError`."""
    from canary_subs.plugin import manager

    settings = read_settings(args)
    chosen = settings.config
    plugins = manager.load(chosen.plugin_folder, chosen.disable, options=chosen.options)
    return AppContext(settings=settings, plugins=plugins)


def open_app(args: argparse.Namespace) -> AppContext:
    """`load_app`, and check that everything chosen exists. Raises `UsageError`."""
    from canary_subs.config.plan import check_providers

    app = load_app(args)
    check_providers(app.settings, app.plugins)
    return app


def open_store(args: argparse.Namespace) -> closing[Store]:
    """The queue's store, closed at the end of the block. Raises `StoreError`."""
    from canary_subs.jobs.store import Store

    return closing(Store(read_settings(args).config.store))


def _flags(args: argparse.Namespace) -> dict[str, object]:
    """The flags that were given, as a configuration file would say them. Raises `ConfigError`."""
    from canary_subs.config import layers

    types = kinds(Config)
    given: dict[str, object] = {}
    for member in dataclasses.fields(Config):
        value = getattr(args, KEY + member.name, None)
        if isinstance(value, str):
            value = parse(types[member.name], value, member.metadata["flag"])
        if isinstance(value, Path):
            value = str(value.absolute())
        if value is not None:
            given[member.name] = value
    options = (layers.read_option(text) for text in getattr(args, "option", ()))
    return layers.merge(given, *options)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"names are written as one,two, not {text!r}")
    return names


def not_a_file(path: Path, advice: str) -> str | None:
    """What to do with a name that is not a file's: an address, a pattern, a folder; else None.

    ``advice`` says what to do with a folder; {} stands for its name.
    """
    # Making the path absolute took one slash from "https://" and put a folder before it.
    address = re.search(r"(?:^|/)([a-z][a-z0-9+.-]+):/[^/].*", str(path))
    if address is not None and not path.exists():
        shown = printable(address[0].lstrip("/").replace(":/", "://", 1))
        return f"{shown}: is an address; download it first, then name the file"
    if path.is_dir():
        return f"{path}: is a folder; {advice.format(shlex.quote(str(path)))}"
    if re.search(r"[*?[]", path.name) and not path.exists():
        return (
            f"{path.name}: there is no file of this name; if it is a pattern, no file matches it, "
            "or it is in quotes, where the shell does not expand it"
        )
    return None


def require_file(path: Path, advice: str) -> None:
    """Raise `UsageError` for a name that is not a file's, saying what to do."""
    if (message := not_a_file(path, advice)) is not None:
        raise UsageError(message)


def counted(count: int, thing: str) -> str:
    """A number and its noun: "1 video", "2 videos"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def show_json(value: object) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def show_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print columns on standard output, as wide as needed; without a frame, so that grep works."""
    lines = [tuple(head), *(tuple(printable(cell) for cell in row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def complain(text: str) -> None:
    """Print one line on standard error."""
    print(f"canary-subs: {printable(text)}", file=sys.stderr)


def about(path: Path, error: Exception) -> str:
    """The error's message, with the file's name before it unless it has that already."""
    return str(error) if path.name in str(error) else f"{path}: {error}"


def fields(value: Any, *names: str) -> dict[str, Any]:
    """Some attributes of a value, for JSON."""
    return {name: getattr(value, name) for name in names}
