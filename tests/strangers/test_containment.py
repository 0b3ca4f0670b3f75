"""Whatever a plugin raises costs its own output, in every command that uses it.

With the names of the defects of a review of the code that these tests would have found.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from canary_subs import Subtitler, testing
from canary_subs.errors import PluginError
from canary_subs.plugin.manager import Plugins
from tests.strangers.conftest import Bench

SRT = "1\n00:00:01,000 --> 00:00:03,000\nHello there, how are you?\n"


# D3: options on the command line counted for `run` alone.


@pytest.mark.parametrize("command", ["relayout", "align"])
def test_options_of_formats_reach_every_command_that_writes(command: str, bench: Bench) -> None:
    bench.use_fakes()
    target = bench.home / "new.ass"
    if command == "relayout":
        file = bench.home / "Film.en.srt"
        file.write_text(SRT)
        given: tuple[str | Path, ...] = (file,)
    else:
        script = bench.home / "script.txt"
        script.write_text("en0 en1 en2 en3")
        given = (bench.video("Film.mkv", (0, 2000)), script)
    done = bench.run(command, *given, "--to-file", target, "-o", "format.ass.font_size=11")
    assert (done.status, done.err) == (0, "")
    (style,) = [line for line in target.read_text().splitlines() if line.startswith("Style:")]
    assert style.split(",")[2] == "11"


def test_options_of_layouts_reach_relayout(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("numbered_layout")
    file, target = bench.home / "Film.en.srt", bench.home / "new.en.srt"
    file.write_text(SRT)
    bench.set(layout='"numbered"')
    done = bench.run("relayout", file, "--to-file", target, "-o", "layout.numbered.first=7")
    assert (done.status, done.err) == (0, "")
    assert "7: Hello" in target.read_text()


# D4: what a delivery raised while it looked for results ended the process.


def test_a_delivery_that_fails_for_one_video_costs_no_other(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("failing_parts")
    bench.set(deliveries='["fails"]')
    videos = [bench.video(f"{name}.mkv") for name in ("Good", "Lost", "Fine")]
    done = bench.run("run", *videos, "--to", "en", "--json")
    states = {
        Path(one["file"]).stem: one["state"] for one in map(json.loads, done.out.splitlines())
    }
    assert states == {"Good": "done", "Lost": "failed", "Fine": "done"}
    assert done.status == 1
    assert done.err == (
        f"canary-subs: {videos[1]}: plugin 'failing_parts' failed: RuntimeError: the archive "
        "forgot it (failing_parts.py, line 28)\n"
    )


# D10: three calls of plugins were not contained, or blamed another plugin.


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("layout", "KeyError: 'no such word' (failing_parts.py, line 9)"),
        ("segmenter", "IndexError: no clip is left (failing_parts.py, line 22)"),
        ("formats", "ZeroDivisionError: division by zero (failing_parts.py, line 16)"),
    ],
)
def test_what_a_plugin_raises_is_one_line_that_names_it(
    setting: str, said: str, bench: Bench
) -> None:
    bench.use_fakes()
    bench.install("failing_parts")
    bench.set(**{setting: '["fails"]' if setting == "formats" else '"fails"'})
    video = bench.video()
    done = bench.run("run", video, "--to", "en")
    assert done.status == 1
    assert done.err == f"canary-subs: {video}: plugin 'failing_parts' failed: {said}\n"


def test_a_writer_that_raises_is_named_by_relayout(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("failing_parts")
    file = bench.home / "Film.en.srt"
    file.write_text(SRT)
    for flags in (("--as", "fails"), ("--to-file", bench.home / "new.fails")):
        done = bench.run("relayout", file, *flags)
        assert done.status == 1
        assert done.err.startswith("canary-subs: plugin 'failing_parts' failed: ZeroDivisionError")
        assert len(done.err.splitlines()) == 1


def test_a_layout_that_raises_is_named_by_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = testing.Fakes()

    def broken(request: object) -> object:
        raise KeyError("no such word")

    monkeypatch.setattr(fakes.layout, "layout", broken)
    installed: Plugins = testing.plugins(fakes)
    monkeypatch.setattr("canary_subs.plugin.manager.load", lambda: installed)
    video = testing.write_video(tmp_path / "a.film", (0, 3000), tagged="en")
    with (
        Subtitler(engine="fake", segmenter="fake", layout="fake", tagger="fake") as subtitler,
        pytest.raises(PluginError, match="plugin 'plugin 1' failed: KeyError"),
    ):
        list(subtitler.listen(video))


def test_a_segmenter_that_fails_in_a_check_is_the_one_that_is_named(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("silero_that_fails")
    bench.set(disable='["speech"]')
    file = bench.home / "Film.en.srt"
    file.write_text(SRT)
    done = bench.run("check", file, "--video", bench.video())
    assert done.status == 1
    assert "plugin 'silero_that_fails' failed: IndexError: no clip is left" in done.err


# D5 and D8: in the daemon.


def test_the_daemon_notifies_and_serves(bench: Bench) -> None:
    """Every change of a job comes from one process, stages too; results come once."""
    bench.use_fakes()
    bench.install("notifier", "failing_notifier", "beacon_service")
    videos = bench.home / "videos"
    videos.mkdir()
    for name in ("A", "B"):
        testing.write_video(videos / f"{name}.mkv", (0, 4000), tagged="en")
    beacon, notes = bench.home / "beacon", bench.home / "notes"
    bench.set(
        **{
            "watch.settle_s": "0",
            "watch.patience_s": "0",
            "service.run": '["beacon"]',
            "options.service.beacon.file": f'"{beacon}"',
        }
    )
    command = [
        sys.executable,
        "-m",
        "canary_subs",
        "watch",
        str(videos),
        "--config",
        str(bench.config),
    ]
    # A Kubernetes cluster sets such variables for a service of this name.
    environment = {**os.environ, "NOTES": str(notes), "CANARY_SUBS_SERVICE_HOST": "10.0.0.1"}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, cwd=bench.home
    ) as daemon:
        try:
            end = time.monotonic() + 60
            while not (notes.exists() and notes.read_text().count('"done"') == 2):
                assert time.monotonic() < end, notes.read_text() if notes.exists() else "no notes"
                assert daemon.poll() is None
                time.sleep(0.05)
            assert beacon.read_text() == "running"
        finally:
            daemon.send_signal(signal.SIGTERM)
            log = daemon.communicate(timeout=30)[1]
    assert "plugin failing_notifier failed in canary_subs_job_changed" in log
    assert "CANARY_SUBS_SERVICE_HOST is not known" in log
    found = [json.loads(line) for line in notes.read_text().splitlines()]
    jobs = [note for note in found if note["hook"] == "job"]
    done = [note for note in found if note["hook"] == "video"]
    assert {note["process"] for note in jobs} == {daemon.pid}
    assert {note["stage"] for note in jobs} >= {"load", "recognise", "layout"}
    assert [note["state"] for note in jobs if note["video"] == "A.mkv"][-1] == "done"
    assert sorted(note["video"] for note in done) == ["A.mkv", "B.mkv"]
    assert daemon.pid not in {note["process"] for note in done}
    assert all(note["delivered"] for note in done)
    assert beacon.read_text() == "stopped"
    assert (videos / "A.en.srt").is_file()
