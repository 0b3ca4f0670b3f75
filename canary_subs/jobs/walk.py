"""Looking through folders: every film in them once, however links lead around."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from canary_subs.config.layers import Config, Settings
from canary_subs.errors import ConfigError
from canary_subs.jobs import globs as names

#: Told (place, what is wrong with it); looking goes on.
Tell = Callable[[str, str], None]


def walk(
    top: Path, root: Path, settings: Settings, tell: Tell, links: set[str] | None = None
) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below ``top`` that is to be taken, with its status.

    ``top`` is the watched folder ``root`` or lies in it. A folder is entered once, by its own place
    where it has one: links are followed last, and those that were followed are put into ``links``.
    """
    links = set() if links is None else links
    watch = settings.config.watch
    results = settings.config.out.absolute() if settings.config.out is not None else None
    visited: set[tuple[int, int]] = set()
    own = [str(top)]
    linked: list[str] = []
    while own or linked:
        folder = own.pop() if own else linked.pop()
        try:
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                found = list(entries)
        except OSError as error:
            tell(folder, f"cannot be looked into ({error.strerror})")
            continue
        config = config_for(settings, folder, root, tell)
        below = os.path.relpath(folder, root)
        prefix = "" if below == "." else f"{below}/"
        for entry in found:
            try:
                if entry.is_dir():
                    if not watch.recursive or names.private_folder(entry.name):
                        continue
                    if results is not None and entry.path == str(results):
                        continue
                    if not entry.is_symlink():
                        own.append(entry.path)
                    elif watch.follow_links:
                        links.add(entry.path)
                        linked.append(entry.path)
                elif refusal(prefix + entry.name, config) is None:
                    if entry.is_symlink() and not watch.follow_links:
                        continue
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode):
                        yield entry.path, status
            except OSError:  # gone meanwhile, or a link to nowhere
                continue


def refusal(below: str, config: Config) -> str | None:
    """Why a name below a watched folder is not taken; None where it is."""
    name = below.rpartition("/")[2]
    if (reason := names.temporary(name)) is not None:
        return reason
    if names.matches(below, config.watch.include) is None:
        return "its name is not among [watch] include"
    if (glob := names.excluded(below, config.watch.exclude)) is not None:
        return f"[watch] exclude has {glob!r}"
    return None


def config_for(settings: Settings, folder: str, root: Path, tell: Tell) -> Config:
    """The configuration of a folder; where its own file is wrong, told, that of all folders.

    Its films are queued all the same, and their jobs then say what is wrong.
    """
    try:
        return settings.at(Path(folder), root)
    except (ConfigError, OSError) as error:
        tell(folder, str(error))
        return settings.config
