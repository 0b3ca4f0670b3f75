"""The programs of an MPEG transport stream: which streams belong together.

A broadcast's transport stream may carry several programs, each with a clock of its own; FFmpeg
states one start for all of them, and PyAV does not say what belongs to which. The tables that do
(ISO/IEC 13818-1, 2.4.4: PAT and PMT) come several times a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

#: How much of the beginning is searched for the tables.
_SEARCHED_BYTES = 4 << 20

#: Lengths of packets, and where the sync byte stands in them: plain, with a time code, with
#: error correction.
_SHAPES = ((188, 0), (192, 4), (204, 0))
_SYNC = 0x47
_PAT, _PMT = 0x00, 0x02


def programs(path: Path) -> tuple[frozenset[int], ...]:
    """The stream numbers (PIDs) of each program; empty where no tables are found."""
    with path.open("rb") as file:
        data = file.read(_SEARCHED_BYTES)
    pmts: dict[int, int] = {}
    found: dict[int, frozenset[int]] = {}
    waiting: dict[int, bytearray] = {}
    for pid, starts, _, payload in _packets(data):
        if pid != 0 and pid not in pmts:
            continue
        if starts:
            skipped = payload[0] if payload else 0
            waiting[pid] = bytearray(payload[1 + skipped :])
        elif pid in waiting:
            waiting[pid] += payload
        section = _section(waiting.get(pid, bytearray()))
        if section is None:
            continue
        if pid == 0 and section[0] == _PAT:
            pmts.update(_programs_of(section))
        elif pid in pmts and section[0] == _PMT:
            found[pmts[pid]] = frozenset(_streams_of(section))
    return tuple(found[number] for number in sorted(found))


def is_scrambled(path: Path, pid: int) -> bool:
    """Whether most packets of a stream cannot be read without a key."""
    with path.open("rb") as file:
        data = file.read(_SEARCHED_BYTES)
    marks = [scrambled for found, _, scrambled, _ in _packets(data) if found == pid]
    return sum(marks) * 2 > len(marks)


def _packets(data: bytes) -> Iterator[tuple[int, bool, bool, bytes]]:
    """(PID, whether a section starts in it, whether it is scrambled, what it carries)."""
    for length, sync in _SHAPES:
        if all(data[at : at + 1] == b"\x47" for at in range(sync, 5 * length, length)):
            break
    else:
        return
    for start in range(sync, len(data) - 188, length):
        packet = data[start : start + 188]
        if packet[0] != _SYNC or not packet[3] & 0x10:
            continue
        at = 5 + packet[4] if packet[3] & 0x20 else 4
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        yield pid, bool(packet[1] & 0x40), bool(packet[3] & 0xC0), packet[at:]


def _section(data: bytearray) -> bytes | None:
    """The section at the start of ``data``, without its checksum; None before it is complete."""
    if len(data) < 8:
        return None
    end = 3 + ((data[1] & 0x0F) << 8 | data[2])
    return bytes(data[: end - 4]) if len(data) >= end else None


def _programs_of(section: bytes) -> Iterator[tuple[int, int]]:
    """(PID of its table, number) of each program."""
    for at in range(8, len(section) - 3, 4):
        number = section[at] << 8 | section[at + 1]
        if number:
            yield (section[at + 2] & 0x1F) << 8 | section[at + 3], number


def _streams_of(section: bytes) -> Iterator[int]:
    """The PIDs of a program's streams."""
    at = 12 + ((section[10] & 0x0F) << 8 | section[11]) if len(section) >= 12 else len(section)
    while at + 5 <= len(section):
        yield (section[at + 1] & 0x1F) << 8 | section[at + 2]
        at += 5 + ((section[at + 3] & 0x0F) << 8 | section[at + 4])
