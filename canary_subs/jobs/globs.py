"""Which names in a folder to take: by globs, and by what temporary files are called."""

from __future__ import annotations

import re
from functools import lru_cache

#: Endings of files that a program has not finished.
TEMPORARY = (
    ".!bt", ".!qb", ".!sync", ".!ut", ".aria2", ".bc!", ".crdownload", ".dctmp", ".download",
    ".dtapart", ".fdmdownload", ".filepart", ".jc!", ".opdownload", ".part", ".partial",
    ".progress", ".rsync", ".td", ".temp", ".tmp", ".unconfirmed", ".xlx", ".ytdl", "~",
)  # fmt: skip

#: Folders of operating systems and NAS devices; those that begin with a dot are ignored anyway.
_SYSTEM_FOLDERS = frozenset(
    {"$recycle.bin", "@eadir", "#recycle", "#snapshot", "lost+found", "system volume information"}
)


def temporary(name: str) -> str | None:
    """Return why a name is that of an unfinished or hidden file; None if it is not."""
    if name.startswith("."):
        return "names that begin with a dot are hidden"
    if name.startswith("~"):
        return "names that begin with '~' are temporary"
    lower = name.lower()
    for ending in TEMPORARY:
        if lower.endswith(ending):
            return f"names that end with {ending!r} are unfinished"
    return None


def private_folder(name: str) -> bool:
    """Whether a folder of that name belongs to the system or is hidden."""
    return name.startswith(".") or name.lower() in _SYSTEM_FOLDERS


def matches(below: str, globs: tuple[str, ...]) -> str | None:
    """Return the first glob that matches a path below the watched folder, or None.

    A glob without '/' is compared with the name, one with '/' with the path; '**' stands for any
    folders. Case is ignored.
    """
    path = below.lower()
    name = path.rpartition("/")[2]
    for pattern, originals in _patterns(globs):
        found = pattern.fullmatch(path if originals[0].count("/") else name)
        if found is not None:
            return originals[found.lastindex - 1] if found.lastindex else originals[0]
    return None


def excluded(below: str, globs: tuple[str, ...]) -> str | None:
    """Return the glob that excludes a path or one of its folders, or None."""
    while globs and below:
        if (glob := matches(below, globs)) is not None:
            return glob
        below = below.rpartition("/")[0]
    return None


#: The tokens of a glob, longest first.
_TOKENS = re.compile(
    r"(?P<any>\*\*/?)|\*|\?|\[(?P<not>!?)(?P<set>[^\]/]+)\]|(?P<plain>.)", re.DOTALL
)


@lru_cache(maxsize=1000)
def _patterns(globs: tuple[str, ...]) -> list[tuple[re.Pattern[str], tuple[str, ...]]]:
    """Return a pattern for all globs of names and one for all of paths, with a group per glob."""
    kinds = ([g for g in globs if "/" not in g], [g for g in globs if "/" in g])
    return [
        (re.compile("|".join(f"({_translated(glob)})" for glob in kind), re.DOTALL), tuple(kind))
        for kind in kinds
        if kind
    ]


def _translated(glob: str) -> str:
    def token(found: re.Match[str]) -> str:
        if found["plain"]:
            return re.escape(found["plain"])
        if found["any"]:
            return "(?:.*/)?" if found["any"].endswith("/") else ".*"
        if found["set"]:
            # In a glob, ranges have a meaning; backslashes and nested sets do not.
            characters = re.sub(r"([\\\[^&|~])", r"\\\1", found["set"])
            return f"[{'^/' if found['not'] else ''}{characters}]"
        return "[^/]*" if found[0] == "*" else "[^/]"

    glob = glob.lower().lstrip("/")
    pattern = _TOKENS.sub(token, glob)
    try:
        re.compile(pattern)
    except re.error:  # a set such as [z-a]
        return re.escape(glob)
    return pattern
