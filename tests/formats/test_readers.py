"""The catalogue of readers: who is asked, in which order, and what a failure costs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from canary_subs import formats
from canary_subs.errors import NotSubtitles, PluginError
from canary_subs.formats.listing import Format
from canary_subs.formats.listing import formats as listed
from canary_subs.formats.reading import beside, parse, read, read_script, suffixes
from canary_subs.model import Cue, Damage, Subtitles
from canary_subs.plugin.hookspecs import Provider, ReadHints, hookimpl
from canary_subs.testing import FakeWriter, check_reader, plugins

SRT = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"
VTT = b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Anna>Hello\n"


#: A small file of every format that is read.
SAMPLES = {
    "srt": SRT,
    "vtt": VTT,
    "ass": b"[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\i1}Hello\\Nthere\n",
    "ttml": b'<tt xmlns="http://www.w3.org/ns/ttml">'
    b'<body><p begin="1s" end="2s">Hello</p></body></tt>',
    "json": b'{"format": "canary-subs", "version": 1, "language": "en", "languages": ["en"], '
    b'"kind": "sdh", "utterances": [], "cues": [{"start_ms": 0, "end_ms": 900, '
    b'"lines": ["Hello"], "speaker": null}]}',
    "microdvd": b"{1}{1}25\n{25}{50}{y:i}Hello|there\n",
    "sami": b"<SAMI><BODY><SYNC Start=1000><P Class=ENCC>Hello<br>there"
    b"<SYNC Start=2000><P Class=ENCC>&nbsp;</BODY></SAMI>",
    "subviewer": b"[INFORMATION]\n[TITLE]x\n[SUBTITLE]\n00:00:01.00,00:00:02.00\nHello[br]there\n",
    "sbv": b"0:00:01.000,0:00:02.000\nHello\n",
}


@pytest.mark.parametrize(
    "provider", formats.canary_subs_readers(), ids=lambda provider: provider.name
)
def test_readers_keep_the_rules(provider: Provider[Any]) -> None:
    check_reader(provider, SAMPLES[provider.name])


def cues(text: str) -> tuple[Cue, ...]:
    return (Cue(start_ms=0, end_ms=1000, lines=(text,)),)


@dataclass
class Stranger:
    """A plugin with one reader, written as its author would."""

    name: str
    answer: Callable[[bytes, ReadHints], Any]
    suffixes: Any = (".lyr",)
    sniffs: Callable[[bytes, ReadHints], Any] = lambda data, hints: True

    def sniff(self, data: bytes, hints: ReadHints) -> Any:
        return self.sniffs(data, hints)

    def read(self, data: bytes, hints: ReadHints) -> Any:
        return self.answer(data, hints)

    @hookimpl
    def canary_subs_readers(self) -> list[Provider[Any]]:
        return [Provider(name=self.name, summary="lyrics", make=lambda options, context: self)]


def says(text: str) -> Callable[[bytes, ReadHints], Subtitles]:
    return lambda data, hints: Subtitles(cues=cues(text))


def fails(*_: object) -> Subtitles:
    raise KeyError("verse")


def refuses(*_: object) -> Subtitles:
    raise NotSubtitles("line 3: no verse")


def text_of(data: bytes, name: str, *strangers: object) -> str:
    return parse(data, plugins(formats, *strangers), name=name).cues[0].text


def test_a_strangers_reader_takes_part() -> None:
    seen: list[ReadHints] = []

    def remember(data: bytes, hints: ReadHints) -> Subtitles:
        seen.append(hints)
        return Subtitles(cues=cues(data.decode("utf-16")))

    one = Stranger("one", remember)
    data = "l'été".encode("utf-16")
    found = parse(data, plugins(formats, one), name="/m/a.lyr", language="fr")
    assert found.cues == cues("l'été")
    assert seen == [ReadHints(name="/m/a.lyr", text="l'été", language="fr")]


def test_a_reader_of_bytes_takes_part() -> None:
    data = b"\x00\x01\x02" * 50
    assert text_of(data, "a.stl", Stranger("stl", says("binary"), (".stl",))) == "binary"
    with pytest.raises(NotSubtitles, match="not text"):
        text_of(data, "a.stl")


def test_readers_of_the_suffix_are_asked_first() -> None:
    first, second = Stranger("first", says("first")), Stranger("second", says("second"), (".LRC",))
    assert text_of(b"x", "a.lyr", first, second) == "first"
    assert text_of(b"x", "a.Lrc", first, second) == "second"
    # One that is not of the suffix comes after the built-in ones.
    assert text_of(SRT, "a.srt", first) == "Hello"
    assert text_of(SRT, "a.lyr", first) == "first"


@pytest.mark.parametrize("name", ["a.srt", "a.vtt", "a.sub", "a", "a.json"])
def test_the_content_decides_between_the_built_in_readers(name: str) -> None:
    found = parse(VTT, plugins(formats), name=name)
    assert found.cues[0].speaker == "Anna"
    assert text_of(SRT, name) == "Hello"


@pytest.mark.parametrize("failing", [fails, refuses, lambda *_: None, lambda *_: [1]])
def test_of_two_readers_of_a_suffix_one_may_fail(
    failing: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = Stranger("bad", failing), Stranger("good", says("verse"))
    for strangers in ((bad, good), (good, bad)):
        assert text_of(b"x", "a.lyr", *strangers) == "verse"
    named = [record.getMessage() for record in caplog.records if "plugin 2" in record.getMessage()]
    assert bool(named) == (failing is not refuses)


def test_a_reader_that_fails_is_named() -> None:
    with pytest.raises(PluginError, match=r"^plugin 'plugin 2' failed: KeyError: 'verse'"):
        text_of(b"x", "a.lyr", Stranger("bad", fails))
    with pytest.raises(
        PluginError, match=r"'plugin 2' failed: read must give Subtitles, not \[1\]"
    ):
        text_of(b"x", "a.lyr", Stranger("bad", lambda *_: [1]))
    with pytest.raises(PluginError, match=r"^plugin 'plugin 2' failed: KeyError: 'verse'"):
        text_of(b"x", "a.lyr", Stranger("bad", says("x"), sniffs=fails))
    with pytest.raises(NotSubtitles, match=r"^a\.lyr: line 3: no verse$"):
        text_of(b"x", "a.lyr", Stranger("bad", refuses))


def test_the_first_reader_says_why_nothing_was_read() -> None:
    damaged = Subtitles(cues=(), damage=(Damage(line=7, what="no verse"),))
    one, two = Stranger("one", lambda *_: damaged), Stranger("two", refuses)
    with pytest.raises(NotSubtitles, match=r"^a\.lyr: no cue can be read; line 7: no verse$"):
        text_of(b"x", "a.lyr", one, two)
    empty = Stranger("empty", lambda *_: Subtitles(cues=()))
    assert parse(b"x", plugins(formats, empty, two), name="a.lyr") == Subtitles(cues=())


@pytest.mark.parametrize(
    "broken",
    [
        Stranger("broken", says("x"), sniffs=fails),
        Stranger("broken", says("x"), suffixes=5),
        Stranger("broken", says("x"), suffixes=".lyr"),
    ],
)
def test_a_reader_that_cannot_be_asked_costs_only_itself(
    broken: Stranger, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert text_of(SRT, "a.lyr", broken) == "Hello"
        assert text_of(b"x", "a.lyr", broken, Stranger("other", says("x"), (".x",))) == "x"
    assert "plugin 2" in caplog.text


def test_two_readers_of_one_name_cost_only_themselves(caplog: pytest.LogCaptureFixture) -> None:
    twins = Stranger("lyrics", says("one")), Stranger("lyrics", says("two"))
    assert text_of(SRT, "a.srt", *twins) == "Hello"
    assert "two plugins offer a reader named 'lyrics'" in caplog.text


def test_suffixes_are_those_of_all_readers() -> None:
    built_in = {
        ".srt",
        ".vtt",
        ".ass",
        ".ssa",
        ".ttml",
        ".dfxp",
        ".itt",
        ".sbv",
        ".sub",
        ".smi",
        ".sami",
    }
    assert suffixes(plugins(formats)) == built_in
    assert suffixes(plugins(formats, Stranger("one", fails, (".LYR",)))) == {*built_in, ".lyr"}


def test_the_files_beside_a_video(tmp_path: Path) -> None:
    names = ["A.srt", "A.en.SRT", "A.de.sub", "A.fr.sub", "A.lyr", "A.sdh.en.ass"]
    others = ["A.fr.idx", "A.mkv", "A.json", "A.check.json", "AB.srt", "A.2.en.srt", "B.srt"]
    for name in names + others:
        (tmp_path / name).touch()
    known = plugins(formats, Stranger("one", fails))
    found = [path.name for path in beside(tmp_path / "A.mkv", known)]
    assert found == sorted(set(names) - {"A.fr.sub"})


def test_a_script_is_what_no_reader_knows(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"Once upon a time.")
    assert read_script(file, plugins(formats)) == "Once upon a time."
    assert read_script(file, plugins(formats, Stranger("one", fails))) is None
    assert read(file, plugins(formats, Stranger("one", says("x")))).cues == cues("x")
    file.write_bytes(b"PG" + bytes(8) + b"\x16" + bytes(20))
    with pytest.raises(NotSubtitles, match="PGS"):
        read_script(file, plugins(formats))


class Both:
    """A plugin that writes one format and reads another."""

    @hookimpl
    def canary_subs_writers(self) -> list[Provider[Any]]:
        make = lambda options, context: FakeWriter()  # noqa: E731
        return [Provider(name="fake", summary="text alone", make=make)]

    @hookimpl
    def canary_subs_readers(self) -> list[Provider[Any]]:
        make = lambda options, context: Stranger("srt", says("x"))  # noqa: E731
        return [Provider(name="lyr", summary="lyrics", make=make)]


def test_the_list_shows_what_is_read_and_what_is_written() -> None:
    found = {(one.name, one.plugin): one for one in listed(plugins(formats, Both()))}
    assert found["srt", "plugin 1"] == Format(
        name="srt",
        summary="SubRip, for every player",
        plugin="plugin 1",
        reads=True,
        writes=True,
    )
    ways = {name: (one.reads, one.writes) for (name, _), one in found.items()}
    assert ways == {
        **dict.fromkeys(("srt", "vtt", "ass", "json"), (True, True)),
        **dict.fromkeys(("ttml", "sami", "microdvd", "subviewer", "sbv", "lyr"), (True, False)),
        **dict.fromkeys(("txt", "fake"), (False, True)),
    }
