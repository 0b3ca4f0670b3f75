"""The command line: parse, call, show. The only room that prints.

Exit status: 0 all done (or nothing to do), 1 some films failed, else the status of the error as in
`canary_subs.errors`; 130 after Ctrl-C. Results go to standard output, everything else to standard
error. This module and the parsers import nothing heavy, so that ``--help`` answers in a blink.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence

from canary_subs.errors import CanarySubsError

#: The modules that bring commands, in the order of ``--help``.
COMMANDS = ("run", "watching", "subtitles", "listing", "models", "bench", "doctor")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="canary-subs",
        description="Subtitles in every language that was asked for, beside every video.",
        epilog="canary-subs COMMAND --help tells more about a command.",
    )
    top.add_argument("--version", action="version", version=_version())
    top.add_argument("--debug", action="store_true", help="tell everything, with tracebacks")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"{__name__}.{name}").add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        args = parser().parse_args(arguments)
        _log_to_stderr(debug=args.debug)
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
        # Whoever read our output has left; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _version() -> str:
    import canary_subs

    return f"canary-subs {canary_subs.__version__}"


def _log_to_stderr(*, debug: bool) -> None:
    logging.basicConfig(level=logging.WARNING, format="canary-subs: %(message)s", stream=sys.stderr)
    if debug:
        logging.getLogger("canary_subs").setLevel(logging.DEBUG)
