"""Configuration: TOML files, environment and flags become one `Config`, and a `Config` a `Plan`.

Weakest first: built-in defaults, the configuration file, the `.canary-subs.toml` of the folders
that the video lies in, environment variables (``CANARY_SUBS_TARGETS``,
``CANARY_SUBS_WATCH_SETTLE_S``), flags. Tables merge key by key; a list replaces a list. `schema`
holds every key with its meaning.

A folder of media is not trusted: its file may choose languages, formats and rules, but nothing
that loads code, opens connections or writes elsewhere.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from canary_subs._text import nearest_name
from canary_subs.config import files
from canary_subs.config.schema import SECTIONS, config_folder
from canary_subs.config.schema import Config as Config
from canary_subs.cues.profiles import profile_for
from canary_subs.errors import ConfigError
from canary_subs.model import ORIGINAL, Track
from canary_subs.plugin import options

log = logging.getLogger(__name__)

#: The file that a folder of media may carry.
FOLDER_FILE = ".canary-subs.toml"
#: What environment variables begin with.
PREFIX = "CANARY_SUBS_"
#: The environment variable that names the configuration file, as ``--config`` does.
FILE_VARIABLE = f"{PREFIX}CONFIG"

#: Keys that hold tables of names that are not ours to know.
_TABLES = frozenset({"options", "profiles"})
#: A configuration file larger than this is a mistake; a folder's own may be an attack.
_MAX_FILE_BYTES = 1_000_000
_MAX_FOLDER_FILE_BYTES = 16_384


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
class Settings:
    """The layers that make a configuration."""

    #: The configuration file, if there is one; folders' own files lie over it.
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
        """The configuration for videos in ``folder``: with the files of the folders from ``root``.

        Raises `ConfigError` naming the file that is wrong, whatever is wrong with it.
        """
        stamps = tuple(
            (file, stamp)
            for place in _folders(root, folder)
            if (stamp := files.stamp(file := place / FOLDER_FILE)) is not None
        )
        if not stamps:
            return self.config
        cache: dict[object, Config | ConfigError] = self.__dict__.setdefault("_folders", {})
        if stamps not in cache:
            if len(cache) > 1000:
                cache.clear()
            try:
                own = tuple(read_file(file, folder=True) for file, _ in stamps)
                cache[stamps] = _combine((*self.files, *own, *self.last))
            except ConfigError as error:
                cache[stamps] = error
        found = cache[stamps]
        if isinstance(found, ConfigError):
            raise found
        return found

    def __getstate__(self) -> dict[str, object]:
        """Without what was read from folders: a worker reads that itself."""
        return {"files": self.files, "last": self.last}


def load(
    file: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    """Read every layer. ``flags`` is a table as TOML would give it, sections as tables in it.

    Without ``file`` the environment may name one, else the user's own is read if it exists.
    Raises `ConfigError` for a file that cannot be read or says what it cannot mean.
    """
    environment = os.environ if environment is None else environment
    named = file or (Path(environment[FILE_VARIABLE]) if environment.get(FILE_VARIABLE) else None)
    own = config_folder() / "config.toml"
    file = named or (own if own.is_file() else None)
    settings = Settings(
        files=(read_file(file.absolute()),) if file is not None else (),
        last=(
            read_environment(environment),
            Layer(name="the command line", table=flags or {}),
        ),
    )
    _ = settings.config
    return settings


def read_file(path: Path, *, folder: bool = False) -> Layer:
    """A TOML file as a layer, checked. Raises `ConfigError`.

    ``folder``: a folder's own, which somebody else may have written to do harm.
    """
    data = files.read(path, _MAX_FOLDER_FILE_BYTES if folder else _MAX_FILE_BYTES, folder=folder)
    try:
        text = data.decode("utf-8-sig")
        layer = Layer(
            name=str(path), table=tomllib.loads(text), lines=files.lines_of(text), folder=folder
        )
        _check(layer)
    except ConfigError:
        raise
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text") from error
    # ValueError, OverflowError: a number of too many digits, too.
    except (ValueError, OverflowError, RecursionError) as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        place = f"{path}:{found[1]}" if found else f"{path}"
        reason = re.sub(r" \(at .*\)", "", str(error))
        raise ConfigError(f"{place}: is not TOML: {reason}") from error
    return layer


def read_environment(environment: Mapping[str, str]) -> Layer:
    """The variables that begin with ``CANARY_SUBS_`` as a layer. Raises `ConfigError`.

    An unknown one is a warning only: Kubernetes sets ``CANARY_SUBS_PORT`` and the like in every pod
    beside a service of that name.
    """
    known = {
        PREFIX + "_".join(filter(None, (section, key))).upper(): (section, key, kind)
        for section, key, kind in keys()
    }
    table: dict[str, Any] = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable == FILE_VARIABLE:
            continue
        if variable not in known:
            near = nearest_name(variable, known)
            hint = f"; did you mean {near}?" if near else ""
            log.warning("the environment variable %s is not known%s", variable, hint)
            continue
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


def target(name: str, where: str) -> str:
    """A track to make: a language, 'original', two of those joined by '+', or one with its kind.

    Raises `ConfigError`.
    """
    try:
        track = Track.parse(name)
        standard = (part if part == ORIGINAL else language(part, where) for part in track.languages)
        return str(Track.parse(str(replace(track, languages=tuple(standard)))))
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None


def language(tag: str, where: str) -> str:
    """A language as BCP-47 writes it: "EN" is "en", "ger" is "de". Raises `ConfigError`."""
    import langcodes

    try:
        standard: str = langcodes.standardize_tag(tag)
        known: bool = langcodes.tag_is_valid(standard)
    except ValueError:
        known = False
    if not known:
        raise ConfigError(f"{where}: {tag!r} is not a language tag{_tag_hint(tag)}")
    return standard


def _tag_hint(name: str) -> str:
    """What to write for a language that was given by its name, in whatever language."""
    import langcodes

    try:
        tag = langcodes.find(name).to_tag()
    except (LookupError, ImportError):
        return "; write it as en, de or pt-BR"
    return f"; did you mean {tag!r}?"


def keys() -> Iterator[tuple[str, str, Any]]:
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
    if path == ("targets",):
        for name in cast(tuple[str, ...], value):
            target(name, where)
    elif path == ("spoken",) and value is not None:
        language(cast(str, value), where)


def _check_top(key: str, value: object, where: str) -> None:
    known = options.kinds(Config)
    if key not in known:
        raise ConfigError(f"{where}: knows no {key!r}{options.nearest(key, known)}")
    checked: Any = options.check(known[key], value, f"{where}: {key}")
    try:
        Config(**{key: checked})
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


def _check_options(layer: Layer, value: object) -> None:
    if layer.folder:
        where = layer.where("options")
        raise ConfigError(f"{where}: options cannot be set by a folder, only in the configuration")
    from canary_subs.plugin.manager import KINDS

    if not isinstance(value, Mapping):
        raise ConfigError(f"{layer.where('options')}: options are tables, as [options.format.ass]")
    for kind, named in value.items():
        where = layer.where("options", kind)
        if kind not in KINDS:
            raise ConfigError(f"{where} knows no {kind!r}{options.nearest(kind, KINDS)}")
        tables = named.values() if isinstance(named, Mapping) else [None]
        if not all(isinstance(table, Mapping) for table in tables):
            raise ConfigError(f"{where}: write options as [options.{kind}.NAME]")


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
    if values.get("spoken") is not None:
        values["spoken"] = language(values["spoken"], "spoken")
    for name in values.get("profiles", {}):
        profile_for(name, "en", values["profiles"])
    if "formats" in values:
        values["formats"] = tuple(dict.fromkeys(map(str.lower, values["formats"])))
    return Config(**values)


def _folders(root: Path, folder: Path) -> list[Path]:
    """The folders from ``root`` down to ``folder``, both included."""
    try:
        steps = folder.relative_to(root).parts
    except ValueError:
        return [folder]
    return [root.joinpath(*steps[:count]) for count in range(len(steps) + 1)]
