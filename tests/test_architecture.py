"""Which part of the house may import which: the picture in the README, held."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import canary_subs

HOUSE = Path(canary_subs.__file__).parent

#: What every room stands on; each may import those before it.
FOUNDATION = ("model", "naming", "spans", "timing", "errors", "files", "hookspecs")

ROOMS = ("media", "speech", "canary", "sounds", "cues", "formats", "deliver", "proof")

#: What a road may join, as the main one does.
JOINS = (*FOUNDATION, "plugins", "film", "pipeline", "media", "speech", "cues", "formats", "proof")

#: Part -> the other parts that it may import, type-checking imports included.
ARROWS: dict[str, tuple[str, ...]] = {
    **{part: FOUNDATION[:place] for place, part in enumerate(FOUNDATION)},
    **dict.fromkeys(ROOMS, FOUNDATION),
    "canary": (*FOUNDATION, "hub", "demo"),  # where the demonstration model lies
    "sounds": (*FOUNDATION, "hub", "demo", "canary.precision"),
    "demo": (),
    "options": ("errors",),
    "hub": ("errors",),
    "keys": ("model", "errors"),
    "ahead": (),
    "plugins": (*FOUNDATION, "options"),
    "config": (*FOUNDATION, "options", "keys", "plugins", "cues.profiles"),
    # The rules of reading and the choice of a track are the house's own; all else is plugins.
    "film": (*FOUNDATION, "plugins", "cues.profiles", "cues.sounds", "cues.tracks", "media.shots"),
    "pipeline": (*FOUNDATION, "plugins", "film", "ahead", "media.tracks"),
    "api": (*FOUNDATION, "keys", "plugins", "config", "pipeline", "cues.profiles"),
    # Roads of their own, beside the main one: checking, re-timing, proof pages.
    "proofing": JOINS,
    "retiming": (*JOINS, "proofing"),
    "review": (*JOINS, "proofing"),
    "testing": (*FOUNDATION, "options", "plugins"),
}

#: Above the road: these may use everything below.
DRIVERS = {"jobs": {"cli", "testing", "api"}, "cli": {"testing"}, "__main__": {"testing"}}

#: Who may import torch and NeMo, and why anybody but the engine does.
TORCH = ("canary", "sounds", "cli.doctor")  # doctor tells which device there is

HEAVY = ("torch", "nemo", "lightning", "transformers", "av", "onnxruntime", "pysubs2", "silero_vad",
         "webrtcvad", "imageio_ffmpeg", "ffmpeg", "srt", "scipy", "librosa", "pandas", "watchdog",
         "langcodes", "sqlite3", "rich")  # fmt: skip


def modules() -> dict[str, Path]:
    """Dotted name below canary_subs -> file."""
    found = {}
    for file in sorted(HOUSE.rglob("*.py")):
        parts = list(file.relative_to(HOUSE).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        found[".".join(parts)] = file
    return found


MODULES = modules()


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text())


def imports(name: str) -> Iterator[tuple[str, int]]:
    """Every module that a module names in an import, wherever it stands, with its line."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno}: imports are written out in full"
            assert node.module is not None
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                inside = full.removeprefix("canary_subs.")
                yield (full if inside in MODULES else node.module), node.lineno


def within(module: str, part: str) -> bool:
    return module == part or module.startswith(f"{part}.")


def inside(module: str) -> str | None:
    """The name below canary_subs, "" for the package itself; None for others' modules."""
    if module == "canary_subs":
        return ""
    return module.removeprefix("canary_subs.") if module.startswith("canary_subs.") else None


def test_every_part_of_the_house_has_its_place() -> None:
    parts = {name.partition(".")[0] for name in MODULES} - {""}
    assert parts == set(ARROWS) | set(DRIVERS)


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_a_module_imports_only_what_its_part_may(name: str) -> None:
    part = name.partition(".")[0]
    for module, line in imports(name):
        other = inside(module)
        if other is None or other == "" or within(other, part):
            continue
        if part in DRIVERS:
            allowed = other.partition(".")[0] not in DRIVERS[part]
        else:
            allowed = any(within(other, place) for place in ARROWS[part])
        assert allowed, f"canary_subs/{name}:{line} imports {module}"


def test_the_arrows_form_no_circle() -> None:
    settled: set[str] = set()
    waiting = {part: {goal.partition(".")[0] for goal in goals} for part, goals in ARROWS.items()}
    while waiting:
        ready = {part for part, goals in waiting.items() if goals <= settled}
        assert ready, f"these import each other in a circle: {waiting}"
        settled |= ready
        waiting = {part: goals for part, goals in waiting.items() if part not in ready}


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_only_the_engine_imports_torch(name: str) -> None:
    if any(within(name, part) for part in TORCH):
        return
    for module, line in imports(name):
        root = module.partition(".")[0]
        assert root not in ("torch", "nemo", "lightning"), f"canary_subs/{name}:{line}"


@pytest.mark.parametrize("name", [name for name in MODULES if name.partition(".")[0] != "cli"])
def test_only_the_command_line_prints_and_exits(name: str) -> None:
    if name in ("__main__", "jobs.child"):
        return  # programs of their own
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "input", "exit"), f"{name}:{node.lineno}"


def loaded_after(statement: str) -> set[str]:
    """Names of all modules that a fresh process holds after a statement."""
    code = f"{statement}\nimport sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import canary_subs",
        "import canary_subs.cli",
        "from canary_subs.cli import parser; parser().format_help()",
        "from canary_subs.plugin.manager import load; load()",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(statement: str) -> None:
    loaded = loaded_after(statement)
    light = {"srt", "sqlite3"} if "load()" in statement else set()
    assert not (set(HEAVY) - light) & loaded
    if "cli" in statement:
        assert "numpy" not in loaded


def test_no_command_line_goes_through_a_shell() -> None:
    for name in MODULES:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.Call):
                shell = [key.value for key in node.keywords if key.arg == "shell"]
                assert not shell, f"{name}:{node.lineno} runs a shell"
                called = ast.unparse(node.func)
                assert called not in ("os.system", "os.popen", "eval", "exec"), (
                    f"{name}:{node.lineno}"
                )
