"""Which package may import which: the picture in docs/design, held."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import canary_subs

PACKAGE = Path(canary_subs.__file__).parent

#: What every package stands on; each may import those before it.
FOUNDATION = ("errors", "_text", "model", "time", "_files", "plugin.hookspecs")

#: The stages of the pipeline and what stands beside them; they never import each other.
STAGES = ("media", "speech", "canary", "sounds", "cues", "formats", "deliver", "proof")

PLUGIN = ("plugin.options", "plugin.contain", "plugin.finding", "plugin.manager")

#: What the pipeline joins besides plugins: reading rules, the choice of a track, shot changes.
PIPELINE = (
    *FOUNDATION, *PLUGIN, "cues.profiles", "cues.sdh", "cues.bilingual", "media.tracks",
    "media.shots",
)  # fmt: skip

WORKFLOWS = (*FOUNDATION, *PLUGIN, "pipeline", "media.tracks", "cues", "formats", "proof")

#: Part -> the other parts that it may import, type-checking imports included.
ARROWS: dict[str, tuple[str, ...]] = {
    **{part: FOUNDATION[:place] for place, part in enumerate(FOUNDATION)},
    **dict.fromkeys(STAGES, FOUNDATION),
    "canary": (*FOUNDATION, "_hub", "_device", "demo"),  # where the demonstration model lies
    "sounds": (*FOUNDATION, "_hub", "_device", "demo"),
    "formats": (*FOUNDATION, "plugin.manager", "plugin.contain"),  # `reading` asks all readers
    "demo": FOUNDATION,
    "_hub": ("errors",),
    "_device": ("errors",),
    "_process": (),
    "plugin": FOUNDATION,
    "plugin.hookspecs": FOUNDATION[:5],
    "config": (*FOUNDATION, *PLUGIN, "cues.profiles"),
    "pipeline": PIPELINE,
    "workflows": WORKFLOWS,
    "api": (*FOUNDATION, *PLUGIN, "config", "pipeline", "cues.profiles", "cues.known_text"),
    "testing": (*FOUNDATION, *PLUGIN),
}

#: For type annotations alone: the page of hooks names what hooks are called with.
ANNOTATIONS = {
    "plugin.hookspecs": ("config.layers", "pipeline.task", "plugin.manager"),
}

#: Above all others: these may use everything below.
DRIVERS = {"jobs": {"cli", "testing", "api"}, "cli": {"testing"}, "__main__": {"testing"}}

#: Modules that may be longer: pages of definitions.
LONGEST = {"model": 600, "plugin.hookspecs": 500, "config.schema": 450}

#: Who may import torch and NeMo; `cli.doctor` and `workflows.precisions` ask for devices.
TORCH = ("_device", "canary", "sounds", "demo", "cli.doctor", "workflows.precisions")

HEAVY = ("torch", "nemo", "lightning", "transformers", "av", "onnxruntime", "pysubs2", "silero_vad",
         "webrtcvad", "imageio_ffmpeg", "ffmpeg", "srt", "scipy", "librosa", "pandas", "watchdog",
         "langcodes", "sqlite3", "rich")  # fmt: skip


def modules() -> dict[str, Path]:
    """Dotted name below canary_subs -> file."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = list(file.relative_to(PACKAGE).with_suffix("").parts)
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


def part_of(name: str) -> str:
    """The most special part that a module belongs to."""
    return max((part for part in (*ARROWS, *DRIVERS) if within(name, part)), key=len)


def test_every_module_belongs_to_a_part() -> None:
    parts = {name.partition(".")[0] for name in MODULES} - {""}
    known = {part.partition(".")[0] for part in (*ARROWS, *DRIVERS)}
    assert parts == known


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_a_module_imports_only_what_its_part_may(name: str) -> None:
    part = part_of(name)
    for module, line in imports(name):
        other = inside(module)
        if other is None or other == "" or within(other, part.partition(".")[0]):
            continue
        if part in DRIVERS:
            allowed = other.partition(".")[0] not in DRIVERS[part]
        else:
            places = (*ARROWS[part], *ANNOTATIONS.get(name, ()))
            allowed = any(within(other, place) for place in places)
        assert allowed, f"canary_subs/{name}:{line} imports {module}"


def test_the_arrows_form_no_circle() -> None:
    settled: set[str] = set()
    goals = {part: set(others) - {part} for part, others in ARROWS.items()}
    goals["plugin"] = set(FOUNDATION) - {"plugin.hookspecs"}

    def top(part: str) -> str:
        return part if part in goals else part.partition(".")[0]

    waiting = {part: {top(goal) for goal in others} - {part} for part, others in goals.items()}
    while waiting:
        ready = {part for part, others in waiting.items() if others <= settled}
        assert ready, f"these import each other in a circle: {waiting}"
        settled |= ready
        waiting = {part: others for part, others in waiting.items() if part not in ready}


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_no_module_is_long(name: str) -> None:
    lines = len(MODULES[name].read_text().splitlines())
    assert lines <= LONGEST.get(name, 430), f"canary_subs/{name} has {lines} lines"


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
                called = ast.unparse(node.func)
                # shtab writes the completions of a shell.
                assert not shell or called == "shtab.complete", f"{name}:{node.lineno}"
                assert called not in ("os.system", "os.popen", "eval", "exec"), (
                    f"{name}:{node.lineno}"
                )


def test_no_two_classes_have_one_name() -> None:
    homes: dict[str, list[str]] = {}
    for name in MODULES:
        for node in tree(name).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(name)
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}
