"""The documentation is true: it builds without a warning, and what it shows works."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import logging
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from canary_subs import cli, errors

ROOT = Path(__file__).resolve().parents[2]
README = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]

#: What follows a command in a line of shell.
_ENDS = frozenset({"|", ">", ">>", "2>", "&&", "||", ";", "&", "<"})
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>[a-z]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


def generate() -> ModuleType:
    """docs/generate.py as a module; `docs` is not a package."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pages, the generated ones too, as the site is built from them."""
    target = tmp_path_factory.mktemp("docs") / "source"
    # Commands set the level of our logger; the fixture that restores it is for one test.
    logger = logging.getLogger("canary_subs")
    level = logger.level
    generate().main(target)
    logger.setLevel(level)
    return target


def blocks(*languages: str) -> list[Any]:
    """The code blocks of these languages in all hand-written pages, named after their places."""
    found = []
    for page in [*sorted((ROOT / "docs").rglob("*.md")), *README]:
        text = page.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            if block["language"] in languages:
                line = text.count("\n", 0, block.start()) + 1
                code = textwrap.dedent(block["text"])
                found.append(pytest.param(code, id=f"{page.relative_to(ROOT)}:{line}"))
    return found


def test_the_site_builds_without_a_warning(pages: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("zensical is not installed (pip install 'canary-subs[docs]')")
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    config = config.replace("docs_dir: build/docs-source", f"docs_dir: {pages.name}")
    (pages.parent / "mkdocs.yml").write_text(config.replace("build/docs", "site"))
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=pages.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert "No issues found" in built.stdout + built.stderr
    assert (pages.parent / "site" / "reference" / "hooks" / "index.html").is_file()


def test_every_page_is_in_the_navigation(pages: Path) -> None:
    named = set(re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert named == {page.relative_to(pages).as_posix() for page in pages.rglob("*.md")}


def commands(text: str) -> Iterator[list[str]]:
    """The canary-subs commands in shell lines, without their redirections and neighbours."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="|&;<>")
        words.whitespace_split = True
        command: list[str] = []
        for word in [*words, ";"]:
            if word in _ENDS:
                if command[:3] == ["docker", "compose", "exec"]:
                    command = command[4:]
                if command[:1] == ["canary-subs"]:
                    yield command[1:]
                command = []
            else:
                command.append(word)


@pytest.mark.parametrize("text", blocks("sh", "console"))
def test_every_command_can_be_given(text: str) -> None:
    for arguments in commands(text):
        try:
            cli.parser().parse_args(arguments)
        except SystemExit as ended:
            assert ended.code == 0, f"canary-subs {shlex.join(arguments)}"


def test_inline_commands_can_be_given_too() -> None:
    wrong = []
    for page in [*sorted((ROOT / "docs").rglob("*.md")), *README]:
        text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
        for found in re.findall(r"`canary-subs ([a-z][^`]*)`", text):
            arguments = shlex.split(" ".join(found.split()))
            if any(word.isupper() and len(word) > 1 for word in arguments[:1]):
                continue
            with contextlib.redirect_stderr(None):
                try:
                    cli.parser().parse_args(arguments)
                except SystemExit as ended:
                    if ended.code:
                        wrong.append(f"{page.name}: canary-subs {found}")
    assert not wrong


@pytest.mark.parametrize("text", blocks("toml"))
def test_every_configuration_can_be_loaded(text: str, tmp_path: Path) -> None:
    from canary_subs.config import layers

    tomllib.loads(text)
    first = text.partition("\n")[0]
    if "pyproject.toml" in first:
        return
    file = tmp_path / "config.toml"
    file.write_text(text)
    if layers.FOLDER_FILE in first:
        layers.read_file(file, folder=True)
    else:
        layers.load(file, environment={})


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the example that the pages name, and a plugin folder of its own."""
    video = ROOT / "examples" / "videos" / "german.mkv"
    shutil.copy(video, tmp_path)
    (tmp_path / "videos").mkdir()
    shutil.copy(video, tmp_path / "videos")
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT))
    return tmp_path


@pytest.mark.parametrize("text", blocks("python"))
def test_every_block_of_python_runs(
    text: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "hookimpl" in text:
        plugins = workplace / "XDG_CONFIG_HOME" / "canary-subs" / "plugins"
        plugins.mkdir(parents=True)
        (plugins / "shown.py").write_text(text)
        assert cli.main(["plugins"]) == 0
        listed = capsys.readouterr().out
        assert re.search(r"^shown\s.*\sok$", listed, re.MULTILINE), listed
        return
    names: dict[str, object] = {"__name__": "shown"}
    exec(compile(text, "a page", "exec"), names)
    for name, value in names.items():
        if name.startswith("test_") and callable(value):
            value()


def test_every_hook_and_method_is_explained(pages: Path) -> None:
    from canary_subs.plugin import hookspecs

    page = (pages / "reference" / "hooks.md").read_text(encoding="utf-8")
    tree = ast.parse(Path(hookspecs.__file__).read_text(encoding="utf-8"))
    silent = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                silent.append(node.name)
            assert f"`{node.name}`" in page
    assert not silent, "without a docstring"


def test_every_key_is_explained(pages: Path) -> None:
    from canary_subs.config.layers import Settings
    from canary_subs.config.reference import explain

    page = (pages / "reference" / "configuration.md").read_text(encoding="utf-8")
    for setting in explain(Settings()):
        assert f"`{setting.key}`" in page
        assert setting.explanation, f"{setting.section}.{setting.key}"


def test_every_exit_code_is_explained(pages: Path) -> None:
    page = (pages / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, errors.CanarySubsError)}
    assert codes
    for code in {0, 1, 130, *codes}:
        assert f"| `{code}` |" in page


def test_every_public_name_is_explained(pages: Path) -> None:
    import canary_subs

    page = (pages / "reference" / "python.md").read_text(encoding="utf-8")
    for name in canary_subs.__all__:
        if not name.startswith("__"):
            section = page.partition(f"\n### `{name}`\n")[2].partition("\n### ")[0]
            assert section.strip(), name


def anchors(page: Path) -> set[str]:
    """What headings can be linked to."""
    heads = re.findall(r"^#+ (.+)$", _BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", README, ids=lambda path: path.name)
def test_every_link_of_the_repository_leads_somewhere(page: Path) -> None:
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        linked = page.parent / place if place else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def test_the_walk_names_ten_functions_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    walk = text.partition("## From a queued job to a written cue")[2].partition("\n## ")[0]
    named = re.findall(r"^\d+\. `([\w.]+)`", walk, re.MULTILINE)
    assert 0 < len(named) <= 10
    for name in named:
        assert callable(pkgutil.resolve_name(f"canary_subs.{name}")), name


@pytest.mark.parametrize("name", ["model.md", "gpu-memory.md"])
def test_the_figures_of_models_are_those_of_their_cards(name: str, pages: Path) -> None:
    """Licences, downloads and memory on the pages are what `canary-subs models` prints."""
    import json

    answer = json.loads(
        subprocess.run(
            [sys.executable, "-m", "canary_subs", "models", "--json"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        ).stdout
    )
    page = (pages / "howto" / name).read_text(encoding="utf-8")
    for card in answer:
        row = re.search(rf"^\| `{re.escape(card['name'])}`.*$", page, re.MULTILINE)
        if row is None:
            assert card["name"] == "demo"
        elif name == "model.md":
            assert card["licence"] in row[0]
            assert not card["download_bytes"] or f"{card['download_bytes'] / 1e9:.1f} GB" in row[0]
        else:
            memory = [f"{size / 1e9:.1f}" for size in card["memory_bytes"].values()]
            assert row[0].split(" | ")[1:] == [*memory[:-1], f"{memory[-1]} |"]
