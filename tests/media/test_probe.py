"""What probing a file finds, compared with what ffmpeg was asked to put into it."""

from __future__ import annotations

import os
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary_subs.errors import DamagedMedia, MediaError, NotMedia
from canary_subs.media import ffmpeg, probe
from canary_subs.model import Span
from tests.media.videos import LENGTH_S, Studio, probed, run_ffmpeg, write_wav


@pytest.fixture(scope="module")
def rich(studio: Studio) -> Path:
    """Two sound tracks, three of subtitles, chapters and a font."""
    folder = studio.folder
    (folder / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    (folder / "font.ttf").write_bytes(b"\0\1\0\0")
    (folder / "chapters.txt").write_text(
        ";FFMETADATA1\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=4000\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=4000\nEND=9000\ntitle=Two\n"
    )
    video = folder / "rich.mkv"
    run_ffmpeg(
        *("-i", studio.picture, "-i", studio.sound, "-i", folder / "a.srt"),
        *("-i", folder / "chapters.txt", "-attach", folder / "font.ttf"),
        *("-map", "0", "-map", "1", "-map", "1", "-map", "2", "-map", "2", "-map_chapters", "3"),
        *("-c:v", "copy", "-c:a", "aac", "-ac:a:1", "6", "-c:s", "srt"),
        *("-metadata:s:a:0", "language=ger", "-metadata:s:a:0", "title=Kommentar"),
        *("-metadata:s:a:1", "language=eng", "-metadata:s:s:0", "language=fre"),
        *("-disposition:a:0", "comment", "-disposition:a:1", "default"),
        *("-disposition:s:0", "forced", "-disposition:s:1", "hearing_impaired"),
        *("-metadata:s:t:0", "mimetype=font/ttf", video),
    )
    return video


def test_tracks(rich: Path) -> None:
    media = probed(rich)
    german, english = media.audio
    assert (german.index, german.language, german.title) == (0, "de", "Kommentar")
    assert "comment" in german.dispositions
    assert not german.default
    assert (english.index, english.language, english.title) == (1, "en", None)
    assert english.default
    assert (english.codec, english.channels, english.sample_rate_hz) == ("aac", 6, 48_000)
    forced, sdh = media.subtitles
    assert (forced.language, forced.forced, forced.hearing_impaired) == ("fr", True, False)
    assert (sdh.language, sdh.forced, sdh.hearing_impaired) == (None, False, True)
    assert forced.codec == "subrip"
    assert not forced.image


def test_the_rest_of_a_video(rich: Path) -> None:
    media = probed(rich)
    assert media.has_picture
    assert media.frame_rate == 25
    assert media.duration_ms == pytest.approx(LENGTH_S * 1000, abs=50)
    assert media.attachments == ("font.ttf",)
    assert media.chapters == (
        Span(start_ms=0, end_ms=4_000),
        Span(start_ms=4_000, end_ms=9_000),
    )
    assert media.size_bytes == rich.stat().st_size
    assert media.mtime_ns == rich.stat().st_mtime_ns


def test_image_subtitles_are_marked(studio: Studio) -> None:
    # A PGS stream of nothing but an end-of-display segment.
    end = b"PG" + (90_000).to_bytes(4, "big") + bytes(4) + b"\x80\0\0"
    (studio.folder / "end.sup").write_bytes(end)
    video = studio.folder / "pgs.mkv"
    run_ffmpeg(
        *("-i", studio.sound, "-i", studio.folder / "end.sup", "-map", "0", "-map", "1"),
        *("-c:a", "flac", "-c:s", "copy", video),
    )
    (track,) = probed(video).subtitles
    assert track.image


def test_cover_art_is_no_picture(studio: Studio) -> None:
    cover, song = studio.folder / "cover.png", studio.folder / "song.mp3"
    run_ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", cover)
    run_ffmpeg(
        *("-i", studio.sound, "-i", cover, "-map", "0", "-map", "1"),
        *("-c:a", "libmp3lame", "-c:v", "copy", "-disposition:v", "attached_pic", song),
    )
    media = probed(song)
    assert not media.has_picture
    assert media.frame_rate is None
    assert len(media.audio) == 1


@pytest.mark.parametrize("rate", ["24000/1001", "24", "30000/1001", "60000/1001", "50"])
def test_rates_are_exact_where_the_container_blurs_them(tmp_path: Path, rate: str) -> None:
    video = tmp_path / "rate.mkv"
    run_ffmpeg("-f", "lavfi", "-i", f"color=s=32x32:r={rate}:d=3", "-c:v", "mpeg4", video)
    assert probed(video).frame_rate == Fraction(rate)


def test_a_recording_whose_header_has_no_duration(studio: Studio) -> None:
    """As a recorder leaves it that could not go back to write one."""
    entire, live = studio.video("entire-then-live.mkv"), studio.folder / "live.mkv"
    with live.open("wb") as file:
        subprocess.run(
            [ffmpeg.find(), "-v", "error", "-i", entire, "-c", "copy", "-f", "matroska", "-"],
            stdout=file,
            check=True,
        )
    assert probed(live).duration_ms == pytest.approx(LENGTH_S * 1000, abs=100)


def test_a_clock_that_starts_elsewhere(studio: Studio) -> None:
    media = probed(studio.video("far.mkv", "-output_ts_offset", "100"))
    assert media.start_ms == pytest.approx(100_000, abs=50)
    assert media.duration_ms == pytest.approx(LENGTH_S * 1000, abs=100)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("ger", "de"),
        ("deu", "de"),
        ("fre", "fr"),
        ("en", "en"),
        ("pt-BR", "pt-BR"),
        ("EN-us", "en-US"),
        ("und", None),
        ("mul", None),
        ("zxx", None),
        ("qaa", None),
        ("mis", None),
        ("ori", None),
        ("ORI", None),
        ("vo", None),
        ("or", "or"),
        ("xx", None),
        ("", None),
        ("English", None),
        ("\n\x1b[31m", None),
    ],
)
def test_language_tags(tag: str, language: str | None) -> None:
    assert probe.normalised_language(tag) == language


@given(st.text(max_size=12))
def test_no_language_tag_is_too_odd(tag: str) -> None:
    language = probe.normalised_language(tag)
    assert language is None or probe.normalised_language(language) == language


def test_what_ffmpeg_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(np.random.default_rng(1).bytes(50_000))
    assert probe.probe(path) is None


def test_empty(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.touch()
    with pytest.raises(NotMedia, match=r"video\.mp4 is empty"):
        probe.probe(path)


def test_an_mp4_cut_before_its_index(studio: Studio) -> None:
    entire = studio.video("to-cut.mp4").read_bytes()
    cut = studio.folder / "cut.mp4"
    cut.write_bytes(entire[: len(entire) // 2])
    with pytest.raises(DamagedMedia, match=r"cut\.mp4 is an MP4 without its index"):
        probe.probe(cut)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotMedia, match="is not a file"):
        probe.probe(tmp_path)
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(NotMedia, match="is not a file"):
        probe.probe(tmp_path / "pipe.mp4")
    with pytest.raises(MediaError, match="does not exist"):
        probe.probe(tmp_path / "nothing.mp4")
    with pytest.raises(MediaError, match="does not exist"):
        probe.probe(Path("http://127.0.0.1/video.mp4"))


def test_an_absurd_duration(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "short.wav", np.zeros(100, np.int16), 8_000)
    video = tmp_path / "absurd.mkv"
    run_ffmpeg(
        *("-i", path, "-i", path, "-map", "0", "-map", "1", "-c", "copy"),
        *("-bsf:a:1", "setts=ts=PTS+200*3600/TB", video),
    )
    with pytest.raises(DamagedMedia, match="its clock is broken"):
        probe.probe(video)
