"""Log lines for people or for programs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from canary_subs._text import printable
from canary_subs.model import Job

#: Fields of a log record that say which job it is about.
JOB_FIELDS = ("job", "file", "stage")


def job_fields(job: Job) -> dict[str, Any]:
    """Return the ``extra`` of log lines about a job."""
    return {"job": job.id, "file": str(job.path), "stage": job.stage and job.stage.value}


def fields_of(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return the job fields that a log record has."""
    found = {name: getattr(record, name, None) for name in JOB_FIELDS}
    return {name: value for name, value in found.items() if value is not None}


def handler(kind: Literal["text", "json"], stream: TextIO) -> logging.Handler:
    """Return a handler that writes lines of text, or one JSON object a line, to ``stream``."""
    made = logging.StreamHandler(stream)
    made.setFormatter(_Json() if kind == "json" else _Text())
    return made


class _Text(logging.Formatter):
    """``2026-11-22T12:00:00Z WARNING name: message``, with any traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_at(record)} {record.levelname} {record.name}: {printable(record.getMessage())}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class _Json(logging.Formatter):
    """Keys: at, level, name, message; job, file, stage of lines about a job; traceback."""

    def format(self, record: logging.LogRecord) -> str:
        table = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "name": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            table["traceback"] = self.formatException(record.exc_info)
        return json.dumps(table)


def _at(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
