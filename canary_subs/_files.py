"""Atomic writes: a file is visible only when complete, and only in the folder that was meant."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Opens a folder to go on from: that needs no right to read it.
_PASS = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)


def leaves(path: Path, folder: Path) -> bool:
    """Whether links lead a path out of a folder, as far as they can be followed."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


@contextmanager
def opened(folder: Path, within: Path | None = None, *, make: bool = False) -> Iterator[Path]:
    """Open a folder and yield a path to it that stays the same whatever is renamed or linked.

    With ``within``, the folder lies in that one, and no link leads out of it, not even one that is
    made meanwhile. ``make``: what is missing below ``within`` is made. Raises `OSError`.
    """
    descriptor = _descend(folder, within, make=make) if within else os.open(folder, _PASS)
    try:
        place = Path(f"/proc/self/fd/{descriptor}")
        yield place if place.exists() else folder
    finally:
        os.close(descriptor)


def _descend(folder: Path, within: Path, *, make: bool) -> int:
    """Open a folder step by step from ``within``; no step is a link."""
    top = os.path.realpath(within)
    try:
        steps = Path(os.path.realpath(folder)).relative_to(top).parts
    except ValueError:
        raise PermissionError(errno.EPERM, f"a link leads out of {within}", str(folder)) from None
    descriptor = os.open(top, _PASS)
    for step in steps:
        try:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(step, dir_fd=descriptor)
            below = os.open(step, _PASS | os.O_NOFOLLOW, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def write_atomic(path: Path, data: bytes, *, replace: bool) -> None:
    """Make ``path`` hold ``data``, durable before it is visible.

    Nobody ever sees an incomplete file, not even after a power cut. Unless ``replace``, an existing
    file, even one that appears meanwhile, is kept. Raises `FileExistsError`, `OSError`.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            _write_unnamed(path, data, folder, replace=replace)
        except _NoUnnamedFiles:
            _write_beside(path, data, replace=replace)
        with contextlib.suppress(OSError):  # some network shares cannot sync a folder
            os.fsync(folder)
    finally:
        os.close(folder)


class _NoUnnamedFiles(Exception):
    pass


def _write_unnamed(path: Path, data: bytes, folder: int, *, replace: bool) -> None:
    """Write through an unnamed file (Linux, local disks), which disappears if we are killed."""
    try:
        # The umask applies, as for any file: media servers run as another user.
        file = os.open(path.parent, os.O_WRONLY | os.O_TMPFILE, 0o666)
    except (AttributeError, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise _NoUnnamedFiles from error
    try:
        _write_all(file, data)
        source = f"/proc/self/fd/{file}"
        if not replace:
            _link(source, path, folder)
            return
        complete = _name_beside(path)
        _link(source, complete, folder)
        _rename(complete, path)
    finally:
        os.close(file)


def _link(source: str, target: Path, folder: int) -> None:
    try:
        # With a folder, Python calls linkat(2), which alone follows /proc's link.
        os.link(source, target, src_dir_fd=folder, follow_symlinks=True)
    except FileExistsError:
        raise
    except FileNotFoundError as error:  # no /proc
        raise _NoUnnamedFiles from error


def _write_beside(path: Path, data: bytes, *, replace: bool) -> None:
    """Write through a hidden file in the same folder (network shares, other systems)."""
    part = _name_beside(path)
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        try:
            _write_all(file, data)
        finally:
            os.close(file)
        if not replace:
            try:
                os.link(part, path)
                part.unlink()
                return
            except FileExistsError:
                raise
            except OSError:  # no hard links on this share: a check and a rename must do
                if path.exists() or path.is_symlink():
                    raise FileExistsError(path) from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _rename(part, path)


def _rename(complete: Path, path: Path) -> None:
    try:
        complete.replace(path)
    except BaseException:
        complete.unlink(missing_ok=True)
        raise


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    os.fsync(file)


def _name_beside(path: Path) -> Path:
    # Not derived from the name, which may already be as long as the file system allows.
    return path.with_name(f".canary-subs-{secrets.token_hex(8)}.part")
