"""Subtitle files beside their video, named so that media servers find them."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

from canary_subs._files import write_whole
from canary_subs.errors import OutputError
from canary_subs.model import MediaInfo, Rendered


@dataclass(frozen=True, kw_only=True)
class SidecarOptions:
    #: The folder for all results; None: beside each video.
    out: Path | None = None
    #: Videos below this folder keep their place below ``out``.
    root: Path | None = None
    #: Replace a file that is already there.
    overwrite: bool = False


class Sidecar:
    """``Name.<language>[.forced|.sdh].<suffix>``, which Jellyfin, Kodi, Plex and Emby all read."""

    def __init__(self, options: SidecarOptions) -> None:
        self._options = options

    def find(self, media: MediaInfo, track: str, suffix: str) -> str | None:
        """The file's place where it is already there and would be kept.

        Raises `OutputError` where that cannot be seen.
        """
        path = self._path(media, track, (), suffix)
        try:
            return str(path) if not self._options.overwrite and path.exists() else None
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be looked for ({error.strerror}); {_advice(error)}"
            ) from error

    def deliver(self, media: MediaInfo, rendered: Rendered) -> str:
        """Write the file and its folder; a file with the same bytes counts as delivered.

        Raises `OutputError`.
        """
        path = self._path(media, rendered.language, rendered.marks, rendered.suffix)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                write_whole(path, rendered.data, replace=self._options.overwrite)
            except FileExistsError:
                # Killed after the file appeared and before anybody took note of it.
                if not path.is_file() or path.read_bytes() != rendered.data:
                    raise OutputError(
                        f"{path}: another file is already there and is kept; "
                        "use --overwrite to replace it"
                    ) from None
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be written ({error.strerror}); {_advice(error)}"
            ) from error
        return str(path)

    def _path(self, media: MediaInfo, language: str, marks: tuple[str, ...], suffix: str) -> Path:
        folder = media.path.parent
        if self._options.out is not None:
            root = self._options.root
            inside = root is not None and folder.is_relative_to(root)
            below = folder.relative_to(root) if root is not None and inside else Path()
            folder = self._options.out / below
        return folder / (".".join((media.path.stem, language, *marks)) + suffix)


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
