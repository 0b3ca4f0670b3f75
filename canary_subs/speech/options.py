"""Options of the speech detectors and of cutting at pauses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CutOptions:
    """How speech is cut into segments; the engine's own limit applies as well."""

    #: Segments grow up to this length if pauses allow; longer ones give the engine more context.
    target_ms: int = 24_000
    #: A pause this long always ends a segment.
    long_pause_ms: int = 2_000
    #: A pause this long may end a segment that is long enough.
    short_pause_ms: int = 160
    #: Silence kept before and after the speech of a segment, as far as there is any.
    padding_ms: int = 200
    #: Anything shorter than this is not speech.
    min_speech_ms: int = 120

    def __post_init__(self) -> None:
        if self.target_ms < 1_000:
            raise ValueError("target_ms must be at least 1000")
        if min(self.short_pause_ms, self.padding_ms, self.min_speech_ms) < 0:
            raise ValueError("short_pause_ms, padding_ms and min_speech_ms cannot be negative")
        if self.long_pause_ms < self.short_pause_ms:
            raise ValueError("long_pause_ms cannot be shorter than short_pause_ms")


@dataclass(frozen=True, kw_only=True)
class SileroOptions(CutOptions):
    """The options of "silero"."""

    #: Probability (0..1) from which the network's answer counts as speech.
    threshold: float = 0.4


@dataclass(frozen=True, kw_only=True)
class WebrtcOptions(CutOptions):
    """The options of "webrtc"."""

    #: How readily sound is rejected as not being speech: 0 (least) to 3.
    mode: int = 3
