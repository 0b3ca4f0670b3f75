"""The help of every command at 80 columns; ``python -m tests.cli.golden_help`` writes it."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from canary_subs import cli

GOLDEN = Path(__file__).parent / "golden"


def commands() -> list[str]:
    """The commands, in the order of ``--help``."""
    groups = cli.parser()._subparsers
    assert groups is not None
    choices = groups._group_actions[0].choices
    assert isinstance(choices, dict)
    return list(choices)


def helps() -> Iterator[tuple[str, str]]:
    """(file name, text) of the top level and of each command."""
    for command in ("", *commands()):
        shown = io.StringIO()
        narrow = mock.patch.dict(os.environ, {"COLUMNS": "80", "NO_COLOR": "1"})
        with narrow, contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
            cli.main([*filter(None, [command]), "--help"])
        yield f"{command or 'canary-subs'}.txt", shown.getvalue()


def write() -> None:
    """Write every file afresh."""
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.glob("*.txt"):
        old.unlink()
    for name, text in helps():
        (GOLDEN / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
