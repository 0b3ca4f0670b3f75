"""The page's own files, joined into a single one."""

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

#: The page's scripts, each after the ones it imports.
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
    imports nor exports, which a page opened from a disk could not resolve.
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
    """Style sheets of ``web/``, concatenated."""
    return "\n".join(text(name) for name in names)


def source_hash(content: str) -> str:
    """The source expression that allows a script or style in a content security policy."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def policy(directives: Iterable[tuple[str, str]]) -> str:
    """A content security policy that allows only what is listed."""
    allowed = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(f"{name} {value}" for name, value in (allowed | dict(directives)).items())


def escaped(value: str) -> str:
    """Text as HTML, even if it is not valid Unicode (file names)."""
    return html.escape(value.encode("utf-8", "replace").decode())


def data_block(value: object) -> str:
    """A value as JSON that no HTML parser can mistake for markup."""
    encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        encoded = encoded.replace(character, f"\\u{ord(character):04x}")
    # Lone surrogates, which stand for bytes of file names that are not UTF-8.
    return encoded.encode("utf-8", "backslashreplace").decode()


def link(path: PurePath) -> str:
    """The relative URL of a file, as seen from the page.

    Raises `ValueError` for an absolute path, which would be wrong on any other machine.
    """
    if path.is_absolute() or path.drive:
        raise ValueError(f"{path} is not a relative path: a page and its files move together")
    return "./" + quote_from_bytes(path.as_posix().encode("utf-8", "surrogateescape"), safe="/")
