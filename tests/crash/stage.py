"""What the trials share: videos made in an instant, and a daemon with the light engine."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import wave
from array import array
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from canary_subs.config.layers import Settings, load, merge

PLUGINS = Path(__file__).with_name("plugins")
RATE_HZ = 16_000


def wav(path: Path, seconds: float, seed: int, peak: float = 0.25) -> Path:
    """A recording of noise that only ``seed`` decides."""
    chance = random.Random(seed)
    top = int(peak * 32767)
    samples = array("h", (chance.randrange(-top, top + 1) for _ in range(int(seconds * RATE_HZ))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return path


def video(path: Path, seconds: float, seed: int, *, picture: bool = False) -> Path:
    """A video of the container that its name says, with lossless or usual sound of noise."""
    import av
    import numpy as np

    codec = {".mkv": "flac", ".mp4": "aac", ".mov": "pcm_s16le", ".avi": "pcm_s16le",
             ".webm": "libopus", ".ts": "mp2", ".wav": "pcm_s16le"}[path.suffix]  # fmt: skip
    chance = np.random.default_rng(seed)
    rate = 48_000 if codec in ("libopus", "mp2") else RATE_HZ
    with av.open(str(path), "w") as container:
        sound = container.add_stream(codec, rate=rate, layout="mono")
        if picture:
            picture_stream = container.add_stream("mpeg4", rate=Fraction(10))
            picture_stream.width, picture_stream.height, picture_stream.pix_fmt = 64, 48, "yuv420p"
            for number in range(int(seconds * 10)):
                image = np.full((48, 64, 3), number % 256, dtype=np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                container.mux(picture_stream.encode(frame))
            container.mux(picture_stream.encode(None))
        samples = chance.integers(-8000, 8000, size=(1, int(seconds * rate)), dtype=np.int16)
        resampler = av.AudioResampler(
            format=sound.format, layout="mono", rate=rate, frame_size=sound.frame_size or 1024
        )
        noise = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        noise.sample_rate, noise.pts, noise.time_base = rate, 0, Fraction(1, rate)
        for frame in [*resampler.resample(noise), *resampler.resample(None)]:
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def flags(state: Path, **more: Any) -> dict[str, object]:
    """A configuration with the light engine, quick to settle, its store in ``state``."""
    return merge(
        {
            "spoken": "en", "targets": ["en", "de"], "formats": ["srt", "json"],
            "engine": "light", "model": "light", "segmenter": "even", "plugins": str(PLUGINS),
            "watch": {"settle_s": 0.3, "rescan_s": 5.0, "poll_s": 0.5},
            "queue": {"store": str(state / "jobs.sqlite"), "idle_s": 1.0, "backoff_s": 0.2},
            "skip": {"min_duration_s": 0.1},
        },
        more,
    )  # fmt: skip


def settings(state: Path, **more: Any) -> Settings:
    return load(environment={}, flags=flags(state, **more))


def daemon(
    folders: list[Path], tables: Mapping[str, object], light: Path, *, drain: bool
) -> subprocess.Popen[bytes]:
    """The daemon in a process (and process group) of its own; ``light`` is the engine's folder."""
    order = repr(([str(folder) for folder in folders], dict(tables), drain))
    return subprocess.Popen(
        [sys.executable, "-m", "tests.crash.stage", order],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "LIGHT_FOLDER": str(light)},
        cwd=Path(__file__).parents[2],
    )


def children(pid: int) -> list[int]:
    """The processes that a process started and that still live."""
    return [int(place.name) for place in Path("/proc").glob("[0-9]*") if _parent_of(place) == pid]


def _parent_of(place: Path) -> int | None:
    try:
        return int((place / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _main() -> None:
    import ast
    import logging

    from canary_subs.jobs.daemon import watch
    from canary_subs.plugin import manager

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    folders, tables, drain = ast.literal_eval(sys.argv[1])
    chosen = load(environment={}, flags=tables)
    plugins = manager.load(chosen.config.plugin_folder, chosen.config.disable)
    watch(chosen, plugins, [Path(folder) for folder in folders], drain=drain)


if __name__ == "__main__":
    _main()
