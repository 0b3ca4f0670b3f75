"""When to pause: outside working hours, or while other programs need the graphics card."""

from __future__ import annotations

import json
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from canary_subs.config.schema import Schedule

log = logging.getLogger(__name__)

#: How long the busy address may take to answer, and how much of its answer is read.
_ANSWER_S = 3.0
_ANSWER_BYTES = 1000


def pause_reason(schedule: Schedule, now: datetime | None = None) -> str | None:
    """Return why not to work now, or None. ``now`` is local time."""
    now = now or datetime.now()
    if schedule.hours and not any(_within(hours, now) for hours in schedule.hours):
        return f"it is {now:%H:%M}; work is for {', '.join(schedule.hours)}"
    if schedule.busy_processes:
        running = set(_process_names())
        for name in schedule.busy_processes:
            if name[:_NAME_LENGTH] in running or name in running:
                return f"{name} is running"
    if schedule.busy_url is not None and _busy(schedule.busy_url):
        return f"{schedule.busy_url} says busy"
    return None


def _within(hours: str, now: datetime) -> bool:
    begin_h, begin_m, end_h, end_m = (int(part) for part in re.split("[:-]", hours))
    begin, end, minute = begin_h * 60 + begin_m, end_h * 60 + end_m, now.hour * 60 + now.minute
    if begin <= end:
        return begin <= minute < end or begin == end
    return minute >= begin or minute < end  # over midnight


_NAME_LENGTH = 15  # the kernel keeps this much of a process's name


def _process_names() -> Iterator[str]:
    for place in Path("/proc").glob("[0-9]*"):
        try:
            yield (place / "comm").read_text(errors="replace").rstrip("\n")
            program = (place / "cmdline").read_bytes().split(b"\0", 1)[0]
            yield program.decode(errors="replace").rpartition("/")[2]
        except OSError:  # the process has exited
            continue


def _busy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_S) as answer:
            text = answer.read(_ANSWER_BYTES).decode(errors="replace").strip()
    except (OSError, ValueError) as error:
        log.warning("%s does not answer (%s); work goes on", url, error)
        return False
    try:
        found = json.loads(text)
    except ValueError:
        return bool(text.lower() == "busy")
    return isinstance(found, dict) and found.get("busy") is True
