"""Tracks that belong together: shared times, and two languages in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from canary_subs import cues, speech
from canary_subs.config import layers as config
from canary_subs.config.plan import plan as plan_for
from canary_subs.config.schema import Config
from canary_subs.errors import ConfigError
from canary_subs.model import Choice, Context, Document
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.task import Outcome, Task
from canary_subs.plugin import manager
from canary_subs.speech.options import WebrtcOptions
from canary_subs.testing import Fakes, fake_plan, fake_words, plugins, write_video

SPEECH = ((500, 6000), (9000, 20_000), (21_000, 23_000))


def documents(tmp_path: Path, *targets: str, shared: bool = False) -> dict[str, Document]:
    """The tracks of a fake film that is spoken in English, by the built-in layout."""
    shelf = plugins(Fakes())
    shelf.add("cues", "built in", lambda: cues)
    path = write_video(tmp_path / "a.film", *SPEECH)
    plan = fake_plan(
        targets=targets, layout=Choice(name="balanced"), writers=(), shared_timing=shared
    )
    (outcome,) = process([Task(path=path, plan=plan)], shelf)
    assert isinstance(outcome, Outcome)
    assert outcome.errors == ()
    return {str(document.track): document for document in outcome.documents}


def times(document: Document) -> list[tuple[int, int]]:
    return [(cue.start_ms, cue.end_ms) for cue in document.cues]


def test_shared_times_are_those_of_the_spoken_language(tmp_path: Path) -> None:
    spoken = documents(tmp_path, "en")["en"]
    together = documents(tmp_path, "de", "fr", shared=True)
    assert set(together) == {"de", "fr"}
    for language, document in together.items():
        assert set(times(document)) <= set(times(spoken))
        shown = [text for cue in document.cues for line in cue.lines for text in line.split()]
        assert shown == fake_words(language, *SPEECH)


def test_two_languages_in_one_track(tmp_path: Path) -> None:
    found = documents(tmp_path, "en", "original+de")
    assert set(found) == {"en", "en+de"}
    both = found["en+de"]
    assert times(both) == times(found["en"])
    shown = [text for cue in both.cues for line in cue.lines for text in line.split()]
    assert [text for text in shown if text.startswith("en")] == fake_words("en", *SPEECH)
    assert [text for text in shown if text.startswith("de")] == fake_words("de", *SPEECH)
    for cue in both.cues:
        kinds = [line[:2] for line in cue.lines]
        assert kinds == sorted(kinds, reverse=True), "English stands above German"


@pytest.mark.parametrize(
    "name", ["en+en", "de+en+fr", "en+", "+", "en+xy9", "en+de.forced", ".forced"]
)
def test_tracks_that_cannot_be(name: str) -> None:
    with pytest.raises(ConfigError):
        config.target(name, "targets")


def test_names_are_made_usual() -> None:
    assert config.target("DE+original", "targets") == "de+original"
    assert config.target("EN.forced", "targets") == "en.forced"


def test_forced_tracks_ask_for_short_segments() -> None:
    plugins = manager.load()
    assert not plan_for(Config(targets=("en",)), plugins).context.short_segments
    assert plan_for(Config(targets=("en", "en.forced")), plugins).context.short_segments
    options = WebrtcOptions()
    short = speech.cutting(options, Context(short_segments=True))
    assert (short.target_ms, short.long_pause_ms) == (6_000, 400)
    assert speech.cutting(options, Context()) == options
