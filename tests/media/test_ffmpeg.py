"""Runs of ffmpeg end: by themselves, when we stop, when we die, when they take too much."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import ffmpeg as graph
import pytest

from canary_subs.cli import doctor
from canary_subs.media import ffmpeg

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def _endless(sound: str = "anullsrc") -> object:
    return graph.input(sound, format="lavfi").output("pipe:", format="s16le")


def _processes(mark: str) -> list[int]:
    """The living processes whose command line contains ``mark``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in command:
                found.append(int(entry.name))
    return found


def _gone(mark: str) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not _processes(mark):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the PATH; nothing is remembered of programs found before."""
    for cached in (ffmpeg.programs, ffmpeg._said):
        monkeypatch.setattr(ffmpeg, cached.__name__, cached.__wrapped__)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _program(place: Path, version: str, codecs: str) -> str:
    place.write_text(
        "#!/bin/sh\n"
        f"echo 'ffmpeg version {version} Copyright (c) 2000-2026 the FFmpeg developers'\n"
        "echo 'libavutil      60. 26.102 / 60. 26.102'\n"
        f"echo 'libavcodec     {codecs} / {codecs}'\n"
    )
    place.chmod(0o755)
    return str(place)


def test_of_two_equal_ones_the_systems_comes_first(path: Path) -> None:
    bundled = ffmpeg.find()
    system = path / "ffmpeg"
    system.symlink_to(bundled)
    assert ffmpeg.find() == str(system)
    assert [one.path for one in ffmpeg.programs()] == [str(system), bundled]
    system.unlink()
    system.write_text("#!/bin/sh\nexit 1\n")
    system.chmod(0o755)
    assert ffmpeg.find() == bundled, "one that does not run is passed over"


def test_the_newer_one_decodes(path: Path) -> None:
    bundled = ffmpeg.find()
    old = _program(path / "ffmpeg", "5.1.9-0+deb12u1", "59. 37.100")
    assert [one.path for one in ffmpeg.programs()] == [bundled, old]
    assert [one.is_old for one in ffmpeg.programs()] == [False, True]
    new = _program(path / "ffmpeg", "N-120000-g0123abc", "99.  1.100")
    assert ffmpeg.find() == new, "a build that is named by its commit has a version too"


def test_doctor_says_which_one_decodes_and_why(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = ffmpeg.find()
    old = _program(path / "ffmpeg", "5.1.9-0+deb12u1", "59. 37.100")
    check = doctor._ffmpeg()
    assert check.state == "ok"
    assert bundled in check.found
    assert f"newer than 5.1.9-0+deb12u1, the system's ({old})" in check.found
    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", lambda: old)
    check = doctor._ffmpeg()
    assert check.state == "slow"
    assert "older than the libraries that probe" in check.found


def test_version_is_what_the_program_says() -> None:
    said = subprocess.run(
        [ffmpeg.find(), "-version"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    assert ffmpeg.version(ffmpeg.find())
    assert ffmpeg.version(ffmpeg.find()) in said.splitlines()[0]


def test_leaving_the_block_ends_the_run() -> None:
    mark = "anullsrc=r=12345"
    with ffmpeg.Run(_endless(mark)) as run:
        assert len(run.read(100_000)) == 100_000
        assert _processes(mark)
    assert not _processes(mark)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_parent_leaves_no_orphan(how: signal.Signals) -> None:
    mark = f"anullsrc=r=2345{int(how)}"
    script = (
        "import ffmpeg as graph, signal, time; from canary_subs.media import ffmpeg\n"
        # A suite that was begun in the background ignores it, and so would this.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"output = graph.input({mark!r}, format='lavfi', re=None).output('pipe:', format='s16le')\n"
        "with ffmpeg.Run(output) as run:\n"
        "    run.read(10)\n"
        "    print('runs', flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"runs\n"
    parent.send_signal(how)
    parent.wait(timeout=20)
    parent.stdout.close()
    assert _gone(mark)


def test_silence_for_too_long_ends_the_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "nobody-writes")
    output = graph.input(str(tmp_path / "nobody-writes"), format="s16le").output(
        "pipe:", format="s16le"
    )
    with (
        ffmpeg.Run(output, stall_s=0.5) as run,
        pytest.raises(ffmpeg.FFmpegFailed, match="produced no output"),
    ):
        run.read(10)


def test_memory_is_limited() -> None:
    # It would keep all of an endless sound.
    mark = "anullsrc=r=48001"
    output = graph.input(mark, format="lavfi").output("pipe:", format="s16le", af="areverse")
    with ffmpeg.Run(output, memory_bytes=100 << 20, stall_s=3) as run:
        with pytest.raises(ffmpeg.FFmpegFailed):
            run.read(10) or run.finish()
        for process in _processes(mark):
            assert _peak_bytes(process) < 300 << 20


def _peak_bytes(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def test_run_returns_what_was_written() -> None:
    output = graph.input("anullsrc=r=8000:d=1:cl=mono", format="lavfi").output(
        "pipe:", format="s16le"
    )
    assert ffmpeg.run(output, timeout_s=30) == bytes(16_000)


def test_run_is_limited_in_output_and_time() -> None:
    with pytest.raises(ffmpeg.FFmpegFailed, match="more than 10000 bytes"):
        ffmpeg.run(_endless(), timeout_s=30, output_bytes=10_000)
    slow = graph.input("anullsrc", format="lavfi", re=None).output("pipe:", format="s16le")
    with pytest.raises(ffmpeg.FFmpegFailed, match="within 1 s"):
        ffmpeg.run(slow, timeout_s=1, output_bytes=1 << 30)


def test_a_failure_is_one_line_without_addresses(tmp_path: Path) -> None:
    odd = tmp_path / "new\nline \x1b[31m"
    output = ffmpeg.media_input(odd).output("pipe:", format="s16le")
    with pytest.raises(ffmpeg.FFmpegFailed) as failed:
        ffmpeg.run(output, timeout_s=30)
    message = str(failed.value)
    assert message.isprintable()
    assert "No such file" in message
    assert "0x" not in message
    assert failed.value.own_error


def test_no_report_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = tmp_path / "report.log"
    monkeypatch.setenv("FFREPORT", f"file={report}")
    output = graph.input("anullsrc=d=1", format="lavfi").output("pipe:", format="s16le")
    assert ffmpeg.run(output, timeout_s=30)
    assert not report.exists()
