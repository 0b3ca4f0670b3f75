"""What tells one file from another: content for films, names and start times for processes."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

#: How much of the head, the middle and the tail of a file makes its fingerprint.
_SAMPLE_BYTES = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """What the file system says of a file; equal stamps mean that nothing was written."""

    size_bytes: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        return cls(size_bytes=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)


def fingerprint(path: Path) -> str:
    """A name for the content: its size and a hash of 64 KiB of its head, middle and tail.

    Raises `OSError`; a thing that is no regular file is one, so that a pipe blocks nobody.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is no regular file")
        size = status.st_size
        digest = hashlib.blake2b(str(size).encode(), digest_size=16)
        for offset in sorted({0, max(size // 2, 0), max(size - _SAMPLE_BYTES, 0)}):
            digest.update(os.pread(descriptor, _SAMPLE_BYTES, offset))
    finally:
        os.close(descriptor)
    return f"{size:x}-{digest.hexdigest()}"


def owner() -> str:
    """This process's name among workers, such that `alive` can tell whether it still lives."""
    return f"{_place()}/{os.getpid()}/{_started(os.getpid())}"


def alive(name: str) -> bool | None:
    """Whether the process of that name lives; None where that cannot be seen from here."""
    place, _, rest = name.rpartition("/")
    place, _, pid = place.rpartition("/")
    if place != _place() or not pid.isdecimal() or rest == "?":
        return None
    return _started(int(pid)) == rest


def _place() -> str:
    """Host, boot and process namespace: within them a process id and start time are unique."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        space = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116 - Path.stat is no shorter
    except OSError:  # no Linux
        boot, space = "?", 0
    return f"{socket.gethostname()}/{boot}/{space}"


def _started(pid: int) -> str:
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "?" if not Path("/proc/self/stat").exists() else "gone"
    fields = line.rpartition(")")[2].split()  # the name before it may hold anything
    return "gone" if fields[0] in "ZX" else fields[19]
