"""The command line: parse, call, print. The only package that prints.

Results go to standard output, everything else to standard error; `parser.exit_statuses` is the
table of exit statuses. This module and the commands import nothing heavy before they run, so that
``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence

from canary_subs import _process
from canary_subs.cli.parser import Commands, Parser, add_verbosity, exit_statuses
from canary_subs.errors import CanarySubsError

#: The modules that bring commands, in the order of ``--help``.
COMMANDS = (
    "run", "watch", "queue", "subtitles", "listing", "models", "bench", "doctor", "completions",
)  # fmt: skip


def parser(arguments: Sequence[str] = ()) -> Parser:
    """The parser of the command line: built-in commands, and those of plugins if they are needed.

    Plugins are loaded only for a command that is not built in, and for the list of all commands.
    """
    top = Parser(
        prog="canary-subs",
        description="Subtitles in every language that was asked for, beside every video.",
        epilog=f"{exit_statuses()}\n\n'canary-subs COMMAND --help' describes a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=_version())
    add_verbosity(top, top=True)
    commands: Commands[Parser] = top.add_subparsers(metavar="COMMAND", parser_class=Parser)
    for name in COMMANDS:
        importlib.import_module(f"{__name__}.{name}").add_to(commands)
    named = next((one for one in arguments if not one.startswith("-")), None)
    if named not in commands.choices and (named or {"-h", "--help"} & {*arguments}):
        from canary_subs.cli import plugin_commands

        plugin_commands.add_to(commands, arguments, listing=named is None)
    for command in commands.choices.values():
        add_verbosity(command)
        command.set_defaults(parser=command)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    _process.prepare()
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        top = parser(given or ["--help"])
        args = top.parse_args(given)
        if "command" not in args:
            top.print_help()
            return 0
        _log_to_stderr(args)
        status: int = args.command(args)
        sys.stdout.flush()
        return status
    except CanarySubsError as error:
        print(f"canary-subs: {error}", file=sys.stderr)
        logging.getLogger(__name__).debug("where it came from", exc_info=True)
        return error.exit_code
    except KeyboardInterrupt:
        print("canary-subs: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output is gone; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _version() -> str:
    import canary_subs

    return f"canary-subs {canary_subs.__version__}"


def _log_to_stderr(args: argparse.Namespace) -> None:
    level = logging.ERROR if args.quiet else logging.WARNING
    logging.basicConfig(level=level, format="canary-subs: %(message)s", stream=sys.stderr)
    if args.debug or args.verbose:
        level = logging.DEBUG if args.debug else logging.INFO
    logging.getLogger("canary_subs").setLevel(level)
