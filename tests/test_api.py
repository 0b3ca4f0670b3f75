"""The library from Python, with fakes in the places of what is built in."""

from __future__ import annotations

import io
import runpy
import threading
import wave
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import canary_subs
from canary_subs import Subtitler, api, listen, subtitle, write
from canary_subs.config.schema import Config
from canary_subs.errors import (
    Cancelled,
    LanguageUncertain,
    ModelError,
    NotMedia,
    UnknownName,
    UnsupportedPair,
    UsageError,
)
from canary_subs.model import Cue, Stage
from canary_subs.plugin.hookspecs import NoOptions, hookimpl
from canary_subs.plugin.manager import KINDS, Plugins
from canary_subs.testing import Fakes, fake_words, plugins, write_video


class AsDefaults:
    """The fakes, under the names that the defaults pick."""

    def __init__(self, fakes: Fakes) -> None:
        plain = Config()
        names = {"engine": plain.engine, "segmenter": plain.segmenter, "layout": plain.layout,
                 "tagger": plain.tagger}  # fmt: skip
        for kind, hook in KINDS.items():
            offered = [
                replace(provider, name=names.get(kind, provider.name), options=NoOptions)
                for provider in getattr(fakes, hook, tuple)()
            ]
            setattr(self, hook, hookimpl(lambda offered=offered: offered))


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fakes]:
    made = Fakes()

    def load() -> Plugins:
        return plugins(AsDefaults(made))

    monkeypatch.setattr("canary_subs.plugin.manager.load", load)
    before = threading.active_count()
    yield made
    assert threading.active_count() == before
    assert made.engine.opened == made.engine.closed


def words(cues: Iterable[Cue]) -> list[str]:
    return [word for cue in cues for word in cue.text.split()]


def test_a_video_becomes_cues_in_each_language(fakes: Fakes, tmp_path: Path) -> None:
    film = write_video(tmp_path / "a.film", (0, 4000), (6000, 30_000), tagged="de")
    found = subtitle(str(film), to=("original", "EN"))
    assert list(found) == ["de", "en"]
    for language, cues in found.items():
        assert words(cues) == fake_words(language, (0, 4000), (6000, 30_000))
    assert fakes.delivery.results == {}


def test_one_language_needs_no_list(fakes: Fakes, tmp_path: Path) -> None:
    film = write_video(tmp_path / "a.film", (0, 4000))
    assert list(subtitle(film, to="fr", spoken="en")) == ["fr"]


def test_cues_come_while_the_video_is_recognised(fakes: Fakes, tmp_path: Path) -> None:
    speech = tuple((n * 10_000, n * 10_000 + 9000) for n in range(60))
    film = write_video(tmp_path / "a.film", *speech)
    heard = listen(film, to=("en", "de"), spoken="en")
    first = next(heard)
    assert first[0] == "en"
    asked = sum(map(len, fakes.engine.asked))
    assert asked < 60
    rest = [first, *heard]
    for language in ("en", "de"):
        cues = [cue for name, cue in rest if name == language]
        assert words(cues) == fake_words(language, *speech)
        assert cues == sorted(cues, key=lambda cue: cue.start_ms)
    assert subtitle(film, to="en", spoken="en")["en"] == tuple(c for n, c in rest if n == "en")


def test_closing_ends_the_work(fakes: Fakes, tmp_path: Path) -> None:
    film = write_video(tmp_path / "a.film", (0, 3_000_000))
    heard: Any = listen(film, spoken="en")
    next(heard)
    heard.close()
    assert sum(map(len, fakes.engine.asked)) < 300


def test_nobody_speaks(fakes: Fakes, tmp_path: Path) -> None:
    film = write_video(tmp_path / "a.film", duration_ms=5000)
    assert subtitle(film) == {}
    assert list(listen(film)) == []


@pytest.mark.parametrize("call", [subtitle, lambda *args, **more: list(listen(*args, **more))])
def test_failures_are_raised(fakes: Fakes, tmp_path: Path, call: Any) -> None:
    film = write_video(tmp_path / "a.film", (0, 4000))
    with pytest.raises(NotMedia):
        call(tmp_path / "none.film")
    with pytest.raises(UnsupportedPair):
        call(film, to="ja", spoken="en")
    with pytest.raises(UsageError, match="'english' is not a language tag; did you mean 'en'"):
        call(film, to="english")
    with pytest.raises(UsageError):
        call(film, to=())
    with pytest.raises(UnknownName):
        call(film, profile="netflicks")
    with pytest.raises(UsageError):
        call(film, spoken="en", audio_track=3)
    both = write_video(tmp_path / "b.film", (0, 9000), (10_000, 19_000), spoken=("en", "de"))
    with pytest.raises(LanguageUncertain):
        call(both)


def test_a_model_that_is_not_there_is_reported_first(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"missing\.nemo: there is no such model file"):
        subtitle(tmp_path / "none.film", model="missing.nemo")


def test_the_example_prints_cues(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    film = write_video(tmp_path / "a.film", (0, 1000), tagged="en")
    example = Path(__file__).parents[1] / "examples" / "print_cues.py"
    monkeypatch.setattr("sys.argv", [str(example), str(film), "en", "de"])
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out == (
        "00:00:00.000  en  en0\n00:00:00.500  en  en1\n"
        "00:00:00.000  de  de0\n00:00:00.500  de  de1\n"
    )


def test_languages_may_stand_in_one_text(fakes: Fakes, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.film", (0, 4000), tagged="en")
    assert list(subtitle(video, to="en, de")) == ["en", "de"]


def test_a_subtitler_loads_its_model_once(fakes: Fakes, tmp_path: Path) -> None:
    videos = [write_video(tmp_path / f"{n}.film", (0, 4000), tagged="en") for n in range(3)]
    with Subtitler() as subtitler:
        for number, video in enumerate(videos):
            found = subtitler.subtitle(video, to="de", glossary=(f"term {number}",))
            assert words(found["de"]) == fake_words("de", (0, 4000))
        assert list(subtitler.listen(videos[0]))
        assert (fakes.engine.opened, fakes.engine.closed) == (1, 0)
    assert (fakes.engine.opened, fakes.engine.closed) == (1, 1)
    glossaries = [request.glossary for call in fakes.engine.asked for request in call]
    assert glossaries == [("term 0",), ("term 1",), ("term 2",), ()]


def test_an_open_file_is_read(fakes: Fakes, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.film", (0, 4000), tagged="en")
    with video.open("rb") as file:
        assert words(subtitle(file)["en"]) == fake_words("en", (0, 4000))
    with io.BytesIO(video.read_bytes()) as unnamed:
        assert words(subtitle(unnamed)["en"]) == fake_words("en", (0, 4000))


def test_samples_are_read_as_they_are() -> None:
    samples = np.linspace(-1.5, 1.5, 16_000, dtype=np.float32)
    with api._file(samples) as path, wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, 16_000, 16_000)
        stored = np.frombuffer(file.readframes(16_000), "<i2") / 32768
    assert np.abs(stored - np.clip(samples, -1, 1)).max() < 1e-4
    with (
        pytest.raises(UsageError, match=r"mono samples \(n,\) at 16 kHz"),
        api._file(samples[None]),
    ):
        pass


def test_silence_as_samples_has_no_cues() -> None:
    assert subtitle(np.zeros(16_000, np.float32), spoken="en", model="demo", device="cpu") == {}


def test_progress_is_reported(fakes: Fakes, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.film", (0, 40_000), tagged="en")
    seen: list[tuple[Stage, float]] = []
    subtitle(video, on_progress=lambda stage, share: seen.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in seen)) == [
        Stage.PROBE, Stage.LOAD, Stage.RECOGNISE, Stage.LAYOUT, Stage.DELIVER,
    ]  # fmt: skip


def test_work_can_be_cancelled(fakes: Fakes, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.film", (0, 600_000), tagged="en")
    cancel = threading.Event()
    with pytest.raises(Cancelled, match=r"a\.film: cancelled"):
        subtitle(video, cancel=cancel, on_progress=lambda stage, share: cancel.set())
    assert sum(map(len, fakes.engine.asked)) < 60


def test_cues_are_written_in_a_format() -> None:
    cue = Cue(start_ms=0, end_ms=1500, lines=("Good evening.",))
    assert write([cue]) == b"1\r\n00:00:00,000 --> 00:00:01,500\r\nGood evening.\r\n\r\n"
    assert b"Language: de" in write([cue], "VTT", language="de")
    with pytest.raises(UnknownName, match="did you mean 'srt'"):
        write([cue], "srr")
    with pytest.raises(UsageError, match="knows no 'colour'"):
        write([cue], "ass", options={"colour": 1})


def test_cues_of_an_iterator_are_written_in_a_format_of_plain_text() -> None:
    cue = Cue(start_ms=0, end_ms=1500, lines=("Good", "evening."))
    assert write(iter([cue]), "txt") == b"Good evening.\n"  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="give Cues"):
        write("Good evening.")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": 5},
        {"model": 5},
        {"timing": "none"},
        {"shots": "yes"},
        {"tagger": None},
        {"profiles": []},
        {"options": {"engine": 5}},
        {"options": {"engine": {"canary": {"punctuate": True}}}},
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="the settings: "):
        Subtitler(**{"model": "demo", **wrong})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"to": 5}, "to: give names as texts, not 5"),
        ({"to": ["en", 5]}, "to: give names as texts"),
        ({"spoken": 5}, "spoken: give a language tag as a text, not 5"),
        ({"audio_track": -1}, "audio_track is counted from 0"),
        ({"audio_track": "1"}, "audio_track is a whole number"),
        ({"glossary": [5]}, "glossary: give names as texts"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named(
    fakes: Fakes, tmp_path: Path, wrong: dict[str, Any], message: str
) -> None:
    video = write_video(tmp_path / "a.film", (0, 4000))
    with pytest.raises(UsageError, match=message):
        subtitle(video, **wrong)


def test_a_glossary_may_stand_in_one_text(fakes: Fakes, tmp_path: Path) -> None:
    subtitle(write_video(tmp_path / "a.film", (0, 4000)), spoken="en", glossary="Ahab, Pequod")
    assert fakes.engine.asked[0][0].glossary == ("Ahab", "Pequod")


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.ones(160, np.int16), "not int16; divide int16 by 32768"),
        (np.ones((2, 160)), "mono samples"),
        (np.ones(160, complex), "not complex128"),
        (np.zeros(0), "there are no samples"),
        (io.StringIO("text"), "open the file for reading bytes"),
    ],
    ids=["integers", "stereo", "complex", "empty", "text"],
)
def test_what_cannot_be_sound_is_refused(fakes: Fakes, samples: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        subtitle(samples, spoken="en")


@pytest.mark.parametrize("name", ["..", "/", "a\0b", "x" * 300, 5, None])
def test_an_open_file_may_have_any_name(fakes: Fakes, tmp_path: Path, name: Any) -> None:
    content = write_video(tmp_path / "a.film", (0, 4000)).read_bytes()

    class Stream(io.BytesIO):
        pass

    stream = Stream(content)
    stream.name = name
    assert subtitle(stream, spoken="en")


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(TypeError, match="no setting 'modle'; did you mean 'model'"):
        subtitle("a.mkv", modle="demo")  # type: ignore[call-arg]


def test_the_public_names_are_these() -> None:
    assert set(canary_subs.__all__) == set(
        """
        __version__ Subtitler listen read subtitle write
        ModelUnavailable DeviceTooSmall CanarySubsError Cancelled ConfigError DamagedMedia
        LanguageUncertain MediaError ModelError
        NoAudio NotMedia NotSubtitles OutputError PluginError PluginUnusable StoreError Temporary
        UnknownName UnsupportedPair UsageError
        AudioClip AudioTrack Choice Context Cue Damage Document Finding Flag Job JobState MediaInfo
        ModelCard Outcome Plan Profile Rendered Request SAMPLE_RATE_HZ Skip Sound Span Stage
        Subtitles SubtitleTrack Timing Track TrackKind Transcript Utterance Word
        Aligner Check CheckRequest Command Delivery Engine Layout LayoutRequest NoOptions Provider
        Reader ReadHints Segmenter Service Session Source Tagger Writer hookimpl
        """.split()
    )
    for name in canary_subs.__all__:
        assert getattr(canary_subs, name) is not None
        assert name in dir(canary_subs)
    with pytest.raises(AttributeError, match="no attribute 'subtitles'"):
        _ = canary_subs.subtitles
