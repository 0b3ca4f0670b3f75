"""OpenAI's Whisper as an engine: a plugin for canary-subs."""

from __future__ import annotations

from collections.abc import Iterable

from canary_subs import Engine, Provider, hookimpl
from canary_subs_whisper.engine import WhisperEngine
from canary_subs_whisper.options import WhisperOptions, WhisperRequestOptions

__all__ = ["WhisperEngine", "WhisperOptions", "WhisperRequestOptions"]


@hookimpl
def canary_subs_engines() -> Iterable[Provider[Engine]]:
    return [
        Provider(
            name="whisper",
            summary="OpenAI's Whisper: 99 languages, translations into English, word times",
            make=WhisperEngine,
            options=WhisperOptions,
            request_options=WhisperRequestOptions,
        )
    ]
