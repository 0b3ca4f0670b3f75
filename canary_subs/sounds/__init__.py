"""What is heard besides speech: models that name sounds, for SDH subtitles.

Importing this package costs nothing; torch and transformers come in when sounds are named.
"""

from __future__ import annotations

from collections.abc import Iterable

from canary_subs.plugin.hookspecs import Provider, Tagger, hookimpl
from canary_subs.sounds.tagger import AudioSetOptions, AudioSetTagger


@hookimpl
def canary_subs_taggers() -> Iterable[Provider[Tagger]]:
    return [
        Provider(
            name="audioset",
            summary="sounds by an Audio Spectrogram Transformer trained on AudioSet",
            make=AudioSetTagger,
            options=AudioSetOptions,
        )
    ]
