"""Log lines for people or for programs."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Literal, TextIO

from canary_subs.jobs.records import plain


def handler(kind: Literal["text", "json"], stream: TextIO) -> logging.Handler:
    """A handler that writes lines of text, or one JSON object a line, to ``stream``."""
    made = logging.StreamHandler(stream)
    made.setFormatter(_Json() if kind == "json" else _Text())
    return made


class _Text(logging.Formatter):
    """``2026-11-22T12:00:00Z WARNING name: message``, a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_at(record)} {record.levelname} {record.name}: {plain(record.getMessage())}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class _Json(logging.Formatter):
    """Keys: at, level, name, message, and traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        table = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "name": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            table["traceback"] = self.formatException(record.exc_info)
        return json.dumps(table)


def _at(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
