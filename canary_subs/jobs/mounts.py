"""What kind of file system holds a folder: a local disk, or one without events and locks."""

from __future__ import annotations

import os
import re
from pathlib import Path

#: File systems that give no events for changes by other machines; SQLite cannot trust their locks.
REMOTE = frozenset(
    {
        "9p", "acfs", "afp", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs",
        "gpfs", "lustre", "ncp", "ncpfs", "nfs", "nfs3", "nfs4", "orangefs", "osxfs", "prl_fs",
        "smb", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "webdav",
        "gcsfuse", "goofys", "mountpoint-s3", "rclone", "s3fs", "sshfs",
    }
)  # fmt: skip

_OCTAL = re.compile(rb"\\([0-7]{3})")


def file_system(folder: Path, table: Path = Path("/proc/self/mounts")) -> str | None:
    """Return the type of the file system that holds ``folder``; None if it is unknown.

    From the mount table (fstab(5)), in which later lines override earlier ones.
    """
    try:
        lines = table.read_bytes().splitlines()
    except OSError:
        return None
    place = os.fsencode(os.path.realpath(folder))
    best: tuple[int, str] | None = None
    for line in lines:
        fields = line.split(b" ")
        if len(fields) < 3:
            continue
        point = _OCTAL.sub(lambda found: bytes([int(found[1], 8)]), fields[1])
        inside = place == point or place.startswith(point.rstrip(b"/") + b"/")
        if inside and (best is None or len(point) >= best[0]):
            best = (len(point), fields[2].decode("ascii", "replace"))
    return best[1] if best else None


def is_remote(folder: Path) -> bool:
    """Whether other machines may change the folder, so that SQLite cannot trust its locks."""
    kind = (file_system(folder) or "").lower()
    return kind.removeprefix("fuse.") in REMOTE


def gives_events(folder: Path) -> bool:
    """Whether the system reports every change in the folder, whoever makes it."""
    # What FUSE shows may change without it; "fuseblk" is a local disk (NTFS).
    kind = file_system(folder) or ""
    return not is_remote(folder) and kind != "fuse" and not kind.startswith("fuse.")
