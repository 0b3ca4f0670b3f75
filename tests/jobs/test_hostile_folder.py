"""Whoever can only drop files into a watched folder runs no code, reaches no other folder."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from canary_subs._process import safe_environment
from canary_subs.config.layers import FOLDER_FILE
from canary_subs.jobs import daemon
from canary_subs.model import JobState
from canary_subs.plugin import manager
from tests.crash import stage
from tests.jobs.test_supervisor import Setup
from tests.jobs.test_supervisor import setup as setup


@pytest.mark.parametrize("path", ["", ".", "empty entry"])
def test_nothing_of_the_current_folder_is_imported(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    setup.video("a.wav")
    imported = tmp_path / "imported"
    names = {*sys.stdlib_module_names, *packages_distributions(), "sitecustomize", "usercustomize"}
    for name in filter(str.isidentifier, names - {"canary_subs"}):
        code = f"open({str(imported)!r}, 'a').write({name!r})\nraise ImportError({name!r})\n"
        (setup.videos / f"{name}.py").write_text(code)
    (setup.videos / "canary_subs").mkdir()
    code = f"open({str(imported)!r}, 'a').write('canary_subs')\n"
    (setup.videos / "canary_subs/__init__.py").write_text(code)
    own = os.pathsep.join(place for place in sys.path if Path(place).is_absolute())
    relative = {"": own, ".": f".{os.pathsep}{own}", "empty entry": f"{os.pathsep}{own}"}[path]
    monkeypatch.setenv("PYTHONPATH", relative)
    monkeypatch.chdir(setup.videos)
    setup.drain()
    assert not imported.exists(), imported.read_text()
    assert setup.record("a.wav").job.state is JobState.DONE


def test_only_absolute_places_are_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", ":/opt/lib:.:lib")
    assert safe_environment()["PYTHONPATH"] == "/opt/lib"
    monkeypatch.setenv("PYTHONPATH", ":")
    assert "PYTHONPATH" not in safe_environment()
    assert safe_environment()["PYTHONSAFEPATH"] == "1"


def fifo(file: Path) -> None:
    os.mkfifo(file)


def link_to_a_long_name(file: Path) -> None:
    file.symlink_to("x" * 300)


def many_stars(file: Path) -> None:
    file.write_text(f'[watch]\nexclude = ["{"*a" * 40}b"]\n')


def large_number(file: Path) -> None:
    file.write_text(f"priority = {10**23}\n[skip]\nmin_duration_s = {'9' * 400}\n")


def dotted_keys(file: Path) -> None:
    file.write_text("watch.include" + ".a" * 7000 + " = 1")


@pytest.mark.parametrize(
    "make", [fifo, link_to_a_long_name, many_stars, large_number, dotted_keys, Path.mkdir]
)
def test_a_folders_file_costs_that_folder_alone(setup: Setup, make: Callable[[Path], None]) -> None:
    for folder in ("bad", "good"):
        (setup.videos / folder).mkdir()
    make(setup.videos / "bad" / FOLDER_FILE)
    stage.wav(setup.videos / "bad" / ("a" * 200 + ".wav"), 1, 1)
    stage.wav(setup.videos / "good/b.wav", 1, 2)
    plugins = manager.load(stage.PLUGINS)
    began = time.monotonic()
    daemon.watch(setup.settings(), plugins, [setup.videos], drain=True, stop=threading.Event())
    assert time.monotonic() - began < 60
    assert setup.record("good/b.wav").job.state is JobState.DONE
    bad = setup.record("bad/" + "a" * 200 + ".wav").job
    if make is not many_stars:  # a slow pattern is a right one
        assert bad.state is not JobState.DONE and FOLDER_FILE in (bad.reason or "")


def test_a_video_that_became_a_link_is_not_read(setup: Setup, tmp_path: Path) -> None:
    private = stage.wav(tmp_path / "private.wav", 1, 3)
    video = setup.video("a.wav")
    video.unlink()
    video.symlink_to(private)
    setup.drain()
    job = setup.record("a.wav").job
    assert job.state is JobState.SKIPPED and "a link leads out of" in (job.reason or "")
    assert not setup.outputs()
