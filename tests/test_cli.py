"""The command line as a person meets it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from canary_subs import cli, errors
from canary_subs.config.schema import Config

HEAVY = (
    "torch", "nemo", "av", "numpy", "onnxruntime", "pysubs2", "rich", "pydantic", "shtab",
    "langcodes",
)  # fmt: skip


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


@pytest.mark.parametrize("arguments", [[], ["--help"], ["run", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import contextlib, sys\n"
        "from canary_subs import cli\n"
        "with contextlib.suppress(SystemExit):\n"
        f"    cli.main({arguments!r})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
    assert not run.stderr


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    bare = capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == bare


def test_the_help_lists_every_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    def statuses(error: type[errors.CanarySubsError]) -> set[int]:
        return {error.exit_code}.union(*map(statuses, error.__subclasses__()))

    cli.main([])
    table = capsys.readouterr().out.partition("exit status:")[2]
    listed = {int(line.split()[0]) for line in table.splitlines() if line[2:3].isdigit()}
    assert listed == statuses(errors.CanarySubsError) | {0, 130}


def test_the_flags_are_those_of_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    flags = [one.metadata for one in fields(Config) if one.metadata.get("flag")]
    assert len(flags) > 15
    for about in flags:
        assert about["flag"] in shown
        assert about["doc"][1:].removesuffix(".") in shown


@pytest.mark.parametrize(
    ("command", "has"),
    [("run", True), ("watch", True), ("relayout", True), ("status", False), ("pause", False),
     ("formats", False), ("config", False), ("models", False)],
)  # fmt: skip
def test_options_are_taken_where_they_are_used(
    command: str, has: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    assert ("--option" in capsys.readouterr().out) is has


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    actions = cli.parser()._subparsers._group_actions  # type: ignore[union-attr]
    commands = actions[0].choices
    assert isinstance(commands, dict)
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
        (("walk",), "there is no command 'walk'"),
        (("wathc",), "did you mean 'watch'?"),
        (("RUN", "x"), "did you mean 'run'?"),
        (("run", "--fromat", "srt", "x.mkv"), "did you mean --format?"),
        (("run", "--Overwrite", "x.mkv"), "did you mean --overwrite?"),
        (("status", "a", "b"), "too many arguments: b"),
        (("run", "video.mkv", "--to", "en,,de"), "one,two"),
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
        (("--to", "english"), 2, "did you mean 'en'?"),
        (("--from", "Français"), 2, "did you mean 'fr'?"),
        (("--timing", "Shared"), 2, "did you mean 'shared'?"),
        (("--format", "SRTT"), 2, "did you mean 'srt'?"),
        (("--track", "one"), 2, "--track is a whole number"),
        (("--engine", "canari"), 2, "did you mean 'canary'?"),
        (("--format", "SRT,VTT", "--model", "demo"), 3, "video.mkv"),
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
    video = tmp_path / "video.mkv"
    video.write_bytes(b"not a video")
    run = canary_subs("run", video, *arguments, cwd=tmp_path)
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
def test_a_model_that_does_not_exist_is_reported_before_any_video_is_opened(
    command: str, model: str, status: int, said: str, tmp_path: Path
) -> None:
    run = canary_subs(command, "--model", model, tmp_path / "none.mkv", cwd=tmp_path)
    assert run.returncode == status
    assert len(run.stderr.splitlines()) == 1
    assert said in run.stderr
    assert not run.stdout


def test_files_that_cannot_be_subtitled(tmp_path: Path) -> None:
    text = tmp_path / "notes.mkv"
    text.write_text("not a video")
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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("https://example.org/watch?v=1", "https://example.org/watch?v=1: is an address; download"),
        ("*.mkv", "*.mkv: there is no file of this name; if it is a pattern"),
        (".", "is a folder; for all videos in it: canary-subs watch"),
    ],
)
def test_what_is_not_a_file_says_what_to_do(name: str, said: str, tmp_path: Path) -> None:
    run = canary_subs("run", "--model", "demo", name, cwd=tmp_path)
    assert run.returncode == 3
    assert len(run.stderr.splitlines()) == 1
    assert said in run.stderr
    check = canary_subs("check", name, cwd=tmp_path)
    assert check.returncode == 2
    assert said.partition(";")[0] in check.stderr


def test_a_file_is_not_watched(tmp_path: Path) -> None:
    video = tmp_path / "a video.mkv"
    video.touch()
    run = canary_subs("watch", video)
    assert run.returncode == 2
    assert f"is a file; use canary-subs run '{video}'" in run.stderr


def test_an_unknown_variable_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_SUBS_SERVICE_HOST", "10.0.0.1")
    run = canary_subs("formats")
    assert run.returncode == 0
    assert "CANARY_SUBS_SERVICE_HOST is not known" in run.stderr
    assert not canary_subs("formats", "-q").stderr


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["config", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["properties"]["watch"]["properties"]["settle_s"]["default"] == 5.0
    assert "font_size" in schema["properties"]["options"]["properties"]["format"]["properties"][
        "ass"
    ]["properties"]  # fmt: skip


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_know_commands_options_and_names(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["completions", shell]) == 0
    script = capsys.readouterr().out
    for word in ("relayout", "sound-model", "netflix", "vtt"):
        assert word in script
    if (program := shutil.which(shell)) is not None:
        file = tmp_path / "completions"
        file.write_text(script, encoding="utf-8")
        subprocess.run([program, "-n", file], check=True)


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


def test_names_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from canary_subs.cli import common

    common.complain("a\x1b[2Jb\nc")
    common.show_table(("a",), [("ok \udcff.mkv",)])
    shown = capsys.readouterr()
    assert shown.err == "canary-subs: a\\x1b[2Jb\\nc\n"
    assert shown.out == "a\nok \\udcff.mkv\n"
