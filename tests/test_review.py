"""Reviews of a film's tracks: findings as JSON, a page beside the results."""

from __future__ import annotations

import json
import wave
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from canary_subs import plugins, review
from canary_subs.errors import CanarySubsError
from canary_subs.hookspecs import Provider, hookimpl
from canary_subs.model import AudioClip, AudioTrack, Cue, MediaInfo
from canary_subs.plugins import Catalogue
from canary_subs.speech.options import SileroOptions
from canary_subs.testing import Fakes, FakeSource, catalogue, write_film
from tests.test_proofing import Listener


@pytest.fixture(scope="module")
def shelf() -> Catalogue:
    return plugins.load()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Ten seconds of silence."""
    path = tmp_path / "film & <more>.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(np.zeros(160_000, np.int16).tobytes())
    return path


def srt(path: Path, *cues: Cue) -> Path:
    blocks = [
        f"{number}\n00:00:{cue.start_ms // 1000:02},{cue.start_ms % 1000:03} --> "
        f"00:00:{cue.end_ms // 1000:02},{cue.end_ms % 1000:03}\n{cue.text}\n"
        for number, cue in enumerate(cues, 1)
    ]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


def test_cues_over_silence_are_found_and_the_page_holds_them(film: Path, shelf: Catalogue) -> None:
    english = srt(
        film.with_name("film & <more>.en.srt"),
        Cue(start_ms=1000, end_ms=4000, lines=("Nobody says this.",)),
    )
    german = srt(
        film.with_name("film & <more>.de.srt"),
        Cue(start_ms=1000, end_ms=1100, lines=("Niemand sagt das </script>.",)),
    )
    found = review.review_files(film, [english, german], shelf, profile="netflix", spoken="en")
    by_language = {track.language: track for track in found.tracks}
    assert set(by_language) == {"en", "de"}
    rules = {language: {f.rule for f in t.findings} for language, t in by_language.items()}
    assert "no-speech" in rules["en"]
    assert "flash" in rules["de"]
    assert "en: 1 cue" in found.summary
    report = json.loads(found.report())
    assert [track["file"] for track in report["tracks"]] == ["en", "de"]
    page = found.page(film.parent).decode()
    assert "Nobody says this." in page
    assert "</script>." not in page.replace("</script>\n", "")


def test_the_page_finds_its_video_from_another_folder(film: Path, shelf: Catalogue) -> None:
    track = srt(film.with_suffix(".srt"), Cue(start_ms=0, end_ms=2000, lines=("Hello.",)))
    found = review.review_files(film, [track], shelf, profile="bbc")
    (film.parent / "pages").mkdir()
    assert "../film%20%26%20%3Cmore%3E.wav" in found.page(film.parent / "pages").decode()


def test_a_film_that_is_none_is_told(tmp_path: Path, shelf: Catalogue) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"no film")
    track = srt(tmp_path / "film.en.srt", Cue(start_ms=0, end_ms=2000, lines=("Hello.",)))
    with pytest.raises(CanarySubsError, match=r"film\.mkv"):
        review.review_files(path, [track], shelf, profile="netflix")


class Counting(FakeSource):
    """Knows how often it was read, and how many clips were held at a time."""

    def __init__(self) -> None:
        self.reads = 0
        self.most_held = 0

    def read(self, media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
        self.reads += 1
        held: list[weakref.ref[np.ndarray]] = []
        for clip in super().read(media, track):
            held = [one for one in held if one() is not None] + [weakref.ref(clip.samples)]
            self.most_held = max(self.most_held, len(held))
            yield clip


def test_the_sound_is_read_once_and_never_held(tmp_path: Path) -> None:
    fakes = Fakes()
    fakes.source = counting = Counting()
    speech = [(at * 1000, at * 1000 + 2500) for at in range(0, 1800, 6)]
    video = write_film(tmp_path / "film.mkv", *speech, duration_ms=1_800_000)
    found = review.review_files(
        video,
        [srt(tmp_path / "film.en.srt", Cue(start_ms=0, end_ms=2000, lines=("Hello.",)))],
        catalogue(fakes, Listener()),
        profile="netflix",
    )
    assert counting.reads == 1
    assert counting.most_held <= 4
    assert [(span.start_ms, span.end_ms) for span in found.look.speech] == speech
    # 50 values a second: loud where somebody speaks, nothing elsewhere.
    loud = found.look.peaks.values.reshape(-1, 50) > 0
    assert loud.shape == (1800, 50)
    assert loud[0::6].all() and loud[1::6].all() and not loud[3:6].any()
    assert loud[2::6].sum() == 300 * 25


def test_a_segmenter_that_stops_early_costs_no_waveform(tmp_path: Path) -> None:
    class Tired:
        def cut(self, clips: Iterator[AudioClip], max_ms: int) -> Iterator[object]:
            next(iter(clips))
            return iter(())

    class Ears:
        @hookimpl
        def canary_subs_segmenters(self) -> list[Provider[object]]:
            made = lambda options: Tired()  # noqa: E731
            return [Provider(name="silero", summary="tired", make=made, options=SileroOptions)]

    video = write_film(tmp_path / "film.mkv", (8000, 9000), duration_ms=9000)
    found = review.review_files(
        video,
        [srt(tmp_path / "film.en.srt", Cue(start_ms=0, end_ms=2000, lines=("Hello.",)))],
        catalogue(Fakes(), Ears()),
        profile="netflix",
    )
    assert found.look.speech == ()
    assert found.look.peaks.values.nonzero()[0].tolist() == list(range(400, 450))
