"""What a user can set: how each request is decoded."""

from __future__ import annotations

from dataclasses import dataclass

#: Wider beams find no better texts, and take as many times the memory.
_MAX_BEAM = 16


@dataclass(frozen=True, kw_only=True)
class CanaryRequestOptions:
    """How a request is decoded; one loaded model serves requests of any of these."""

    #: Whether texts have punctuation and capitals; models that always punctuate do.
    punctuation: bool = True
    #: How many texts compete while decoding; 1 takes the likeliest token each time.
    beam: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.beam <= _MAX_BEAM:
            raise ValueError(f"beam must be 1 to {_MAX_BEAM}, not {self.beam}")
