"""The commands of the daemon and its queue say what they did."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from canary_subs import cli
from canary_subs.jobs.identity import Stamp, fingerprint
from canary_subs.jobs.records import Done, Seen
from canary_subs.jobs.store import Store
from canary_subs.model import JobState, Stage
from tests.test_cli_plugins import ENGINE, VIDEO


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def videos(tmp_path: Path) -> Iterator[list[Path]]:
    """Two videos in the queue."""
    files = [tmp_path / "one.mkv", tmp_path / "two.mkv"]
    with closing(Store(tmp_path / "state" / "canary-subs" / "jobs.sqlite")) as store:
        for file in files:
            file.write_text(file.name)
            stamp = Stamp.of(file.stat())
            store.queue.arrive(
                [Seen(path=file, root=tmp_path, fingerprint=fingerprint(file), stamp=stamp)]
            )
        yield files


def test_pause_and_resume_say_so(videos: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["pause", "--reason", "backup"]) == 0
    assert capsys.readouterr().out == "paused; 'canary-subs resume' continues\n"
    assert cli.main(["status"]) == 0
    shown = capsys.readouterr().out
    assert "2 queued" in shown
    assert "paused: backup" in shown
    assert cli.main(["resume"]) == 0
    assert capsys.readouterr().out == "resumed, 2 jobs waiting\n"
    assert cli.main(["resume"]) == 0
    assert capsys.readouterr().out == "was not paused\n"
    assert cli.main(["pause", "-q"]) == 0
    assert not capsys.readouterr().out


def test_cancel_and_retry_say_what_they_did(
    videos: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["cancel", str(videos[0])]) == 0
    assert capsys.readouterr().out == "job 1 (one.mkv): cancelled\n"
    assert cli.main(["cancel", "1"]) == 1
    assert capsys.readouterr().err == "canary-subs: job 1 (one.mkv): it has ended already\n"
    assert cli.main(["retry", "Cancelled"]) == 0
    assert capsys.readouterr().out == "job 1 (one.mkv): queued again\n"
    assert cli.main(["retry", "failed"]) == 0
    assert capsys.readouterr().out == "there are no failed jobs\n"
    assert cli.main(["retry", "9"]) == 2
    assert "there is no job '9'" in capsys.readouterr().err


def test_status_tells_of_one_video(videos: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", str(videos[1]), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["id"], facts["state"]) == (2, JobState.QUEUED)
    assert cli.main(["status", "three.mkv"]) == 2
    assert "three.mkv: is not in the queue" in capsys.readouterr().err


def test_status_shows_warnings(
    videos: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = "audio track 0 was heard up to 00:00:22.720 of 00:00:33.119"
    with closing(Store(tmp_path / "state" / "canary-subs" / "jobs.sqlite")) as store:
        store.leases.take("me")
        store.leases.done(1, "me", Done(delivered=(), warnings=(lost,)))
    assert cli.main(["status", str(videos[0]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == [lost]
    assert cli.main(["status", str(videos[0])]) == 0
    assert f"warning: {lost}" in capsys.readouterr().out
    assert cli.main(["status"]) == 0
    assert lost in capsys.readouterr().out


@pytest.mark.parametrize(
    ("stage", "shown"), [(Stage.LOAD, "loading the model"), (Stage.RECOGNISE, "recognising")]
)
def test_progress_names_the_stage(
    stage: Stage, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console

    from canary_subs.cli import progress

    file = io.StringIO()
    terminal = Console(file=file, force_terminal=True, width=100)
    monkeypatch.setattr(progress, "Console", lambda **_: terminal)
    with progress.VideoProgress() as one:
        one.update(Path("video.mkv"), stage, 0.25)
        one.update(Path("video.mkv"), stage, 0.5)
    text = file.getvalue()
    assert "video.mkv" in text and shown in text
    assert ("50 %" in text) is (stage is Stage.RECOGNISE)


def test_on_a_terminal_watch_reports_what_failed_and_what_is_done(tmp_path: Path) -> None:
    plugins = tmp_path / "config" / "canary-subs" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "parrot.py").write_text(ENGINE, encoding="utf-8")
    (plugins.parent / "config.toml").write_text(
        'engine = "parrot"\nspoken = "en"\n[watch]\nsettle_s = 0\npatience_s = 0\n'
    )
    folder = tmp_path / "videos"
    folder.mkdir()
    shutil.copy(VIDEO, folder / "good.mp4")
    (folder / "notes.mkv").write_text("not a video")
    terminal, theirs = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "canary_subs", "watch", "--drain", str(folder)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    reader = threading.Thread(target=_read_all, args=(terminal,))
    reader.start()
    try:
        shown, _ = run.communicate(timeout=120)
    finally:
        run.kill()
        reader.join()
    lines = shown.splitlines()
    assert run.returncode == 1
    assert any(line.startswith("notes.mkv: failed, ") for line in lines), shown
    assert "good.mp4: done" in lines
    assert lines[-1] == "1 done, 1 failed"


def _read_all(terminal: int) -> None:
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:  # the other end is closed
        os.close(terminal)
