"""The options of the engine and of its requests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WhisperOptions:
    """What a model is loaded with."""

    #: CPU threads; 0: as many as CTranslate2 thinks best, which obeys OMP_NUM_THREADS.
    threads: int = 0
    #: Segments of several videos that are decoded at once.
    batch: int = 8

    def __post_init__(self) -> None:
        if self.threads < 0:
            raise ValueError("threads cannot be negative")
        if self.batch < 1:
            raise ValueError("batch must be at least 1")


@dataclass(frozen=True, kw_only=True)
class WhisperRequestOptions:
    """How a text is searched, and when it is not believed."""

    #: Texts that compete in the search; 1 is faster and less accurate.
    beam: int = 5
    #: Whether a segment is decoded with the text before it in the same video.
    context: bool = True
    #: A text that is not believed is decoded again with each of these in turn.
    temperatures: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8, 1.0)
    #: Texts that are drawn at each of the temperatures.
    best_of: int = 5
    #: A text that zlib shrinks by more than this repeats itself.
    max_compression: float = 2.4
    #: A text with a lower mean log probability a token is not believed.
    min_log_prob: float = -1.0
    #: A text that is not believed, where silence is likelier than this, is no speech.
    max_no_speech: float = 0.6

    def __post_init__(self) -> None:
        if min(self.beam, self.best_of) < 1:
            raise ValueError("beam and best_of must be at least 1")
        if not all(0 < temperature <= 2 for temperature in self.temperatures):
            raise ValueError("temperatures lie between 0 and 2")
