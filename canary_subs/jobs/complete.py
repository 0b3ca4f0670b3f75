"""Whether a file is complete, as far as can be told without decoding it.

Only the outermost structure is read, in plain Python and with bounded effort: this runs inside the
daemon, which no film may bring down.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import struct
from pathlib import Path
from typing import BinaryIO

#: More boxes than this at the top of a file are no film's; reading on tells nothing.
_MAX_BOXES = 20_000

#: No film or recording is shorter.
_LEAST_BYTES = 64

#: A downloader's notes beside a file that it has not finished.
_COMPANIONS = (".aria2", ".part", ".!qB", ".crdownload")


def looks_whole(path: Path) -> bool:
    """False where the file itself says that more is to come, or a downloader's notes say so.

    Understands MP4 and its kin (ISO/IEC 14496-12), Matroska and WebM (RFC 8794, RFC 9559) and
    RIFF; of anything else it says True. Raises `OSError`.
    """
    if any(os.path.lexists(f"{path}{suffix}") for suffix in _COMPANIONS):
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return True
        if status.st_size < _LEAST_BYTES:
            return False
        head = file.read(16)
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return _mp4(file, status.st_size)
        if head[:4] == b"\x1aE\xdf\xa3":
            return _matroska(file, status.st_size)
        if head[:4] in (b"RIFF", b"RF64"):
            return _riff(file, head, status.st_size)
        return any(head)  # a file that was only given its length is all zeros


def being_written(path: Path) -> bool:
    """Whether a process of this machine holds the file open for writing, where that can be told.

    By asking for a read lease (fcntl(2), F_SETLEASE), which local disks refuse while there is a
    writer and grant to the file's owner alone; where it cannot be asked for, the answer is False.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Who opens the file in this instant breaks the lease; its usual signal would end us.
        fcntl.fcntl(descriptor, _F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


_F_SETSIG = 10  # missing in Python's fcntl; the number of every Linux


def _mp4(file: BinaryIO, size: int) -> bool:
    """Whole where the boxes end with the file and one of them is the index."""
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
            return indexed  # no box: rubbish after the film, or a damaged one
        offset += length
        if offset > size:
            return False
    return indexed


def _matroska(file: BinaryIO, size: int) -> bool:
    """Whole where the segment that the head announces is there."""
    file.seek(0)
    data = file.read(4096)
    header = _vint(data, 4)
    if header is None or header[0] is None:
        return False
    offset = header[1] + header[0]
    if offset + 4 > size:
        return False
    if data[offset : offset + 4] != b"\x18S\x80g":
        return True  # something lies before the segment: we cannot tell
    segment = _vint(data, offset + 4)
    if segment is None:
        return False
    length, begin = segment
    return length is None or begin + length <= size  # unknown length: a live recording


def _vint(data: bytes, offset: int) -> tuple[int | None, int] | None:
    """An EBML length (None: unknown) and where it ends; None where it is not all there."""
    if offset >= len(data) or data[offset] == 0:
        return None
    width = 9 - data[offset].bit_length()
    raw = data[offset : offset + width]
    if len(raw) < width:
        return None
    value = int.from_bytes(raw, "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), offset + width


def _riff(file: BinaryIO, head: bytes, size: int) -> bool:
    """Whole where the chunk that the head announces is there (AVI, WAV, RF64 as EBU 3306)."""
    length = int.from_bytes(head[4:8], "little")
    if length in (0, 0xFFFFFFFF):  # a stream that did not know its length, or a 64-bit one
        return True
    return length + 8 <= size + 1  # some writers count a padding byte that they do not write
