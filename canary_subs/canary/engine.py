"""The Canary engine as configuration sees it: a model's name and how to use it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from canary_subs.canary import models
from canary_subs.errors import DeviceTooSmall, PluginUnusable
from canary_subs.plugin.hookspecs import Session

#: Wider beams find no better texts, and take as many times the memory.
_MAX_BEAM = 16


@dataclass(frozen=True, kw_only=True)
class CanaryOptions:
    """Which Canary, and how."""

    #: A name that `canary-subs models` lists, a hub name, or the path of a `.nemo` file.
    model: str = models.DEFAULT_MODEL
    #: Whether texts have punctuation and capitals; models that always punctuate do.
    punctuation: bool = True
    #: Texts that are weighed against each other while decoding; 1 takes the likeliest token.
    beam: int = 1
    #: Whether the results are for commercial use, which some models' licences forbid.
    commercial: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.beam <= _MAX_BEAM:
            raise ValueError(f"beam must be 1 to {_MAX_BEAM}, not {self.beam}")


class CanaryEngine:
    """`hookspecs.Engine` for NVIDIA's Canary models."""

    def __init__(self, options: CanaryOptions) -> None:
        models.check(options.model)
        self.model = options.model
        self._options = options
        if options.commercial and not self.card.commercial:
            free = ", ".join(card.name for card in models.known() if card.commercial)
            raise PluginUnusable(
                f"the licence of {self.card.name} ({self.card.licence}) does not allow commercial "
                f"use; these do: {free}"
            )

    @cached_property
    def card(self) -> models.ModelCard:
        """What is known about the model. Raises `UnknownName` or `ModelError`."""
        return models.find(self.model)

    def pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs (spoken, written) that the model knows; (x, x) is transcription."""
        return self.card.pairs

    def refuse(self, source: str, target: str) -> str | None:
        """Why the model cannot do this pair, and which model can; None where it can."""
        return models.refusal(self.card, source, target)

    def open(self, device: str, precision: str) -> Session:
        """Load the model, from the hub where it must be.

        Raises `ModelError`, and its kind `DeviceTooSmall`, and `UnknownName` for a precision.
        """
        from canary_subs.canary import load
        from canary_subs.canary import precision as formats
        from canary_subs.canary.batch import out_of_memory
        from canary_subs.canary.session import CanarySession

        card = self.card
        where = formats.device_of(device)
        form = formats.choose(precision, card, where)
        loaded = load.load(models.locate(self.model))
        try:
            return CanarySession(
                loaded,
                card,
                where,
                form,
                punctuation=self._options.punctuation,
                beam=self._options.beam,
            )
        except Exception as error:
            if not out_of_memory(error):
                raise
            raise DeviceTooSmall(
                f"{card.name} does not fit in the memory that is free on {where}; close what else "
                "uses it, or use --precision int8, a smaller model, or --device cpu"
            ) from error
