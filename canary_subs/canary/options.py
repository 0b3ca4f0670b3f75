"""What a user can set: which Canary to load, and how each request is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from canary_subs.canary.models import DEFAULT_MODEL

#: Wider beams find no better texts, and take as many times the memory.
_MAX_BEAM = 16


@dataclass(frozen=True, kw_only=True)
class CanaryOptions:
    """Which model to load."""

    #: A name that `canary-subs models` lists, a hub name, or the path of a `.nemo` file.
    model: str = DEFAULT_MODEL
    #: Whether the results are for commercial use, which some models' licences forbid.
    commercial: bool = False


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
