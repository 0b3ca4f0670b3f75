"""Sound becomes pieces: where somebody speaks, cut at pauses."""

from __future__ import annotations

from canary_subs.plugin.hookspecs import Provider, Segmenter, hookimpl
from canary_subs.speech.options import SileroOptions, WebrtcOptions


def _silero(options: SileroOptions) -> Segmenter:
    from canary_subs.speech.regions import SpeechCutter
    from canary_subs.speech.silero import Silero

    return SpeechCutter(Silero, options, threshold=options.threshold)


def _webrtc(options: WebrtcOptions) -> Segmenter:
    from canary_subs.speech.regions import SpeechCutter
    from canary_subs.speech.webrtc import Webrtc

    return SpeechCutter(lambda: Webrtc(options.mode), options)


@hookimpl
def canary_subs_segmenters() -> list[Provider[Segmenter]]:
    return [
        Provider(
            name="silero",
            summary="a small neural network that tells speech from music and noise",
            make=_silero,
            options=SileroOptions,
        ),
        Provider(
            name="webrtc",
            summary="very fast, for clean recordings; takes music for speech",
            make=_webrtc,
            options=WebrtcOptions,
        ),
    ]
