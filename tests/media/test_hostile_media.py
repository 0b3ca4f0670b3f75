"""A media file reads no other file, opens no connection, and its name means nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import pytest
from watchdog.events import FileOpenedEvent, FileSystemEventHandler

from canary_subs.errors import CanarySubsError, MediaError
from canary_subs.media import audio, probe
from canary_subs.media.ffmpeg import FFmpegFailed, media_input, run
from canary_subs.model import SAMPLE_RATE_HZ
from tests.media.videos import (
    BEEPS_MS,
    Studio,
    beep_times_ms,
    probed,
    run_ffmpeg,
    sound_of,
    write_wav,
)

if sys.platform == "linux":
    from watchdog.observers.inotify import InotifyObserver
else:
    pytest.skip("watches what is opened through inotify", allow_module_level=True)


@dataclass
class Listener:
    """A server that nobody may call."""

    port: int
    calls: list[object] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = Listener(port=server.getsockname()[1])

        def accept() -> None:
            while True:
                try:
                    connection, caller = server.accept()
                except OSError:
                    return
                found.calls.append(caller)
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield found
        server.shutdown(socket.SHUT_RDWR)


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{url}\n#EXTINF:9,\n{file}\n#EXT-X-ENDLIST\n"
PLAYLISTS = {
    "a.m3u8": HLS,
    "a.ts": HLS,
    "a.ffconcat": "ffconcat version 1.0\nfile '{file}'\nfile '{url}'\n",
    "a.mp4": "ffconcat version 1.0\nfile '{file}'\nfile '{url}'\n",
    "a.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
    ' mediaPresentationDuration="PT9S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">'
    '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
    "<BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio {port} RTP/AVP 0\n",
    "a.pls": "[playlist]\nNumberOfEntries=1\nFile1={url}\n",
    "a.ram": "{url}\n",
    "a.avs": 'DirectShowSource("{file}")\n',
    "a.svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>',
    "a.idx": "# VobSub index file, v7\nid: en, index: 0\ntimestamp: 00:00:00:000, filepos: 0\n",
}


class Opened(FileSystemEventHandler):
    """The files in a folder that were opened, by this process or another."""

    def __init__(self, folder: Path) -> None:
        self.names: set[str] = set()
        self._observer = InotifyObserver()
        self._observer.schedule(self, str(folder))

    def on_opened(self, event: FileOpenedEvent) -> None:
        self.names.add(Path(os.fsdecode(event.src_path)).name)

    def __enter__(self) -> Opened:
        self._observer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._observer.stop()
        self._observer.join()

    def settle(self, folder: Path) -> set[str]:
        """The names so far; a file of our own shows that all earlier events have come."""
        (folder / "last").write_text("")
        deadline = time.monotonic() + 20
        while "last" not in self.names and time.monotonic() < deadline:
            time.sleep(0.01)
        assert "last" in self.names
        return self.names - {"last"}


def _playlist(tmp_path: Path, name: str, studio: Studio, port: int) -> tuple[Path, Path]:
    """A file that points to a video in a folder of its own, and that video."""
    other = tmp_path / "other"
    other.mkdir()
    elsewhere = other / "elsewhere.ts"
    elsewhere.write_bytes(studio.video("elsewhere.ts").read_bytes())
    path = tmp_path / name
    url = f"http://127.0.0.1:{port}/video.ts"
    path.write_text(PLAYLISTS[name].format(url=url, port=port, file=elsewhere))
    return path, elsewhere


@pytest.mark.parametrize("name", PLAYLISTS)
def test_what_points_elsewhere_is_refused(
    studio: Studio, tmp_path: Path, listener: Listener, name: str
) -> None:
    path, elsewhere = _playlist(tmp_path, name, studio, listener.port)
    with Opened(elsewhere.parent) as opened:
        try:
            assert probe.probe(path) is None
        except MediaError as error:
            assert str(error).isprintable()
        # Were it taken for a video, the program would refuse it too.
        with pytest.raises(FFmpegFailed):
            run(media_input(path).output("pipe:", format="null"), timeout_s=60)
        assert not opened.settle(elsewhere.parent)
    assert not listener.calls


def test_the_playlist_would_work_if_it_were_allowed(
    studio: Studio, tmp_path: Path, listener: Listener
) -> None:
    """That the refusal above is ours, and that its witnesses can see."""
    path, elsewhere = _playlist(tmp_path, "a.m3u8", studio, listener.port)
    with Opened(elsewhere.parent) as opened:
        with (
            contextlib.suppress(av.error.FFmpegError),
            av.open(str(path), options={"protocol_whitelist": "file,http,tcp"}) as container,
        ):
            for _ in container.demux():
                pass
        assert opened.settle(elsewhere.parent) == {elsewhere.name}
    assert listener.calls


NAMES = [
    "-i.mp4",
    "-f lavfi.mp4",
    "new\nline.mp4",
    "q'uo\"te$(touch x)`touch y`.mp4",
    "100%.mp4",
    "%d%03d%s.mp4",
    "http:127.0.0.1.mp4",
    "concat:a|b.mp4",
    "a:b,c;d=e[f]\\.mp4",
    "\x1b[31mred.mp4",
    "日本語 ü é.mp4",
    os.fsdecode(b"latin-\xfc\xff.mp4"),
    " .mp4",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_is_only_a_name(studio: Studio, tmp_path: Path, name: str) -> None:
    video = tmp_path / name
    video.write_bytes(studio.video("plain-name.mp4").read_bytes())
    assert beep_times_ms(sound_of(video)) == pytest.approx(BEEPS_MS, abs=10)
    video.write_bytes(b"")
    with pytest.raises(MediaError) as failed:
        probe.probe(video)
    assert str(failed.value).isprintable()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_relative_path(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "-y.mp4").write_bytes(studio.video("relative.mp4").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert len(beep_times_ms(sound_of(Path("-y.mp4")))) == len(BEEPS_MS)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "flac"])
def test_damage_ends_in_sound_or_in_one_line(
    studio: Studio, tmp_path: Path, container: str
) -> None:
    """Bits flipped, ends cut off, beginnings of other files: a few of each, always the same."""
    codec = ("-vn", "-c:a", "flac") if container == "flac" else ()
    entire = studio.video(f"to-damage.{container}", *codec).read_bytes()
    header = studio.video("header.mkv").read_bytes()[:600]
    random = np.random.default_rng(7)
    for attempt in range(6):
        data = bytearray(entire)
        if attempt % 3 == 0:
            for place in random.integers(0, len(data), 40):
                data[place] ^= 1 << int(random.integers(8))
        elif attempt % 3 == 1:
            del data[int(random.integers(1, len(data))) :]
        else:
            data[: len(header)] = header
        video = tmp_path / f"damaged.{container}"
        video.write_bytes(data)
        try:
            media = probe.probe(video)
            if media is None:
                continue
            for track in media.audio[:1]:
                for clip in audio.read(media, track):
                    assert np.isfinite(clip.samples).all()
        except CanarySubsError as error:
            assert str(error).isprintable()
        assert list(tmp_path.iterdir()) == [video]


def test_a_sound_without_end_is_ended(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    media = probed(studio.video("long-enough.mkv"))
    monkeypatch.setattr(audio, "MAX_DURATION_MS", 5_000)
    with pytest.raises(MediaError, match="the sound has no end"):
        list(audio.read(media, media.audio[0]))


def test_a_clock_that_leaps_costs_no_more_than_the_video_could_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two seconds of sound whose second half is said to come two hours later."""
    monkeypatch.setattr(audio, "_MARGIN_MS", 60_000)
    sound = write_wav(tmp_path / "two.wav", np.zeros(16_000, np.int16), 8_000)
    video = tmp_path / "leaps.mkv"
    leap = "setts=ts=if(gte(PTS*TB\\,1)\\,PTS+2*3600/TB\\,PTS)"
    run_ffmpeg("-i", sound, "-c", "copy", "-bsf:a", leap, video)
    media = dataclasses.replace(probed(video), duration_ms=2_000)  # as the damaged header had it
    found = 0
    with pytest.raises(MediaError, match=r"leaps\.mkv: audio track 0 .* the sound has no end"):
        for clip in audio.read(media, media.audio[0]):
            found += len(clip.samples)
    assert found < (60 + media.size_bytes / 100) * SAMPLE_RATE_HZ < 600 * SAMPLE_RATE_HZ


def test_titles_of_any_bytes(studio: Studio, tmp_path: Path) -> None:
    video = tmp_path / "titled.mkv"
    marked = studio.video("titled.mkv", "-metadata", "title=TITLE", "-metadata:s:a", "title=TITLE")
    video.write_bytes(marked.read_bytes().replace(b"TITLE", b"a\xd5b\xffc"))
    media = probed(video)
    assert sum(len(clip.samples) for clip in audio.read(media, media.audio[0]))


def test_a_thousand_tracks_and_more(studio: Studio, tmp_path: Path) -> None:
    """An MP4 with 1,100 tracks, which its own header repeats: an answer comes soon."""
    data = studio.video("one-track.mp4", "-vn").read_bytes()
    at = data.index(b"trak") - 4
    trak = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    moov = data.index(b"moov") - 4
    length = int.from_bytes(data[moov : moov + 4], "big") + 1_099 * len(trak)
    grown = data[:moov] + length.to_bytes(4, "big") + data[moov + 4 : at]
    video = tmp_path / "many.mp4"
    video.write_bytes(grown + trak * 1_100 + data[at + len(trak) :])
    try:
        media = probe.probe(video)
        assert media is None or len(media.audio) <= 1_100
    except MediaError as error:
        assert str(error).isprintable()


@pytest.mark.parametrize("as_cover", [True, False])
def test_a_picture_that_unpacks_to_gigabytes(
    studio: Studio, tmp_path: Path, as_cover: bool
) -> None:
    """A PNG of 13,000 x 13,000 pixels of 8 bytes in 1.4 MB: 1.3 GB if it were decoded."""
    picture, video = tmp_path / "huge.png", tmp_path / "huge.mkv"
    huge = ("-f", "lavfi", "-i", "color=red:s=13000x13000", "-frames:v", "1")
    run_ffmpeg(*huge, "-pix_fmt", "rgba64be", picture)
    mark = ("-disposition:v", "attached_pic") if as_cover else ()
    run_ffmpeg("-i", studio.sound, "-i", picture, "-c:v", "copy", "-c:a", "flac", *mark, video)
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from canary_subs.media import audio, probe\n"
        "media = probe.probe(Path(sys.argv[1]))\n"
        "samples = sum(len(clip.samples) for clip in audio.read(media, media.audio[0]))\n"
        "print(samples, *(resource.getrusage(who).ru_maxrss for who in"
        " (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))"
    )
    command = [sys.executable, "-c", script, str(video)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    samples, ours_kb, ffmpegs_kb = map(int, said.split())
    assert samples == 9 * SAMPLE_RATE_HZ
    assert max(ours_kb, ffmpegs_kb) < 500_000
