"""Voice activity detection: segments of speech, cut at pauses."""

from __future__ import annotations

from dataclasses import replace

from canary_subs.model import Context
from canary_subs.plugin.hookspecs import Provider, Segmenter, hookimpl
from canary_subs.speech.options import CutOptions, SileroOptions, WebrtcOptions

#: Where each line may be in another language, segments end at every pause between speakers.
_SHORT_TARGET_MS, _SHORT_PAUSE_MS = 6_000, 400


def cutting(options: CutOptions, context: Context) -> CutOptions:
    """How to cut, in shorter segments where the context wants them."""
    if not context.short_segments:
        return options
    return replace(
        options,
        target_ms=min(options.target_ms, _SHORT_TARGET_MS),
        long_pause_ms=max(min(options.long_pause_ms, _SHORT_PAUSE_MS), options.short_pause_ms),
    )


def _silero(options: SileroOptions, context: Context) -> Segmenter:
    from canary_subs.speech.regions import SpeechCutter
    from canary_subs.speech.silero import Silero

    return SpeechCutter(Silero, cutting(options, context), threshold=options.threshold)


def _webrtc(options: WebrtcOptions, context: Context) -> Segmenter:
    from canary_subs.speech.regions import SpeechCutter
    from canary_subs.speech.webrtc import Webrtc

    return SpeechCutter(lambda: Webrtc(options.mode), cutting(options, context))


@hookimpl
def canary_subs_segmenters() -> list[Provider[Segmenter]]:
    return [
        Provider(
            name="silero",
            summary="a small neural network that separates speech from music and noise",
            make=_silero,
            options=SileroOptions,
        ),
        Provider(
            name="webrtc",
            summary="very fast, for clean recordings; mistakes music for speech",
            make=_webrtc,
            options=WebrtcOptions,
        ),
    ]
