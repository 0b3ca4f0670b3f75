"""The command line with an engine, a format and commands that strangers wrote as .py files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from canary_subs import cli

VIDEO = Path(__file__).parent.parent / "examples" / "videos" / "english.mp4"

#: Recognises nothing, says the same sentence for every segment, and counts its calls.
ENGINE = """
from pathlib import Path
from canary_subs import Provider, hookimpl
from canary_subs.model import ModelCard, Utterance
from canary_subs.plugin.hookspecs import Engine, Session

CALLS = Path(__file__).with_suffix(".calls")

class Parrot(Session):
    model = "parrot-1"

    def recognise(self, requests):
        with CALLS.open("a") as file:
            file.write("x" * len(requests))
        return [
            [Utterance(text="Polly wants a cracker.", span=one.clip.span, language=target)
             for target in one.targets]
            for one in requests
        ]

class ParrotEngine(Engine):
    def __init__(self, options, context):
        self.model = context.model or "free"

    def pairs(self):
        return [("en", "en"), ("en", "tlh")]

    def open(self, context):
        return Parrot()

    def models(self):
        cards = [
            ModelCard(name=name, licence=licence, commercial=commercial,
                      pairs=frozenset(self.pairs()), memory_bytes={"fp32": 1000})
            for name, licence, commercial in
            (("free", "MIT", True), ("bound", "CC-BY-NC-4.0", False))
        ]
        return sorted(cards, key=lambda card: card.name != self.model)

@hookimpl
def canary_subs_engines():
    return [Provider(name="parrot", summary="says the same", make=ParrotEngine)]
"""

#: A format whose suffix ends as another's does, and a layout, each with an option.
FORMAT = """
from dataclasses import dataclass
from canary_subs import Provider, hookimpl
from canary_subs.model import Cue

@dataclass(frozen=True)
class LayoutOptions:
    words: int = 1

class Layout:
    def __init__(self, options):
        self.words = options.words

    def layout(self, request):
        cues = []
        for utterance in request.transcript.utterances:
            texts = utterance.text.split()
            parts = [texts[at : at + self.words] for at in range(0, len(texts), self.words)]
            start, step = utterance.span.start_ms, utterance.span.duration_ms // len(parts)
            for number, part in enumerate(parts):
                cues.append(Cue(start_ms=start + number * step, end_ms=start + (number + 1) * step,
                                lines=(" ".join(part),)))
        return cues

@hookimpl
def canary_subs_layouts():
    return [Provider(name="chunks", summary="so many words", options=LayoutOptions,
                     make=lambda options, context: Layout(options))]

@dataclass(frozen=True)
class Options:
    mark: str = "-"

class Writer:
    suffix = ".studio.txt"

    def __init__(self, options):
        self.mark = options.mark

    def write(self, document):
        if self.mark == "boom":
            raise ValueError("cannot draw")
        return "".join(f"{self.mark} {c.text}\\n" for c in document.cues).encode()

@hookimpl
def canary_subs_writers():
    return [Provider(name="studio", summary="a studio's", options=Options,
                     make=lambda options, context: Writer(options))]
"""

COMMANDS = """
from canary_subs import hookimpl
from canary_subs.errors import OutputError
from canary_subs.plugin.hookspecs import Command

def arguments(parser):
    parser.add_argument("name")
    parser.add_argument("--loud", action="store_true")

def greet(args, settings, plugins):
    if args.name == "nobody":
        raise OutputError("there is nobody to greet")
    if args.name == "bug":
        return 1 / 0
    formats = len(plugins.providers("format"))
    print(f"hello {args.name}, {settings.config.profile}, {formats > 3}")
    return 4 if args.loud else 0

@hookimpl
def canary_subs_commands():
    return [
        Command(name="greet", help="say hello", add_arguments=arguments, run=greet),
        Command(name="run", help="not this one", add_arguments=arguments, run=greet),
        Command(name="torn", help="in pieces", add_arguments=lambda parser: 1 / 0, run=greet),
    ]
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "config" / "canary-subs" / "plugins"
    folder.mkdir(parents=True)
    for name, text in (("parrot", ENGINE), ("studio", FORMAT), ("greeter", COMMANDS)):
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return Path(shutil.copy(VIDEO, tmp_path / "video.mp4"))


@pytest.fixture
def subtitles(tmp_path: Path) -> Path:
    file = tmp_path / "old.en.srt"
    file.write_text(
        "1\n00:00:01,000 --> 00:00:04,000\n"
        "one two three four five six seven eight nine ten eleven twelve\n",
        encoding="utf-8",
    )
    return file


def test_an_engine_is_chosen_by_flag_or_by_the_models_name(
    plugins: Path, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for flags in (["--engine", "parrot"], ["--model", "parrot:free", "--overwrite"]):
        assert cli.main(["run", str(video), "--from", "en", *flags]) == 0
        assert {"Polly", "wants"} <= set(video.with_suffix(".en.srt").read_text().split())
        assert "video.en.srt" in capsys.readouterr().out


def test_quiet_prints_errors_and_json_only(
    plugins: Path, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--engine", "parrot", "--from", "en", "--overwrite"]
    assert cli.main(["run", "-q", str(video), *flags]) == 0
    assert capsys.readouterr() == ("", "")
    assert cli.main(["-q", "run", "--json", str(video), *flags]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "done"
    assert cli.main(["run", str(video.with_name("none.mp4")), *flags, "-q"]) == 3
    assert "none.mp4" in capsys.readouterr().err


def test_a_fresh_run_recalls_nothing(plugins: Path, video: Path) -> None:
    calls = plugins / "parrot.calls"
    run = ["run", str(video), "--engine", "parrot", "--from", "en", "--overwrite"]
    assert cli.main(run) == 0
    once = len(calls.read_text())
    assert once
    assert cli.main(run) == 0
    assert len(calls.read_text()) == once
    assert cli.main([*run, "--fresh"]) == 0
    assert len(calls.read_text()) == 2 * once
    assert cli.main(run) == 0
    assert len(calls.read_text()) == 2 * once


def test_models_of_every_engine_are_listed(
    plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["models", "--json"]) == 0
    listed = {(one["engine"], one["name"]) for one in json.loads(capsys.readouterr().out)}
    assert {("parrot", "free"), ("parrot", "bound"), ("canary", "nvidia/canary-1b-v2")} <= listed
    assert cli.main(["models", "--for", "en:tlh", "--commercial"]) == 0
    shown = capsys.readouterr().out
    assert "free\n" in shown
    assert "bound" not in shown and "canary" not in shown
    assert cli.main(["models", "parrot:bound", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["licence"], one["fits_as"]) == ("CC-BY-NC-4.0", "fp32")
    assert cli.main(["models", "--fetch", "parrot:free"]) == 0
    assert "parrot:free" in capsys.readouterr().out
    assert cli.main(["models", "--for", "tlh"]) == 1
    assert cli.main(["models", "--for", "klingon:en"]) == 2


def test_the_doctor_examines_the_chosen_engine(
    plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def model(*flags: str) -> list[dict[str, str]]:
        cli.main(["doctor", "--json", *flags])
        found = json.loads(capsys.readouterr().out)
        return [check for check in found if check["what"].startswith("model")]

    (fine,) = model("--engine", "parrot")
    assert (fine["what"], fine["state"]) == ("model (parrot)", "ok")
    assert "free, MIT" in fine["found"]
    (bound,) = model("--model", "parrot:bound", "--commercial")
    assert bound["state"] == "bad"
    assert "CC-BY-NC-4.0" in bound["advice"]
    *_, unable = model("--engine", "parrot", "--to", "it")
    assert unable["state"] == "bad"
    assert "it" in unable["advice"]


def test_commercial_use_is_refused_for_every_engine(
    plugins: Path, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["run", str(video), "--from", "en", "--commercial", "--model"]
    assert cli.main([*run, "parrot:free"]) == 0
    capsys.readouterr()
    assert cli.main([*run, "parrot:bound", "--overwrite"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "the licence of bound (CC-BY-NC-4.0) does not allow commercial use" in line
    assert line.partition("these do: ")[2].startswith("free, canary:nvidia/canary-1b-v2")
    assert cli.main([*run, "canary-1b", "--overwrite"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "the licence of nvidia/canary-1b (CC-BY-NC-4.0) does not allow" in line
    assert "parrot:free" in line


def test_options_reach_the_format_and_the_layout_of_relayout(
    plugins: Path, subtitles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["-o", "format.ass.font_size=11"]
    assert cli.main(["relayout", str(subtitles), "--as", "ass", *options]) == 0
    (style,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("Style:")]
    assert style.split(",")[2] == "11"
    # A file's options count as a flag's do, and the whole suffix names the format.
    config = tmp_path / "c.toml"
    config.write_text('[options.format.studio]\nmark = "="\n')
    target = tmp_path / "new.Studio.TXT"
    flags = ["--to-file", str(target), "--config", str(config)]
    assert cli.main(["relayout", str(subtitles), *flags]) == 0
    assert target.read_text().startswith("= one two")
    assert cli.main(["relayout", str(subtitles), *flags]) == 6
    assert "exists already" in capsys.readouterr().err
    assert cli.main(["relayout", str(subtitles), "--to-file", "x.odd"]) == 2
    assert "x.odd: no format has this suffix; name the format with --as" in capsys.readouterr().err


def test_options_reach_the_layout_of_relayout(
    plugins: Path, subtitles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text('layout = "chunks"\n[options.layout.chunks]\nwords = 4\n')
    run = ["relayout", str(subtitles), "--as", "studio", "--config", str(config)]
    assert cli.main(run) == 0
    assert capsys.readouterr().out.splitlines() == [
        "- one two three four",
        "- five six seven eight",
        "- nine ten eleven twelve",
    ]
    assert cli.main([*run, "-o", "layout.chunks.words=6"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "- one two three four five six"


def test_a_format_that_fails_names_its_plugin(
    plugins: Path, subtitles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["relayout", str(subtitles), "--as", "studio", "-o", "format.studio.mark=boom"]
    assert cli.main(run) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "'studio'" in line and "cannot draw" in line and "studio.py" in line


def test_options_reach_the_format_and_the_layout_of_align(
    plugins: Path, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.txt"
    script.write_text("Polly wants a cracker. Polly wants a cracker.")
    flags = ["--engine", "parrot", "--from", "en", "--as", "ass", "-o", "format.ass.font_size=11"]
    assert cli.main(["align", str(video), str(script), *flags]) == 0
    (style,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("Style:")]
    assert style.split(",")[2] == "11"
    config = tmp_path / "c.toml"
    config.write_text('layout = "chunks"\n[options.layout.chunks]\nwords = 4\n')
    flags = ["--engine", "parrot", "--from", "en", "--as", "studio", "--config", str(config)]
    assert cli.main(["align", str(video), str(script), *flags]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "- Polly wants a cracker."


def test_a_plugins_command_runs(plugins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["greet", "you"]) == 0
    assert capsys.readouterr().out == "hello you, netflix, True\n"
    assert cli.main(["greet", "you", "--loud"]) == 4
    with pytest.raises(SystemExit) as ended:
        cli.main(["greet", "you", "--lout"])
    assert ended.value.code == 2
    assert "did you mean --loud?" in capsys.readouterr().err


def test_a_plugins_command_is_listed_and_suggested(
    plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([]) == 0
    listed = capsys.readouterr().out
    assert "say hello" in listed
    assert "not this one" not in listed and "in pieces" not in listed
    with pytest.raises(SystemExit):
        cli.main(["gret"])
    assert "did you mean 'greet'?" in capsys.readouterr().err


def test_what_a_plugins_command_raises_names_the_plugin(
    plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["greet", "nobody"]) == 6
    assert "there is nobody to greet" in capsys.readouterr().err
    assert cli.main(["greet", "bug"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "'greeter'" in line and "ZeroDivisionError" in line and "greeter.py" in line


def test_broken_plugins_do_not_break_the_command_line(
    plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (plugins / "broken.py").write_text("import nothing_of_that_name\n")
    assert cli.main([]) == 0
    assert "say hello" in capsys.readouterr().out
    assert cli.main(["greet", "you"]) == 0
    assert cli.main(["formats"]) == 0
    (plugins.parent / "config.toml").write_text("modle = 1\n")
    assert cli.main([]) == 0
    assert "relayout" in capsys.readouterr().out
