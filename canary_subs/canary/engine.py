"""The Canary engine as configuration sees it: a model's name and how to load it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from canary_subs.canary import models
from canary_subs.errors import DeviceTooSmall
from canary_subs.model import Context, ModelCard
from canary_subs.plugin.hookspecs import Engine, NoOptions, Session


class CanaryEngine(Engine):
    """`hookspecs.Engine` for NVIDIA's Canary models."""

    def __init__(self, options: NoOptions, context: Context) -> None:
        self.model = context.model or models.DEFAULT_MODEL
        models.check(self.model)

    @cached_property
    def card(self) -> models.CanaryCard:
        """What is known about the model. Raises `UnknownName` or `ModelError`."""
        return models.find(self.model)

    def models(self) -> Iterable[ModelCard]:
        """The chosen model, then the others that are known by name."""
        others = (card for card in models.known() if card.name != self.card.name)
        return tuple(card.public for card in (self.card, *others))

    def pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs (spoken, target) that the model knows; (x, x) is transcription."""
        return self.card.pairs

    def fetch(self, context: Context) -> None:
        """Download the model, if it is not on this machine. Raises `ModelError`."""
        models.locate(self.model)

    def open(self, context: Context) -> Session:
        """Load the model, from the hub if it is not on this machine.

        Raises `ModelError`, and its kind `DeviceTooSmall`, and `UnknownName` for a precision.
        """
        from canary_subs._device import device_of
        from canary_subs.canary import load, precision
        from canary_subs.canary.batch import out_of_memory
        from canary_subs.canary.session import CanarySession

        device = device_of(context.device)
        form = precision.choose(context.precision, self.card, device)
        loaded = load.load(models.locate(self.model))
        try:
            return CanarySession(loaded, self.card, device, form)
        except Exception as error:
            if not out_of_memory(error):
                raise
            raise DeviceTooSmall(
                f"{self.card.name} does not fit in the memory that is free on {device}; close what "
                "else uses it, or use --precision int8, a smaller model, or --device cpu"
            ) from error
