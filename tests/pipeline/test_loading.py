"""How often models and aligners are loaded: once, whatever differs from video to video."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from canary_subs.canary.engine import CanaryEngine
from canary_subs.model import AudioClip, Choice, Context, Plan, Utterance
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.task import Outcome, Task
from canary_subs.plugin import manager
from canary_subs.plugin.hookspecs import Aligner, Engine, Provider, Session, hookimpl
from canary_subs.testing import FakeAligner, FakeEngine, Fakes, fake_plan, plugins, write_video


@dataclass(frozen=True)
class Decoding:
    """What goes with a request."""

    beam: int = 1


class Counted:
    """An engine with request options and an aligner, which count what is made of them."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.engines_made = 0
        self.aligners_made = 0
        self.aligned = 0

    @hookimpl
    def canary_subs_engines(self) -> Iterable[Provider[Engine]]:
        def make(options: object, context: Context) -> Engine:
            self.engines_made += 1
            return self.engine

        return [Provider(name="counted", summary="counted", make=make, request_options=Decoding)]

    @hookimpl
    def canary_subs_aligners(self) -> Iterable[Provider[Aligner]]:
        def make(options: object, context: Context) -> Aligner:
            self.aligners_made += 1
            return self

        return [Provider(name="counted", summary="counted", make=make)]

    def align(self, clip: AudioClip, utterance: Utterance) -> Utterance:
        self.aligned += 1
        return FakeAligner().align(clip, utterance)


@pytest.fixture
def counted() -> Counted:
    return Counted()


def run(counted: Counted, tasks: Sequence[Task]) -> list[Outcome]:
    installed = plugins(Fakes(), counted)
    outcomes = list(process(tasks, installed))
    installed.close()
    assert [outcome.errors for outcome in outcomes] == [()] * len(tasks)
    return outcomes


def segments(count: int) -> list[tuple[int, int]]:
    return [(1000 * n, 1000 * n + 600) for n in range(count)]


def test_a_hundred_segments_make_one_aligner(counted: Counted, tmp_path: Path) -> None:
    """D1 of the review: each utterance made an aligner, and so loaded a model."""
    plan = fake_plan(aligner=Choice(name="counted"))
    paths = [write_video(tmp_path / f"{n}.film", *segments(50)) for n in range(2)]
    run(counted, [Task(path=path, plan=plan) for path in paths])
    assert counted.aligned == 100
    assert counted.aligners_made == 1


def different(plan: Plan, number: int) -> dict[str, Plan]:
    """What may differ from video to video, each with a plan that differs in it."""
    options = {"beam": number + 1}
    return {
        "glossary": replace(plan, glossary=(f"Name{number}",)),
        "request options": replace(plan, engine=replace(plan.engine, options=options)),
        "watched folder": replace(plan, context=Context(root=Path(f"/videos/{number}"))),
        "results": replace(plan, context=Context(out=Path(f"/out/{number}"), overwrite=True)),
        "segments": replace(plan, context=Context(short_segments=bool(number % 2))),
    }


@pytest.mark.parametrize("what", different(fake_plan(), 0))
def test_five_videos_share_one_model_whatever_differs(
    what: str, counted: Counted, tmp_path: Path
) -> None:
    """D7 of the review: five glossaries loaded five models, and kept them."""
    plan = fake_plan(engine=Choice(name="counted"), aligner=Choice(name="counted"))
    tasks = [
        Task(path=write_video(tmp_path / f"{n}.film", *segments(4)), plan=different(plan, n)[what])
        for n in range(5)
    ]
    run(counted, tasks)
    assert (counted.engines_made, counted.engine.opened, counted.engine.closed) == (1, 1, 1)
    assert counted.aligners_made == 1
    asked = [request for call in counted.engine.asked for request in call]
    assert len(asked) == 20
    for call in counted.engine.asked:
        assert len({request.options for request in call}) == 1
    by_video = {request.video: request for request in asked}
    if what == "glossary":
        assert sorted(one.glossary for one in by_video.values()) == [
            (f"Name{n}",) for n in range(5)
        ]
    if what == "request options":
        assert {one.options for one in by_video.values()} == {Decoding(n + 1) for n in range(5)}


def test_beams_of_canary_share_one_model(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def open_(self: CanaryEngine, context: Context) -> Session:
        opened.append(context)
        return FakeEngine().open(context)

    monkeypatch.setattr(CanaryEngine, "open", open_)
    installed = manager.load()
    sessions = {
        id(installed.session(Choice(name="canary", model="demo", options=options), Context()))
        for options in ({"beam": 1}, {"beam": 4}, {"punctuation": False}, {})
    }
    installed.close()
    assert len(sessions) == len(opened) == 1
