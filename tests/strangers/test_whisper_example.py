"""A newcomer's engine in 80 lines: it keeps the rules, and its subtitles are what is said."""

from __future__ import annotations

import os
import shutil
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import srt

from canary_subs import SAMPLE_RATE_HZ, AudioClip, Context, Request
from canary_subs.testing import babble, check_engine, check_plugin, make
from examples import whisper_engine
from tests.strangers.conftest import Bench

EXAMPLE = Path(whisper_engine.__file__)


@dataclass(frozen=True)
class Heard:
    """A word as faster-whisper gives it: times in seconds, text with the space before it."""

    word: str
    start: float
    end: float
    probability: float = 0.9


class FakeWhisperModel:
    """Stands in for `faster_whisper.WhisperModel`: says four words of each sound that is loud."""

    made: list[tuple[Any, ...]] = []  # noqa: RUF012 - every test begins with an empty one
    asked: list[dict[str, Any]] = []  # noqa: RUF012

    def __init__(self, name: str, device: str, device_index: int, compute_type: str) -> None:
        if name == "missing":
            raise ValueError("Invalid model size 'missing'")
        self.made.append((name, device, device_index, compute_type))
        self.model = SimpleNamespace(compute_type="float32")

    def transcribe(self, samples: Any, **given: Any) -> tuple[Iterator[Any], None]:
        self.asked.append(given)
        words = [
            Heard(" Twenty", -0.02, 0.10),
            Heard("-five", 0.10, 0.2),
            Heard(" boats,", 0.19, 0.15),
            Heard(" perhaps", 0.28, 99.0),
            Heard(" ", 99.0, 99.0),
        ]
        found = words if np.abs(samples).max(initial=0) > 0.01 else []
        return iter([SimpleNamespace(words=found[:2]), SimpleNamespace(words=found[2:])]), None


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "weights" in request.fixturenames:
        return
    module = ModuleType("faster_whisper")
    module.WhisperModel = FakeWhisperModel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "faster_whisper", module)
    monkeypatch.setattr(FakeWhisperModel, "made", [])
    monkeypatch.setattr(FakeWhisperModel, "asked", [])


def provider() -> Any:
    (found,) = check_plugin(whisper_engine)["engine"]
    return found


def test_it_has_at_most_80_lines() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 80


def test_it_keeps_the_rules() -> None:
    check_engine(provider())
    check_engine(provider(), model="large-v3", device="cuda:1", precision="int8")
    assert FakeWhisperModel.made == [
        ("base", "cpu", 0, "default"), ("large-v3", "cuda", 1, "int8")
    ]  # fmt: skip


def test_words_have_times_inside_their_clip_and_hyphens_join_them() -> None:
    session = make(provider()).open(Context())
    request = Request(
        clip=babble(500, start_ms=12_000), spoken="en", targets=("en",),
        previous="Before.", glossary=("Emma", "Woodhouse"),
        options=whisper_engine.RequestOptions(beam_size=2),
    )  # fmt: skip
    ((said,),) = session.recognise([request])
    assert said.text == "Twenty-five boats, perhaps"
    assert [(word.text, word.start_ms, word.end_ms) for word in said.words] == [
        ("Twenty-five", 12_000, 12_200), ("boats,", 12_200, 12_200), ("perhaps", 12_280, 12_500)
    ]  # fmt: skip
    asked = FakeWhisperModel.asked[0]
    assert (asked["language"], asked["beam_size"]) == ("en", 2)
    assert (asked["initial_prompt"], asked["hotwords"]) == ("Before.", "Emma Woodhouse")


def test_languages_without_spaces_have_none() -> None:
    session = make(provider()).open(Context())
    request = Request(
        clip=babble(500), spoken="ja", targets=("ja",), options=whisper_engine.RequestOptions()
    )
    ((said,),) = session.recognise([request])
    assert [word.text for word in said.words] == ["Twenty", "-five", "boats,", "perhaps"]
    assert said.text == "Twenty-fiveboats,perhaps"


def test_it_subtitles_a_video(bench: Bench) -> None:
    bench.use_fakes()
    bench.set(layout='"balanced"')
    shutil.copy(EXAMPLE, bench.home / "plugins")
    video = bench.video("Film.mkv", (1000, 3000))
    done = bench.run("run", video, "--model", "whisper:small")
    assert (done.status, done.err) == (0, "")
    (cue,) = srt.parse((bench.home / "Film.en.srt").read_text())
    assert cue.content == "Twenty-five boats, perhaps"
    assert cue.start.total_seconds() == pytest.approx(1, abs=0.05)
    assert FakeWhisperModel.made == [("small", "auto", 0, "default")]
    models = bench.run("models").out
    assert "large-v3" in models


@pytest.mark.parametrize(
    ("flags", "status", "said"),
    [
        (("--model", "whisper:missing"), 5, "whisper cannot load missing: Invalid model size"),
        (("--engine", "whisper", "--to", "de"), 2, "cannot go from en to de"),
    ],
)
def test_what_it_cannot_do_is_one_line(
    flags: tuple[str, ...], status: int, said: str, bench: Bench
) -> None:
    bench.use_fakes()
    shutil.copy(EXAMPLE, bench.home / "plugins")
    done = bench.run("run", bench.video(), *flags)
    assert done.status == status
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_without_its_package_it_says_what_to_install(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    bench.use_fakes()
    shutil.copy(EXAMPLE, bench.home / "plugins")
    done = bench.run("run", bench.video(), "--engine", "whisper")
    assert done.status == 1
    assert "whisper needs `pip install faster-whisper`" in done.err


# With real weights: WHISPER_MODEL names a folder of faster-whisper's.


@pytest.fixture(scope="module")
def weights() -> str:
    folder = os.environ.get("WHISPER_MODEL", "")
    if not folder:
        pytest.skip("WHISPER_MODEL names no folder with a model of faster-whisper")
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    return folder


SPEECH = Path(__file__).parents[1] / "speech" / "harbour.wav"


def test_real_weights_keep_the_rules(weights: str) -> None:
    with wave.open(str(SPEECH)) as file:
        assert file.getframerate() == SAMPLE_RATE_HZ
        samples = np.frombuffer(file.readframes(6 * SAMPLE_RATE_HZ), "<i2").astype(np.float32)
    clip = AudioClip(samples=samples / np.float32(32768), start_samples=0)
    check_engine(provider(), model=weights, speech=clip, spoken="en")


def test_real_weights_write_what_is_said(weights: str, bench: Bench) -> None:
    shutil.copy(EXAMPLE, bench.home / "plugins")
    done = bench.run(
        "run", SPEECH, "--model", f"whisper:{weights}", "--from", "en", "--out", bench.home
    )
    assert done.status == 0, done.err
    cues = list(srt.parse((bench.home / "harbour.en.srt").read_text()))
    assert cues
    assert "harbour" in " ".join(cue.content for cue in cues).lower().replace("harbor", "harbour")
