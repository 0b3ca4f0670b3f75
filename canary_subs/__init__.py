"""Subtitles in every language that was asked for, beside every video that lands in a folder.

The public names are imported when they are first used, so that importing this costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from canary_subs.api import listen, subtitle
    from canary_subs.plugin.hookspecs import Provider, hookimpl

__version__ = "0.1.0"

__all__ = ["Provider", "__version__", "hookimpl", "listen", "subtitle"]

_HOMES = {
    "Provider": "canary_subs.plugin.hookspecs",
    "hookimpl": "canary_subs.plugin.hookspecs",
    "listen": "canary_subs.api",
    "subtitle": "canary_subs.api",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
