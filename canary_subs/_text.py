"""Text for messages: printable whatever a file name holds, and hints for misspelt names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import PurePath


def printable(text: str | PurePath) -> str:
    r"""A text or path on one line, fit for a terminal, a log or a message.

    Control characters, line ends, direction marks and undecodable bytes are escaped as in a Python
    string: ``"a\nb"`` becomes ``"a\\nb"``. Valid UTF-8 whatever a file name held.
    """
    valid = str(text).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in valid)


def quoted(text: str, limit: int = 40) -> str:
    """The first ``limit`` characters in quotes, printable; in ASCII if ``text`` is not."""
    return repr(text[:limit]) if text.isprintable() else ascii(text[:limit])


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` is probably a misspelling of, in any letter case, or None."""
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name: ``"did you mean 'srt'?"``, else ``"there are: ass, srt"``."""
    names = sorted(known)
    near = nearest_name(name, names)
    return f"did you mean {near!r}?" if near else f"there are: {', '.join(names)}"
