"""Tracks that tell of sounds, on the road driven with fakes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canary_subs.config import layers as config
from canary_subs.config.plan import plan as plan_for
from canary_subs.config.schema import Config
from canary_subs.errors import (
    CanarySubsError,
    ConfigError,
    ModelError,
    PluginError,
    UnknownName,
    UnsupportedPair,
)
from canary_subs.model import AudioClip, Choice, Plan, Sound, Span
from canary_subs.pipeline import sounds
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.sounds import quiet
from canary_subs.pipeline.task import Task
from canary_subs.pipeline.video import NO_SPEECH
from canary_subs.plugin import manager
from canary_subs.testing import Fakes, FakeTagger, fake_plan, fake_words, plugins, write_video
from tests.pipeline.test_pipeline import no_thread_is_left, one  # noqa: F401  (a fixture of every test)

SPEECH = ((500, 3000), (9000, 12_000))
BELLS = ((4000, 6000), (14_000, 15_000))


def plan(*targets: str, **changes: Any) -> Plan:
    return fake_plan(targets=targets, tagger=Choice(name="fake"), **changes)


def shown(fakes: Fakes, name: str) -> list[str]:
    return fakes.delivery.results[name].decode().splitlines()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_video(tmp_path / "a.film", *SPEECH, bells=BELLS, duration_ms=30_000)


def test_sounds_stand_between_the_lines(path: Path) -> None:
    fakes = Fakes()
    outcome = one(fakes, path, plan("en", "original.sdh", "de.sdh"))
    assert outcome.errors == ()
    assert outcome.delivered == ("a.en.fake", "a.en.sdh.fake", "a.de.sdh.fake")
    assert shown(fakes, "a.en.fake") == fake_words("en", *SPEECH)
    first, second = (fake_words("en", stretch) for stretch in SPEECH)
    bell = "[bell rings]"
    assert shown(fakes, "a.en.sdh.fake") == [*first, bell, *second]
    assert sum(line.startswith("[") for line in shown(fakes, "a.de.sdh.fake")) == 1
    plain, sdh, german = outcome.documents
    assert (str(sdh.track), sdh.track.kind, str(german.track)) == ("en.sdh", "sdh", "de.sdh")
    assert [cue for cue in sdh.cues if cue.lines != (bell,)] == list(plain.cues)
    (label,) = (cue for cue in sdh.cues if cue.lines == (bell,))
    assert (label.start_ms, label.end_ms) == (4000, 5000), "the fake ends it with its clip"
    assert sdh.provenance["sounds"] == "fake" and "sounds" not in plain.provenance


def test_a_track_and_the_one_with_sounds_are_recognised_once(path: Path) -> None:
    fakes = Fakes()
    one(fakes, path, plan("en", "en.sdh"))
    assert [piece.targets for call in fakes.engine.asked for piece in call] == [("en",)] * 2


def test_where_nobody_speaks_sounds_are_all_there_is(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", bells=BELLS)
    fakes = Fakes()
    outcome = one(fakes, path, plan("en", "en.sdh"))
    assert outcome.delivered == ("a.en.sdh.fake",), "an empty track is offered to nobody"
    assert shown(fakes, "a.en.sdh.fake") == ["[bell rings]"]
    silent = one(Fakes(), write_video(tmp_path / "b.film", duration_ms=9000), plan("en.sdh"))
    assert silent.skip == NO_SPEECH


def test_a_video_without_sounds_has_all_its_lines(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", *SPEECH)
    fakes = Fakes()
    assert one(fakes, path, plan("en.sdh")).delivered == ("a.en.sdh.fake",)
    assert shown(fakes, "a.en.sdh.fake") == fake_words("en", *SPEECH)


class Odd(FakeTagger):
    """Gives or raises what it is told to."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def tag(self, clips: Iterable[AudioClip]) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


ODD_SOUND = Sound(kind="gnomes", start_ms=0, end_ms=10, confidence=1.0)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (ModelError("no weights"), ModelError),
        (RuntimeError("broken"), PluginError),
        ([ODD_SOUND], PluginError),
        (["music"], PluginError),
        (None, PluginError),
    ],
)
def test_a_tagger_that_fails_costs_only_tracks_with_sounds(
    path: Path, answer: object, kind: type[CanarySubsError]
) -> None:
    fakes = Fakes()
    fakes.tagger = Odd(answer)
    outcome = one(fakes, path, plan("en", "en.sdh"))
    assert outcome.delivered == ("a.en.fake",)
    assert [type(error) for error in outcome.errors] == [kind]


def test_what_cannot_be_made_is_said_before_any_work(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = Fakes()
    wanted = fake_plan(targets=("en", "en.sdh"), tagger=Choice(name="nobody"))
    (unknown,) = one(fakes, path, wanted).errors
    assert isinstance(unknown, UnknownName)
    monkeypatch.setattr(sounds, "has_labels", lambda language: language != "fr")
    (refused,) = one(fakes, path, plan("en.sdh", "fr.sdh")).errors
    assert isinstance(refused, UnsupportedPair) and "fr.sdh cannot be made" in str(refused)
    assert fakes.engine.asked == []


def test_sounds_of_one_video_are_tagged_while_another_is_recognised(tmp_path: Path) -> None:
    done = threading.Event()

    class Slow(FakeTagger):
        def tag(self, clips: Iterable[AudioClip]) -> Iterator[Sound]:
            assert done.wait(timeout=30), "the other film waited for the sounds of this one"
            return super().tag(clips)

    fakes = Fakes()
    fakes.tagger = Slow()
    first = write_video(tmp_path / "a.film", *SPEECH, bells=BELLS)
    other = write_video(tmp_path / "b.film", (0, 60_000))
    tasks = [Task(path=first, plan=plan("en.sdh")), Task(path=other, plan=plan("en"))]
    shelf = plugins(fakes)
    ended: list[str] = []
    for outcome in process(tasks, shelf):
        ended.append(outcome.task.path.name)
        done.set()
    assert ended == ["b.film", "a.film"]


def test_cancelled_while_it_is_listened_to_it_writes_nothing(path: Path) -> None:
    listening, asked = threading.Event(), threading.Event()

    def cancelled() -> bool:
        if listening.is_set():
            asked.set()
        return listening.is_set()

    class Long(FakeTagger):
        def tag(self, clips: Iterable[AudioClip]) -> Iterator[Sound]:
            for clip in clips:
                listening.set()
                asked.wait(10)
                yield Sound(
                    kind="bell",
                    start_ms=clip.start_samples // 16,
                    end_ms=clip.end_samples // 16,
                    confidence=1.0,
                )

    fakes = Fakes()
    fakes.tagger = Long()
    outcome = one(fakes, path, plan("en.sdh"), cancelled=cancelled)
    assert outcome.cancelled and fakes.delivery.results == {}


def test_only_what_lies_between_speech_is_listened_to() -> None:
    clips = [
        AudioClip(samples=np.arange(start, start + 16_000, dtype=np.float32), start_samples=start)
        for start in range(0, 160_000, 16_000)
    ]
    speech = [Span(start_ms=a, end_ms=b) for a, b in ((500, 1500), (2500, 4000), (6100, 7000))]
    heard = list(quiet(iter(clips), speech, 1200))
    assert all(np.array_equal(c.samples, np.arange(c.start_samples, c.end_samples)) for c in heard)
    spans: list[list[int]] = []
    for clip in heard:
        if spans and spans[-1][1] == clip.start_samples:
            spans[-1][1] = clip.end_samples
        else:
            spans.append([clip.start_samples, clip.end_samples])
    # The first half second and the pause of one second are too short.
    assert [[a // 16, b // 16] for a, b in spans] == [[4000, 6100], [7000, 10_000]]


def test_names_and_plans() -> None:
    assert config.target("EN.sdh", "targets") == "en.sdh"
    assert config.target("original.sdh", "targets") == "original.sdh"
    for wrong in ("de+en.sdh", ".sdh", "en.sdh.sdh", "en.sdh.forced"):
        with pytest.raises(ConfigError):
            config.target(wrong, "targets")
    shelf = manager.load()
    assert plan_for(Config(targets=("en",)), shelf).tagger is None
    chosen = plan_for(Config(targets=("en.sdh",), sound_model="demo", device="cpu"), shelf)
    assert chosen.tagger == Choice(name="audioset", model="demo")
    assert chosen.context.device == "cpu"
