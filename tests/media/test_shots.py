from __future__ import annotations

from pathlib import Path

import pytest

from canary_subs.errors import DamagedMedia
from canary_subs.media.shots import shots_ms
from tests.media.videos import Studio, probed, run_ffmpeg

#: Pictures that differ, and move, and how long each stands.
SHOTS = (("testsrc", 2.0), ("mandelbrot", 1.2), ("smptebars", 1.8))


def _video(path: Path, *arguments: str) -> Path:
    inputs: list[str] = []
    for source, length_s in SHOTS:
        inputs += ["-t", str(length_s), "-f", "lavfi", "-i", f"{source}=s=160x120:r=25"]
    joined = "".join(f"[{index}]setsar=1,format=yuv420p[{index}x];" for index in range(len(SHOTS)))
    joined += "".join(f"[{index}x]" for index in range(len(SHOTS))) + f"concat=n={len(SHOTS)}"
    run_ffmpeg(*inputs, "-filter_complex", joined, "-c:v", "mpeg4", *arguments, path)
    return path


@pytest.mark.parametrize("arguments", [(), ("-output_ts_offset", "100")])
def test_cuts_are_found_to_the_frame(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    video = _video(tmp_path / "video.mkv", *arguments)
    assert shots_ms(probed(video)) == pytest.approx((2_000, 3_200), abs=1)


def test_sound_alone_has_no_cuts(studio: Studio) -> None:
    assert shots_ms(probed(studio.sound)) == ()


def test_a_picture_that_has_gone(tmp_path: Path) -> None:
    video = _video(tmp_path / "video.mkv")
    media = probed(video)
    video.unlink()
    with pytest.raises(DamagedMedia, match=r"the picture of .*video\.mkv cannot be read"):
        shots_ms(media)
