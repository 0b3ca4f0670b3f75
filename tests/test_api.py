"""The library from Python, with fakes in the places of what is built in."""

from __future__ import annotations

import runpy
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import canary_subs
from canary_subs import api, listen, subtitle
from canary_subs.config.schema import Config
from canary_subs.errors import (
    LanguageUncertain,
    ModelError,
    NotMedia,
    UnknownName,
    UnsupportedPair,
    UsageError,
)
from canary_subs.model import Cue
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
                for provider in getattr(fakes, hook)()
            ]
            setattr(self, hook, hookimpl(lambda offered=offered: offered))


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fakes]:
    made = Fakes()

    def load() -> Plugins:
        return plugins(AsDefaults(made))

    monkeypatch.setattr(api.plugins, "load", load)
    before = threading.active_count()
    yield made
    assert threading.active_count() == before
    assert made.engine.opened == made.engine.closed


def words(cues: Iterable[Cue]) -> list[str]:
    return [word for cue in cues for word in cue.text.split()]


def test_a_film_becomes_cues_in_each_language(fakes: Fakes, tmp_path: Path) -> None:
    film = write_video(tmp_path / "a.film", (0, 4000), (6000, 30_000), tagged="de")
    found = subtitle(str(film), to=("original", "EN"))
    assert list(found) == ["de", "en"]
    for language, cues in found.items():
        assert words(cues) == fake_words(language, (0, 4000), (6000, 30_000))
    assert fakes.delivery.results == {}


def test_one_language_needs_no_list(fakes: Fakes, tmp_path: Path) -> None:
    film = write_video(tmp_path / "a.film", (0, 4000))
    assert list(subtitle(film, to="fr", source="en")) == ["fr"]


def test_cues_come_while_the_film_is_heard(fakes: Fakes, tmp_path: Path) -> None:
    speech = tuple((n * 10_000, n * 10_000 + 9000) for n in range(60))
    film = write_video(tmp_path / "a.film", *speech)
    heard = listen(film, to=("en", "de"), source="en")
    first = next(heard)
    assert first[0] == "en"
    asked = sum(map(len, fakes.engine.asked))
    assert asked < 60
    rest = [first, *heard]
    for language in ("en", "de"):
        cues = [cue for name, cue in rest if name == language]
        assert words(cues) == fake_words(language, *speech)
        assert cues == sorted(cues, key=lambda cue: cue.start_ms)
    assert subtitle(film, to="en", source="en")["en"] == tuple(c for n, c in rest if n == "en")


def test_closing_ends_the_work(fakes: Fakes, tmp_path: Path) -> None:
    film = write_video(tmp_path / "a.film", (0, 3_000_000))
    heard: Any = listen(film, source="en")
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
        call(film, to="ja", source="en")
    with pytest.raises(UsageError, match="'english' is no language tag"):
        call(film, to="english")
    with pytest.raises(UsageError):
        call(film, to=())
    with pytest.raises(UnknownName):
        call(film, profile="netflicks")
    with pytest.raises(UsageError):
        call(film, source="en", track=3)
    both = write_video(tmp_path / "b.film", (0, 9000), (10_000, 19_000), spoken=("en", "de"))
    with pytest.raises(LanguageUncertain):
        call(both)


def test_a_model_that_is_not_there_is_told_of_first(tmp_path: Path) -> None:
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


def test_the_public_names_are_there_and_no_others() -> None:
    for name in canary_subs.__all__:
        assert getattr(canary_subs, name) is not None
        assert name in dir(canary_subs)
    with pytest.raises(AttributeError, match="no attribute 'subtitles'"):
        _ = canary_subs.subtitles
