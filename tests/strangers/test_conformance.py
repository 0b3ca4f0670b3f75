"""The conformance checks of `canary_subs.testing` pass on what strangers write."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from canary_subs import CheckRequest, Context, Cue, Profile, testing
from canary_subs.plugin import manager
from tests.strangers.conftest import PLUGINS
from tests.strangers.test_plugins import FFMPEG


def offers(name: str) -> dict[str, tuple[Any, ...]]:
    """What a plugin of the folder offers, by kind."""
    spec = importlib.util.spec_from_file_location(f"stranger_{name}", PLUGINS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return testing.check_plugin(module)


@pytest.mark.parametrize("name", ["plain_engine", "prompted_engine"])
def test_engines(name: str) -> None:
    (provider,) = offers(name)["engine"]
    testing.check_engine(provider)


def test_aligner() -> None:
    (provider,) = offers("late_aligner")["aligner"]
    said = testing.transcript("One two three four five.").utterances[0]
    testing.check_aligner(provider, testing.babble(said.span.duration_ms), said)


def test_formats() -> None:
    found = offers("tabbed_format")
    testing.check_text_writer(found["format"][0])
    testing.check_reader(found["reader"][0], b"0\t1500\tHello there.\n2000\t3000\tWho?\n")


def test_a_writer_of_several_files() -> None:
    (provider,) = offers("paired_format")["format"]
    testing.check_text_writer(provider)


def test_check() -> None:
    (provider,) = offers("shouting_check")["check"]
    loud = Cue(start_ms=0, end_ms=2000, lines=("HELP ME!",))
    testing.check_check(provider, CheckRequest(cues=(loud,), profile=Profile(name="x")))


def test_delivery(tmp_path: Path) -> None:
    video = tmp_path / "Tone.mkv"
    command = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", video]
    subprocess.run(command, check=True)
    (provider,) = offers("muxed_delivery")["delivery"]
    testing.check_delivery(provider, testing.media_info(video), context=Context(out=tmp_path / "o"))


@pytest.mark.parametrize("file", sorted(PLUGINS.glob("*.py")), ids=lambda file: file.stem)
def test_plugins_use_public_names_only(file: Path) -> None:
    inside = [
        line
        for line in file.read_text().splitlines()
        if line.startswith(("from canary_subs.", "import canary_subs."))
    ]
    assert all(line.startswith("from canary_subs.testing import") for line in inside)


def test_every_hook_has_a_stranger() -> None:
    text = "".join(file.read_text() for file in PLUGINS.glob("*.py"))
    assert [hook for hook in manager.HOOKS if f"def {hook}(" not in text] == []
