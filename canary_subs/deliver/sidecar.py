"""Subtitle files beside their video, named so that media servers find them."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from canary_subs._files import write_atomic
from canary_subs._text import printable
from canary_subs.errors import OutputError
from canary_subs.model import Context, MediaInfo, Rendered, Track

log = logging.getLogger(__name__)


class Sidecar:
    """``Name.<language>[.forced|.sdh].<suffix>``, which Jellyfin, Kodi, Plex and Emby all read."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self, media: MediaInfo, track: Track, suffix: str) -> str | None:
        """The path of a file that already exists and would be kept, else None.

        Raises `OutputError` if the folder cannot be read.
        """
        path = self._path(media, track, suffix)
        try:
            return str(path) if not self._context.overwrite and path.exists() else None
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be checked ({error.strerror}); {_advice(error)}"
            ) from error

    def deliver(self, media: MediaInfo, rendered: Sequence[Rendered]) -> Iterator[str]:
        """Write each file and its folder; a file that has these bytes already counts as written.

        The further files of a format are written before its main one, which `find` finds. Raises
        the first `OutputError` after all other files have been written, and logs further ones.
        """
        failed: OutputError | None = None
        for one in rendered:
            try:
                for suffix, data in one.extra.items():
                    self._write(self._path(media, one.track, suffix), data)
                path = self._path(media, one.track, one.suffix)
                self._write(path, one.data)
            except OutputError as error:
                if failed is not None:
                    log.warning("%s", printable(str(error)))
                failed = failed or error
                continue
            yield str(path)
        if failed is not None:
            raise failed

    def _write(self, path: Path, data: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                write_atomic(path, data, replace=self._context.overwrite)
            except FileExistsError:
                # Our own file, if we were killed before its delivery was recorded.
                if not path.is_file() or path.read_bytes() != data:
                    raise OutputError(
                        f"{path}: another file is already there and is kept; "
                        "use --overwrite to replace it"
                    ) from None
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be written ({error.strerror}); {_advice(error)}"
            ) from error

    def _path(self, media: MediaInfo, track: Track, suffix: str) -> Path:
        folder = media.path.parent
        if self._context.out is not None:
            root = self._context.root
            inside = root is not None and folder.is_relative_to(root)
            below = folder.relative_to(root) if root is not None and inside else Path()
            folder = self._context.out / below
        return folder / f"{media.path.stem}.{track}{suffix}"


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
