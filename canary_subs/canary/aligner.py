"""Word times from a separate CTC model, for texts of any engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from canary_subs.errors import PluginUnusable
from canary_subs.model import AudioClip, Context, Timing, Utterance, primary

if TYPE_CHECKING:
    from canary_subs.canary.align import CtcAligner
    from canary_subs.canary.encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class CtcOptions:
    """Which CTC model times words, and of which languages."""

    #: The `.nemo` file of a CTC model with a tokenizer, such as a parakeet-ctc.
    model: str = ""
    #: The languages that it knows; texts in others are left as they are. Empty: all.
    languages: tuple[str, ...] = ()


class CtcWordTimer:
    """`hookspecs.Aligner` that times words with a CTC model."""

    def __init__(self, options: CtcOptions, context: Context) -> None:
        if not options.model:
            raise PluginUnusable(
                "the ctc aligner needs a model: set its option model to the .nemo file of a CTC "
                "model for the language that is spoken"
            )
        self._options = options
        self._device = context.device

    def align(self, clip: AudioClip, utterance: Utterance) -> Utterance:
        """The same utterance with its words timed on the clip.

        Translations stay as they are, since their words were not said, and so do texts in
        languages that the model does not know or that do not fit into the clip. Raises
        `ModelError`.
        """
        from canary_subs.canary import align

        known = {primary(language) for language in self._options.languages}
        language = primary(utterance.language)
        if (
            not utterance.words
            or utterance.timing is Timing.SOURCE
            or (known and language not in known)
        ):
            return utterance
        encoder, aligner = self._model
        encoded, lengths = encoder.encode([clip.samples])  # (1, T, C)
        texts = [word.text for word in utterance.words]
        times = aligner.align(encoded, lengths, [texts], [language])[0]
        if times is None:
            return utterance
        span, frame_ms = clip.span, aligner.frame_ms
        times_ms = [(span.start_ms + a * frame_ms, span.start_ms + b * frame_ms) for a, b in times]
        words = tuple(
            replace(word, start_ms=start, end_ms=end)
            for word, (start, end) in zip(
                utterance.words, align.settle(times_ms, span), strict=True
            )
        )
        return replace(utterance, words=words, timing=Timing.CTC)

    @cached_property
    def _model(self) -> tuple[Encoder, CtcAligner]:
        from canary_subs._device import device_of
        from canary_subs.canary import align, load
        from canary_subs.canary.encoder import Encoder

        device = device_of(self._device)
        model = load.load_ctc(Path(self._options.model))
        return Encoder(model, "fp32", device), align.CtcAligner(model, device)
