"""Small videos made by ffmpeg: a picture that flashes white at the very instants it beeps.

Where the flashes are is read from the picture by PyAV, so that the picture judges the sound.
"""

from __future__ import annotations

import subprocess
import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from canary_subs.media import audio, ffmpeg, probe
from canary_subs.model import MediaInfo

BEEPS_MS = (2_000, 4_000, 7_000)
BEEP_MS = 40  # one frame at 25 frames a second
LENGTH_S = 9
RATE_HZ = 48_000


def beeps(
    *, late_s: float = 0.0, rate_hz: float = RATE_HZ, length_s: float = LENGTH_S
) -> NDArray[np.int16]:
    """The video's sound from ``late_s`` on, sampled at ``rate_hz``."""
    time = np.arange(int((length_s - late_s) * rate_hz)) / rate_hz + late_s
    sounding = np.zeros(len(time), bool)
    for beep in BEEPS_MS:
        sounding |= (time >= beep / 1000) & (time < (beep + BEEP_MS) / 1000)
    return (np.sin(2 * np.pi * 1000 * time) * sounding * 20_000).astype(np.int16)


def write_wav(path: Path, samples: NDArray[np.int16], rate_hz: int = RATE_HZ) -> Path:
    """``samples`` is (n,) or (n, channels)."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def run_ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(
        [ffmpeg.find(), "-nostdin", "-y", "-v", "error", *map(str, arguments)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


@dataclass(frozen=True)
class Studio:
    """The raw picture and sounds, and where the videos made of them lie."""

    folder: Path
    picture: Path
    sound: Path
    #: The same sound without its first half second.
    late_sound: Path
    #: The same sound from a clock that is 0.1 % fast.
    fast_sound: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Studio:
        picture = folder / "flashes.mkv"
        flashes = "+".join(
            f"between(t,{(ms - 1) / 1000},{(ms + BEEP_MS - 1) / 1000})" for ms in BEEPS_MS
        )
        run_ffmpeg(
            *("-f", "lavfi", "-i", f"color=black:s=64x48:r=25:d={LENGTH_S}"),
            *("-vf", f"drawbox=color=white:t=fill:enable='{flashes}'"),
            *("-c:v", "mpeg2video", "-bf", "2", "-g", "25", picture),
        )
        return cls(
            folder=folder,
            picture=picture,
            sound=write_wav(folder / "beeps.wav", beeps()),
            late_sound=write_wav(folder / "late.wav", beeps(late_s=0.5)),
            fast_sound=write_wav(folder / "fast.wav", beeps(rate_hz=RATE_HZ * 1.001)),
        )

    def video(
        self,
        name: str,
        *arguments: str,
        sound: Path | None = None,
        late: bool = False,
        codec: str = "aac",
    ) -> Path:
        """A video of the picture and ``sound`` (the late one half a second late, if ``late``)."""
        path = self.folder / name
        shift: tuple[str, ...] = ("-itsoffset", "0.5") if late else ()
        sound = self.late_sound if late else sound or self.sound
        run_ffmpeg(
            "-i", self.picture, *shift, "-i", sound, "-map", "0:v", "-map", "1:a",
            "-c:v", "copy", "-c:a", codec, *arguments, path,
        )  # fmt: skip
        return path


def probed(path: Path) -> MediaInfo:
    media = probe.probe(path)
    assert media is not None
    return media


def sound_of(path: Path, track: int = 0) -> NDArray[np.float32]:
    """All samples of the track, after checking that the clips follow each other."""
    media = probed(path)
    clips = list(audio.read(media, media.audio[track]))
    ends = [0, *(clip.end_samples for clip in clips)]
    assert [clip.start_samples for clip in clips] == ends[:-1]
    return np.concatenate([clip.samples for clip in clips])


def beep_times_ms(samples: NDArray[np.float32]) -> list[float]:
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    begins = np.diff(loud, prepend=-16_000) > 1_600
    return [float(place) / 16 for place in loud[begins]]


def flash_times_ms(path: Path) -> list[float]:
    """When each flash begins, counted from the container's start as players do."""
    seen, lit = [], False
    with av.open(str(path)) as container:
        start = Fraction(container.start_time or 0, 1_000_000)
        for frame in container.decode(video=0):
            bright = frame.to_ndarray(format="gray").mean() > 128
            if bright and not lit:
                seen.append(float(frame.pts * frame.time_base - start) * 1000)
            lit = bright
    return seen
