"""The plugins of this repository are distributions of their own: installed, found, and tested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in (HOME / "plugins").glob("*/pyproject.toml"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip put every plugin, and nothing else."""
    target = tmp_path_factory.mktemp("site")
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
        "--no-index", "--disable-pip-version-check", "--target", str(target), *map(str, PLUGINS),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def run(installed: Path, *arguments: str) -> str:
    paths = os.pathsep.join((str(installed), str(HOME)))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=installed,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_are_plugins() -> None:
    assert PLUGINS


def test_each_is_found_through_its_entry_point(installed: Path) -> None:
    code = (
        "from canary_subs.plugin.manager import load\n"
        "for plugin in load().plugins:\n"
        "    if plugin.origin != 'built in': print(plugin.origin, plugin.broken)"
    )
    found = run(installed, "-c", code).splitlines()
    assert sorted(line.split()[0] for line in found) == [plugin.name for plugin in PLUGINS]
    assert all(line.endswith(" None") for line in found)


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_each_passes_its_own_tests_as_it_is_installed(plugin: Path, installed: Path) -> None:
    code = f"import {plugin.name.replace('-', '_')} as it; print(it.__file__)"
    assert run(installed, "-c", code).startswith(str(installed))
    tests = str(plugin / "tests")
    output = run(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests)
    assert " passed" in output or "100%" in output


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_each_says_what_it_is_and_how_to_use_it(plugin: Path) -> None:
    text = (plugin / "README.md").read_text()
    assert f"pip install {plugin.name}" in text
    assert "--format" in text
