"""Configuration files as bytes and text: read with care, since a folder's own may be an attack."""

from __future__ import annotations

import errno
import os
import re
import stat as modes
from pathlib import Path

from canary_subs.errors import ConfigError

#: The longest path of a key: options, kind, name, key.
_MAX_DEPTH = 4


def read(path: Path, limit_bytes: int, *, folder: bool) -> bytes:
    """The bytes of a file, which may be a pipe or device for the user's own. Raises `ConfigError`.

    A folder's own is a regular file, and no link: what a link leads to is not the folder's, and
    error messages quote it.
    """
    own = os.O_NOFOLLOW | os.O_NONBLOCK if folder else 0
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | own)
        with os.fdopen(descriptor, "rb") as stream:
            if folder and not modes.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigError(f"{path}: is not a regular file; replace or remove it")
            data = stream.read(limit_bytes + 1)
    except OSError as error:
        if folder and error.errno == errno.ELOOP:
            raise ConfigError(f"{path}: is a link, which is not followed; copy the file") from error
        advice = "remove it, or allow reading it" if folder else "check --config"
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); {advice}") from error
    if len(data) > limit_bytes:
        raise ConfigError(
            f"{path}: is larger than {limit_bytes} bytes, so not a configuration file"
        )
    return data


def stamp(file: Path) -> tuple[int, ...] | None:
    """What changes with a folder's file, for the cache; None where there is no such file."""
    try:
        status = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); allow reading it") from error
    return status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def lines_of(text: str) -> dict[tuple[str, ...], int]:
    """Where tables and keys stand: exact for one key a line, as people write. Takes linear time."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    open_quote = ""
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if open_quote:
            open_quote = "" if open_quote in line else open_quote
            continue
        if line.startswith("["):
            path = _path(line.lstrip("[").partition("]")[0])
            table = path or table
        else:
            key, equals, _ = line.partition("=")
            path = (*table, *below) if equals and (below := _path(key)) else ()
        for depth in range(1, min(len(path), _MAX_DEPTH) + 1):
            lines.setdefault(path[:depth], number)
        open_quote = next((q for q in ('"""', "'''") if line.count(q) % 2), "")
    return lines


def _path(dotted: str) -> tuple[str, ...]:
    """The parts of a TOML key; empty if it is not one."""
    parts = tuple(part.strip().strip("\"'") for part in dotted.split("."))
    return parts if all(re.fullmatch(r"[\w-]+", part) for part in parts) else ()
