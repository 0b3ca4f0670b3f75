"""Whoever can only drop files into a watched folder runs no code, reaches no other folder."""

from __future__ import annotations

import os
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from canary_subs._process import safe_environment
from canary_subs.model import JobState
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
