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
    folders. Case is ignored. A folder's own file may hold any glob: the time that this takes is
    proportional to the path's length times that of the globs, whatever they are.
    """
    path = below.lower()
    name = path.rpartition("/")[2]
    for automaton, subject in zip(_automata(globs), (name, path), strict=True):
        if (glob := automaton.first_match(subject)) is not None:
            return glob
    return None


def excluded(below: str, globs: tuple[str, ...]) -> str | None:
    """Return the glob that excludes a path or one of its folders, or None."""
    while globs and below:
        if (glob := matches(below, globs)) is not None:
            return glob
        below = below.rpartition("/")[0]
    return None


#: The tokens of a glob, longest first.
_TOKENS = re.compile(r"\*\*/?|\*|\?|\[!?[^\]/]+\]|.", re.DOTALL)
#: Two wildcards in a row that mean the same as one.
_MERGED = {
    ("*", "*"): "*", ("*", "**"): "**", ("**", "*"): "**", ("**", "**"): "**",
    ("**", "**/"): "**", ("**/", "**/"): "**/", ("**/", "*"): "**", ("**/", "**"): "**",
}  # fmt: skip
#: Characters whose transitions an automaton remembers.
_REMEMBERED = 256


@lru_cache(maxsize=64)
def _automata(globs: tuple[str, ...]) -> tuple[_Automaton, _Automaton]:
    """Return an automaton for the globs of names and one for those of paths."""
    return (
        _Automaton(tuple(glob for glob in globs if "/" not in glob)),
        _Automaton(tuple(glob for glob in globs if "/" in glob)),
    )


class _Automaton:
    """All globs of a list, followed at once: bit n of a state is a position in one of them.

    Each token takes one position, "**/" two: at the first it may be skipped, and in the second it
    stays until a "/". The position after a glob's last token accepts.
    """

    def __init__(self, globs: tuple[str, ...]) -> None:
        self._start = 0
        #: Positions that may be skipped, by one and by two positions.
        self._skip, self._skip_two = 0, 0
        #: Positions that stay at any character, and at any but "/".
        self._stay, self._stay_in_name = 0, 0
        #: Positions that any character but "/" leads on from.
        self._any = 0
        self._characters: dict[str, int] = {}
        self._sets: list[tuple[int, tuple[tuple[str, str], ...], bool]] = []
        #: Accepting position -> its glob.
        self._accepts: dict[int, str] = {}
        self._remembered: dict[str, int] = {}
        at = 0
        for glob in globs:
            self._start |= 1 << at
            for token in _tokens(glob):
                at = self._add(token, at)
            self._accepts[1 << at] = glob
            at += 1
        self._accepting = sum(self._accepts)

    def first_match(self, subject: str) -> str | None:
        """Return the first glob that matches all of a lower-case text, or None."""
        state = self._skipped(self._start)
        for character in subject:
            stay = self._stay if character == "/" else self._stay | self._stay_in_name
            state = self._skipped(((state & self._leads_on(character)) << 1) | (state & stay))
            if not state:
                return None
        accepted = state & self._accepting
        return self._accepts[accepted & -accepted] if accepted else None

    def _add(self, token: str, at: int) -> int:
        """Add a token at a position; return the position after it."""
        bit = 1 << at
        match token:
            case "**/":
                self._skip |= bit
                self._skip_two |= bit
                self._stay |= bit << 1
                self._characters["/"] = self._characters.get("/", 0) | bit << 1
                return at + 2
            case "**":
                self._skip |= bit
                self._stay |= bit
            case "*":
                self._skip |= bit
                self._stay_in_name |= bit
            case "?":
                self._any |= bit
            case _ if len(token) > 1:
                ranges, negated = _set(token)
                self._sets.append((bit, ranges, negated))
            case _:
                self._characters[token] = self._characters.get(token, 0) | bit
        return at + 1

    def _skipped(self, state: int) -> int:
        """Add the positions that are reached without a character; merged wildcards need two steps.

        The second position of "**/" is entered by its own skip, and does not skip itself.
        """
        for _ in range(2):
            state |= (state & self._skip) << 1 | (state & self._skip_two) << 2
        return state

    def _leads_on(self, character: str) -> int:
        """Return the positions that a character leads on from."""
        found = self._remembered.get(character)
        if found is None:
            found = self._characters.get(character, 0)
            if character != "/":
                found |= self._any
                for bit, ranges, negated in self._sets:
                    if any(low <= character <= high for low, high in ranges) != negated:
                        found |= bit
            if len(self._remembered) < _REMEMBERED:
                self._remembered[character] = found
        return found


def _tokens(glob: str) -> list[str]:
    """Return the tokens of a glob, wildcards in a row merged; a wrong set stands for itself."""
    glob = glob.lower().lstrip("/")
    tokens: list[str] = []
    for token in _TOKENS.findall(glob):
        if len(token) > 1 and token[0] == "[" and any(low > high for low, high in _set(token)[0]):
            return list(glob)  # a set such as [z-a]
        tokens.append(token)
        while len(tokens) > 1 and (merged := _MERGED.get((tokens[-2], tokens[-1]))) is not None:
            tokens[-2:] = [merged]
    return tokens


def _set(token: str) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Return the ranges of a set, "[a-cx]", and whether it is negated."""
    characters, negated = token[1:-1], token[1] == "!" and len(token) > 3
    characters = characters[1:] if negated else characters
    ranges, at = [], 0
    while at < len(characters):
        last = at + 2 if characters[at + 1 : at + 2] == "-" and at + 2 < len(characters) else at
        ranges.append((characters[at], characters[last]))
        at = last + 1
    return tuple(ranges), negated
