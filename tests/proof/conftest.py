"""A real Chromium for the pages, or a reason why there is none."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium with an empty profile."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as play:
        # Only a page that is broken waits as long as this; a busy machine is merely slow.
        api.expect.set_options(timeout=20_000)
        opened = play.chromium.launch(executable_path=program, headless=True, args=_ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of video and audio that every Chromium plays."""
    import imageio_ffmpeg

    path = tmp_path_factory.mktemp("video") / "video.webm"
    sources = "testsrc=s=160x90:r=10:d=12", "sine=440:d=12"
    inputs = [part for source in sources for part in ("-f", "lavfi", "-i", source)]
    codecs = "-c:v libvpx -threads 1 -deadline realtime -cpu-used 8 -c:a libopus -b:a 24k".split()
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([ffmpeg, "-nostdin", "-v", "error", *inputs, *codecs, str(path)], check=True)
    return path
