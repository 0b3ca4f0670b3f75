"""Sound events besides speech, for SDH subtitles.

Importing this package is cheap; torch and transformers are imported when sounds are tagged.
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
            summary="sound events by an Audio Spectrogram Transformer trained on AudioSet",
            make=AudioSetTagger,
            options=AudioSetOptions,
        )
    ]
