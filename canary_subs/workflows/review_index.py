"""An index page of all reviews below a folder."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from canary_subs.errors import OutputError
from canary_subs.proof import IndexEntry, TrackSummary, index
from canary_subs.workflows.review import PAGE, REPORT, relative, save

log = logging.getLogger(__name__)

#: A longer file is not a report: that of two hours has about 1 MB.
_MAX_REPORT_BYTES = 64 << 20
#: JavaScript's last exact integer; no count comes near it.
_MAX_COUNT = 2**53

#: Near the beginning of each index page, and of no other page.
_GENERATOR = b'<meta name="generator" content="canary-subs">'


def write_index(folder: Path, target: Path | None = None) -> Path:
    """Write a page with links to all reviews below a folder, by default as its ``index.html``.

    Raises `OutputError`, also where there are no reviews or the default file is someone else's.
    """
    videos = list(_entries(folder, folder if target is None else target.absolute().parent))
    if not videos:
        raise OutputError(
            f"{folder}: there are no reports or proof pages in it; "
            "'run --review' and 'proof' make them"
        )
    if target is None:
        target = folder / "index.html"
        if target.exists() and not _is_index(target):
            raise OutputError(
                f"{target}: already exists and is not an index page; name a file with --out"
            )
    save(target, index(videos, title=f"Reviews in {Path(os.path.realpath(folder)).name}"))
    return target


def _entries(folder: Path, seen_from: Path) -> Iterator[IndexEntry]:
    """The videos below a folder that have a report or a page; does not follow links to folders."""
    for place, _, names in os.walk(folder, onerror=_unreadable):
        stems = {
            name.removesuffix(ending)
            for name in names
            for ending in (REPORT, PAGE)
            if name.endswith(ending) and name != ending and _is_file(Path(place, name))
        }
        for stem in sorted(stems):
            if (entry := _entry(Path(place), stem, seen_from)) is not None:
                yield entry


def _unreadable(error: OSError) -> None:
    log.warning("%r: cannot be read (%s)", error.filename, error.strerror)


def _entry(folder: Path, stem: str, seen_from: Path) -> IndexEntry | None:
    """A video's review; None where the file is someone else's with a matching name."""
    page, report = folder / f"{stem}{PAGE}", folder / f"{stem}{REPORT}"
    link = relative(seen_from, page) if _is_file(page) else None
    if _is_file(report):
        try:
            return _recorded(report, link)
        except OSError as error:
            log.warning("%r: cannot be read (%s)", str(report), error.strerror)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            log.warning("%r: not a report; it is left out", str(report))
    return None if link is None else IndexEntry(name=stem, page=link)


def _recorded(report: Path, page: PurePath | None) -> IndexEntry:
    """The entry of a report, which may hold anything."""
    if report.stat().st_size > _MAX_REPORT_BYTES:
        raise ValueError("too long")
    stored = json.loads(report.read_bytes())
    duration_ms = stored.get("duration_ms")
    return IndexEntry(
        name=_text(stored["video"]),
        page=page,
        duration_ms=None if duration_ms is None else _count(duration_ms),
        tracks=tuple(
            TrackSummary(
                language=_text(track["file"]),
                cues=_count(track["cues"]),
                findings={rule: _count(times) for rule, times in track["counts"].items()},
            )
            for track in stored["tracks"]
        ),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_COUNT:
        raise ValueError("not a count")
    return value


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # in a folder that can be listed and not entered
        return False


def _is_index(path: Path) -> bool:
    if not _is_file(path):
        return False
    try:
        with path.open("rb") as file:
            return _GENERATOR in file.read(4096)
    except OSError:
        return False
