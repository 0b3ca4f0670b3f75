"""Finding plugins, checking them, and keeping their failures to themselves."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import partial
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pluggy

from canary_subs.errors import CanarySubsError, PluginError, PluginUnusable, UnknownName
from canary_subs.model import Choice, Job, MediaInfo, Plan, Skip
from canary_subs.plugin import hookspecs
from canary_subs.plugin.hookspecs import PROJECT, Provider
from canary_subs.plugin.options import build

log = logging.getLogger(__name__)

#: The rooms of the house; each registers what it offers as a stranger would.
BUILTINS = ("media", "speech", "canary", "sounds", "cues", "formats", "deliver")

#: Kind of provider -> the hook that lists it.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "source": "canary_subs_sources",
        "segmenter": "canary_subs_segmenters",
        "engine": "canary_subs_engines",
        "aligner": "canary_subs_aligners",
        "tagger": "canary_subs_taggers",
        "layout": "canary_subs_layouts",
        "format": "canary_subs_writers",
        "delivery": "canary_subs_deliveries",
    }
)


#: Every hook that a plugin can answer.
HOOKS = (*KINDS.values(), "canary_subs_plan", "canary_subs_job_changed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugin:
    """One plugin that was found, and why it is not in use if it is not."""

    name: str
    #: "built in", the distribution's name and version, or the file.
    origin: str
    #: The hooks it answers.
    hooks: tuple[str, ...] = ()
    #: Why it could not be loaded; None where it could.
    broken: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A provider and the plugin it comes from."""

    provider: Provider[Any]
    plugin: str


class Plugins:
    """Everything on offer, by kind and name, and the hooks that are no catalogue."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._entries: dict[str, dict[str, list[Entry]]] = {kind: {} for kind in KINDS}
        self._plugins: list[Plugin] = []

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """Every plugin that was found, the broken ones too, in the order of loading."""
        return tuple(self._plugins)

    def add(self, name: str, origin: str, find: Callable[[], object]) -> None:
        """Load and register one plugin; a failure is noted and costs nothing else."""
        plugin: object = None
        try:
            if self._manager.has_plugin(name):
                raise PluginError(f"a plugin named {name!r} is already loaded; rename this one")
            plugin = find()
            hooks = self._register(plugin, name)
            offers = {kind: list(self._offers(plugin, hook)) for kind, hook in KINDS.items()}
        except (Exception, SystemExit) as error:
            log.debug("plugin %s could not be loaded", name, exc_info=True)
            if plugin is not None and self._manager.get_name(plugin) == name:
                self._manager.unregister(plugin)
            self._plugins.append(Plugin(name=name, origin=origin, broken=_in_one_line(error)))
            return
        for kind, providers in offers.items():
            for provider in providers:
                entry = Entry(provider=provider, plugin=name)
                self._entries[kind].setdefault(provider.name, []).append(entry)
        self._plugins.append(Plugin(name=name, origin=origin, hooks=hooks))

    def providers(self, kind: str) -> tuple[Entry, ...]:
        """Every provider of a kind, in the order of loading, clashes included."""
        return tuple(entry for entries in self._entries[kind].values() for entry in entries)

    def provider(self, kind: str, name: str) -> Entry:
        """The one provider of that kind and name.

        Raises `UnknownName` where there is none, or more than one, naming what to do.
        """
        entries = self._entries[kind].get(name, [])
        if len(entries) > 1:
            owners = " and ".join(repr(entry.plugin) for entry in entries)
            raise UnknownName(
                f"two plugins offer a {kind} named {name!r}: {owners}; remove or disable one"
            )
        if not entries:
            known = sorted(self._entries[kind])
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
            raise UnknownName(f"there is no {kind} named {name!r}; {hint}")
        return entries[0]

    def make(self, kind: str, choice: Choice) -> Any:
        """The working thing behind a choice, made with its options.

        Raises `UnknownName`, `ConfigError` for its options, `PluginError` where making it fails.
        """
        entry = self.provider(kind, choice.name)
        options = build(entry.provider.options, choice.options, f"{kind} {choice.name}")
        with contained(entry.plugin):
            return entry.provider.make(options)

    def plan(self, media: MediaInfo, plan: Plan) -> Plan | Skip:
        """The plan after every plugin that has a say; the first answer wins."""
        known = {"media": media, "plan": plan}
        for hook in self._implementations("canary_subs_plan"):
            with contained(hook.plugin_name):
                answer: Any = hook.function(**{name: known[name] for name in hook.argnames})
                if isinstance(answer, Plan | Skip):
                    return answer
                if answer is not None:
                    raise PluginError(
                        f"plugin {hook.plugin_name!r} failed: canary_subs_plan must give a Plan, "
                        f"a Skip or None, not {answer!r:.60}"
                    )
        return plan

    def job_changed(self, job: Job) -> None:
        """Tell every plugin that listens; one that fails is logged and the others still hear."""
        for hook in self._implementations("canary_subs_job_changed"):
            try:
                hook.function(*(job for _ in hook.argnames))
            except (Exception, SystemExit):
                log.warning("plugin %s failed on a job's change", hook.plugin_name, exc_info=True)

    def _implementations(self, hook: str) -> list[pluggy.HookImpl]:
        # In pluggy's order of calling, last loaded first; pluggy itself would stop at the first
        # exception: calling them one by one is what contains a failure.
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return list(reversed(caller.get_hookimpls()))

    def _register(self, plugin: object, name: str) -> tuple[str, ...]:
        self._manager.register(plugin, name=name)
        callers = self._manager.get_hookcallers(plugin) or []
        if not callers:
            raise PluginError("it answers no hook; mark its functions with @hookimpl")
        for caller in callers:
            if not caller.has_spec():
                near = get_close_matches(caller.name, HOOKS, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise PluginError(f"there is no hook {caller.name}{hint}")
        return tuple(sorted(caller.name for caller in callers))

    def _offers(self, plugin: object, hook: str) -> Iterator[Provider[Any]]:
        for implementation in self._implementations(hook):
            if implementation.plugin is plugin:
                offered: Any = implementation.function()
                if not isinstance(offered, Iterable):
                    raise PluginError(f"{hook} must give Providers, not {offered!r:.60}")
                for provider in offered:
                    if not isinstance(provider, Provider):
                        raise PluginError(f"{hook} must give Providers, not {provider!r:.60}")
                    _check(provider)
                    yield provider


def _check(provider: Provider[Any]) -> None:
    """Refuse a provider that could not be listed, named or made."""
    name: object = provider.name
    if not isinstance(name, str) or not name or name.split() != [name]:
        raise PluginError(f"a provider's name is one word, not {name!r:.60}")
    if not isinstance(provider.summary, str):
        raise PluginError(f"the summary of {name!r} must be a text")
    if not callable(provider.make):
        raise PluginError(f"what makes {name!r} cannot be called")
    options = provider.options
    if not isinstance(options, type) or not is_dataclass(options):
        raise PluginError(f"the options of {name!r} must be a dataclass")
    for option in fields(options):
        if option.init and option.default is MISSING and option.default_factory is MISSING:
            raise PluginError(f"the option {option.name!r} of {name!r} must have a default")


@contextmanager
def contained(plugin: str) -> Iterator[None]:
    """Turn whatever a plugin raises into one line that names it; our own errors pass."""
    try:
        yield
    except CanarySubsError:
        raise
    except (Exception, SystemExit) as error:
        log.debug("plugin %s failed", plugin, exc_info=True)
        raise PluginError(f"plugin {plugin!r} failed: {_in_one_line(error)}") from error


def load(folder: Path | None = None, disabled: tuple[str, ...] = ()) -> Plugins:
    """Built-ins, installed plugins (entry points), then the ``.py`` files of ``folder``.

    Files whose names begin with a dot or an underscore are no plugins.

    Whoever can write into ``folder`` can run code as this user: it belongs to the user's own
    configuration and never to a folder of media.
    """
    plugins = Plugins()
    for room in BUILTINS:
        plugins.add(room, "built in", partial(importlib.import_module, f"{PROJECT}.{room}"))
    for point in sorted(_installed(), key=lambda point: point.name):
        origin = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
        if point.name not in disabled:
            plugins.add(point.name, origin, point.load)
    if folder is not None and folder.is_dir():
        for file in sorted(folder.glob("[!._]*.py")):
            if file.stem not in disabled:
                plugins.add(file.stem, str(file), partial(_from_file, file))
    return plugins


def _installed() -> Iterator[EntryPoint]:
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


def _from_file(file: Path) -> object:
    name = f"{PROJECT}_plugin_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"{file} cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def _in_one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, PluginError | PluginUnusable):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
