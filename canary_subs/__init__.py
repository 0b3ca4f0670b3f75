"""Subtitles in every language you ask for, made from a video's sound.

The public names are imported when they are first used, so that importing this costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from canary_subs.api import Subtitler, listen, subtitle, write
    from canary_subs.errors import (
        CanarySubsError,
        Cancelled,
        LanguageUncertain,
        MediaError,
        ModelError,
        OutputError,
        PluginError,
        PluginUnusable,
        Temporary,
        UnsupportedPair,
        UsageError,
    )
    from canary_subs.model import (
        Choice,
        Context,
        Cue,
        Document,
        Finding,
        MediaInfo,
        ModelCard,
        Plan,
        Rendered,
        Request,
        Skip,
        Span,
        Stage,
        Subtitles,
        Timing,
        Track,
        TrackKind,
        Transcript,
        Utterance,
        Word,
    )
    from canary_subs.plugin.hookspecs import (
        CheckRequest,
        Command,
        Engine,
        LayoutRequest,
        Provider,
        ReadHints,
        Session,
        hookimpl,
    )

__version__ = "0.2.0.dev0"

_MODULES = {
    "api": "Subtitler listen subtitle write",
    "errors": "Cancelled CanarySubsError LanguageUncertain MediaError ModelError OutputError "
    "PluginError PluginUnusable Temporary UnsupportedPair UsageError",
    "model": "Choice Context Cue Document Finding MediaInfo ModelCard Plan Rendered Request Skip "
    "Span Stage Subtitles Timing Track TrackKind Transcript Utterance Word",
    "plugin.hookspecs": "CheckRequest Command Engine LayoutRequest Provider ReadHints Session "
    "hookimpl",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = [
    "CanarySubsError",
    "Cancelled",
    "CheckRequest",
    "Choice",
    "Command",
    "Context",
    "Cue",
    "Document",
    "Engine",
    "Finding",
    "LanguageUncertain",
    "LayoutRequest",
    "MediaError",
    "MediaInfo",
    "ModelCard",
    "ModelError",
    "OutputError",
    "Plan",
    "PluginError",
    "PluginUnusable",
    "Provider",
    "ReadHints",
    "Rendered",
    "Request",
    "Session",
    "Skip",
    "Span",
    "Stage",
    "Subtitler",
    "Subtitles",
    "Temporary",
    "Timing",
    "Track",
    "TrackKind",
    "Transcript",
    "UnsupportedPair",
    "UsageError",
    "Utterance",
    "Word",
    "__version__",
    "hookimpl",
    "listen",
    "subtitle",
    "write",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
