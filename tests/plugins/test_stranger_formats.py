"""Readers and writers of strangers, found in the plugin folder and driven through the CLI."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from canary_subs import cli

#: A format of one line a cue: "start end text", in seconds.
VERSES = """
from canary_subs.errors import NotSubtitles
from canary_subs.model import Cue, Damage, Subtitles
from canary_subs.plugin.hookspecs import Provider, hookimpl


class Reader:
    suffixes = (".verse",)

    def sniff(self, data, hints):
        return hints.text.startswith("#verse")

    def read(self, data, hints):
        cues, damage = [], []
        for number, line in enumerate(hints.text.splitlines()[1:], 2):
            try:
                start, end, text = line.split(maxsplit=2)
                times = round(float(start) * 1000), round(float(end) * 1000)
            except ValueError:
                damage.append(Damage(line=number, what="not a verse"))
                continue
            cues.append(Cue(start_ms=times[0], end_ms=times[1], lines=(text,)))
        return Subtitles(cues=tuple(cues), language="en", damage=tuple(damage))


class Writer:
    suffix = ".verse"

    def write(self, document):
        lines = ["#verse"]
        for cue in document.cues:
            text = " ".join(cue.lines)
            lines.append(f"{cue.start_ms / 1000} {cue.end_ms / 1000} {text}")
        return "\\n".join([*lines, ""]).encode()


@hookimpl
def canary_subs_readers():
    return [Provider(name="verse", summary="verses", make=lambda options, context: Reader())]


@hookimpl
def canary_subs_writers():
    return [Provider(name="verse", summary="verses", make=lambda options, context: Writer())]
"""

#: Another reader of the same suffix, which is asked first and fails.
BROKEN = """
from canary_subs.plugin.hookspecs import Provider, hookimpl


class Reader:
    suffixes = (".verse",)

    def sniff(self, data, hints):
        return True

    def read(self, data, hints):
        return {}["verse"]


@hookimpl
def canary_subs_readers():
    return [Provider(name="poem", summary="poems", make=lambda options, context: Reader())]
"""

FILE = "#verse\n1 2.5 Red boats sail.\nlost\n4 6 They are small.\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of verses, whose user has the plugin that reads them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "canary-subs" / "plugins"
    folder.mkdir(parents=True)
    (folder / "verses.py").write_text(VERSES)
    (tmp_path / "song.en.verse").write_text(FILE)
    return tmp_path


def test_a_strangers_format_is_read_and_written(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["relayout", str(home / "song.en.verse"), "--to-file", str(home / "a.srt")]
    assert cli.main(run) == 2
    assert "line 3: not a verse" in capsys.readouterr().err
    assert cli.main([*run, "--force"]) == 0
    assert "00:00:01,000 --> " in (home / "a.srt").read_text()
    assert cli.main(["relayout", str(home / "a.srt"), "--language", "en", "--as", "verse"]) == 0
    written = capsys.readouterr().out.partition("#verse")[2]
    assert written.split("\n")[1].startswith("1.0 ")
    assert written.split("\n")[1].endswith(" Red boats sail.")


def test_damage_is_reported_with_its_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(home / "song.en.verse"), "--json"]) == 1
    (report,) = json.loads(capsys.readouterr().out)
    assert report["damage"] == ["line 3: not a verse"]


def test_of_two_readers_of_a_suffix_one_may_fail(
    home: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    folder = home / "config" / "canary-subs" / "plugins"
    (folder / "a_poem.py").write_text(BROKEN)
    with caplog.at_level(logging.WARNING):
        assert cli.main(["check", str(home / "song.en.verse")]) == 1
    assert "line 3: not a verse" in capsys.readouterr().out
    assert "plugin 'a_poem' failed: KeyError: 'verse' (a_poem.py, line 12)" in caplog.text
    # Alone, it is named where the file cannot be read.
    (folder / "verses.py").unlink()
    assert cli.main(["check", str(home / "song.en.verse")]) != 0
    assert "plugin 'a_poem' failed: KeyError: 'verse'" in capsys.readouterr().err
