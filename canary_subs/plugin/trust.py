"""Whether somebody else may write a plugin that would run as this user."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from canary_subs.errors import PluginError


class PluginInsecure(PluginError):
    """Somebody else could have written the plugin."""


def writable_by_others(path: Path) -> str | None:
    """Return why a folder or file of plugins is not safe to load from; None if it is.

    It and every folder above belong to this user or to root, and nobody else may write there. A
    group of the user's own, as many systems make one for each user, counts as the user.
    """
    if not hasattr(os, "getuid"):
        return None
    real = Path(os.path.realpath(path))
    for place in (real, *real.parents):
        try:
            status = place.stat()
        except OSError:
            continue
        if status.st_uid not in (0, os.getuid()):
            return f"{place} belongs to another user; make it your own"
        if status.st_mode & stat.S_ISVTX and place != real:  # others cannot replace what is in it
            continue
        if status.st_mode & stat.S_IWOTH:
            return f"anybody may write {place}; chmod o-w it"
        if status.st_mode & stat.S_IWGRP and not _own_group(status.st_gid):
            return f"a group may write {place}; chmod g-w it"
    return None


def _own_group(gid: int) -> bool:
    """Whether a group is root's or has the user's name and no other member."""
    import grp
    import pwd

    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return False
    return gid == 0 or (group.gr_name == user and set(group.gr_mem) <= {user})
