"""The help does not change unnoticed."""

from __future__ import annotations

import re
import sys

import pytest

from tests.cli.golden_help import GOLDEN, helps


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse words its help differently")
def test_the_help_is_as_it_was_last_read() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.txt")}
    shown = dict(helps())
    assert shown == kept, "if the change is meant, run 'make golden' and read the difference"


def test_no_line_is_wider_than_the_terminal() -> None:
    lines = [line for _, text in helps() for line in text.splitlines()]
    commands = re.compile(r"(bash|zsh|fish): +canary-subs ")  # to be copied, so on one line
    assert not [line for line in lines if len(line) > 80 and not commands.match(line)]
