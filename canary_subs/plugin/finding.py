"""Where plugins are: installed distributions and files; and what a provider must be like."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canary_subs.errors import PluginError
from canary_subs.plugin import hookspecs
from canary_subs.plugin.contain import misbehaved, shown
from canary_subs.plugin.hookspecs import PROJECT, Provider
from canary_subs.plugin.options import describe, kinds

log = logging.getLogger(__name__)

#: Kind of provider -> what the objects that it makes must be able to do.
PROTOCOLS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "source": hookspecs.Source,
        "segmenter": hookspecs.Segmenter,
        "engine": hookspecs.Engine,
        "aligner": hookspecs.Aligner,
        "tagger": hookspecs.Tagger,
        "layout": hookspecs.Layout,
        "reader": hookspecs.Reader,
        "format": hookspecs.Writer,
        "delivery": hookspecs.Delivery,
        "check": hookspecs.Check,
        "service": hookspecs.Service,
    }
)

#: What a session states about itself.
SESSION = {"model": str, "precision": str, "max_segment_ms": int, "batch_ms": int}


def installed() -> Iterator[EntryPoint]:
    """The entry points of all distributions, the first of a name on the path alone."""
    # importlib's own entry_points() gives up where one distribution's metadata is broken.
    seen: set[str] = set()
    for distribution in distributions():
        try:
            points = distribution.entry_points.select(group=PROJECT)
            if not points or distribution.name in seen:
                continue
            seen.add(distribution.name)
        except Exception as error:
            log.warning("an installed distribution has broken metadata: %s", error)
            continue
        yield from points


def from_file(file: Path) -> object:
    name = f"{PROJECT}_plugin_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"{file} cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def hash_of(file: Path) -> str:
    with suppress(OSError):
        return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    return ""


def check_provider(provider: Provider[Any]) -> None:
    """Refuse a provider that could not be listed, named or made."""
    name: object = provider.name
    if not isinstance(name, str) or not name or name.split() != [name]:
        raise PluginError(f"a provider's name is one word, not {shown(name)}")
    if not isinstance(provider.summary, str):
        raise PluginError(f"the summary of {name!r} must be a text")
    if not callable(provider.make):
        raise PluginError(f"what makes {name!r} cannot be called")
    seen: set[str] = set()
    for options in (provider.options, provider.request_options):
        if options is None and options is provider.request_options:
            continue
        if not isinstance(options, type) or not is_dataclass(options):
            raise PluginError(f"the options of {name!r} must be a dataclass")
        for option in fields(options):
            if option.init and option.default is MISSING and option.default_factory is MISSING:
                raise PluginError(f"the option {option.name!r} of {name!r} must have a default")
            if option.name in seen:
                raise PluginError(
                    f"the option {option.name!r} of {name!r} stands in options and request_options"
                )
            seen.add(option.name)
        _check_types(options, name)


def _check_types(options: type[Any], name: str) -> None:
    """Refuse options of types that no configuration holds."""
    try:
        known = kinds(options)
    except Exception as error:
        raise PluginError(f"the types of the options of {name!r} are not known: {error}") from error
    for option, kind in known.items():
        try:
            describe(kind)
        except KeyError:
            raise PluginError(
                f"the option {option!r} of {name!r} is {shown(kind)}; it may be bool, int, float, "
                "str, Path, a StrEnum, a Literal, tuple[X, ...] or X | None"
            ) from None


def values_of(options: Any) -> tuple[str, ...]:
    """What tells apart the options of two choices, whatever their ``repr`` leaves out."""
    return tuple(repr(getattr(options, option.name)) for option in fields(options))


def require_methods(made: object, protocol: type[Any], call: Any) -> None:
    """Raise `PluginError` where what ``call`` gave lacks a method of its kind."""
    needed = (name for name, member in vars(protocol).items() if callable(member))
    for name in needed:
        if not name.startswith("_") and not callable(getattr(made, name, None)):
            raise misbehaved(call, f"{shown(made)} has no method {name}")
