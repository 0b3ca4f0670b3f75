"""The `ctc` aligner in a pipeline: its model is restored once, by whatever way it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from canary_subs import testing
from canary_subs.canary import load
from canary_subs.config.plan import plan as plan_for
from canary_subs.config.schema import Config
from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, Choice, Timing
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.task import Task
from canary_subs.plugin import manager
from tests.benchmarks.random_models import save_ctc
from tests.canary.conftest import clip


@pytest.fixture(scope="session")
def ctc_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny CTC model as a `.nemo` file of its own."""
    path = tmp_path_factory.mktemp("ctc") / "ctc.nemo"
    save_ctc("tiny-v2", path)
    return path


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files of CTC models that are restored, in order."""
    files: list[Path] = []
    restore = load.load_ctc

    def counted(path: Path) -> Any:
        files.append(path)
        return restore(path)

    monkeypatch.setattr(load, "load_ctc", counted)
    return files


class Loud(testing.FakeSource):
    """Videos of the fakes, with noise in place of their flat sound: there is something to hear."""

    def read(self, media: Any, track: Any) -> Any:
        for flat in super().read(media, track):
            noise = clip(len(flat.samples) / SAMPLE_RATE_HZ, seed=1).samples
            samples = flat.samples + noise[: len(flat.samples)] * (flat.samples != 0)
            yield AudioClip(samples=samples, start_samples=flat.start_samples)


def test_a_hundred_segments_restore_one_model(
    ctc_file: Path, loaded: list[Path], tmp_path: Path
) -> None:
    fakes = testing.Fakes()
    plugins = manager.load()
    plugins.add("fakes", "test", lambda: fakes)
    config = Config(
        engine="fake", segmenter="fake", layout="fake", aligner="ctc", targets=("original", "de"),
        device="cpu", formats=(), deliveries=(),
        options={"aligner": {"ctc": {"model": str(ctc_file)}}},
    )  # fmt: skip
    paths = [
        testing.write_video(
            tmp_path / f"{n}.film", *((1500 * i, 1500 * i + 1000) for i in range(50)), tagged="en"
        )
        for n in range(2)
    ]
    tasks = [
        Task(path=path, plan=plan_for(config, plugins, root=tmp_path / str(n)))
        for n, path in enumerate(paths)
    ]
    outcomes = list(process(tasks, plugins))
    plugins.close()
    assert [outcome.errors for outcome in outcomes] == [(), ()]
    assert loaded == [ctc_file]
    for outcome in outcomes:
        english, german = (document.transcript.utterances for document in outcome.documents)
        assert len(english) == len(german) == 50
        assert {one.timing for one in english} == {Timing.CTC}
        assert {one.timing for one in german} == {Timing.FRAMES}, "it was not said in German"


def test_without_a_model_the_aligner_says_what_it_needs(tmp_path: Path) -> None:
    """D2 of the review: it was given the recogniser's model, and said that this was no file."""
    fakes = testing.Fakes()
    plugins = manager.load()
    plugins.add("fakes", "test", lambda: fakes)
    config = Config(
        engine="fake", model="canary-1b-v2", segmenter="fake", layout="fake", aligner="ctc",
        formats=(), deliveries=(),
    )  # fmt: skip
    path = testing.write_video(tmp_path / "a.film", (0, 3000), tagged="en")
    plan = plan_for(config, plugins)
    assert plan.aligner == Choice(name="ctc")
    (outcome,) = process([Task(path=path, plan=plan)], plugins)
    (error,) = outcome.errors
    assert "the ctc aligner needs a model: set its option model" in str(error)
    assert fakes.engine.asked == [], "it is said before anything is recognised"
