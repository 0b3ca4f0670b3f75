"""The command line as a person meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from canary_subs import cli

HEAVY = ("torch", "nemo", "av", "numpy", "onnxruntime", "pysubs2", "rich", "pluggy")


Run = subprocess.CompletedProcess[str]


def canary_subs(*arguments: str | Path, cwd: Path | None = None) -> Run:
    return subprocess.run(
        [sys.executable, "-m", "canary_subs", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        check=False,
    )


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from canary_subs import cli\n"
        "cli.parser().format_help()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    actions = cli.parser()._subparsers._group_actions  # type: ignore[union-attr]
    commands = actions[0].choices
    assert {"run", "watch", "status", "doctor", "models", "plugins", "formats"} <= set(commands)
    for name in commands:
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "--help"])
        assert ended.value.code == 0
        assert f"canary-subs {name}" in capsys.readouterr().out


def test_version() -> None:
    import canary_subs as package

    assert canary_subs("--version").stdout == f"canary-subs {package.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run",), "FILE"),
        (("walk",), "walk"),
        (("run", "film.mkv", "--to", "en,,de"), "one,two"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(arguments: tuple[str, ...], said: str) -> None:
    run = canary_subs(*arguments)
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--to", "klingonese"), 2, "klingonese"),
        (("--format", "srtt"), 2, "'srt'"),
        (("--profile", "netflics"), 2, "netflix"),
        (("-o", "format.ass.fnt_size=3"), 2, "font_size"),
        (("-o", "nonsense"), 2, "format.ass.font_size"),
        (("--config", "missing.toml"), 2, "missing.toml"),
    ],
)
def test_bad_choices_are_one_line_that_helps(
    arguments: tuple[str, ...], status: int, said: str, tmp_path: Path
) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(b"not a film")
    run = canary_subs("run", film, *arguments, cwd=tmp_path)
    assert run.returncode == status, run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert said in run.stderr


@pytest.mark.parametrize(
    ("model", "status", "said"),
    [
        ("missing.nemo", 5, "missing.nemo: there is no such model file"),
        ("canary-1b-v3", 2, "did you mean 'canary-1b-v2'"),
        (".", 5, "is not a file"),
    ],
)
@pytest.mark.parametrize("command", ["run", "watch"])
def test_a_model_that_is_not_there_is_told_of_before_any_film_is_opened(
    command: str, model: str, status: int, said: str, tmp_path: Path
) -> None:
    run = canary_subs(command, "--model", model, tmp_path / "none.mkv", cwd=tmp_path)
    assert run.returncode == status
    assert len(run.stderr.splitlines()) == 1
    assert said in run.stderr
    assert not run.stdout


def test_files_that_cannot_be_subtitled(tmp_path: Path) -> None:
    text = tmp_path / "notes.mkv"
    text.write_text("not a film")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    run = canary_subs("run", tmp_path / "none.mkv", text, empty, tmp_path, "--json")
    assert run.returncode == 3
    outcomes = [json.loads(line) for line in run.stdout.splitlines()]
    assert [outcome["state"] for outcome in outcomes] == ["failed"] * 4
    assert "Traceback" not in run.stderr
    complaints = run.stderr.splitlines()
    assert len(complaints) == 4
    for complaint, name in zip(complaints, ("none.mkv", "notes.mkv", "empty.mp4", ""), strict=True):
        assert name in complaint


def test_configuration_errors_name_line_and_nearest_key(tmp_path: Path) -> None:
    file = tmp_path / "canary-subs.toml"
    file.write_text('targets = ["en"]\n\n[watch]\nsettle = 3\n')
    run = canary_subs("formats", "--config", file)
    assert run.returncode == 2
    assert "canary-subs.toml:4" in run.stderr
    assert "settle_s" in run.stderr


def test_config_command_writes_what_it_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["config"]) == 0
    file = tmp_path / "all.toml"
    file.write_text(capsys.readouterr().out)
    assert cli.main(["config", "--config", str(file), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert all(setting["value"] == setting["default"] for setting in again)


def test_a_broken_plugin_is_listed_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "canary-subs" / "plugins"
    folder.mkdir(parents=True)
    (folder / "wrong.py").write_text("import nothing_of_that_name\n")
    run = canary_subs("plugins")
    assert run.returncode == 0
    assert "nothing_of_that_name" in run.stdout
    assert "srt" in run.stdout


def test_names_cannot_steer_the_terminal() -> None:
    from canary_subs.cli.common import plain

    assert plain("a\x1b[2Jb\nc") == "a\\x1b[2Jb\\nc"
    assert plain("ok \udcff.mkv") == "ok \\udcff.mkv"
