"""Whether a file is complete, as far as that can be seen without decoding it.

Only the outermost structure is read, in plain Python and with bounded effort: this runs inside the
daemon, which no file may bring down.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from canary_subs.config.schema import Watch

#: A file with more boxes than this at its top level is not a video; reading on is pointless.
_MAX_BOXES = 20_000

#: No video or recording is shorter.
_MIN_BYTES = 64

#: Files that a downloader keeps beside one that it has not finished.
_COMPANIONS = (".aria2", ".part", ".!qB", ".crdownload")

#: Bounds of the wait before an incomplete file is checked again: it grows with the time that the
#: file has not changed.
_CHECK_S, _CHECK_WRITTEN_S, _CHECK_UNFINISHED_S = 1.0, 4.0, 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Incomplete:
    """Why a file is not taken yet."""

    reason: str
    #: When to check again.
    wait_s: float


def incomplete(path: Path, size_bytes: int, unchanged_s: float, watch: Watch) -> Incomplete | None:
    """Return why a file that has not changed for ``unchanged_s`` is not taken yet; None if it is.

    A file that cannot be read is taken, so that its job shows the reason. Raises `OSError`.
    """
    if unchanged_s < watch.settle_s:
        reason = f"changed {unchanged_s:.1f} s ago; [watch] settle_s is {watch.settle_s:g}"
        return Incomplete(reason=reason, wait_s=min(_CHECK_S, watch.settle_s - unchanged_s))
    wait_s = max(unchanged_s / 2, _CHECK_S)
    if size_bytes == 0:
        return Incomplete(reason="is empty", wait_s=min(wait_s, _CHECK_UNFINISHED_S))
    if unchanged_s >= watch.patience_s:
        return None
    if being_written(path):
        reason = "a program has it open for writing"
        return Incomplete(reason=reason, wait_s=min(wait_s, _CHECK_WRITTEN_S))
    try:
        complete = has_complete_structure(path)
    except PermissionError:
        return None
    if complete:
        return None
    reason = (
        "its container says that more is to come; it is taken as it is after "
        f"{watch.patience_s:g} s without a change ([watch] patience_s)"
    )
    return Incomplete(reason=reason, wait_s=min(wait_s, _CHECK_UNFINISHED_S))


def has_complete_structure(path: Path) -> bool:
    """False if the file itself, or a downloader's companion file, says that more is to come.

    Understands MP4 and its relatives (ISO/IEC 14496-12), Matroska and WebM (RFC 8794, RFC 9559) and
    RIFF; any other file counts as complete. Raises `OSError`.
    """
    if any(os.path.lexists(f"{path}{suffix}") for suffix in _COMPANIONS):
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return True
        if status.st_size < _MIN_BYTES:
            return False
        head = file.read(16)
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return _mp4(file, status.st_size)
        if head[:4] == b"\x1aE\xdf\xa3":
            return _matroska(file, status.st_size)
        if head[:4] in (b"RIFF", b"RF64"):
            return _riff(head, status.st_size)
        return any(head)  # all zeros: a file that was preallocated and not written yet


def being_written(path: Path) -> bool:
    """Whether a process of this machine has the file open for writing; False if unknown.

    Asks for a read lease (fcntl(2), F_SETLEASE): local file systems refuse it while there is a
    writer, and grant it to the file's owner only.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # A program that opens the file now breaks the lease; the default signal would kill us.
        fcntl.fcntl(descriptor, _F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


_F_SETSIG = 10  # missing in Python's fcntl; the same on every Linux


def _mp4(file: BinaryIO, size: int) -> bool:
    """Complete if the boxes end with the file and one of them is the index."""
    offset, indexed = 0, False
    for _ in range(_MAX_BOXES):
        file.seek(offset)
        head = file.read(16)
        if len(head) < 8:
            return indexed and len(head) == 0
        length, kind = struct.unpack(">I4s", head[:8])
        indexed = indexed or kind == b"moov"
        if length == 1:
            if len(head) < 16:
                return False
            length = struct.unpack(">Q", head[8:])[0]
        if length == 0:  # to the end of the file
            return indexed
        if length < 8 or not all(32 <= byte < 127 or byte == 0xA9 for byte in kind):
            return indexed  # not a box: garbage after the video, or a damaged one
        offset += length
        if offset > size:
            return False
    return indexed


def _matroska(file: BinaryIO, size: int) -> bool:
    """Complete if the segment is as long as its header says."""
    file.seek(0)
    data = file.read(4096)
    header = _vint(data, 4)
    if header is None or header[0] is None:
        return False
    offset = header[1] + header[0]
    if offset + 4 > size:
        return False
    if data[offset : offset + 4] != b"\x18S\x80g":
        return True  # something precedes the segment: unknown
    segment = _vint(data, offset + 4)
    if segment is None:
        return False
    length, begin = segment
    return length is None or begin + length <= size  # unknown length: a live recording


def _vint(data: bytes, offset: int) -> tuple[int | None, int] | None:
    """Return an EBML length (None: unknown) and where it ends; None if it is cut off."""
    if offset >= len(data) or data[offset] == 0:
        return None
    width = 9 - data[offset].bit_length()
    raw = data[offset : offset + width]
    if len(raw) < width:
        return None
    value = int.from_bytes(raw, "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), offset + width


def _riff(head: bytes, size: int) -> bool:
    """Complete if the chunk is as long as its header says (AVI, WAV, RF64 as EBU 3306)."""
    length = int.from_bytes(head[4:8], "little")
    if length in (0, 0xFFFFFFFF):  # a stream of unknown length, or a 64-bit one
        return True
    return length + 8 <= size + 1  # some writers count a padding byte that they omit
