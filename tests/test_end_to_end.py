"""End to end with the demonstration model: real videos, real sound, the truth beside them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import srt
import webvtt
from numpy.typing import NDArray

from canary_subs.config.plan import plan as plan_for
from canary_subs.config.schema import Config
from canary_subs.demo import MODEL_PATH
from canary_subs.media import ffmpeg
from canary_subs.model import SAMPLE_RATE_HZ
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.task import Outcome, Task
from canary_subs.pipeline.video import NO_SPEECH
from canary_subs.plugin import manager
from canary_subs.plugin.manager import Plugins
from canary_subs.workflows.check import sound_of
from examples.demo_model import sound
from examples.score import score, shortfalls, truth

EXAMPLES = Path(__file__).parent.parent / "examples"
VIDEOS = EXAMPLES / "videos"

assert MODEL_PATH.is_file(), "the demonstration model is part of the package"


class Pipeline:
    """The built-in plugins with one loaded model for all tests."""

    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins

    def run(self, out: Path, *videos: Path, **chosen: object) -> dict[str, Outcome]:
        """Subtitle videos into a folder: name -> outcome."""
        wanted = replace(Config(), model="demo", out=out, formats=("json",), **chosen)  # type: ignore[arg-type]
        plan = plan_for(wanted, self.plugins)
        tasks = [Task(path=video, plan=plan) for video in videos]
        return {outcome.task.path.name: outcome for outcome in process(tasks, self.plugins)}


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    plugins = manager.load()
    yield Pipeline(plugins)
    plugins.close()


def untagged(video: Path, copy: Path) -> Path:
    """The same video without a language tag."""
    dropped = ("-map_metadata", "-1", "-metadata:s:a", "language=")
    subprocess.run(
        [ffmpeg.find(), "-nostdin", "-v", "error", "-i", video, "-c", "copy", *dropped, copy],
        check=True,
    )
    return copy


def test_transcripts_and_translations_are_true(pipeline: Pipeline, tmp_path: Path) -> None:
    english = [VIDEOS / "english.mp4", VIDEOS / "late_audio.ts"]
    done = pipeline.run(tmp_path, *english, targets=("en", "de", "fr", "es"))
    assert [outcome.errors for outcome in done.values()] == [(), ()]
    scores = [
        score(video, tmp_path / f"{video.stem}.{language}.json", language)
        for video in english
        for language in ("en", "de", "fr", "es")
    ]
    assert list(shortfalls(scores)) == []


def test_the_language_is_found_out(pipeline: Pipeline, tmp_path: Path) -> None:
    for name, language in (("german.mkv", "de"), ("french.mp4", "fr"), ("spanish.mkv", "es")):
        video = VIDEOS / name
        bare = untagged(video, tmp_path / name)
        done = pipeline.run(tmp_path, bare, targets=("original",))
        assert done[name].errors == ()
        found = score(video, tmp_path / f"{video.stem}.{language}.json", language)
        assert list(shortfalls([found])) == []


def test_the_other_audio_track_is_taken_when_its_language_is_named(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    video = VIDEOS / "two_languages.mkv"
    for track in (0, 1):
        language = truth(video, track).language
        done = pipeline.run(tmp_path, video, spoken=language, targets=(language,))
        assert done[video.name].errors == ()
        found = score(video, tmp_path / f"{video.stem}.{language}.json", language, track)
        assert list(shortfalls([found])) == []


def test_sounds_are_labelled_and_none_invented(pipeline: Pipeline, tmp_path: Path) -> None:
    videos = [VIDEOS / name for name in ("sounds.mkv", "noise_and_music.mkv", "english.mp4")]
    done = pipeline.run(tmp_path, *videos, targets=("en", "en.sdh"), sound_model="demo")
    assert [outcome.errors for outcome in done.values()] == [(), (), ()]
    for track in ("en", "en.sdh"):
        scores = [score(video, tmp_path / f"{video.stem}.{track}.json", track) for video in videos]
        assert list(shortfalls(scores)) == []
    for video in videos:
        outcome = done[video.name]
        # A full stop that the aligner finds in the music of a pause makes no word longer.
        said = [word for cue in outcome.documents[0].cues for word in cue.words]
        true = truth(video).words
        ends = [abs(w.end_ms - t.end_ms) for w, t in zip(said, true, strict=True)]
        assert max(ends) < 300, video
        plain, sdh = ([c for c in d.cues if c.words] for d in outcome.documents)
        assert [(cue.start_ms, cue.lines) for cue in plain] == [
            (cue.start_ms, cue.lines) for cue in sdh
        ]


def wav(path: Path, samples: NDArray[np.float32]) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes((samples * 32767).clip(-32767, 32767).astype("<i2").tobytes())
    return path


def test_ten_minutes_without_a_word_make_no_cue(pipeline: Pipeline, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    makers = (sound.silence, sound.noise, sound.chords, sound.arpeggio, sound.drums, sound.band)
    stretch = 20 * SAMPLE_RATE_HZ
    silence = np.concatenate([0.2 * maker(rng, stretch) for _ in range(5) for maker in makers])
    assert len(silence) == 600 * SAMPLE_RATE_HZ
    path = wav(tmp_path / "nothing.wav", silence.astype(np.float32))
    for segmenter in ("silero", "webrtc"):
        chosen = {"spoken": "en", "targets": ("en", "de"), "segmenter": segmenter}
        outcome = pipeline.run(tmp_path / segmenter, path, **chosen)[path.name]
        assert outcome.skip == NO_SPEECH, segmenter


def test_a_forced_track_has_the_foreign_lines(pipeline: Pipeline, tmp_path: Path) -> None:
    english, german = (sound_in(VIDEOS / name) for name in ("english.mp4", "german.mkv"))
    own, foreign = (
        json.loads((VIDEOS / name).read_text())["tracks"][0]["sentences"]
        for name in ("english.json", "german.json")
    )
    # Each ends in the pause before a sentence.
    before_ms, foreign_ms = own[4]["start_ms"] - 300, foreign[5]["start_ms"] - 300
    parts = [english[: 16 * before_ms], german[: 16 * foreign_ms], english[16 * before_ms :]]
    path = wav(tmp_path / "mixed.wav", np.concatenate(parts))
    done = pipeline.run(tmp_path, path, spoken="en", targets=("en", "en.forced"))[path.name]
    assert [str(document.track) for document in done.documents] == ["en", "en.forced"]
    full, forced = (document.cues for document in done.documents)
    said = [" ".join(cue.lines) for cue in forced]
    assert said == [sentence["translations"]["en"] for sentence in foreign[:5]]
    assert all(before_ms <= cue.start_ms < before_ms + foreign_ms for cue in forced)
    assert [cue.lines for cue in forced] == [cue.lines for cue in full if cue in forced]


def sound_in(video: Path) -> NDArray[np.float32]:
    """All of a video's sound."""
    with sound_of(video, manager.load()) as clips:
        return np.concatenate([clip.samples for clip in clips])


def daemon(folder: Path, state: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(state),
        "XDG_CONFIG_HOME": str(state / "config"),
        "CANARY_SUBS_WATCH_SETTLE_S": "0.5",
        "CANARY_SUBS_TARGETS": "original,en",
    }
    how = ("--drain", "--model", "demo", "--format", "srt,vtt")
    return subprocess.Popen(
        [sys.executable, "-m", "canary_subs", "watch", folder, *how],
        env=environment,
        start_new_session=True,
    )


def test_a_killed_daemon_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    results = []
    for name, killed in (("calm", False), ("killed", True)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "film.mkv").write_bytes((VIDEOS / "german.mkv").read_bytes())
        running = daemon(folder, tmp_path / f"{name} state")
        if killed:
            time.sleep(12)
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            running = daemon(folder, tmp_path / f"{name} state")
        assert running.wait(timeout=300) == 0
        results.append({p.name: p.read_bytes() for p in folder.iterdir() if p.suffix != ".mkv"})
    assert set(results[0]) == {"film.de.srt", "film.de.vtt", "film.en.srt", "film.en.vtt"}
    assert results[0] == results[1]
    cues = list(srt.parse(results[0]["film.de.srt"].decode()))
    captions = webvtt.from_string(results[0]["film.de.vtt"].decode()).captions
    assert len(cues) == len(captions) > 3
    for cue, caption in zip(cues, captions, strict=True):
        assert cue.start.total_seconds() == pytest.approx(caption.start_in_seconds, abs=1)
        assert cue.content.split() == caption.text.split()
