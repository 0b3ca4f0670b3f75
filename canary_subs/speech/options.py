"""What can be set about finding speech and cutting it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CutOptions:
    """How speech is cut into pieces; the recogniser's own limit comes on top."""

    #: Pieces grow up to this length where pauses allow; longer ones know more of the context.
    target_ms: int = 24_000
    #: A pause this long always ends a piece.
    long_pause_ms: int = 2_000
    #: A pause this long may end a piece that has grown long enough.
    short_pause_ms: int = 160
    #: Silence that a piece keeps before and after its speech, where there is any.
    padding_ms: int = 200
    #: Sound shorter than this is no speech.
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

    #: Speech begins where the network is at least this sure (0..1).
    threshold: float = 0.4


@dataclass(frozen=True, kw_only=True)
class WebrtcOptions(CutOptions):
    """The options of "webrtc"."""

    #: How readily it dismisses sound: 0 (least) to 3.
    mode: int = 3
