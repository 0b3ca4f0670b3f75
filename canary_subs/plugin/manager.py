"""Finding plugins, making their providers once, and containing their failures."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import pluggy

from canary_subs import __version__
from canary_subs._text import did_you_mean
from canary_subs.errors import ConfigError, PluginError, UnknownName
from canary_subs.model import Choice, Context, Job, MediaInfo, Plan, Skip
from canary_subs.plugin import hookspecs
from canary_subs.plugin.contain import (
    Contained,
    contained,
    in_one_line,
    misbehaved,
    shown,
    wrong_field,
)
from canary_subs.plugin.finding import (
    PROTOCOLS,
    SESSION,
    check_provider,
    from_file,
    hash_of,
    installed,
    require_methods,
    values_of,
)
from canary_subs.plugin.hookspecs import PROJECT, Command, Provider, Session
from canary_subs.plugin.options import build, kinds, nearest

log = logging.getLogger(__name__)

#: The packages of canary_subs that register as plugins.
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
        "reader": "canary_subs_readers",
        "format": "canary_subs_writers",
        "delivery": "canary_subs_deliveries",
        "check": "canary_subs_checks",
        "service": "canary_subs_services",
    }
)

#: Every hook that a plugin can answer.
HOOKS = (
    *KINDS.values(),
    "canary_subs_commands",
    "canary_subs_plan",
    "canary_subs_job_changed",
    "canary_subs_video_done",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugin:
    """One plugin that was found, and why it is not in use if it is not."""

    name: str
    #: "built in", the distribution's name and version, or the file.
    origin: str
    #: The version of its code: the distribution's, or a hash of the file.
    version: str = ""
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
    """Every plugin: what it offers by kind and name, and its answers to the other hooks.

    `use` gives the object behind a choice, made once; `close` closes all of them.
    """

    def __init__(self, options: Mapping[str, Mapping[str, Mapping[str, object]]] | None = None):
        """``options`` are those of the configuration: kind -> name -> option -> value."""
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._entries: dict[str, dict[str, list[Entry]]] = {kind: {} for kind in KINDS}
        self._commands: dict[str, tuple[Command, str]] = {}
        self._plugins: dict[str, Plugin] = {}
        self._options = options or {}
        self._lock = threading.RLock()
        #: (kind, name, options, context) -> the object made, and the same contained.
        self._made: dict[tuple[object, ...], tuple[Any, Any]] = {}

    # Loading.

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """Every plugin that was found, the broken ones too, in the order of loading."""
        return tuple(self._plugins.values())

    def add(self, name: str, origin: str, find: Callable[[], object], version: str = "") -> None:
        """Load and register one plugin; a failure is noted and costs nothing else."""
        plugin: object = None
        try:
            if self._manager.has_plugin(name):
                raise PluginError(f"a plugin named {name!r} is already loaded; rename this one")
            plugin = find()
            hooks = self._register(plugin, name)
            offers = {kind: list(self._offers(plugin, hook)) for kind, hook in KINDS.items()}
            commands = list(self._offered_commands(plugin))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            log.debug("plugin %s could not be loaded", name, exc_info=True)
            if plugin is not None and self._manager.get_name(plugin) == name:
                self._manager.unregister(plugin)
            broken = Plugin(name=name, origin=origin, version=version, broken=in_one_line(error))
            self._plugins[name if name not in self._plugins else f"{name} ({origin})"] = broken
            return
        for kind, providers in offers.items():
            for provider in providers:
                entry = Entry(provider=provider, plugin=name)
                self._entries[kind].setdefault(provider.name, []).append(entry)
        self._commands |= {command.name: (command, name) for command in commands}
        self._plugins[name] = Plugin(name=name, origin=origin, version=version, hooks=hooks)

    def _register(self, plugin: object, name: str) -> tuple[str, ...]:
        self._manager.register(plugin, name=name)
        callers = self._manager.get_hookcallers(plugin) or []
        if not callers:
            raise PluginError("it answers no hook; mark its functions with @hookimpl")
        for caller in callers:
            if not caller.has_spec():
                raise PluginError(
                    f"there is no hook {caller.name}; {did_you_mean(caller.name, HOOKS)}"
                )
        for hook, implementation in self._answers(plugin):
            if implementation.hookwrapper or implementation.wrapper:
                raise PluginError(f"{hook} is a hook wrapper; mark it with plain @hookimpl")
        return tuple(sorted(caller.name for caller in callers))

    def _answers(self, plugin: object) -> Iterator[tuple[str, pluggy.HookImpl]]:
        """(hook, function) for every hook that a plugin answers."""
        for caller in self._manager.get_hookcallers(plugin) or []:
            for one in caller.get_hookimpls():
                if one.plugin is plugin:
                    yield caller.name, one

    def _offers(self, plugin: object, hook: str) -> Iterator[Provider[Any]]:
        for provider in self._listed(plugin, hook, Provider):
            check_provider(provider)
            yield provider

    def _offered_commands(self, plugin: object) -> Iterator[Command]:
        for command in self._listed(plugin, "canary_subs_commands", Command):
            if command.name in self._commands:
                other = self._commands[command.name][1]
                raise PluginError(f"plugin {other!r} has a command {command.name!r} already")
            yield command

    def _listed(self, plugin: object, hook: str, kind: type[Any]) -> Iterator[Any]:
        for answered, implementation in self._answers(plugin):
            if answered != hook:
                continue
            offered: Any = implementation.function()
            if not isinstance(offered, Iterable):
                raise PluginError(f"{hook} must give {kind.__name__}s, not {shown(offered)}")
            for one in offered:
                if not isinstance(one, kind):
                    raise PluginError(f"{hook} must give {kind.__name__}s, not {shown(one)}")
                yield one

    # Providers.

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
            known = self._entries[kind]
            guess = did_you_mean(name, known)
            raise UnknownName(f"there is no {kind} named {name!r}; {guess}{self._broken()}")
        return entries[0]

    def choice(self, kind: str, name: str) -> Choice:
        """A provider with its options from the configuration."""
        return Choice(name=name, options=self._options.get(kind, {}).get(name, {}))

    def _broken(self) -> str:
        """What could not be loaded, to be put behind a message about a missing name."""
        return "".join(
            f"; plugin {one.name!r} could not be loaded: {one.broken}"
            for one in self._plugins.values()
            if one.broken is not None
        )

    def version(self, kind: str, name: str) -> str:
        """The version of the code behind a provider, as caches and provenance name it."""
        return self._plugins[self.provider(kind, name).plugin].version

    def described(self, kind: str, choice: Choice) -> str:
        """A choice with the version of its plugin: everything of it that shapes a result."""
        version = self.version(kind, choice.name)
        return f"{choice} {version}".rstrip()

    def options(self, kind: str, choice: Choice) -> Any:
        """The options that a choice is made with, checked. Raises `ConfigError`."""
        return self._split(kind, choice)[0]

    def request_options(self, kind: str, choice: Choice) -> Any:
        """The options that go with each request; None where the provider has none.

        Raises `ConfigError`.
        """
        return self._split(kind, choice)[1]

    def _split(self, kind: str, choice: Choice) -> tuple[Any, Any]:
        provider = self.provider(kind, choice.name).provider
        where = f"{kind} {choice.name}"
        of_request = kinds(provider.request_options) if provider.request_options else {}
        known = {**kinds(provider.options), **of_request}
        for key in choice.options:
            if key not in known:
                raise ConfigError(f"{where} knows no {key!r}{nearest(key, known)}")
        later = {key: value for key, value in choice.options.items() if key in of_request}
        first = {key: value for key, value in choice.options.items() if key not in of_request}
        made = build(provider.request_options, later, where) if provider.request_options else None
        return build(provider.options, first, where), made

    def use(self, kind: str, choice: Choice, context: Context | None = None) -> Any:
        """The object behind a choice, made at its first use; every call on it is contained.

        Raises `UnknownName`, `ConfigError` for its options, `PluginError` where making it fails.
        """
        entry = self.provider(kind, choice.name)
        options = self.options(kind, choice)
        context = _context_for(kind, choice, context or Context())
        key = (kind, choice.name, values_of(options), context)
        with self._lock:
            if key not in self._made:
                make = Contained(entry.provider, entry.plugin).make
                made = make(options, context)
                with contained(entry.plugin):
                    require_methods(made, PROTOCOLS[kind], make)
                self._made[key] = (made, Contained(made, entry.plugin))
            return self._made[key][1]

    def session(self, choice: Choice, context: Context) -> Session:
        """The loaded model of an engine; loads it at first use. Raises `ModelError`.

        Choices that differ only in the options of requests share one, and so do watched folders.
        """
        context = _context_for("engine", choice, context)
        key = ("session", choice.name, values_of(self.options("engine", choice)), context)
        with self._lock:
            if key not in self._made:
                engine = self.use("engine", choice, context)
                session = engine.open(context)
                owner = self.provider("engine", choice.name).plugin
                with contained(owner):
                    require_methods(session, Session, engine.open)
                    for name, kind in SESSION.items():
                        value = getattr(session, name)
                        if not isinstance(value, kind) or (isinstance(value, int) and value <= 0):
                            what = f"a session's {name} is {shown(value)}"
                            raise misbehaved(engine.open, what)
                self._made[key] = (session, Contained(session, owner))
            return cast(Session, self._made[key][1])

    def close(self) -> None:
        """Close every object that was made, sessions first; the next use makes it anew."""
        with self._lock:
            while self._made:
                key, (made, _) = self._made.popitem()
                try:
                    if (close := getattr(made, "close", None)) is not None:
                        close()
                except KeyboardInterrupt:
                    raise
                except BaseException:  # what else it raises costs no other its end
                    log.warning("%s %s could not be closed", key[0], key[1], exc_info=True)

    # The other hooks.

    @property
    def commands(self) -> tuple[tuple[Command, str], ...]:
        """Subcommands of plugins, each with the plugin's name."""
        return tuple(self._commands.values())

    def plan(self, media: MediaInfo, plan: Plan) -> Plan | Skip:
        """The plan after every plugin changed it in turn; the first `Skip` ends it."""
        for hook in self._implementations("canary_subs_plan"):
            call = Contained(hook, hook.plugin_name).function
            known = {"media": media, "plan": plan}
            answer: Any = call(**{name: known[name] for name in hook.argnames})
            if isinstance(answer, Skip):
                return answer
            if isinstance(answer, Plan):
                if (wrong := wrong_field(answer)) is not None:
                    raise misbehaved(call, f"a Plan's {wrong}")
                plan = answer
            elif answer is not None:
                raise misbehaved(
                    call, f"canary_subs_plan must give a Plan, a Skip or None, not {shown(answer)}"
                )
        return plan

    def job_changed(self, job: Job) -> None:
        """Notify every plugin; one that fails is logged and the others are called all the same."""
        self._notify("canary_subs_job_changed", job)

    def video_done(self, outcome: Any) -> None:
        """Notify every plugin; one that fails is logged and the others are called all the same."""
        self._notify("canary_subs_video_done", outcome)

    def _notify(self, hook: str, value: object) -> None:
        for one in self._implementations(hook):
            try:
                one.function(*(value for _ in one.argnames))
            except KeyboardInterrupt:
                raise
            except BaseException:
                log.warning("plugin %s failed in %s", one.plugin_name, hook, exc_info=True)

    def _implementations(self, hook: str) -> list[pluggy.HookImpl]:
        # In the order of loading. pluggy itself would stop at the first exception: calling them
        # one by one is what contains a failure.
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        order = list(self._plugins)
        return sorted(caller.get_hookimpls(), key=lambda one: order.index(one.plugin_name))


def _context_for(kind: str, choice: Choice, context: Context) -> Context:
    """The context without what is not for that kind: a folder for results loads no other model."""
    context = replace(context, model=choice.model)
    if kind != "delivery":
        context = replace(context, out=None, root=None, within=None, overwrite=False)
    if kind != "segmenter":
        context = replace(context, short_segments=False)
    return context


def load(
    folder: Path | None = None,
    disabled: tuple[str, ...] = (),
    *,
    options: Mapping[str, Mapping[str, Mapping[str, object]]] | None = None,
    builtins: bool = True,
) -> Plugins:
    """Built-ins, installed plugins (entry points), then the ``.py`` files of ``folder``.

    Files whose names begin with a dot or an underscore are no plugins.

    Whoever can write into ``folder`` can run code as this user: it belongs to the user's own
    configuration and never to a folder of media. ``options`` are those of the configuration, for
    providers that are used without being chosen: sources, readers, checks.
    """
    plugins = Plugins(options)
    for package in BUILTINS if builtins else ():
        find = partial(importlib.import_module, f"{PROJECT}.{package}")
        if package not in disabled:
            plugins.add(package, "built in", find, __version__)
    for point in sorted(installed(), key=lambda point: point.name):
        version = point.dist.version if point.dist else ""
        origin = f"{point.dist.name} {version}" if point.dist else point.value
        if point.name not in disabled:
            plugins.add(point.name, origin, point.load, version)
    if folder is not None and folder.is_dir():
        for file in sorted(folder.glob("[!._]*.py")):
            if file.stem not in disabled:
                plugins.add(file.stem, str(file), partial(from_file, file), hash_of(file))
    return plugins
