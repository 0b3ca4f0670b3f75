"""A plugin's wrong answer is one line that names the plugin, its file and the line to look at."""

from __future__ import annotations

import json
import re

import pytest

from canary_subs.testing import write_video
from tests.strangers.conftest import PLUGINS, Bench, Run


def line_of(plugin: str, kind: str, method: str) -> int:
    """The line on which a method of a class is defined."""
    lines = (PLUGINS / f"{plugin}.py").read_text().splitlines()
    begin = next(
        n for n, line in enumerate(lines) if line.startswith((f"class {kind}(", f"class {kind}:"))
    )
    return next(n for n, line in enumerate(lines[begin:], begin + 1) if f"def {method}(" in line)


def names_it(done: Run, plugin: str, line: int) -> None:
    """The command failed with one line that says which plugin, and where."""
    assert done.status, done
    assert len(done.err.splitlines()) == 1, done.err
    assert "Traceback" not in done.err
    assert re.search(rf"Film\.(mkv|en\.srt): plugin {plugin!r} failed: ", done.err), done.err
    assert re.search(rf"\({plugin}\.py, line {line}\)$", done.err.strip()), done.err


@pytest.mark.parametrize(
    ("setting", "kind", "method"),
    [
        ("engine", "PairsOfOne", "pairs"),
        ("engine", "PairsAreNothing", "pairs"),
        ("engine", "OpenGivesText", "open"),
        ("engine", "RecogniseNothing", "recognise"),
        ("engine", "RecogniseTexts", "recognise"),
        ("engine", "RecogniseTooFew", "recognise"),
        ("engine", "RecogniseOtherLanguage", "recognise"),
        ("engine", "RecogniseNumbers", "recognise"),
        ("engine", "RecogniseWordTexts", "recognise"),
        ("engine", "RecogniseRelativeTimes", "recognise"),
        ("segmenter", "CutGivesNumbers", "cut"),
        ("segmenter", "CutGivesNothing", "cut"),
        ("segmenter", "CutGoesBack", "cut"),
        ("aligner", "AlignGivesWords", "align"),
        ("layout", "LayoutGivesTexts", "layout"),
        ("layout", "LayoutGivesOneLine", "layout"),
        ("layout", "LayoutGivesNothing", "layout"),
        ("formats", "WriteGivesText", "write"),
        ("deliveries", "FindGivesTruth", "find"),
        ("deliveries", "DeliverGivesNothing", "deliver"),
        ("deliveries", "DeliverGivesNumbers", "deliver"),
    ],
)
def test_a_wrong_answer_names_plugin_file_and_line(
    setting: str, kind: str, method: str, bench: Bench
) -> None:
    bench.use_fakes()
    bench.install("wrong_answers")
    value = f'"{kind.lower()}"'
    bench.set(**{setting: f"[{value}]" if setting in ("formats", "deliveries") else value})
    done = bench.run("run", bench.video(), "--to", "en")
    names_it(done, "wrong_answers", line_of("wrong_answers", kind, method))


def test_a_suffix_without_a_dot_names_the_plugin(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("wrong_answers")
    done = bench.run("run", bench.video(), "--to", "en", "--format", "suffixwithoutdot")
    assert done.status == 1
    assert "plugin 'wrong_answers' failed: a format's suffix begins with a dot" in done.err


@pytest.mark.parametrize("kind", ["IdentifyGivesName", "IdentifyGivesTexts"])
def test_a_wrong_guess_of_the_language_names_the_plugin(kind: str, bench: Bench) -> None:
    bench.use_fakes()
    bench.install("wrong_answers")
    video = write_video(bench.home / "Film.mkv", (0, 4000))
    done = bench.run("run", video, "--engine", kind.lower())
    names_it(done, "wrong_answers", line_of("wrong_answers", kind, "identify"))


def test_a_wrong_sound_names_the_plugin(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("wrong_answers")
    bench.set(tagger='"taggivesnames"')
    done = bench.run("run", bench.video(), "--to", "en,en.sdh")
    names_it(done, "wrong_answers", line_of("wrong_answers", "TagGivesNames", "tag"))
    assert (bench.home / "Film.en.srt").is_file(), "the other track is made"


@pytest.mark.parametrize(
    ("plugin", "kind", "method"),
    [("wrong_probe", "ProbeGivesText", "probe"), ("wrong_read", "ReadGivesBytes", "read")],
)
def test_a_wrong_source_is_named(plugin: str, kind: str, method: str, bench: Bench) -> None:
    bench.use_fakes()
    bench.install("fakes", under="zz_fakes")
    bench.set(disable='["fakes"]')
    bench.install(plugin)
    done = bench.run("run", bench.video(), "--to", "en")
    names_it(done, plugin, line_of(plugin, kind, method))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "canary_subs_plan must give a Plan, a Skip or None, not (Track("),
        ("engine", "a Plan's engine must be Choice, not 'plain'"),
        ("targets", "a Plan's targets must be tuple[Track, ...], not ('en', 'de')"),
        ("writers", "a Plan's writers must be tuple[Choice, ...], not [Choice("),
        ("glossary", "a Plan's glossary must be tuple[str, ...], not 'Emma'"),
        ("aligner", "a Plan's aligner must be Choice | None, not 'ctc'"),
    ],
)
def test_a_wrong_plan_is_named(
    name: str, said: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.use_fakes()
    bench.install("wrong_plan")
    monkeypatch.setenv("WRONG_FIELD", name)
    done = bench.run("run", bench.video(), "--to", "en")
    lines = (PLUGINS / "wrong_plan.py").read_text().splitlines()
    names_it(done, "wrong_plan", lines.index("@hookimpl") + 1)
    assert said in done.err


def test_a_wrong_check_is_named(bench: Bench) -> None:
    bench.install("wrong_check")
    file = bench.home / "Film.en.srt"
    file.write_text("1\n00:00:01,000 --> 00:00:03,000\nHello.\n")
    done = bench.run("check", file)
    names_it(done, "wrong_check", line_of("wrong_check", "CheckGivesTexts", "check"))


@pytest.mark.parametrize(
    ("kind", "said"),
    [("ReadGivesCues", "read must give Subtitles"), ("ReadGivesTexts", "read must give Cues")],
)
def test_a_wrong_reader_is_named(kind: str, said: str, bench: Bench) -> None:
    bench.install("wrong_answers")
    file = bench.home / f"Film.en.{kind.lower()}"
    file.write_text("Hello.\n")
    done = bench.run("check", file)
    assert f"plugin 'wrong_answers' failed: {said}" in done.err
    assert f"(wrong_answers.py, line {line_of('wrong_answers', kind, 'read')})" in done.err
    assert done.status


def test_a_wrong_status_of_a_command_is_named(bench: Bench) -> None:
    bench.install("wrong_answers")
    done = bench.run("wrong")
    assert done.status == 1
    assert done.err == (
        "canary-subs: plugin wrong_answers: its command 'wrong' must return an exit status, "
        "not 'done'\n"
    )


def test_wrong_model_cards_cost_no_list_of_models(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("wrong_answers", "prompted_engine")
    done = bench.run("models")
    assert "prompted" in done.out
    assert "Traceback" not in done.err


def test_a_plugin_that_cannot_be_loaded_is_named_where_it_is_missed(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.use_fakes()
    (bench.home / "plugins" / "broken.py").write_text("import a_package_that_is_not_there\n")
    done = bench.run("run", bench.video(), "--format", "mine")
    assert done.status == 2
    assert "there is no format named 'mine'" in done.err
    assert "plugin 'broken' could not be loaded: ModuleNotFoundError" in done.err
    assert bench.run("my-command").status == 2
    assert "plugin broken could not be loaded: ModuleNotFoundError" in caplog.text
    listed = json.loads(bench.run("plugins", "--json").out)["plugins"]
    assert [one["name"] for one in listed if one["broken"]] == ["broken"]


def test_a_provider_that_two_plugins_offer_names_both(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("plain_engine")
    bench.install("plain_engine", under="other_engine")
    done = bench.run("run", bench.video(), "--engine", "plain")
    assert done.status == 2
    assert "'other_engine' and 'plain_engine'; remove or disable one" in done.err
