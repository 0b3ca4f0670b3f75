"""The project's own files agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]


def test_every_python_that_is_promised_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    promised = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert WORKFLOW["test"]["strategy"]["matrix"]["python"] == promised
    assert project["requires-python"] == f">={promised[0]}"


def test_what_runs_elsewhere_is_a_target_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    steps = [step.get("run", "") for job in WORKFLOW.values() for step in job["steps"]]
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    shown = re.findall(r"`make ([a-z-]+)`", contributing)
    used = [*shown, *re.findall(r"make ([a-z-]+)", "\n".join(steps))]
    assert "test-wheel" in used
    assert set(used) <= set(targets)


def test_every_target_is_phony() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    assert set(targets) <= set(" ".join(phony).split())


def test_every_dependency_has_a_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    silent = [
        line for line in lines if re.match(r'    "[\w.\[\]-]+[<>=]', line) and " # " not in line
    ]
    assert not silent
