"""Subtitle files beside their video, named so that media servers find them."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from canary_subs._files import opened, write_atomic
from canary_subs._text import printable
from canary_subs.errors import OutputError
from canary_subs.model import Context, MediaInfo, Rendered, Track

log = logging.getLogger(__name__)


class Sidecar:
    """``Name.<language>[.forced|.sdh].<suffix>``, which Jellyfin, Kodi, Plex and Emby all read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: Folder of ``out`` -> the disk it was on before the work.
        self._devices: dict[Path, int] = {}

    def find(self, media: MediaInfo, track: Track, suffix: str) -> str | None:
        """The path of a file that already exists and would be kept, else None.

        Raises `OutputError` if it could not be written: this is found out before any work.
        """
        folder = self._folder(media)
        path = folder / self._name(media, track, suffix)
        try:
            if not self._context.overwrite and _is_there(path):
                return str(path)
            _require_writable(folder)
            if self._context.out is not None:
                self._devices[folder] = _device(folder)
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be written ({error.strerror}); {_advice(error)}"
            ) from error
        return None

    def deliver(self, media: MediaInfo, rendered: Sequence[Rendered]) -> Iterator[str]:
        """Write each file; a file that has these bytes already counts as written.

        The further files of a format are written before its main one, which `find` finds. Raises
        the first `OutputError` after all other files have been written, and logs further ones.
        Nothing is written once the video is gone, or where a link leads elsewhere.
        """
        folder = self._folder(media)
        failed: OutputError | None = None
        with self._opened(media, folder) as place:
            for one in rendered:
                main = self._name(media, one.track, one.suffix)
                files = {self._name(media, one.track, end): data for end, data in one.extra.items()}
                try:
                    for name, data in (*files.items(), (main, one.data)):
                        self._write(place / name, data, shown=folder / name)
                except OutputError as error:
                    if failed is not None:
                        log.warning("%s", printable(str(error)))
                    failed = failed or error
                    continue
                yield str(folder / main)
        if failed is not None:
            raise failed

    @contextmanager
    def _opened(self, media: MediaInfo, folder: Path) -> Iterator[Path]:
        """Open the folder for the results. Raises `OutputError`."""
        out = self._context.out
        with ExitStack() as stack:
            try:
                if not _is_there(media.path):
                    raise OutputError(f"{media.path}: is not there any more; nothing was written")
                if out is None:
                    place = stack.enter_context(opened(folder, self._context.within))
                    if not _is_there(place / media.path.name):
                        raise OutputError(f"{folder}: is another folder now; nothing was written")
                else:
                    if self._devices.get(folder, device := _device(folder)) != device:
                        raise OutputError(f"{out}: is on another disk now; nothing was written")
                    out.mkdir(parents=True, exist_ok=True)
                    place = stack.enter_context(opened(folder, out, make=True))
            except OSError as error:
                raise OutputError(
                    f"{folder}: cannot be written ({error.strerror}); {_advice(error)}"
                ) from error
            yield place

    def _write(self, path: Path, data: bytes, *, shown: Path) -> None:
        try:
            try:
                write_atomic(path, data, replace=self._context.overwrite)
            except FileExistsError:
                # Our own file, if we were killed before its delivery was recorded.
                if path.is_symlink() or not path.is_file() or path.read_bytes() != data:
                    raise OutputError(
                        f"{shown}: another file is already there and is kept; "
                        "use --overwrite to replace it"
                    ) from None
        except OSError as error:
            raise OutputError(
                f"{shown}: cannot be written ({error.strerror}); {_advice(error)}"
            ) from error

    def _folder(self, media: MediaInfo) -> Path:
        folder = media.path.parent
        if self._context.out is None:
            return folder
        root = self._context.root
        inside = root is not None and folder.is_relative_to(root)
        return self._context.out / (folder.relative_to(root) if root and inside else Path())

    def _name(self, media: MediaInfo, track: Track, suffix: str) -> str:
        return f"{media.path.stem}.{track}{suffix}"


def _is_there(path: Path) -> bool:
    """Whether a name is taken, be it by a link to nothing."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _require_writable(folder: Path) -> None:
    """Raise `OSError` if files cannot be made in a folder, which need not be there yet."""
    there = _nearest(folder)
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{there} is not a folder", str(folder))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, f"{there} may not be written", str(folder))


def _device(folder: Path) -> int:
    """The disk that a folder lies on, or would lie on."""
    return _nearest(folder).stat().st_dev


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((one for one in (folder, *folder.parents) if _is_there(one)), folder)


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "free some space, then retry"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "allow writing there, or name another folder with --out"
        case errno.ENAMETOOLONG:
            return "shorten the video's name"
        case _:
            return "check that the folder can be reached, or name another with --out"
