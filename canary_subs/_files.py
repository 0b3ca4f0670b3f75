"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_whole(path: Path, data: bytes, *, replace: bool) -> None:
    """Make ``path`` hold ``data``, durable before it is visible.

    Nobody ever sees a part of it, also after a power cut. With ``replace`` false an existing file,
    even one that appears meanwhile, is left alone. Raises `FileExistsError`, `OSError`.
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
    """By a file without a name (Linux, local disks), which a kill takes with it."""
    try:
        # The mode is cut by the umask, as for any file: media servers run as another user.
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
        # Naming a folder makes Python call linkat(2), which alone follows /proc's link.
        os.link(source, target, src_dir_fd=folder, follow_symlinks=True)
    except FileExistsError:
        raise
    except FileNotFoundError as error:  # no /proc here
        raise _NoUnnamedFiles from error


def _write_beside(path: Path, data: bytes, *, replace: bool) -> None:
    """By a hidden file in the same folder, for shares and systems that know no other way."""
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
            except OSError:  # no hard links on this share: the best that is left
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
    # Not built on the name: it may already be as long as the file system allows.
    return path.with_name(f".canary-subs-{secrets.token_hex(8)}.part")
