"""Sound lies where the picture says it should, and nothing in a file can make it endless."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from canary_subs.errors import DamagedMedia, MediaUnavailable, Temporary
from canary_subs.media import audio, ffmpeg, probe
from tests.media.videos import (
    BEEPS_MS,
    Studio,
    beep_times_ms,
    beeps,
    flash_times_ms,
    probed,
    run_ffmpeg,
    sound_of,
    write_wav,
)

#: A tenth of what eyes and ears notice; a sample of what is asked of us.
CLOSE_MS = 10

FRAGMENTED = ("-movflags", "+frag_keyframe+empty_moov")


@pytest.mark.parametrize(
    ("name", "arguments", "late"),
    [
        ("priming.mp4", (), False),
        ("plain.mkv", (), False),
        ("late.mp4", (), True),
        ("late.mkv", (), True),
        ("from-100-s.mkv", ("-output_ts_offset", "100"), True),
        ("late.ts", (), True),
        ("from-1000-s.ts", ("-output_ts_offset", "1000"), True),
        ("fragmented.mp4", FRAGMENTED, True),
        ("late.mov", (), True),
    ],
)
def test_beeps_where_the_picture_flashes(
    studio: Studio, name: str, arguments: tuple[str, ...], late: bool
) -> None:
    video = studio.video(name, *arguments, late=late)
    flashes = flash_times_ms(video)
    assert len(flashes) == len(BEEPS_MS)
    assert beep_times_ms(sound_of(video)) == pytest.approx(flashes, abs=CLOSE_MS)


def test_late_sound_begins_with_silence(studio: Studio) -> None:
    samples = sound_of(studio.video("silence-first.mkv", late=True, codec="pcm_s16le"))
    assert not samples[:8000].any()
    assert len(samples) / 16_000 == pytest.approx(9, abs=0.02)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_a_hole_in_the_sound_is_silence(studio: Studio, container: str) -> None:
    video = studio.video(f"hole.{container}", "-af", "aselect='not(between(t,2.5,5.5))'")
    first, _, last = flash_times_ms(video)
    assert beep_times_ms(sound_of(video)) == pytest.approx([first, last], abs=CLOSE_MS)


def test_a_drifting_clock_is_followed(studio: Studio) -> None:
    # Over an hour 0.1 % is 3.6 s; made 60 s long, that it may show.
    folder = studio.folder
    at = np.arange(60 * 16_016) / 16_016
    ticks = (np.sin(2 * np.pi * 1000 * at) * (at % 5 < 0.04) * 20_000).astype(np.int16)
    video = folder / "drift.mkv"
    sound = write_wav(folder / "ticks.wav", ticks, 16_000)
    run_ffmpeg("-i", sound, "-af", "asetpts=PTS/1.001", "-c:a", "pcm_s16le", video)
    found = beep_times_ms(sound_of(video))
    assert found == pytest.approx([5_000 * tick for tick in range(12)], abs=CLOSE_MS + 1)


def test_joined_recordings_play_on(studio: Studio) -> None:
    """The clock leaps by 1000 s at the joint: no 1000 s of silence, and nothing lost."""
    first = studio.video("first.ts")
    second = studio.video("second.ts", "-output_ts_offset", "1000")
    flashes = flash_times_ms(first)
    for name, parts in {"on.ts": (first, second), "back.ts": (second, first)}.items():
        joined = studio.folder / name
        joined.write_bytes(b"".join(part.read_bytes() for part in parts))
        found = beep_times_ms(sound_of(joined))
        assert found[:3] == pytest.approx(flashes, abs=CLOSE_MS)
        assert np.diff(found[3:]) == pytest.approx(np.diff(flashes), abs=CLOSE_MS)
        assert 9_000 - 50 < found[3] - found[0] < 9_000 + 50


def test_channels_that_change_midway_do_not_shift_the_sound(studio: Studio) -> None:
    """As in broadcasts: stereo in the video, 5.1 in between."""
    stereo = studio.video("stereo.ts", "-ac", "2", codec="ac3")
    surround = studio.video("surround.ts", "-ac", "6", "-output_ts_offset", "9.2", codec="ac3")
    joined = studio.folder / "changing.ts"
    joined.write_bytes(stereo.read_bytes() + surround.read_bytes())
    flashes = flash_times_ms(joined)
    assert len(flashes) == 6
    assert beep_times_ms(sound_of(joined)) == pytest.approx(flashes, abs=CLOSE_MS)


LAYOUTS = {
    "5.1": ("FL", "FR", "FC", "LFE", "BL", "BR"),
    "5.1(side)": ("FL", "FR", "FC", "LFE", "SL", "SR"),
    "7.1": ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
    "3.0": ("FL", "FR", "FC"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_dialogue_in_the_centre_stands_out(tmp_path: Path, layout: str) -> None:
    """A tone in the centre is 4 to 5 times as loud as one of the same strength at the left."""
    time = np.arange(48_000) / 48_000
    tones = {"FC": 1_000, "FL": 400, "LFE": 60, "BL": 2_000, "SL": 3_000}
    samples = np.stack(
        [
            np.sin(2 * np.pi * tones[name] * time) * 8_000 if name in tones else 0 * time
            for name in LAYOUTS[layout]
        ],
        axis=1,
    )
    wav = write_wav(tmp_path / "tones.wav", samples.astype(np.int16))
    video = tmp_path / "tones.mka"
    run_ffmpeg("-channel_layout", layout, "-i", wav, "-c:a", "flac", video)
    spectrum = np.abs(np.fft.rfft(sound_of(video)[:16_000]))
    loud = {name: spectrum[tone] for name, tone in tones.items()}
    assert 4 < loud["FC"] / loud["FL"] < 5
    assert loud["FC"] > 100 * max(loud["LFE"], loud["BL"], loud["SL"])


def test_dialogue_at_both_sides_of_stereo_is_kept(tmp_path: Path) -> None:
    mono = beeps(length_s=3)
    wav = write_wav(tmp_path / "stereo.wav", np.stack([mono, mono], axis=1))
    samples = sound_of(wav)
    assert float(np.abs(samples).max()) == pytest.approx(20_000 / 32_768, rel=0.05)
    assert samples.dtype == np.float32


def test_the_track_that_was_asked_for(studio: Studio) -> None:
    video = studio.folder / "two.mkv"
    run_ffmpeg(
        *("-i", studio.sound, "-f", "lavfi", "-i", "anullsrc=d=9"),
        *("-map", "1:a", "-map", "0:a", "-c:a", "flac", video),
    )
    assert not sound_of(video, 0).any()
    assert beep_times_ms(sound_of(video, 1)) == pytest.approx(BEEPS_MS, abs=CLOSE_MS)


def test_clips_are_of_one_length_but_the_last(tmp_path: Path) -> None:
    video = write_wav(tmp_path / "long.wav", np.zeros(70 * 8_000, np.int16), 8_000)
    media = probed(video)
    lengths = [len(clip.samples) for clip in audio.read(media, media.audio[0])]
    assert lengths == [audio.CLIP_SAMPLES, audio.CLIP_SAMPLES, 10 * 16_000]


def test_a_truncated_video_gives_what_is_there_and_says_so(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    entire = studio.video("entire.mkv").read_bytes()
    half = studio.folder / "half.mkv"
    half.write_bytes(entire[: len(entire) // 2])
    with caplog.at_level(logging.WARNING):
        found = beep_times_ms(sound_of(half))
    assert found == pytest.approx(BEEPS_MS[: len(found)], abs=CLOSE_MS)
    assert found
    assert "half.mkv" in caplog.text
    assert "heard up to 00:00:0" in caplog.text


def test_sound_that_does_not_decode_is_damaged_media(tmp_path: Path) -> None:
    video = tmp_path / "noise.flac"
    run_ffmpeg("-f", "lavfi", "-i", "sine=d=2", video)
    data = bytearray(video.read_bytes())
    start = len(data) // 10
    data[start:] = bytes(len(data) - start)
    video.write_bytes(data[:200] + bytes(len(data)))
    with pytest.raises(DamagedMedia, match=r"noise\.flac: audio track 0"):
        sound_of(video)


def test_a_video_that_was_removed(studio: Studio) -> None:
    video = studio.video("going.mkv")
    media = probed(video)
    video.unlink()
    with pytest.raises(DamagedMedia, match=r"going\.mkv was changed or removed"):
        list(audio.read(media, media.audio[0]))


@pytest.mark.parametrize("readable", [0, 1, 2])
def test_an_ffmpeg_that_was_stopped_is_not_the_end_of_the_video(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, readable: int
) -> None:
    media = probed(studio.video("stalling.mkv", codec="pcm_s16le"))
    original = ffmpeg.Run.read
    sizes: list[int] = []

    def read(run: ffmpeg.Run, size: int) -> bytes:
        sizes.append(size)
        if len(sizes) > readable:
            raise ffmpeg.FFmpegFailed("nothing came for 600 s", stalled=True)
        return original(run, size)

    monkeypatch.setattr(ffmpeg.Run, "read", read)
    with pytest.raises(MediaUnavailable, match=r"stalling\.mkv .* nothing came of it for too long"):
        list(audio.read(media, media.audio[0]))
    assert len(sizes) == readable + 1, "it is not asked again"


def test_memory_does_not_grow_with_the_video(tmp_path: Path) -> None:
    """Three hours against ten minutes, in a process of their own; the files are sparse."""
    peaks = []
    for hours in (1 / 6, 3):
        video = write_wav(tmp_path / "silent.wav", np.zeros(0, np.int16), 8_000)
        data_bytes = int(hours * 3600 * 8_000 * 2)
        with video.open("r+b") as file:
            file.seek(4)
            file.write((36 + data_bytes).to_bytes(4, "little"))
            file.seek(40)
            file.write(data_bytes.to_bytes(4, "little"))
            file.truncate(44 + data_bytes)
        script = (
            "import resource, sys; from pathlib import Path\n"
            "from canary_subs.media import audio, probe\n"
            "media = probe.probe(Path(sys.argv[1]))\n"
            "samples = sum(len(clip.samples) for clip in audio.read(media, media.audio[0]))\n"
            "print(samples, *(resource.getrusage(who).ru_maxrss for who in"
            " (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))"
        )
        said = subprocess.run(
            [sys.executable, "-c", script, video], check=True, capture_output=True, text=True
        ).stdout
        samples, ours_kb, ffmpegs_kb = map(int, said.split())
        assert samples == int(hours * 3600 * 16_000)
        peaks.append(ours_kb + ffmpegs_kb)
    assert peaks[1] - peaks[0] < 20_000


def test_an_ffmpeg_that_the_system_killed_is_tried_again(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel does where memory runs out."""
    media = probed(studio.video("killed.mkv", codec="pcm_s16le"))
    original = ffmpeg.Run.read

    def read(run: ffmpeg.Run, size: int) -> bytes:
        run._process.kill()
        return original(run, size)

    monkeypatch.setattr(ffmpeg.Run, "read", read)
    with pytest.raises(Temporary, match=r"killed\.mkv: audio track 0 .* memory ran out"):
        list(audio.read(media, media.audio[0]))


def test_storage_that_fails_is_tried_again(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    media = probed(studio.video("lost-share.mkv"))
    original = ffmpeg.Run.finish

    def finish(run: ffmpeg.Run) -> str:
        run.report.add("[in#0/matroska @ 0x5] [error] Error during demuxing: Input/output error")
        return original(run)

    monkeypatch.setattr(ffmpeg.Run, "finish", finish)
    with pytest.raises(Temporary, match="storage fails: Error during demuxing: Input/output error"):
        list(audio.read(media, media.audio[0]))


def test_a_crash_of_ffmpeg_is_damage(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    media = probed(studio.video("crashing.mkv", codec="pcm_s16le"))
    original = ffmpeg.Run.read

    def read(run: ffmpeg.Run, size: int) -> bytes:
        run._process.send_signal(signal.SIGSEGV)
        return original(run, size)

    monkeypatch.setattr(ffmpeg.Run, "read", read)
    with pytest.raises(DamagedMedia, match="killed by signal 11"):
        list(audio.read(media, media.audio[0]))


def test_a_video_of_terabytes_that_are_not_there(studio: Studio, tmp_path: Path) -> None:
    video = tmp_path / "terabytes.mkv"
    video.write_bytes(studio.video("small.mkv").read_bytes())
    os.truncate(video, 4 << 40)
    with pytest.raises(DamagedMedia, match=r"terabytes\.mkv is mostly a hole: only 0\.\d MiB"):
        probe.probe(video)
    os.truncate(video, 20 << 30)
    assert probe.patience_s(video) < 11
    assert isinstance(probe.unread(video), DamagedMedia)


def test_a_slow_disk_is_waited_for_by_what_is_on_it(studio: Studio) -> None:
    video = studio.video("slow.mkv")
    assert 60 <= probe.patience_s(video) < 61
    assert probe.patience_s(video, 5) == 5
    assert isinstance(probe.unread(video), MediaUnavailable)
