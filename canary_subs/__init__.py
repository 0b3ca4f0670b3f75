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
        ConfigError,
        DamagedMedia,
        DeviceTooSmall,
        LanguageUncertain,
        MediaError,
        ModelError,
        ModelUnavailable,
        NoAudio,
        NotMedia,
        NotSubtitles,
        OutputError,
        PluginError,
        PluginUnusable,
        StoreError,
        Temporary,
        UnknownName,
        UnsupportedPair,
        UsageError,
    )
    from canary_subs.formats.reading import read
    from canary_subs.model import (
        SAMPLE_RATE_HZ,
        AudioClip,
        AudioTrack,
        Choice,
        Context,
        Cue,
        Damage,
        Document,
        Finding,
        Flag,
        Job,
        JobState,
        MediaInfo,
        ModelCard,
        Plan,
        Profile,
        Rendered,
        Request,
        Skip,
        Sound,
        Span,
        Stage,
        Subtitles,
        SubtitleTrack,
        Timing,
        Track,
        TrackKind,
        Transcript,
        Utterance,
        Word,
    )
    from canary_subs.pipeline.task import (
        Outcome,
    )
    from canary_subs.plugin.hookspecs import (
        Aligner,
        Check,
        CheckRequest,
        Command,
        Delivery,
        Engine,
        Layout,
        LayoutRequest,
        NoOptions,
        Provider,
        Reader,
        ReadHints,
        Segmenter,
        Service,
        Session,
        Source,
        Tagger,
        Writer,
        hookimpl,
    )

__version__ = "0.2.0.dev0"

_MODULES = {
    "api": """
        Subtitler listen subtitle write
    """,
    "errors": """
        Cancelled CanarySubsError ConfigError DamagedMedia DeviceTooSmall LanguageUncertain
        MediaError ModelError ModelUnavailable NoAudio NotMedia NotSubtitles OutputError
        PluginError PluginUnusable StoreError Temporary UnknownName UnsupportedPair UsageError
    """,
    "formats.reading": """
        read
    """,
    "model": """
        AudioClip AudioTrack Choice Context Cue Damage Document Finding Flag Job JobState
        MediaInfo ModelCard Plan Profile Rendered Request SAMPLE_RATE_HZ Skip Sound Span
        Stage Subtitles SubtitleTrack Timing Track TrackKind Transcript Utterance Word
    """,
    "pipeline.task": """
        Outcome
    """,
    "plugin.hookspecs": """
        Aligner Check CheckRequest Command Delivery Engine Layout LayoutRequest NoOptions
        Provider Reader ReadHints Segmenter Service Session Source Tagger Writer hookimpl
    """,
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = [
    "SAMPLE_RATE_HZ",
    "Aligner",
    "AudioClip",
    "AudioTrack",
    "CanarySubsError",
    "Cancelled",
    "Check",
    "CheckRequest",
    "Choice",
    "Command",
    "ConfigError",
    "Context",
    "Cue",
    "Damage",
    "DamagedMedia",
    "Delivery",
    "DeviceTooSmall",
    "Document",
    "Engine",
    "Finding",
    "Flag",
    "Job",
    "JobState",
    "LanguageUncertain",
    "Layout",
    "LayoutRequest",
    "MediaError",
    "MediaInfo",
    "ModelCard",
    "ModelError",
    "ModelUnavailable",
    "NoAudio",
    "NoOptions",
    "NotMedia",
    "NotSubtitles",
    "Outcome",
    "OutputError",
    "Plan",
    "PluginError",
    "PluginUnusable",
    "Profile",
    "Provider",
    "ReadHints",
    "Reader",
    "Rendered",
    "Request",
    "Segmenter",
    "Service",
    "Session",
    "Skip",
    "Sound",
    "Source",
    "Span",
    "Stage",
    "StoreError",
    "SubtitleTrack",
    "Subtitler",
    "Subtitles",
    "Tagger",
    "Temporary",
    "Timing",
    "Track",
    "TrackKind",
    "Transcript",
    "UnknownName",
    "UnsupportedPair",
    "UsageError",
    "Utterance",
    "Word",
    "Writer",
    "__version__",
    "hookimpl",
    "listen",
    "read",
    "subtitle",
    "write",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
