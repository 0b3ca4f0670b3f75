"""How files and processes are identified: by content, and by host and start time."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

#: How much of the head, middle and tail of a file its fingerprint covers.
_SAMPLE_BYTES = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """A file's status; equal stamps mean that nothing was written in between."""

    size_bytes: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        return cls(size_bytes=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)


def fingerprint(path: Path) -> str:
    """Return a name for the content: its size and a hash of 64 KiB of its head, middle and tail.

    Raises `OSError`, also for anything but a regular file: reading a pipe would block.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is not a regular file")
        size = status.st_size
        digest = hashlib.blake2b(str(size).encode(), digest_size=16)
        for offset in sorted({0, max(size // 2, 0), max(size - _SAMPLE_BYTES, 0)}):
            digest.update(os.pread(descriptor, _SAMPLE_BYTES, offset))
    finally:
        os.close(descriptor)
    return f"{size:x}-{digest.hexdigest()}"


def owner() -> str:
    """Return this process's name among workers, from which `alive` finds its process."""
    return f"{_namespace()}/{os.getpid()}/{_started(os.getpid())}"


def alive(name: str) -> bool | None:
    """Whether the process of that name is running; None if it cannot be seen from here."""
    namespace, _, started = name.rpartition("/")
    namespace, _, pid = namespace.rpartition("/")
    if namespace != _namespace() or not pid.isdecimal() or started == "?":
        return None
    return _started(int(pid)) == started


def _namespace() -> str:
    """Return host, boot and PID namespace: within them process id and start time are unique."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        space = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116 - as short
    except OSError:  # not Linux
        boot, space = "?", 0
    return f"{socket.gethostname()}/{boot}/{space}"


def _started(pid: int) -> str:
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "?" if not Path("/proc/self/stat").exists() else "gone"
    fields = line.rpartition(")")[2].split()  # the name before it may contain anything
    return "gone" if fields[0] in "ZX" else fields[19]
