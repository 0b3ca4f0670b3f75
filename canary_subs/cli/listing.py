"""``formats``, ``plugins``, ``config``: what there is to choose from."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from typing import Any

from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser


def add_to(commands: Commands[Parser]) -> None:
    for name, command, text in (
        ("formats", formats, "list the subtitle formats"),
        ("plugins", plugins, "list the plugins, and everything that they and the built-ins offer"),
        ("config", config, "print every key of the configuration, with its value and origin"),
    ):
        parser = commands.add_parser(name, help=text)
        common.add_config(parser)
        common.add_json(parser)
        parser.set_defaults(command=command)
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of the configuration file"
    )


def formats(args: argparse.Namespace) -> int:
    """List the formats that can be written."""
    plugins = common.load_app(args).plugins
    entries = plugins.providers("format")
    if args.json:
        common.show_json([_provider(entry.plugin, entry.provider) for entry in entries])
    else:
        rows = ((e.provider.name, e.provider.summary, e.plugin) for e in entries)
        common.show_table(("format", "what it is", "from"), rows)
    return 0


def plugins(args: argparse.Namespace) -> int:
    """List plugins, their providers and options; a broken plugin with its reason."""
    from canary_subs.plugin.manager import KINDS

    plugins = common.load_app(args).plugins
    offers = {
        kind: [_provider(e.plugin, e.provider) for e in plugins.providers(kind)] for kind in KINDS
    }
    if args.json:
        found = [dataclasses.asdict(plugin) for plugin in plugins.plugins]
        common.show_json({"plugins": found, "providers": offers})
        return 0
    common.show_table(
        ("plugin", "from", "state"),
        ((p.name, p.origin, f"broken: {p.broken}" if p.broken else "ok") for p in plugins.plugins),
    )
    for kind, providers in offers.items():
        print()
        common.show_table((kind, "what it is", "from"), _rows(providers))
    return 0


def _rows(providers: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for provider in providers:
        yield provider["name"], provider["summary"], provider["plugin"]
        for option, about in provider["options"].items():
            yield f"  {option}", f"{about['kind']}; by default {about['default']!r}", ""


def _provider(plugin: str, provider: Any) -> dict[str, Any]:
    from canary_subs.plugin import options

    known: dict[str, Any] = {}
    for table in filter(None, (provider.options, provider.request_options)):
        defaults = table()
        for key, kind in options.kinds(table).items():
            known[key] = {"kind": options.describe(kind), "default": getattr(defaults, key)}
    return {
        "name": provider.name,
        "summary": provider.summary,
        "plugin": plugin,
        "options": known,
    }


def config(args: argparse.Namespace) -> int:
    """Print every key as a configuration file, or the JSON Schema of such files."""
    from canary_subs.config.reference import explain, json_schema

    if args.schema:
        common.show_json(json_schema(common.load_app(args).plugins))
        return 0
    settings = explain(common.read_settings(args))
    if args.json:
        common.show_json([dataclasses.asdict(setting) for setting in settings])
        return 0
    section = ""
    for setting in settings:
        if setting.section != section:
            section = setting.section
            print(f"[{section}]\n")
        print(f"# {setting.explanation}")
        print(f"# {setting.kind}; from: {setting.origin}")
        value = _toml(setting.value)
        print(f"# {setting.key} =" if value is None else f"{setting.key} = {value}")
        print()
    return 0


def _toml(value: object) -> str | None:
    """A value as TOML writes it; None where there is nothing to write."""
    import json

    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case tuple():
            return "[" + ", ".join(_toml(item) or "" for item in value) + "]"
        case _:
            # A JSON string is a TOML basic string.
            return json.dumps(str(value), ensure_ascii=False)
