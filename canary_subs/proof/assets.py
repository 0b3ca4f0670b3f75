"""The page's own files, joined into one that needs no other."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import PurePath
from urllib.parse import quote_from_bytes

#: The page's scripts, each after those that it imports.
_MODULES = (
    "text",
    "time",
    "check",
    "formats",
    "store",
    "list",
    "player",
    "paint",
    "timeline",
    "editor",
    "panels",
    "keys",
    "main",
)
_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


@cache
def text(name: str) -> str:
    """A file of ``web/``."""
    return (files(__package__) / "web" / name).read_text("utf-8")


@cache
def script(modules: tuple[str, ...] = _MODULES) -> str:
    """The page's scripts, or some of them, as one ES module.

    The files are modules that editors and linters understand; in one scope they need neither
    imports nor exports, which a page from a disk could not resolve.
    """
    parts = [_EXPORT.sub("", _IMPORT.sub("", text(f"{name}.js"))) for name in modules]
    return "\n".join(parts)


@cache
def wavesurfer() -> str:
    """The waveform library with its licence, as a classic script that sets ``WaveSurfer``."""
    vendor = files(__package__) / "vendor"
    licence = (vendor / "wavesurfer.LICENSE").read_text("utf-8")
    library = (vendor / "wavesurfer.min.js").read_text("utf-8")
    return f"/*! wavesurfer.js\n{licence}*/\n{library}"


def style(*names: str) -> str:
    """Style sheets of ``web/``, one after the other."""
    return "\n".join(text(name) for name in names)


def source_hash(content: str) -> str:
    """What a content security policy calls a script or style that may be used."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def policy(directives: Iterable[tuple[str, str]]) -> str:
    """A content security policy that allows nothing but what is listed."""
    allowed = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(f"{name} {value}" for name, value in (allowed | dict(directives)).items())


def escaped(words: str) -> str:
    """Text as HTML, also where it is no Unicode (file names)."""
    return html.escape(words.encode("utf-8", "replace").decode())


def data_block(value: object) -> str:
    """A value as JSON that no HTML parser takes for anything else."""
    encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        encoded = encoded.replace(character, f"\\u{ord(character):04x}")
    # Half of a surrogate pair, as file names hold for bytes that are no UTF-8.
    return encoded.encode("utf-8", "backslashreplace").decode()


def link(path: PurePath) -> str:
    """The way to a file beside the page, as a relative URL.

    Raises `ValueError` for an absolute path, which would name another machine's disk.
    """
    if path.is_absolute() or path.drive:
        raise ValueError(f"{path} is no relative path: a page and its files move together")
    return "./" + quote_from_bytes(path.as_posix().encode("utf-8", "surrogateescape"), safe="/")
