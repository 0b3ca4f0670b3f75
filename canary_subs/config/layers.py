"""Configuration: TOML files, environment and flags become one `Config`, and a `Config` a `Plan`.

Weakest first: built-in defaults, the configuration file, the `.canary-subs.toml` of the folders on
the way to a film, environment variables (``CANARY_SUBS_TARGETS``, ``CANARY_SUBS_WATCH_SETTLE_S``),
flags. Tables merge key by key; a list replaces a list. `keys` holds every key with its meaning.

A folder of media is not trusted: its file may choose languages, formats and rules, but nothing
that loads code, opens connections or writes elsewhere.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from canary_subs import naming
from canary_subs.config.schema import SECTIONS, config_folder
from canary_subs.config.schema import Config as Config
from canary_subs.cues.profiles import profile_for
from canary_subs.errors import ConfigError
from canary_subs.model import ORIGINAL, Choice, Plan
from canary_subs.plugin import options
from canary_subs.plugin.manager import KINDS, Plugins

#: The file that a folder of media may carry.
FOLDER_FILE = ".canary-subs.toml"
#: What environment variables begin with.
PREFIX = "CANARY_SUBS_"
#: The environment variable that names the configuration file, as ``--config`` does.
FILE_VARIABLE = f"{PREFIX}CONFIG"

#: Keys that hold tables of names that are not ours to know.
_TABLES = frozenset({"options", "profiles"})
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*(?:=|\.)""")
_HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?")
#: A configuration file larger than this is a mistake or an attack.
_MAX_FILE_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One source of settings: what it says, and where each key stands in it."""

    #: For people: the file, "the environment", "the command line".
    name: str
    table: Mapping[str, object]
    #: ("section", "key") or ("key",) -> line of the file, from 1.
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    #: Whether it is a folder's own file, which may not set everything.
    folder: bool = False

    def where(self, *path: str) -> str:
        """The place of a key for a message: file, line and table."""
        line = self.lines.get(path) or self.lines.get(path[:-1])
        table = ".".join(path[:-1])
        place = f"{self.name}:{line}" if line else self.name
        return f"{place}: [{table}]" if table else place


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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The layers that make a configuration."""

    #: The configuration file, where there is one; folders' own files lie over it.
    files: tuple[Layer, ...] = ()
    #: The environment and flags, over everything else.
    last: tuple[Layer, ...] = ()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All but the folders' own, weakest first."""
        return (*self.files, *self.last)

    @cached_property
    def config(self) -> Config:
        """What the layers say together. Raises `ConfigError`."""
        return _combine(self.layers)

    def at(self, folder: Path, root: Path) -> Config:
        """The configuration for films in ``folder``: with the files of the folders from ``root``.

        Raises `ConfigError` naming the file that is wrong.
        """
        files = [found for place in _way(root, folder) if (found := place / FOLDER_FILE).is_file()]
        if not files:
            return self.config
        stamps = tuple((file, file.stat().st_mtime_ns) for file in files)
        cache: dict[object, Config] = self.__dict__.setdefault("_folders", {})
        if stamps not in cache:
            if len(cache) > 1000:
                cache.clear()
            own = tuple(read_file(file, folder=True) for file in files)
            cache[stamps] = _combine((*self.files, *own, *self.last))
        return cache[stamps]


def load(
    file: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """Read every layer. ``flags`` is a table as TOML would give it, sections as tables in it.

    Without ``file`` the environment may name one, else the user's own is read where there is one.
    Raises `ConfigError` for a file that cannot be read or says what it cannot mean.
    """
    environment = os.environ if environment is None else environment
    named = file or (Path(environment[FILE_VARIABLE]) if environment.get(FILE_VARIABLE) else None)
    own = config_folder() / "config.toml"
    file = named or (own if own.is_file() else None)
    settings = Settings(
        files=(read_file(file.absolute()),) if file is not None else (),
        last=(read_environment(environment), Layer(name="the command line", table=flags or {})),
    )
    _ = settings.config
    return settings


def read_file(path: Path, *, folder: bool = False) -> Layer:
    """A TOML file as a layer, checked. Raises `ConfigError`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check --config") from error
    if len(data) > _MAX_FILE_BYTES:
        raise ConfigError(f"{path}: is larger than {_MAX_FILE_BYTES} bytes, so no configuration")
    try:
        text = data.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        place = f"{path}:{found[1]}" if found else f"{path}"
        reason = re.sub(r" \(at .*\)", "", str(error))
        raise ConfigError(f"{place}: is not TOML: {reason}") from error
    layer = Layer(name=str(path), table=table, lines=_lines(text), folder=folder)
    _check(layer)
    return layer


def read_environment(environment: Mapping[str, str]) -> Layer:
    """The variables that begin with ``CANARY_SUBS_`` as a layer. Raises `ConfigError`."""
    known = {
        PREFIX + "_".join(filter(None, (section, key))).upper(): (section, key, kind)
        for section, key, kind in _keys()
    }
    table: dict[str, Any] = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable == FILE_VARIABLE:
            continue
        if variable not in known:
            hint = options.nearest(variable, known)
            raise ConfigError(f"the environment knows no {variable}{hint}")
        section, key, kind = known[variable]
        value = options.parse(kind, text, variable)
        (table.setdefault(section, {}) if section else table)[key] = value
    return Layer(name="the environment", table=table)


def read_option(text: str) -> dict[str, object]:
    """A flag ``KIND.NAME.KEY=VALUE`` as the table that it stands for; VALUE as in TOML, or text.

    Raises `ConfigError`.
    """
    path, equals, written = text.partition("=")
    parts = path.split(".")
    if not equals or len(parts) < 3 or not all(parts):
        raise ConfigError(f"an option is written as format.ass.font_size=40, not {text!r}")
    try:
        value: object = tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        value = written
    kind, key = parts[0], parts[-1]
    return {"options": {kind: {".".join(parts[1:-1]): {key: value}}}}


def merge(*tables: Mapping[str, object]) -> dict[str, object]:
    """Tables laid over each other, later ones on top, key by key at every depth."""
    merged: dict[str, object] = {}
    for table in tables:
        for key, value in table.items():
            below = merged.get(key)
            if isinstance(value, Mapping) and isinstance(below, Mapping):
                merged[key] = merge(below, value)
            else:
                merged[key] = value
    return merged


def explain(settings: Settings) -> tuple[Setting, ...]:
    """Every key with its meaning, default, value and where the value comes from."""
    found = []
    for section, key, kind in _keys():
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


def check_providers(settings: Settings, plugins: Plugins) -> None:
    """Check that what is chosen exists and knows the options it is given.

    Raises `UnknownName`, or `ConfigError` with the file and line of the option.
    """
    config = settings.config
    profile_for(config.profile, "en", config.profiles)
    chosen = {
        "engine": (config.engine,),
        "segmenter": (config.segmenter,),
        "aligner": (config.aligner,) if config.aligner else (),
        "tagger": (config.tagger,),
        "layout": (config.layout,),
        "format": config.formats,
        "delivery": config.deliveries,
    }
    for kind, names in chosen.items():
        for name in names:
            plugins.provider(kind, name)
    for layer in settings.layers:
        for kind, named in cast(Mapping[str, Any], layer.table.get("options", {})).items():
            for name, table in named.items():
                provider = plugins.provider(kind, name).provider
                for key, value in table.items():
                    where = layer.where("options", kind, name, key)
                    options.build(provider.options, {key: value}, where)


#: How to cut where each line may be in another language: at every pause between two speakers.
_LINE_BY_LINE = {"target_ms": 6_000, "long_pause_ms": 400}


def plan(config: Config, plugins: Plugins, *, root: Path | None = None) -> Plan:
    """What the configuration asks for; ``root`` is the watched folder that the film lies in.

    The keys of the configuration that many providers share (models, device, out, overwrite) reach
    those whose options know them; for forced tracks segmenters are told to cut finely. Raises
    `UnknownName`.
    """
    shared: dict[str, object] = {
        "model": config.model,
        "sound_model": config.sound_model,
        "device": config.device,
        "out": config.out,
        "root": root if config.mirror else None,
        "overwrite": config.overwrite,
    }
    if any(map(naming.is_forced, config.targets)):
        shared |= _LINE_BY_LINE

    def choice(kind: str, name: str) -> Choice:
        known = options.kinds(plugins.provider(kind, name).provider.options)
        given = {key: value for key, value in shared.items() if key in known}
        own = config.options.get(kind, {}).get(name, {})
        return Choice(name=name, options={**given, **own})

    return Plan(
        source=config.source,
        targets=config.targets,
        track=config.track,
        engine=choice("engine", config.engine),
        segmenter=choice("segmenter", config.segmenter),
        aligner=choice("aligner", config.aligner) if config.aligner else None,
        tagger=choice("tagger", config.tagger) if any(map(naming.is_sdh, config.targets)) else None,
        layout=choice("layout", config.layout),
        profile=config.profile,
        own_profiles=config.profiles,
        review=config.review,
        shots=config.shots,
        shared_timing=config.timing == "shared",
        writers=tuple(choice("format", name) for name in config.formats),
        deliveries=tuple(choice("delivery", name) for name in config.deliveries),
        device=config.device,
        precision=config.precision,
    )


def target(name: str, where: str) -> str:
    """A track to make: a language, 'original', two of those joined by '+', or one with its mark.

    Raises `ConfigError`.
    """
    tongues = naming.languages(name)
    parts = [part if part == ORIGINAL else language(part, where) for part in tongues]
    mark = naming.mark(name)
    if len(parts) > (2 if mark is None else 1) or len(set(parts)) < len(parts):
        raise ConfigError(
            f"{where}: a track shows one language, two as 'de+en', with 'en.forced' what is "
            f"spoken in others, or with 'en.sdh' sounds too, not {name!r}"
        )
    return naming.named("+".join(parts), mark)


def language(tag: str, where: str) -> str:
    """A language as BCP-47 writes it: "EN" is "en", "ger" is "de". Raises `ConfigError`."""
    import langcodes

    try:
        standard: str = langcodes.standardize_tag(tag)
        known: bool = langcodes.tag_is_valid(standard)
    except ValueError:
        known = False
    if not known:
        raise ConfigError(f"{where}: {tag!r} is no language tag; write it as en, de or pt-BR")
    return standard


def _keys() -> Iterator[tuple[str, str, Any]]:
    """(section, key, annotation) of every key but the option tables."""
    for section, cls in SECTIONS.items():
        for key, kind in options.kinds(cls).items():
            if section or (key not in SECTIONS and key not in _TABLES):
                yield section, key, kind


def _check(layer: Layer) -> None:
    """Raise `ConfigError` for the first key that cannot stand where it stands."""
    for key, value in layer.table.items():
        if key in SECTIONS and key:
            if not isinstance(value, Mapping):
                raise ConfigError(f"{layer.where(key)}: {key} is a table, as [{key}]")
            for inner, given in value.items():
                _check_key(layer, key, inner, given)
        elif key == "options":
            _check_options(layer, value)
        elif key == "profiles":
            _check_profiles(layer, value)
        else:
            _check_key(layer, "", key, value)


def _check_key(layer: Layer, section: str, key: str, value: object) -> None:
    cls = SECTIONS[section]
    path = (section, key) if section else (key,)
    where = layer.where(*path)
    options.build(cls, {key: value}, where) if section else _check_top(key, value, where)
    member = next(f for f in dataclasses.fields(cls) if f.name == key)
    if layer.folder and not member.metadata["folder"]:
        raise ConfigError(f"{where}: {key} cannot be set by a folder, only in the configuration")
    if key == "targets":
        for name in cast(tuple[str, ...], value):
            target(name, where)
    elif key == "source" and value is not None:
        language(cast(str, value), where)


def _check_top(key: str, value: object, where: str) -> None:
    known = options.kinds(Config)
    if key not in known:
        raise ConfigError(f"{where}: knows no {key!r}{options.nearest(key, known)}")
    options.check(known[key], value, f"{where}: {key}")


def _check_options(layer: Layer, value: object) -> None:
    if layer.folder:
        where = layer.where("options")
        raise ConfigError(f"{where}: options cannot be set by a folder, only in the configuration")
    if not isinstance(value, Mapping):
        raise ConfigError(f"{layer.where('options')}: options are tables, as [options.format.ass]")
    for kind, named in value.items():
        where = layer.where("options", kind)
        if kind not in KINDS:
            raise ConfigError(f"{where} knows no {kind!r}{options.nearest(kind, KINDS)}")
        tables = named.values() if isinstance(named, Mapping) else [None]
        if not all(isinstance(table, Mapping) for table in tables):
            raise ConfigError(f"{where}: write the options of a {kind} as [options.{kind}.NAME]")


def _check_profiles(layer: Layer, value: object) -> None:
    where = layer.where("profiles")
    if layer.folder:
        raise ConfigError(f"{where}: profiles cannot be set by a folder, only in the configuration")
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: profiles are tables, as [profiles.mine]")


def _combine(layers: tuple[Layer, ...]) -> Config:
    for layer in layers:
        _check(layer)
    table = merge(*(layer.table for layer in layers))
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key in SECTIONS:
            values[key] = options.build(
                SECTIONS[key], cast(Mapping[str, object], value), f"[{key}]"
            )
        elif key in _TABLES:
            values[key] = value
        else:
            values[key] = options.check(options.kinds(Config)[key], value, key)
    if "targets" in values:
        names = (target(name, "targets") for name in values["targets"])
        values["targets"] = tuple(dict.fromkeys(names))
        if not values["targets"]:
            raise ConfigError("targets: name at least one language, or 'original'")
    if values.get("source") is not None:
        values["source"] = language(values["source"], "source")
    for name in values.get("profiles", {}):
        profile_for(name, "en", values["profiles"])
    if "formats" in values:
        values["formats"] = tuple(dict.fromkeys(values["formats"]))
    return Config(**values)


def _way(root: Path, folder: Path) -> list[Path]:
    """The folders from ``root`` down to ``folder``, both included."""
    try:
        steps = folder.relative_to(root).parts
    except ValueError:
        return [folder]
    return [root.joinpath(*steps[:count]) for count in range(len(steps) + 1)]


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Where tables and keys stand, found by scanning: exact for one key a line, as people write."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            for depth in range(1, len(table) + 1):
                lines.setdefault(table[:depth], number)
        elif _KEY.match(line):
            dotted = line.split("=", 1)[0].split(".")
            path = (*table, *(part.strip().strip("\"'") for part in dotted))
            lines.setdefault(path, number)
    return lines
