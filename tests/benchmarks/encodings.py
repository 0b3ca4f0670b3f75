"""Our choice of a legacy code page beside chardet's and charset-normalizer's, on the same files.

One file for each code page of 34 languages (`tests.formats.code_page_texts`), of 200 cues and of 5.
The others are not given the language; ours is measured with and without. A file counts as read
where every character is right. chardet is compared where it is installed. Exits with 1 where ours
reads fewer files than another, or one wrongly though its language is given.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from canary_subs.errors import NotSubtitles
from canary_subs.formats.encoding import decode
from tests.formats.code_page_texts import CASES, subrip


def ours(data: bytes, language: str) -> str | None:
    """Without the language."""
    return _decoded(data, None)


def ours_given(data: bytes, language: str) -> str | None:
    """With the language."""
    return _decoded(data, language)


def _decoded(data: bytes, language: str | None) -> str | None:
    try:
        return decode(data, language).text
    except NotSubtitles:
        return None


def charset_normalizer(data: bytes, language: str) -> str | None:
    """As its README shows."""
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    return None if best is None else str(best)


def chardet(data: bytes, language: str) -> str | None:
    """As its documentation shows."""
    from importlib import import_module

    encoding = import_module("chardet").detect(data)["encoding"]
    try:
        return None if encoding is None else data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def main() -> int:
    """Print the table; 1 where a figure of ours falls short."""
    short = False
    for cues in (200, 5):
        files = [(language, page, subrip(language, page, cues)) for language, page in CASES]
        print(f"{len(files)} files of {cues} cues")
        read: dict[str, int] = {}
        tools: dict[str, Callable[[bytes, str], str | None]] = {
            "canary-subs": ours,
            "canary-subs, language given": ours_given,
            "charset-normalizer": charset_normalizer,
            "chardet": chardet,
        }
        for name, tool in tools.items():
            begun = time.perf_counter()
            try:
                wrong = [
                    f"{language} {page}"
                    for language, page, text in files
                    if tool(text.encode(page), language) != text
                ]
            except ModuleNotFoundError:
                print(f"  {name:<28} is not installed")
                continue
            each_ms = (time.perf_counter() - begun) * 1000 / len(files)
            read[name] = len(files) - len(wrong)
            shown = f"; wrong: {', '.join(wrong[:6])}{' ...' if len(wrong) > 6 else ''}"
            print(
                f"  {name:<28} {read[name]:>3} read, {each_ms:4.0f} ms each{shown if wrong else ''}"
            )
        short |= read["canary-subs"] < max(read.values())
        short |= read["canary-subs, language given"] < len(files)
    return int(short)


if __name__ == "__main__":
    sys.exit(main())
