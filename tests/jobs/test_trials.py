"""The trials of `make crash`, `make arrivals` and `make hostile`, in short."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import arrivals, hostile, sweep


def test_kills_leave_no_trace(tmp_path: Path) -> None:
    report = sweep.sweep(tmp_path, 3, seed=1, videos=3)
    assert report.faults == []
    assert report.kills == 3
    assert report.reads > 0


@pytest.mark.parametrize("polling", ["auto", "always"])
def test_arrivals_are_queued_once_and_complete(tmp_path: Path, polling: str) -> None:
    report = arrivals.trial(tmp_path, 3 * len(arrivals.METHODS), seed=1, polling=polling)
    assert (report.queued, report.twice, report.incomplete) == (report.files, 0, 0)


def test_hostile_files_do_no_harm(tmp_path: Path) -> None:
    report = hostile.trial(tmp_path, 21, seed=1, limit_s=60)
    assert report.faults == []
    assert report.connections == 0
    assert sum(report.states.values()) == report.files


def test_a_reader_sees_what_is_wrong(tmp_path: Path) -> None:
    """The sweep's own check: a partial file is a fault."""
    report = sweep.Report()
    (tmp_path / "a.srt").write_bytes(b"half")
    reader = sweep.Reader(tmp_path, {"a.srt": b"complete"}, report)
    reader.start()
    while not report.faults:
        pass
    reader.ended.set()
    reader.join()
    assert "a.srt" in report.faults[0]
