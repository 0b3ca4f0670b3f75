"""The configuration described: each key with its value and origin, and all of it as JSON Schema."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from canary_subs.config.layers import Settings, keys
from canary_subs.config.schema import SECTIONS, Config
from canary_subs.model import Profile
from canary_subs.plugin import options
from canary_subs.plugin.hookspecs import Provider
from canary_subs.plugin.manager import KINDS, Plugins


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One key as `explain` shows it."""

    section: str
    key: str
    #: Its kind in words: "a whole number".
    kind: str
    explanation: str
    default: object
    value: object
    #: Which layer said so, with its line; "default" where none did.
    origin: str
    #: Whether a folder's own file may set it.
    folder: bool


def explain(settings: Settings) -> tuple[Setting, ...]:
    """Every key with its meaning, default, value and where the value comes from."""
    found = []
    for section, key, kind in keys():
        cls = SECTIONS[section]
        member = next(f for f in dataclasses.fields(cls) if f.name == key)
        path = (section, key) if section else (key,)
        origin = "default"
        for layer in settings.layers:
            table = layer.table.get(section, {}) if section else layer.table
            if isinstance(table, Mapping) and key in table:
                line = layer.lines.get(path)
                origin = f"{layer.name}:{line}" if line else layer.name
        holder = getattr(settings.config, section) if section else settings.config
        found.append(
            Setting(
                section=section,
                key=key,
                kind=options.describe(kind),
                explanation=member.metadata["doc"],
                default=member.default,
                value=getattr(holder, key),
                origin=origin,
                folder=member.metadata["folder"],
            )
        )
    return tuple(found)


def json_schema(plugins: Plugins) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a configuration file, with the options of these plugins.

    Editors check and complete a TOML file by it (taplo, Even Better TOML).
    """
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "canary-subs configuration",
        **_table(Config),
    }
    for name, section in SECTIONS.items():
        if name:
            about = {"description": (section.__doc__ or "").strip(), "default": {}}
            schema["properties"][name] = {**_table(section), **about}
    for name in ("options", "profiles"):
        member = next(member for member in dataclasses.fields(Config) if member.name == name)
        table = _offered(plugins) if name == "options" else _profiles()
        about = {"description": member.metadata["doc"], "default": {}}
        schema["properties"][name] = {"type": "object", **table, **about}
    return schema


def _table(cls: type[Any]) -> dict[str, Any]:
    """One dataclass as a table of TOML: descriptions beside the types, and no unknown keys.

    Nested tables are left to the caller: pydantic would put them behind references.
    """
    from pydantic import TypeAdapter

    properties = {}
    kinds = options.kinds(cls)
    for member in dataclasses.fields(cls):
        if not member.init or dataclasses.is_dataclass(kinds[member.name]):
            continue
        # TOML has no null: a key that may be None is left out.
        adapter: TypeAdapter[Any] = TypeAdapter(options.without_none(kinds[member.name])[1])
        about = {"description": doc} if (doc := member.metadata.get("doc")) else {}
        if member.default is not dataclasses.MISSING and member.default is not None:
            about["default"] = adapter.dump_python(member.default, mode="json")
        properties[member.name] = {**adapter.json_schema(), **about}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _offered(plugins: Plugins) -> dict[str, Any]:
    """The tables [options.KIND.NAME] of everything on offer."""
    tables = {
        kind: {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                entry.provider.name: {
                    "description": entry.provider.summary,
                    **_options_of(entry.provider),
                }
                for entry in plugins.providers(kind)
            },
        }
        for kind in KINDS
    }
    return {"properties": tables, "additionalProperties": False}


def _options_of(provider: Provider[Any]) -> dict[str, Any]:
    """The options of a provider, and those that go with each request."""
    table = _table(provider.options)
    if provider.request_options is not None:
        table["properties"] |= _table(provider.request_options)["properties"]
    return table


def _profiles() -> dict[str, Any]:
    """The tables [profiles.NAME]: the rules of `Profile`, and the profile that they start from."""
    table = _table(Profile)
    table["properties"]["inherits"] = {"type": "string", "default": "netflix"}
    del table["properties"]["name"]
    return {"additionalProperties": table}
