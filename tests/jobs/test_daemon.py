"""The daemon with plugins as a stranger writes them: notified of jobs, running services."""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from pathlib import Path

import pytest

from canary_subs.config.layers import load
from canary_subs.errors import CanarySubsError
from canary_subs.jobs import daemon, services
from canary_subs.model import Job, JobState
from canary_subs.plugin import manager
from tests.crash import stage

NOTIFIER = """
import json
import os
from pathlib import Path

from canary_subs import hookimpl

FOLDER = Path(os.environ["LIGHT_FOLDER"])


def note(name, table):
    with (FOLDER / name).open("a") as file:
        file.write(json.dumps({**table, "pid": os.getpid()}) + "\\n")


@hookimpl
def canary_subs_job_changed(job):
    note("jobs.jsonl", {"file": job.path.name, "state": job.state, "stage": job.stage})


@hookimpl
def canary_subs_video_done(outcome):
    note("videos.jsonl", {"file": outcome.task.path.name, "delivered": len(outcome.delivered)})
"""

SERVER = """
import os
from dataclasses import dataclass
from pathlib import Path

from canary_subs import Provider, hookimpl

STARTS = Path(os.environ["LIGHT_FOLDER"]) / "starts"


@dataclass(frozen=True, kw_only=True)
class Options:
    failures: int = 0


class Server:
    def __init__(self, options, context):
        self._options = options

    def run(self, stop):
        with STARTS.open("a") as file:
            file.write("start\\n")
        if len(STARTS.read_text().splitlines()) <= self._options.failures:
            raise RuntimeError("the port\\nis taken")
        stop.wait()
        with STARTS.open("a") as file:
            file.write("stop\\n")


@hookimpl
def canary_subs_services():
    return [Provider(name="server", summary="for tests", make=Server, options=Options)]
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> manager.Plugins:
    monkeypatch.setenv("LIGHT_FOLDER", str(tmp_path))
    folder = tmp_path / "plugins"
    folder.mkdir()
    shutil.copy(stage.PLUGINS / "light.py", folder)
    (folder / "notifier.py").write_text(NOTIFIER)
    (folder / "server.py").write_text(SERVER)
    return manager.load(folder)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_plugins_are_notified_of_states_and_stages_in_one_process(
    tmp_path: Path, plugins: manager.Plugins
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    stage.wav(videos / "a.wav", 2, 1)
    (videos / "b.wav").write_bytes(b"nonsense" * 100)
    tables = stage.flags(tmp_path / "state", plugins=str(tmp_path / "plugins"))
    jobs: list[Job] = []
    summary = daemon.watch(
        load(environment={}, flags=tables), plugins, [videos], drain=True, listener=jobs.append
    )
    assert (summary.counts[JobState.DONE], summary.counts[JobState.FAILED]) == (1, 1)
    changes = lines(tmp_path / "jobs.jsonl")
    assert len({change["pid"] for change in changes}) == 1
    of_a = [change for change in changes if change["file"] == "a.wav"]
    assert [(change["state"], change["stage"]) for change in of_a] == [
        ("queued", None), ("running", None), ("running", "probe"), ("running", "load"),
        ("running", "recognise"), ("running", "layout"), ("running", "deliver"), ("done", None),
    ]  # fmt: skip
    # The listener, for a terminal, is called with the same, reasons included.
    assert len(jobs) == len(changes)
    (failed,) = [job for job in jobs if job.state is JobState.FAILED]
    assert failed.path.name == "b.wav"
    assert failed.reason is not None
    # The worker, another process, reports each video once.
    done = lines(tmp_path / "videos.jsonl")
    assert sorted((one["file"], one["delivered"]) for one in done) == [("a.wav", 4), ("b.wav", 0)]
    assert {one["pid"] for one in done}.isdisjoint({change["pid"] for change in changes})


@pytest.mark.parametrize("failures", [0, 2])
def test_a_service_runs_until_the_daemon_ends_and_is_restarted(
    tmp_path: Path,
    plugins: manager.Plugins,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failures: int,
) -> None:
    monkeypatch.setattr(services, "_RESTARTS_S", (0.01, 0.01, 0.01))
    config = load(
        environment={},
        flags={
            "service": {"run": ["server"]},
            "options": {"service": {"server": {"failures": failures}}},
        },
    ).config
    starts = tmp_path / "starts"
    with services.running(config, plugins):
        end = time.monotonic() + 10
        while not starts.exists() or len(starts.read_text().splitlines()) <= failures:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert "stop" not in starts.read_text()
    assert starts.read_text() == "start\n" * (failures + 1) + "stop\n"
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == failures
    assert all("service server failed: plugin 'server' failed" in error for error in errors)
    assert all("\n" not in error for error in errors)


def test_a_service_that_never_works_is_given_up_and_costs_nothing_else(
    tmp_path: Path,
    plugins: manager.Plugins,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(services, "_RESTARTS_S", (0.01, 0.01))
    videos = tmp_path / "videos"
    videos.mkdir()
    stage.wav(videos / "a.wav", 1, 1)
    tables = stage.flags(
        tmp_path / "state",
        plugins=str(tmp_path / "plugins"),
        service={"run": ["server"]},
        options={"service": {"server": {"failures": 99}}},
    )
    summary = daemon.watch(load(environment={}, flags=tables), plugins, [videos], drain=True)
    assert summary.counts[JobState.DONE] == 1
    assert (tmp_path / "starts").read_text() == "start\n" * 3
    assert "service server failed again and is given up" in caplog.text
    assert not [one for one in threading.enumerate() if one.name.startswith("service")]


def test_an_unexpected_end_is_an_error(
    plugins: manager.Plugins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(watcher: object, stop: threading.Event) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("canary_subs.jobs.watch.Watcher.run", fail)
    settings = load(environment={}, flags=stage.flags(tmp_path))
    with pytest.raises(CanarySubsError, match=r"watcher failed unexpectedly .*a bug"):
        daemon.watch(settings, plugins, [tmp_path], stop=threading.Event())
