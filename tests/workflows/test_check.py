"""Files examined with their film, and broken anew."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from canary_subs import cues, formats
from canary_subs import speech as speech_package
from canary_subs.cues import layout as layouts
from canary_subs.cues.check.report import as_json, as_text, summary
from canary_subs.errors import NotMedia, NotSubtitles, PluginError, UnknownName, UsageError
from canary_subs.formats.json import JsonOptions, JsonWriter
from canary_subs.formats.reading import read
from canary_subs.model import Choice, Context, Cue, Finding, Plan, Track
from canary_subs.plugin.hookspecs import CheckRequest, Provider, hookimpl
from canary_subs.plugin.manager import Plugins
from canary_subs.speech.options import SileroOptions
from canary_subs.testing import Fakes, FakeSegmenter, fake_plan, plugins, write_video
from canary_subs.time import clock
from canary_subs.workflows.check import check_file, named_language, named_track
from canary_subs.workflows.relayout import relayout


class Listener:
    """The fake segmenter under the name that checks ask for; the built-in layout and checks."""

    @hookimpl
    def canary_subs_segmenters(self) -> list[Provider[Any]]:
        return [
            Provider(
                name="silero",
                summary="hears fake films",
                make=lambda options, context: FakeSegmenter(),
                options=SileroOptions,
            )
        ]

    @hookimpl
    def canary_subs_layouts(self) -> list[Provider[Any]]:
        make = lambda options, context: layouts.Balanced()  # noqa: E731
        return [Provider(name="balanced", summary="the built-in one", make=make)]

    @hookimpl
    def canary_subs_checks(self) -> Iterable[Provider[Any]]:
        return cues.canary_subs_checks()


@pytest.fixture
def on_offer() -> Plugins:
    return plugins(Fakes(), Listener(), formats)


def srt(path: Path, *cues: tuple[int, int, str]) -> Path:
    path.write_text(
        "".join(
            f"{i}\n{clock(start, decimal=',')} --> {clock(end, decimal=',')}\n{text}\n\n"
            for i, (start, end, text) in enumerate(cues, 1)
        )
    )
    return path


def test_the_options_it_listens_with_exist() -> None:
    from canary_subs.workflows.check import _LISTENER

    offered = {p.name: p for p in speech_package.canary_subs_segmenters()}
    offered[_LISTENER.name].make(SileroOptions(**_LISTENER.options), Context())  # type: ignore[arg-type]


def test_a_file_is_held_against_its_video(tmp_path: Path, on_offer: Plugins) -> None:
    film = write_video(tmp_path / "f.mkv", (1000, 3000), (10_000, 13_000), duration_ms=20_000)
    file = srt(
        tmp_path / "f.en.srt",
        (1000, 3000, "I was there."),
        (5000, 7000, "Nobody says this."),
        (19_000, 21_000, "[The film is over.]"),
    )
    report = check_file(file, on_offer, profile="netflix", video=film)
    assert {(one.rule, one.start_ms) for one in report.findings} == {
        ("no-speech", 5000),
        ("unsubtitled", 10_000),
        ("beyond-end", 19_000),
    }
    assert not report.clean
    text = as_text(report)
    assert "00:00:05.000" in text and "Nobody says this." in text
    assert text.endswith(summary(report))
    assert '"unsubtitled": 1' in as_json(report)


def test_without_a_video_only_the_file_is_judged(tmp_path: Path, on_offer: Plugins) -> None:
    file = srt(tmp_path / "f.en.srt", (5000, 7000, "Nobody says this."))
    report = check_file(file, on_offer, profile="netflix")
    assert report.clean
    assert summary(report) == f"{file}: 1 cue, nothing found"


def test_source_and_reference(tmp_path: Path, on_offer: Plugins) -> None:
    source = srt(tmp_path / "f.en.srt", (1000, 3000, "It was in the year 1950."))
    file = srt(tmp_path / "f.de.srt", (1100, 3000, "Es war im Jahre 1905."))
    right = srt(tmp_path / "right.de.srt", (1000, 3200, "Das war im Jahre 1950."))
    report = check_file(file, on_offer, profile="netflix", original=source, reference=right)
    assert [one.rule for one in report.findings] == ["numbers"]
    found = report.comparison
    assert found is not None
    assert (found.length, found.substituted, found.error_rate) == (5, 2, 0.4)
    assert found.cue_start is not None and found.cue_start.mean_ms == 100
    assert found.cue_end is not None and found.cue_end.mean_ms == -200
    assert "40.00%" in as_text(report)


class Shouting:
    """A plugin with a check of its own."""

    def __init__(self, answer: object = None) -> None:
        self.answer = answer

    @hookimpl
    def canary_subs_checks(self) -> list[Provider[Any]]:
        return [
            Provider(
                name="shouting", summary="text in capitals", make=lambda options, context: self
            )
        ]

    def check(self, request: CheckRequest) -> Iterator[object]:
        for index, cue in enumerate(request.cues):
            if cue.text.isupper():
                yield self.answer or Finding(
                    rule="shouting",
                    start_ms=cue.start_ms,
                    end_ms=cue.end_ms,
                    measured="all capitals",
                    limit="some small letters",
                    cue=index,
                )


def test_a_check_of_a_plugin_counts_as_a_built_in_one(tmp_path: Path) -> None:
    file = srt(tmp_path / "f.en.srt", (1000, 3000, "GO AWAY!"), (4000, 4200, "Now."))
    report = check_file(file, plugins(Listener(), formats, Shouting()), profile="netflix")
    assert [one.rule for one in report.findings] == ["shouting", "flash"]
    assert '"shouting": 1' in as_json(report)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (7, "check must give Findings, not 7"),
        (Finding(rule="x", start_ms=0, end_ms=1, measured="", limit="", cue=3), "no cue 3"),
    ],
)
def test_a_check_that_breaks_the_rules_is_named(
    tmp_path: Path, answer: object, message: str
) -> None:
    file = srt(tmp_path / "f.en.srt", (1000, 3000, "GO AWAY!"))
    with pytest.raises(PluginError, match=f"plugin 3.*{message}"):
        check_file(file, plugins(Listener(), formats, Shouting(answer)), profile="netflix")


def test_damage_is_no_clean_file(tmp_path: Path, on_offer: Plugins) -> None:
    file = tmp_path / "f.en.srt"
    file.write_text("1\n00:00:01,000 --> 00:00:03,000\nHello there.\n\n2\n00:00:0x --> 1\nx\n")
    report = check_file(file, on_offer, profile="netflix")
    assert report.findings == () and not report.clean
    assert "line 6" in as_text(report) and "line 6" in as_json(report)


def test_what_cannot_be_checked_is_reported(tmp_path: Path, on_offer: Plugins) -> None:
    file = srt(tmp_path / "f.srt", (1000, 2000, "Hello there."))
    with pytest.raises(NotSubtitles):
        check_file(tmp_path / "none.srt", on_offer, profile="netflix")
    with pytest.raises(NotMedia):
        check_file(file, on_offer, profile="netflix", video=file)
    with pytest.raises(UnknownName):
        check_file(file, on_offer, profile="netflicks")


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("Film.de.srt", "de"),
        ("Film.2020.pt-BR.forced.srt", "pt-BR"),
        ("Film.ger.sdh.vtt", "de"),
        ("Film.en.hi.srt", "en"),
        ("Film.hi.srt", "hi"),
        ("Film.srt", None),
        ("de.srt", None),
        ("Film.directors.cut.srt", None),
        ("Film.1080p.srt", None),
    ],
)
def test_the_language_in_a_name(name: str, language: str | None) -> None:
    assert named_language(Path("/films") / name) == language


@pytest.mark.parametrize(
    ("name", "track"),
    [
        ("Film.de.srt", "de"),
        ("Film.2020.pt-BR.forced.srt", "pt-BR.forced"),
        ("Film.en.foreign.default.srt", "en.forced"),
        ("Film.ger.SDH.vtt", "de.sdh"),
        ("Film.en.hi.srt", "en.sdh"),
        ("Film.cc.srt", None),
        ("Film.hi.srt", "hi"),
        ("Film.hi.cc.srt", "hi.sdh"),
    ],
)
def test_the_track_in_a_name(name: str, track: str | None) -> None:
    assert named_track(Path("/films") / name) == (track and Track.parse(track))


LONG = "You know that I never wanted to go there, but you did not listen and so here we are."


def by(profile: str) -> Plan:
    return fake_plan(profile=profile, layout=Choice(name="balanced"))


def test_relayout_keeps_every_word_in_order(tmp_path: Path, on_offer: Plugins) -> None:
    chance = random.Random(3)
    cues = []
    at = 0
    for i in range(80):
        at += chance.randint(0, 3000)
        text = " ".join([*chance.choices(LONG.split(), k=chance.randint(1, 40)), f"w{i}"])
        cues.append((at, at + chance.randint(1, 9000), text))
        at = cues[-1][1] - chance.choice([0, 0, 400])  # some overlap
    file = srt(tmp_path / "f.en.srt", *cues)
    document = relayout(file, by("netflix"), on_offer)
    wanted = [word for cue in read(file, on_offer).cues for word in cue.text.split()]
    assert [word for cue in document.cues for word in cue.text.split()] == wanted
    for one, other in zip(document.cues, document.cues[1:], strict=False):
        assert one.end_ms <= other.start_ms
    assert all(len(cue.lines) <= 2 for cue in document.cues)
    assert all(len(line) <= 42 for cue in document.cues for line in cue.lines)


def test_relayout_keeps_word_times_and_speakers(tmp_path: Path, on_offer: Plugins) -> None:
    file = tmp_path / "f.en.vtt"
    file.write_text(
        "WEBVTT\n\n00:01.000 --> 00:09.000\n<v Anna>" + LONG + "\n\n"
        "00:20.000 --> 00:22.000\n<v Bo>Then leave.\n"
    )
    document = relayout(file, by("netflix"), on_offer)
    assert [cue.speaker for cue in document.cues] == ["Anna"] * (len(document.cues) - 1) + ["Bo"]
    words = [word for cue in document.cues for word in cue.words]
    moved = [replace(word, start_ms=word.start_ms + 7, confidence=0.5) for word in words]
    again = replace(
        document,
        transcript=replace(
            document.transcript,
            utterances=tuple(
                replace(u, words=tuple(moved[:-2]) if i == 0 else tuple(moved[-2:]))
                for i, u in enumerate(document.transcript.utterances)
            ),
        ),
    )
    stored = tmp_path / "f.json"
    stored.write_bytes(JsonWriter(JsonOptions()).write(again))
    broken = relayout(stored, by("vertical-video"), on_offer)
    assert [word for cue in broken.cues for word in cue.words] == moved


def test_relayout_needs_a_language(tmp_path: Path, on_offer: Plugins) -> None:
    file = srt(tmp_path / "f.srt", (1000, 2000, "Hello."))
    with pytest.raises(UsageError, match="language"):
        relayout(file, by("netflix"), on_offer)
    cues: tuple[Cue, ...] = relayout(file, by("netflix"), on_offer, language="en").cues
    assert [cue.text for cue in cues] == ["Hello."]


def test_relayout_loses_nothing_silently(
    tmp_path: Path, on_offer: Plugins, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "f.en.srt"
    file.write_text(
        "1\n00:00:01,000 --> 00:00:03,000\nFirst line.\n\n"
        "2\n00:00:0x,000 --> 00:00:07,000\nDamaged time.\n\n"
        "3\n00:00:08,000 --> 00:00:10,000\nThe score went 2 --> 3.\n"
    )
    with pytest.raises(NotSubtitles, match=r"line 6: not a pair of times: .*--force"):
        relayout(file, by("netflix"), on_offer)
    document = relayout(file, by("netflix"), on_offer, force=True)
    assert [cue.text for cue in document.cues] == ["First line.", "The score went 2 --> 3."]
    assert f"{file}: line 6: not a pair of times" in caplog.text


def test_relayout_mends_a_cue_that_ends_before_it_starts(
    tmp_path: Path, on_offer: Plugins, caplog: pytest.LogCaptureFixture
) -> None:
    file = srt(tmp_path / "f.en.srt", (1000, 3000, "Good cue."), (5000, 4000, "It ends early."))
    cues = relayout(file, by("netflix"), on_offer).cues
    assert [cue.text for cue in cues] == ["Good cue.", "It ends early."]
    assert cues[1].start_ms == 5000 and cues[1].end_ms > 6000
    assert "ends before it starts, so gets the time of its words: 00:00:05.000" in caplog.text


def test_a_file_without_cues_is_never_clean(tmp_path: Path, on_offer: Plugins) -> None:
    file = tmp_path / "f.en.vtt"
    file.write_text("WEBVTT\n\nNOTE nothing else\n")
    report = check_file(file, on_offer, profile="netflix")
    assert not report.clean and "no cue" in as_text(report)
    with pytest.raises(NotSubtitles, match="no cue"):
        relayout(file, by("netflix"), on_offer)


def test_frames_are_timed_by_the_rate_that_is_given(tmp_path: Path, on_offer: Plugins) -> None:
    file = tmp_path / "f.en.sub"
    file.write_text("{25}{75}Where is the big coat?\n")
    with pytest.raises(NotSubtitles, match="--frame-rate"):
        relayout(file, by("netflix"), on_offer)
    (cue,) = relayout(file, by("netflix"), on_offer, frame_rate=Fraction(25)).cues
    assert cue.start_ms == 1000
    report = check_file(file, on_offer, profile="netflix", frame_rate=Fraction(50))
    assert report.cues[0].start_ms == 500
