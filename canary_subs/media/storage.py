"""Where media files lie: how much of one is there, how long to wait for it, what its loss means."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from canary_subs._text import printable
from canary_subs.errors import DamagedMedia, MediaError, MediaUnavailable

#: The slowest storage that is waited for.
_SLOW_BYTES_PER_S = 10_000_000

#: What the system says of storage that is out of reach at present.
LOST_ERRORS = frozenset(
    getattr(errno, name)
    for name in "EIO ESTALE ETIMEDOUT ENOTCONN EHOSTDOWN EHOSTUNREACH ENODEV ENXIO".split()
    if hasattr(errno, name)
)


def bytes_there(status: os.stat_result) -> int:
    """How many of the file's bytes are on the disk; a sparse file has fewer than it is long."""
    blocks = getattr(status, "st_blocks", 0)  # 0: the file system does not say
    return min(status.st_size, blocks * 512) if blocks else status.st_size


def patience_s(path: Path, most: float = 600.0) -> float:
    """How long to wait for the next part of a file, by the bytes that are there to be read."""
    status = path.stat()
    there = bytes_there(status)
    least = 60.0 if there * 2 > status.st_size else 10.0
    return min(least + there / _SLOW_BYTES_PER_S, most)


def unread(path: Path) -> MediaError:
    """Why nothing came of a file for so long: it is mostly a hole, or its storage hangs."""
    with suppress(OSError):
        status = path.stat()
        if bytes_there(status) * 2 < status.st_size:
            return mostly_hole(path, status)
    return MediaUnavailable(
        f"{printable(path)} cannot be read now: nothing came of it for too long; is its storage "
        "connected, and not too busy?"
    )


def mostly_hole(path: Path, status: os.stat_result) -> DamagedMedia:
    return DamagedMedia(
        f"{printable(path)} is mostly a hole: only {bytes_there(status) / 2**20:.1f} MiB of its "
        f"{status.st_size / 2**20:.1f} MiB are there; copy it again"
    )
