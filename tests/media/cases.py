"""Media files that were once read wrongly, made of the English example by ffmpeg."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from canary_subs.media import audio
from canary_subs.model import AudioTrack, MediaInfo
from tests.media.videos import probed, run_ffmpeg

EXAMPLE = Path(__file__).parents[2] / "examples" / "videos" / "english.mp4"


def heard(media: MediaInfo, track: AudioTrack) -> tuple[NDArray[np.float32], list[str]]:
    """All samples of a track, and all warnings about it."""
    clips = list(audio.read(media, track))
    warnings = [warning for clip in clips for warning in clip.warnings]
    return np.concatenate([clip.samples for clip in clips]), warnings


def spoken() -> NDArray[np.float32]:
    """The sound of the example itself."""
    media = probed(EXAMPLE)
    return heard(media, media.audio[0])[0]


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How alike two sounds of one timeline are: 1 for equal ones, whatever their loudness."""
    length = min(len(one), len(other))
    one, other = one[:length].astype(np.float64), other[:length].astype(np.float64)
    return abs(float(one @ other)) / float(np.sqrt((one @ one) * (other @ other)) or 1)


def converted(path: Path, *arguments: str) -> Path:
    """The example, converted with ffmpeg's arguments."""
    run_ffmpeg("-i", EXAMPLE, *arguments, path)
    return path


def pcm24(folder: Path) -> Path:
    return converted(
        folder / "pcm24.mp4", "-c:v", "copy", "-c:a", "pcm_s24le", "-ar", "48000"
    )  # read as 16 bit by FFmpeg 5.1


def flac32(folder: Path) -> Path:
    options = "-vn -c:a flac -sample_fmt s32 -bits_per_raw_sample 32 -strict -2"
    return converted(folder / "flac32.flac", *options.split())


def phase(folder: Path) -> Path:
    return converted(
        folder / "phase.mp4", "-c:v", "copy", "-af", "pan=stereo|c0=c0|c1=-1*c0", "-c:a", "aac"
    )


def behind(folder: Path) -> Path:
    pan = "pan=5.1|FL=0*c0|FR=0*c0|FC=0*c0|LFE=0*c0|BL=c0|BR=0*c0"
    return converted(folder / "behind.m4a", "-vn", "-af", pan, "-c:a", "aac")


def six_channels(folder: Path) -> Path:
    """As a recorder writes them that knows of no layout; the voice is in the fourth."""
    pan = "pan=5.1|c0=0*c0|c1=0*c0|c2=0*c0|c3=c0|c4=0*c0|c5=0*c0"
    return converted(folder / "six.wav", "-vn", "-af", pan, "-c:a", "pcm_s16le", "-ar", "48000")


def first_empty(folder: Path) -> Path:
    options = "-map 0:v -map 0:a -map 0:a -c:v copy -c:a ac3 -bsf:a:0 noise=drop=1 -f mpegts"
    return converted(folder / "first_empty.ts", *options.split())


def first_silent(folder: Path) -> Path:
    path = folder / "first_silent.mkv"
    run_ffmpeg(
        *("-i", EXAMPLE, "-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono"),
        *("-map", "0:v", "-map", "1:a", "-map", "0:a", "-shortest", "-c:v", "copy", "-c:a", "aac"),
        *("-disposition:a:0", "default", "-disposition:a:1", "0"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=eng", path),
    )
    return path


def two_programs(folder: Path) -> Path:
    """One begins at 100 s of its clock, the other at 5000 s of another."""
    parts = [
        converted(
            folder / f"from-{offset}.ts",
            *"-c:v copy -c:a ac3 -t 20 -output_ts_offset".split(),
            offset,
        )
        for offset in ("100", "5000")
    ]
    path = folder / "two_programs.ts"
    run_ffmpeg(
        *("-copyts", "-i", parts[0], "-i", parts[1]),
        *"-map 0:v -map 0:a -map 1:v -map 1:a -c copy".split(),
        *"-program program_num=1:st=0:st=1 -program program_num=2:st=2:st=3".split(),
        *("-muxdelay", "0", "-f", "mpegts", path),
    )
    return path


def chained(folder: Path) -> Path:
    """Two Ogg files one after the other; FFmpeg cannot follow from mono to stereo."""
    parts = [
        converted(folder / name, "-vn", "-ac", channels, "-c:a", "libvorbis", "-ar", rate)
        for name, channels, rate in (("1.ogg", "1", "48000"), ("2.ogg", "2", "44100"))
    ]
    path = folder / "chained.ogg"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def chained_alike(folder: Path) -> Path:
    """Two Ogg files of one kind, which are read as one."""
    part = converted(folder / "one.ogg", *"-vn -ac 1 -c:a libvorbis -ar 48000".split())
    path = folder / "chained_alike.ogg"
    path.write_bytes(part.read_bytes() * 2)
    return path


def cut(folder: Path) -> Path:
    """The first 70 % of an MP4 whose index is at its start."""
    entire = converted(folder / "entire.mp4", "-c", "copy", "-movflags", "+faststart").read_bytes()
    path = folder / "cut.mp4"
    path.write_bytes(entire[: len(entire) * 7 // 10])
    return path


def bad_cover(folder: Path) -> Path:
    """An MP3 whose cover is no picture."""
    plain = converted(folder / "plain.mp3", "-vn", "-c:a", "libmp3lame", "-id3v2_version", "0")
    body = b"\0image/jpeg\0\x03\0" + b"x" * 3000
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
    size = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    path = folder / "bad_cover.mp3"
    path.write_bytes(b"ID3\x03\0\0" + size + frame + plain.read_bytes())
    return path


def bad_picture(folder: Path) -> Path:
    """Good sound beside a picture that was overwritten."""
    path = converted(folder / "bad_picture.mkv", "-c:v", "mpeg4", "-b:v", "1M", "-c:a", "flac")
    data = path.read_bytes()
    start = bytes.fromhex("000001b6")  # of each MPEG-4 picture
    path.write_bytes(data.replace(start, b"\xff\xff\xff\xff"))
    return path


def encrypted(folder: Path, *arguments: str) -> Path:
    return converted(
        folder / "encrypted.mp4",
        *("-c", "copy", "-encryption_scheme", "cenc-aes-ctr"),
        *("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"),
        *("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8", *arguments),
    )


def empty(folder: Path) -> Path:
    return converted(folder / "empty.wav", *"-vn -c:a pcm_s16le -t 0".split())


def wrong_tag(folder: Path) -> Path:
    return converted(
        folder / "wrong_tag.mkv", "-map", "0", "-c", "copy", "-metadata:s:a:0", "language=jpn"
    )


Case = Callable[[Path], Path]
