"""Files that were once read wrongly, subtitled with the demonstration model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from canary_subs import cli
from canary_subs.config.plan import plan as plan_for
from canary_subs.config.schema import Config
from canary_subs.errors import EncryptedMedia, UnsupportedPair
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.task import Outcome, Task
from canary_subs.plugin import manager
from canary_subs.plugin.manager import Plugins
from tests.media import cases
from tests.media.cases import Case
from tests.media.videos import run_ffmpeg


@pytest.fixture(scope="module")
def plugins() -> Iterator[Plugins]:
    loaded = manager.load()
    yield loaded
    loaded.close()


def subtitled(plugins: Plugins, video: Path, **chosen: object) -> Outcome:
    wanted = replace(Config(), **{"model": "demo", "targets": ("en",), **chosen})  # type: ignore[arg-type]
    plan = plan_for(wanted, plugins)
    (outcome,) = process([Task(path=video, plan=plan)], plugins)
    return outcome


def said(outcome: Outcome) -> list[str]:
    (document,) = outcome.documents
    return [" ".join(cue.lines) for cue in document.cues]


@pytest.fixture(scope="module")
def truth(plugins: Plugins, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The cues of the example itself."""
    copy = cases.converted(tmp_path_factory.mktemp("truth") / "english.mp4", "-c", "copy")
    cues = said(subtitled(plugins, copy))
    assert len(cues) == 10
    return cues


@pytest.mark.parametrize(
    ("case", "warning"),
    [
        (cases.pcm24, None),
        (cases.flac32, None),
        (cases.bad_cover, None),
        (cases.phase, "audio track 0 (en): the mix of its channels is silent, channel FL"),
        (cases.behind, "audio track 0 (en): the mix of its channels is silent, channel BL"),
        (cases.six_channels, "audio track 0: the mix of its channels is silent, channel"),
        (cases.first_empty, None),
        (
            cases.first_silent,
            "audio track 0 (en): nothing to hear; audio track 1 (en) was taken instead",
        ),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_every_sentence(
    plugins: Plugins, tmp_path: Path, truth: list[str], case: Case, warning: str | None
) -> None:
    outcome = subtitled(plugins, case(tmp_path))
    assert outcome.errors == ()
    assert said(outcome) == truth
    assert [one.startswith(warning or "-") for one in outcome.warnings] == [True] * bool(warning)


@pytest.mark.parametrize(
    ("case", "reached"), [(cases.cut, "00:00:22"), (cases.chained, "00:00:33")]
)
def test_what_is_lost_is_said_wherever_results_are_shown(
    plugins: Plugins,
    tmp_path: Path,
    truth: list[str],
    case: Case,
    reached: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    video = case(tmp_path)
    outcome = subtitled(plugins, video)
    cues = said(outcome)
    assert cues[:6] == truth[:6]
    (warning,) = outcome.warnings
    assert f"was heard up to {reached}" in warning
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    command = ["run", str(video), "--model", "demo", "--to", "en", "--overwrite", "--json"]
    assert cli.main([*command, "--review"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["state"] == "done"
    assert facts["warnings"] == [warning]
    assert warning in facts["findings"]
    report = json.loads(video.with_suffix(".check.json").read_text())
    assert report["warnings"] == [warning]
    assert "was heard up to" in video.with_suffix(".proof.html").read_text()


def test_an_encrypted_video_fails_as_such(plugins: Plugins, tmp_path: Path) -> None:
    (error,) = subtitled(plugins, cases.encrypted(tmp_path)).errors
    assert isinstance(error, EncryptedMedia)
    assert "encrypted.mp4: audio track 0 (en) is encrypted" in str(error)
    assert "damaged" not in str(error)


def test_without_any_sound_is_a_skip(plugins: Plugins, tmp_path: Path) -> None:
    silent = tmp_path / "silent film.mkv"
    run_ffmpeg("-i", cases.EXAMPLE, "-an", "-c", "copy", silent)
    for video, reason in (
        (cases.empty(tmp_path), "empty.wav: audio track 0 holds no sound"),
        (silent, "silent film.mkv has no audio track"),
    ):
        outcome = subtitled(plugins, video)
        assert outcome.errors == ()
        assert outcome.skip is not None and outcome.skip.rule == "no-sound"
        assert reason in outcome.skip.reason


def test_all_tracks_silent_is_a_skip(plugins: Plugins, tmp_path: Path) -> None:
    video = tmp_path / "two_silent.mkv"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "anullsrc=d=5", "-map", "0", "-map", "0", "-c:a", "aac", video)
    )
    outcome = subtitled(plugins, video)
    assert outcome.errors == () and outcome.skip is not None
    assert "all its audio tracks are silent or empty" in outcome.skip.reason


def test_a_silent_track_that_was_asked_for_names_the_others(
    plugins: Plugins, tmp_path: Path
) -> None:
    outcome = subtitled(plugins, cases.first_silent(tmp_path), audio_track=0)
    assert outcome.skip is not None
    assert outcome.skip.reason == (
        "nobody speaks in audio track 0 (en), so there is nothing to write; "
        "--track takes another: audio track 1 (en)"
    )


def test_a_wrong_tag_is_called_a_tag(plugins: Plugins, tmp_path: Path, truth: list[str]) -> None:
    video = cases.wrong_tag(tmp_path)
    (error,) = subtitled(plugins, video).errors
    assert isinstance(error, UnsupportedPair)
    assert "ja is only the tag of audio track 0 (ja)" in str(error)
    assert "--from" in str(error) and "--track" in str(error)
    assert said(subtitled(plugins, video, spoken="en", audio_track=0)) == truth
