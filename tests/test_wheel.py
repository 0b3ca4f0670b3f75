"""The wheel holds what a user runs: the package and its data, nothing that trains or measures."""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "canary_subs"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_nothing_but_the_package_is_in_it(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    parts = {name.partition("/")[0] for name in names}
    assert parts == {"canary_subs", *(part for part in parts if part.endswith(".dist-info"))}


def test_all_data_is_in_it(wheel: zipfile.ZipFile) -> None:
    data = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert data == {name for name in wheel.namelist() if name.startswith("canary_subs/")}
    for name in ("cues/data/sound_labels/de.toml", "sounds/data/audioset.toml", "demo/demo.nemo"):
        assert f"canary_subs/{name}" in data


def test_the_demonstration_models_come_without_what_trains_them(wheel: zipfile.ZipFile) -> None:
    demo = {name for name in wheel.namelist() if name.startswith("canary_subs/demo/")}
    assert {name.removeprefix("canary_subs/demo/") for name in demo} == {
        "__init__.py",
        "CARD.md",
        "demo.nemo",
        "tagger/config.json",
        "tagger/model.safetensors",
        "tagger/preprocessor_config.json",
    }


def test_no_module_imports_what_is_not_in_it(wheel: zipfile.ZipFile) -> None:
    for name in wheel.namelist():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(wheel.read(name))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            for module in modules:
                assert module.partition(".")[0] not in ("tests", "examples"), f"{name}: {module}"
