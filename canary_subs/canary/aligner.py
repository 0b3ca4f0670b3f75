"""Word times from a CTC model of its own file, for texts of any engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from canary_subs.errors import PluginUnusable
from canary_subs.model import AudioClip, Span, Timing, Utterance
from canary_subs.naming import primary
from canary_subs.time import samples_to_ms

if TYPE_CHECKING:
    from canary_subs.canary.align import CtcAligner
    from canary_subs.canary.encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class CtcOptions:
    """Which CTC model times words, of which languages, and where it runs."""

    #: The `.nemo` file of a CTC model with a tokenizer, such as a parakeet-ctc.
    model: str = ""
    #: The languages that it knows; those of other texts are left as they are. Empty: all.
    languages: tuple[str, ...] = ()
    device: str = "auto"


class CtcWordTimer:
    """`hookspecs.Aligner` that finds words with a CTC model."""

    def __init__(self, options: CtcOptions) -> None:
        if not options.model:
            raise PluginUnusable(
                "the ctc aligner needs a model: set its option model to the .nemo file of a CTC "
                "model for the language that is spoken"
            )
        self._options = options

    def align(self, clip: AudioClip, utterance: Utterance) -> Utterance:
        """The same utterance with words timed on the clip.

        Translations are left as they are, as nobody says their words, and so are texts in other
        languages and those that do not fit into the sound. Raises `ModelError`.
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
        hearing, aligner = self._model
        encoded, lengths = hearing.encode([clip.samples])
        texts = [word.text for word in utterance.words]
        times = aligner.align(encoded, lengths, [texts], [language])[0]
        if times is None:
            return utterance
        span = Span(
            start_ms=samples_to_ms(clip.start_samples, clip.sample_rate_hz),
            end_ms=samples_to_ms(clip.end_samples, clip.sample_rate_hz),
        )
        frame_ms = aligner.frame_ms
        film = [(span.start_ms + a * frame_ms, span.start_ms + b * frame_ms) for a, b in times]
        words = tuple(
            replace(word, start_ms=start, end_ms=end)
            for word, (start, end) in zip(utterance.words, align.settle(film, span), strict=True)
        )
        return replace(utterance, words=words, timing=Timing.CTC)

    @cached_property
    def _model(self) -> tuple[Encoder, CtcAligner]:
        from canary_subs.canary import align, load, precision
        from canary_subs.canary.encoder import Encoder

        device = precision.device_of(self._options.device)
        model = load.load_ctc(Path(self._options.model))
        return Encoder(model, "fp32", device), align.CtcAligner(model, device)
