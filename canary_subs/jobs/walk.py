"""Scans folders: every video in them once, whatever symbolic links do."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from canary_subs._files import leaves
from canary_subs.config.layers import Config, Settings
from canary_subs.config.schema import Watch
from canary_subs.errors import ConfigError
from canary_subs.jobs import globs

#: Called with a place and what is wrong with it; the scan goes on.
Warn = Callable[[str, str], None]


def walk(
    top: Path, root: Path, settings: Settings, warn: Warn, links: set[str] | None = None
) -> Iterator[tuple[str, os.stat_result]]:
    """Yield every file below ``top`` that is to be taken, with its status.

    ``top`` is the watched folder ``root`` or a folder in it. A folder is entered once, by its real
    path if possible: links are followed last, and those that were followed are added to ``links``.
    """
    links = set() if links is None else links
    watch = settings.config.watch
    results = settings.config.out.absolute() if settings.config.out is not None else None
    visited: set[tuple[int, int]] = set()
    folders = [str(top)]
    linked: list[str] = []
    if top != root and refused_link(str(top), root, watch):
        return
    while folders or linked:
        folder = folders.pop() if folders else linked.pop()
        try:
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                found = list(entries)
        except OSError as error:
            warn(folder, f"cannot be read ({error.strerror})")
            continue
        config = config_for(settings, folder, root, warn)
        below = os.path.relpath(folder, root)
        prefix = "" if below == "." else f"{below}/"
        for entry in found:
            try:
                if entry.is_dir():
                    if not watch.recursive or globs.private_folder(entry.name):
                        continue
                    if results is not None and entry.path == str(results):
                        continue
                    if not entry.is_symlink():
                        folders.append(entry.path)
                    elif not _warned_link(entry.path, root, watch, warn):
                        links.add(entry.path)
                        linked.append(entry.path)
                elif refusal(prefix + entry.name, config) is None:
                    if entry.is_symlink() and _warned_link(entry.path, root, watch, warn):
                        continue
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode):
                        yield entry.path, status
            except OSError:  # deleted meanwhile, or a dangling link
                continue


def refused_link(place: str, root: Path, watch: Watch) -> str | None:
    """Return why a path is not taken because of the links in it; None if it is."""
    if watch.follow_links == "inside" and leaves(Path(place), root):
        return f"a link leads out of {root}; [watch] follow_links is 'inside'"
    if watch.follow_links == "none" and Path(place).is_symlink():
        return "it is a link; [watch] follow_links is 'none'"
    return None


def _warned_link(place: str, root: Path, watch: Watch, warn: Warn) -> bool:
    if (reason := refused_link(place, root, watch)) is not None:
        warn(place, f"left alone: {reason}")
    return reason is not None


def refusal(below: str, config: Config) -> str | None:
    """Return why a path below a watched folder is not taken; None if it is."""
    name = below.rpartition("/")[2]
    if (reason := globs.temporary(name)) is not None:
        return reason
    if globs.matches(below, config.watch.include) is None:
        return "its name is not among [watch] include"
    if (glob := globs.excluded(below, config.watch.exclude)) is not None:
        return f"[watch] exclude has {glob!r}"
    return None


def config_for(settings: Settings, folder: str, root: Path, warn: Warn) -> Config:
    """Return the configuration of a folder; if its own file is wrong, warn and use the general one.

    Its videos are queued all the same, and their jobs then show what is wrong.
    """
    try:
        return settings.at(Path(folder), root)
    except (ConfigError, OSError) as error:
        warn(folder, str(error))
        return settings.config
