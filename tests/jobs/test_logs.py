"""Log lines stay lines, whatever is in them."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest

from canary_subs.jobs.logs import handler, job_fields
from canary_subs.model import Job, JobState, Stage


@pytest.fixture
def log() -> logging.Logger:
    return logging.Logger("a.b")


def test_text_is_one_line_for_people(log: logging.Logger) -> None:
    stream = io.StringIO()
    log.addHandler(handler("text", stream))
    log.warning("%s: is\nodd \x1b[31m", "x")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("Z WARNING a.b: x: is\\nodd \\x1b[31m")


def test_json_names_the_job_that_a_line_is_about(log: logging.Logger) -> None:
    stream = io.StringIO()
    log.addHandler(handler("json", stream))
    job = Job(
        id=7,
        path=Path("/videos/a\nb.mkv"),
        fingerprint="x",
        state=JobState.RUNNING,
        stage=Stage.RECOGNISE,
    )
    log.info("starts", extra=job_fields(job))
    log.info("no job")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["job"], first["file"], first["stage"]) == (7, "/videos/a\nb.mkv", "recognise")
    assert not {"job", "file", "stage"} & set(second)


def test_json_is_one_object_a_line(log: logging.Logger) -> None:
    stream = io.StringIO()
    log.addHandler(handler("json", stream))
    log.info("a\nb \udcff")
    try:
        raise ValueError("bad")
    except ValueError:
        log.exception("oh")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["level"], first["name"], first["message"]) == ("info", "a.b", "a\nb \udcff")
    assert "ValueError: bad" in second["traceback"]
