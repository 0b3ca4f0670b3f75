"""``canary-subs completions``: what a shell needs to complete the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from canary_subs.cli import common
from canary_subs.cli.parser import Commands, Parser

INSTALL = """\
bash: canary-subs completions bash > ~/.local/share/bash-completion/completions/canary-subs
zsh:  canary-subs completions zsh > ~/.zfunc/_canary-subs   (with fpath+=~/.zfunc before compinit)
fish: canary-subs completions fish > ~/.config/fish/completions/canary-subs.fish
"""


def add_to(commands: Commands[Parser]) -> None:
    parser = commands.add_parser(
        "completions",
        help="a script that makes the shell complete commands and options",
        description="Print a script that makes the shell complete commands, options and names.",
        epilog=INSTALL,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))
    common.add_config(parser)
    parser.set_defaults(command=completions)


def completions(args: argparse.Namespace) -> int:
    """Print the completion script of a shell, plugins' commands and formats included."""
    import shtab

    from canary_subs import cli

    top = cli.parser(["--help"])
    names = _names(args)
    for action in _actions(top):
        if action.metavar in ("FILE", "SUBTITLES", "VIDEO", "TEXT|SUBTITLES"):
            action.complete = shtab.FILE
        elif action.metavar in ("DIR", "VIDEO|FOLDER"):
            action.complete = shtab.DIRECTORY
        elif key := action.dest.removeprefix(common.KEY):
            action.choices = action.choices or names.get(key, lambda: None)()
    sys.stdout.write(shtab.complete(top, shell=args.shell))
    return 0


def _names(args: argparse.Namespace) -> dict[str, Callable[[], Iterable[str]]]:
    """Key of the configuration -> the names that it may have."""
    from canary_subs.cues import profiles

    plugins = common.load_app(args).plugins

    def offered(kind: str) -> list[str]:
        return [entry.provider.name for entry in plugins.providers(kind)]

    return {
        "engine": lambda: offered("engine"),
        "formats": lambda: offered("format"),
        "profile": profiles.names,
    }


def _actions(parser: argparse.ArgumentParser) -> Iterator[Any]:
    """Every argument of a parser and of its commands."""
    for action in parser._actions:
        if isinstance(action, Commands):
            for command in action.choices.values():
                yield from _actions(command)
        else:
            yield action
