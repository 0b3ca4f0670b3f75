"""Reviews of a film's tracks: findings as JSON, a page beside the results."""

from __future__ import annotations

import json
import os
import wave
import weakref
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

from canary_subs import cli, formats
from canary_subs.errors import CanarySubsError, OutputError
from canary_subs.model import AudioClip, AudioTrack, Cue, MediaInfo
from canary_subs.plugin import manager
from canary_subs.plugin.hookspecs import Provider, hookimpl
from canary_subs.plugin.manager import Plugins
from canary_subs.speech.options import SileroOptions
from canary_subs.testing import Fakes, FakeSource, plugins, write_video
from canary_subs.workflows import review
from canary_subs.workflows.review_index import write_index
from tests.workflows.test_check import Listener


@pytest.fixture(scope="module")
def shelf() -> Plugins:
    return manager.load()


@pytest.fixture
def video(tmp_path: Path) -> Path:
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


def test_cues_over_silence_are_found_and_the_page_holds_them(video: Path, shelf: Plugins) -> None:
    english = srt(
        video.with_name("film & <more>.en.srt"),
        Cue(start_ms=1000, end_ms=4000, lines=("Nobody says this.",)),
    )
    german = srt(
        video.with_name("film & <more>.de.srt"),
        Cue(start_ms=1000, end_ms=1100, lines=("Niemand sagt das </script>.",)),
    )
    found = review.review_files(video, [english, german], shelf, profile="netflix", spoken="en")
    by_language = {track.language: track for track in found.tracks}
    assert set(by_language) == {"en", "de"}
    rules = {language: {f.rule for f in t.findings} for language, t in by_language.items()}
    assert "no-speech" in rules["en"]
    assert "flash" in rules["de"]
    assert "en: 1 cue" in found.summary
    report = json.loads(found.report())
    assert [track["file"] for track in report["tracks"]] == ["en", "de"]
    page = found.page(video.parent).decode()
    assert "Nobody says this." in page
    assert "</script>." not in page.replace("</script>\n", "")


def test_a_track_with_sounds_is_no_translation_of_the_one_without(
    video: Path, shelf: Plugins
) -> None:
    spoken = Cue(start_ms=1000, end_ms=4000, lines=("Nobody says this at all.",))
    label = Cue(start_ms=6000, end_ms=8000, lines=("[applause]",))
    plain = srt(video.with_name("film & <more>.en.srt"), spoken)
    sdh = srt(video.with_name("film & <more>.en.sdh.srt"), spoken, label)
    found = review.review_files(video, [plain, sdh], shelf, profile="netflix", spoken="en")
    by_name = {track.language: {f.rule for f in track.findings} for track in found.tracks}
    assert by_name == {"en": {"no-speech"}, "en.sdh": {"no-speech"}}
    assert [len(track.findings) for track in found.tracks] == [1, 1], "a sound is no speech"


def test_the_page_finds_its_video_from_another_folder(video: Path, shelf: Plugins) -> None:
    track = srt(video.with_suffix(".srt"), Cue(start_ms=0, end_ms=2000, lines=("Hello.",)))
    found = review.review_files(video, [track], shelf, profile="bbc")
    (video.parent / "pages").mkdir()
    assert "../film%20%26%20%3Cmore%3E.wav" in found.page(video.parent / "pages").decode()


def test_a_file_that_is_not_a_video_is_reported(tmp_path: Path, shelf: Plugins) -> None:
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
    video = write_video(tmp_path / "film.mkv", *speech, duration_ms=1_800_000)
    found = review.review_files(
        video,
        [srt(tmp_path / "film.en.srt", Cue(start_ms=0, end_ms=2000, lines=("Hello.",)))],
        plugins(fakes, Listener(), formats),
        profile="netflix",
    )
    assert counting.reads == 1
    assert counting.most_held <= 4
    assert [(span.start_ms, span.end_ms) for span in found.sound.speech] == speech
    # 50 values a second: loud where somebody speaks, nothing elsewhere.
    loud = found.sound.peaks.values.reshape(-1, 50) > 0
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
            made = lambda options, context: Tired()  # noqa: E731
            return [Provider(name="silero", summary="tired", make=made, options=SileroOptions)]

    video = write_video(tmp_path / "film.mkv", (8000, 9000), duration_ms=9000)
    found = review.review_files(
        video,
        [srt(tmp_path / "film.en.srt", Cue(start_ms=0, end_ms=2000, lines=("Hello.",)))],
        plugins(Fakes(), Ears(), formats),
        profile="netflix",
    )
    assert found.sound.speech == ()
    assert found.sound.peaks.values.nonzero()[0].tolist() == list(range(400, 450))


def reviewed(folder: Path, name: str, *cues: Cue) -> Path:
    """The page of a film of the fakes with one cue where somebody speaks, after these."""
    folder.mkdir(parents=True, exist_ok=True)
    video = write_video(folder / f"{name}.mkv", (50_000, 52_000), duration_ms=60_000)
    spoken = Cue(start_ms=50_000, end_ms=52_000, lines=("It was a good day.",))
    track = srt(folder / f"{name}.en.srt", *cues, spoken)
    found = review.review_files(
        video, [track], plugins(Fakes(), Listener(), formats), profile="netflix", spoken="en"
    )
    return found.store(folder)


def cues_over_silence(count: int) -> list[Cue]:
    return [
        Cue(start_ms=at * 5000, end_ms=at * 5000 + 2000, lines=(f"Line number {at}.",))
        for at in range(count)
    ]


class Index(HTMLParser):
    """The films of an index in order, the links, and the elements that could run anything."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.films: list[str] = []
        self.links: list[str] = []
        self.lively: list[str] = []
        self._in_name = False
        self._before = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_name = tag == "bdi" and self._before != "span"
        self._before = tag
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")
        if tag in ("script", "img", "iframe") or any(name.startswith("on") for name, _ in attrs):
            self.lively.append(tag)

    def handle_data(self, data: str) -> None:
        if self._in_name:
            self.films.append(data)
        self._in_name = False


def test_the_index_lists_every_review_below_a_folder_worst_first(tmp_path: Path) -> None:
    films = tmp_path / "films"
    reviewed(films, "good")
    bad = reviewed(films / "a season", "bad #1", *cues_over_silence(2))
    worst = reviewed(films / "a season" / "deep", "worst", *cues_over_silence(5))
    alone = films / "alone.proof.html"
    alone.write_text("a page whose report was thrown away")
    worst.unlink()
    target = write_index(films)
    assert target == films / "index.html"
    document = target.read_text("utf-8")
    shown = Index(document)
    assert shown.films == ["Reviews in films", "worst.mkv", "bad #1.mkv", "alone", "good.mkv"]
    folder = target.as_uri().rpartition("/")[0]
    linked = [Path(unquote(urlsplit(folder + "/" + link).path)) for link in shown.links]
    assert linked == [bad, alone, films / "good.proof.html"]
    assert "00:01:00" in document
    assert document.count("no-speech 5") == document.count("no-speech 2") == 1
    elsewhere = write_index(films, tmp_path / "all.html").read_text("utf-8")
    assert Index(elsewhere).links[0] == "./films/a%20season/bad%20%231.proof.html"


HOSTILE = "<script>window.ran=1</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"\xff\xfe{",
        b"null",
        b"[" * 100_000,
        b'{"video": 1, "tracks": []}',
        b'{"video": "x", "tracks": {"a": 1}}',
        b'{"video": "x", "tracks": [{"file": "en", "cues": 1, "counts": {"gap": -3}}]}',
        b'{"video": "x", "tracks": [{"file": "en", "cues": true, "counts": {}}]}',
        b'{"video": "x", "tracks": [{"file": "en", "cues": 1' + b"0" * 4000 + b', "counts": {}}]}',
        b'{"video": "x", "duration_ms": -1, "tracks": []}',
        b'{"video": "x", "tracks": [{"file": "en", "cues": 1, "counts": ["gap"]}]}',
    ],
)
def test_a_report_that_is_none_costs_no_index(
    tmp_path: Path, report: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reviewed(tmp_path, "good")
    (tmp_path / "odd.check.json").write_bytes(report)
    (tmp_path / "odd.proof.html").write_text("")
    (tmp_path / "another tool's.check.json").write_bytes(report)
    shown = Index(write_index(tmp_path).read_text("utf-8"))
    assert shown.films[1:] == ["odd", "good.mkv"]
    assert "odd.check.json" in caplog.text


def test_reports_and_names_of_anyone_run_nothing(tmp_path: Path) -> None:
    name = HOSTILE.replace("/", "")
    (tmp_path / f"{name}.proof.html").write_text("")
    report = {
        "video": HOSTILE + "\udcff",
        "tracks": [{"file": HOSTILE, "cues": 1, "counts": {HOSTILE: 1}}],
    }
    (tmp_path / f"{name}.check.json").write_text(json.dumps(report))
    (tmp_path / f"{name}\udcff.proof.html").write_text("")
    os.mkfifo(tmp_path / "pipe.check.json")
    (tmp_path / "folder.proof.html").mkdir()
    (tmp_path / "round").symlink_to(tmp_path)
    shown = Index(write_index(tmp_path).read_text("utf-8"))
    assert shown.lively == []
    assert [unquote(link, errors="surrogateescape") for link in shown.links] == [
        f"./{name}.proof.html",
        f"./{name}\udcff.proof.html",
    ]


def test_an_index_replaces_its_older_self_and_nothing_of_others(tmp_path: Path) -> None:
    reviewed(tmp_path, "film")
    write_index(tmp_path)
    write_index(tmp_path)
    page = tmp_path / "index.html"
    page.write_text("<!DOCTYPE html><title>My home page</title>")
    with pytest.raises(OutputError, match=r"index\.html.*--out"):
        write_index(tmp_path)
    assert "My home page" in page.read_text()
    page.unlink()
    os.mkfifo(page)
    with pytest.raises(OutputError, match="not an index page"):
        write_index(tmp_path)


def test_a_folder_without_reviews_has_no_index(tmp_path: Path) -> None:
    (tmp_path / "film.mkv").touch()
    with pytest.raises(OutputError, match="no reports"):
        write_index(tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_the_command_makes_pages_and_their_index(
    video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    srt(video.with_name("film & <more>.en.srt"), *cues_over_silence(1))
    assert cli.main(["proof", str(video)]) == 0
    page = video.with_name("film & <more>.proof.html")
    assert capsys.readouterr().out.splitlines()[0] == str(page)
    assert cli.main(["proof", str(video.parent)]) == 0
    index = video.with_name("index.html")
    assert capsys.readouterr().out.strip() == str(index)
    assert Index(index.read_text("utf-8")).links == ["./film%20%26%20%3Cmore%3E.proof.html"]
    for arguments, told in (
        ([video.parent, video], "folder"),
        ([video.parent / "none" / "film.mkv"], "none"),
        ([video.parent / "none.mkv"], "no subtitle files"),
        ([video.parent, "--out", video.parent / "none" / "x.html"], "cannot be written"),
    ):
        assert cli.main(["proof", *map(str, arguments)]) in (2, 3, 6)
        assert told in capsys.readouterr().err
