"""The commands that plugins add. A plugin that fails here costs its own command only."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser
from canary_subs.config.schema import Config
from canary_subs.errors import CanarySubsError, PluginError

if TYPE_CHECKING:
    from canary_subs.plugin.hookspecs import Command

log = logging.getLogger(__name__)


def add_to(commands: Commands[Parser], arguments: Sequence[str], *, listing: bool) -> None:
    """Add the commands of all plugins; ``listing``: for a list of their names only."""
    chosen = _config(arguments)
    if not _any_plugin(chosen):
        return
    from canary_subs.plugin import manager

    plugins = manager.load(chosen.plugin_folder, chosen.disable, builtins=not listing)
    for one in plugins.plugins:
        if one.broken is not None:
            log.warning("plugin %s could not be loaded: %s", one.name, one.broken)
    for command, plugin in plugins.commands:
        try:
            _add(commands, command, plugin)
        except (Exception, SystemExit) as error:
            log.warning("plugin %s: its command %r cannot be used: %s", plugin, command.name, error)


def _add(commands: Commands[Parser], command: Command, plugin: str) -> None:
    if command.name in commands.choices:
        raise PluginError("there is a command of that name already; rename this one")
    # A parser that was added cannot be removed again, so the arguments are tried on another first.
    trial = Parser()
    common.add_config(trial)
    command.add_arguments(trial)
    parser = commands.add_parser(command.name, help=command.help)
    common.add_config(parser)
    command.add_arguments(parser)
    parser.set_defaults(command=partial(_run, command, plugin))


def _run(command: Command, plugin: str, args: argparse.Namespace) -> int:
    """Run a plugin's command; what it raises is an error that names the plugin."""
    from canary_subs.plugin.contain import Contained, shown

    app = common.load_app(args)
    with closing(app.plugins):
        status = Contained(command, plugin).run(args, app.settings, app.plugins)
    if not isinstance(status, int):
        raise PluginError(
            f"plugin {plugin}: its command {command.name!r} must return an exit status, "
            f"not {shown(status)}"
        )
    return status


def _config(arguments: Sequence[str]) -> Config:
    """The configuration that names the folder of plugins; its defaults if it cannot be read."""
    from canary_subs.config import layers

    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    common.add_config(flags)
    try:
        return layers.load(flags.parse_known_args(arguments)[0].config).config
    except argparse.ArgumentError:  # --config without a file: reported when all is parsed
        return Config()
    except CanarySubsError as error:
        log.warning("%s", error)
        return Config()


def _any_plugin(chosen: Config) -> bool:
    """Whether any plugin is there to be loaded; looking takes less time than loading."""
    if any(chosen.plugin_folder.glob("[!._]*.py")):
        return True
    try:
        return bool(metadata.entry_points(group="canary_subs"))
    except Exception:  # a distribution with broken metadata: the manager passes over it
        return True
