"""From sound to tokens, and from tokens to times: the only module that calls CTranslate2.

Encoded sound is (segments, frames, channels), in fp32 on the CPU whatever the model computes in, so
that any of its segments can be decoded again alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canary_subs import SAMPLE_RATE_HZ
from canary_subs_whisper.options import WhisperRequestOptions
from canary_subs_whisper.tokens import Tokens, shortened

Floats = NDArray[np.float32]

#: Seconds, samples and feature frames of the window that the model was trained on.
WINDOW_S = 30
_WINDOW_FRAMES = 100 * WINDOW_S

#: Samples of one feature frame, and milliseconds of one frame of encoded sound.
_HOP_SAMPLES = SAMPLE_RATE_HZ // 100
_FRAME_MS = 20

#: The most tokens of a prompt and its text, and how many are granted for a second of sound and to
#: any text.
_MAX_TOKENS = 448
_TOKENS_PER_S = 30
_GRACE_TOKENS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """What one text is decoded from."""

    #: Its place in the encoded sound.
    row: int
    duration_s: float
    #: The tokens that ask for its text.
    start: Sequence[int]
    #: Tokens of the glossary, and of the text before it.
    terms: Sequence[int] = ()
    before: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """A text with what says whether to believe it."""

    tokens: list[int] = field(default_factory=list)
    text: str = ""
    #: Mean log probability of a token.
    log_prob: float = 0.0
    #: The probability of silence, before any text was decoded.
    no_speech: float = 0.0
    #: How much zlib shrinks the text.
    compression: float = 0.0
    #: Of the search that found it; 0 is beam search.
    temperature: float = 0.0
    truncated: bool = False

    def silent(self, options: WhisperRequestOptions) -> bool:
        """Whether it is taken for no speech."""
        return self.no_speech > options.max_no_speech and self.log_prob < options.min_log_prob

    def believed(self, options: WhisperRequestOptions) -> bool:
        """Whether it needs no second try."""
        return self.silent(options) or (
            self.compression <= options.max_compression and self.log_prob >= options.min_log_prob
        )


class Decoder:
    """A loaded `faster_whisper.WhisperModel`."""

    def __init__(self, loaded: Any) -> None:
        self._model = loaded.model
        self._features: Callable[[Floats], Floats] = loaded.feature_extractor
        self.multilingual = bool(self._model.is_multilingual)
        self.tokens = Tokens(loaded.hf_tokenizer, multilingual=self.multilingual)

    def encode(self, sounds: Sequence[Floats]) -> Floats:
        """Sounds of at most `WINDOW_S`, each (n,) -> (segments, frames, channels)."""
        import ctranslate2

        windows = [self._features(sound)[:, :_WINDOW_FRAMES] for sound in sounds]
        padded = [np.pad(one, ((0, 0), (0, _WINDOW_FRAMES - one.shape[1]))) for one in windows]
        encoded = self._model.encode(_storage(np.stack(padded)), to_cpu=True)
        return np.array(encoded.to(ctranslate2.DataType.float32))

    def languages(self, encoded: Floats) -> list[dict[str, float]]:
        """For each segment the probability of each of the model's language codes."""
        return [
            {token[2:-2]: float(probability) for token, probability in found}
            for found in self._model.detect_language(_storage(encoded))
        ]

    def decode(
        self, encoded: Floats, segments: Sequence[Segment], options: WhisperRequestOptions
    ) -> list[Decoded]:
        """The text of each segment; one that is not believed is decoded again.

        First without the text before it, which may be what it repeats, then with texts drawn at
        rising temperatures. Where none is believed, the likeliest one that does not repeat itself
        is taken.
        """
        tries: list[list[Decoded]] = [[] for _ in segments]
        for temperature, with_context in self._attempts(options):
            again = [
                at
                for at, found in enumerate(tries)
                if not (found and found[-1].believed(options))
                and (with_context or temperature or segments[at].before)
            ]
            for group in _same_context(again, segments, with_context):
                chosen = [segments[at] for at in group]
                results = self._generate(encoded, chosen, with_context, temperature, options)
                for at, result in zip(group, results, strict=True):
                    tries[at].append(result)
        return [_best(found, options) for found in tries]

    @staticmethod
    def _attempts(options: WhisperRequestOptions) -> Iterable[tuple[float, bool]]:
        """(temperature, with the text before) of each try."""
        yield 0.0, True
        yield 0.0, False
        for temperature in options.temperatures:
            yield temperature, False

    def _generate(
        self,
        encoded: Floats,
        segments: Sequence[Segment],
        with_context: bool,
        temperature: float,
        options: WhisperRequestOptions,
    ) -> list[Decoded]:
        """One try for segments that all have a context, or all have none."""
        size = min(len(one.terms) + len(one.before) * with_context for one in segments)
        prompts = []
        for one in segments:
            context = shortened(one.terms, one.before if with_context else (), size)
            before = [self.tokens.previous(), *context] if context else []
            prompts.append([*before, *one.start, self.tokens.plain()])
        longest = max(_GRACE_TOKENS + int(_TOKENS_PER_S * one.duration_s) for one in segments)
        max_length = min(_MAX_TOKENS, len(prompts[0]) + longest)
        search: dict[str, Any] = {"beam_size": options.beam}
        if temperature:
            search = {
                "beam_size": 1,
                "num_hypotheses": options.best_of,
                "sampling_topk": 0,
                "sampling_temperature": temperature,
            }
        results = self._model.generate(
            _storage(encoded[[one.row for one in segments]]),
            prompts,
            max_length=max_length,
            return_scores=True,
            return_no_speech_prob=True,
            **search,
        )
        found = []
        for prompt, result in zip(prompts, results, strict=True):
            tokens = list(result.sequences_ids[0])
            text = self.tokens.text(tokens).strip()
            data = text.encode()
            found.append(
                Decoded(
                    tokens=tokens,
                    text=text,
                    # The score is the mean without the token that ends the text.
                    log_prob=result.scores[0] * len(tokens) / (len(tokens) + 1),
                    no_speech=result.no_speech_prob,
                    compression=len(data) / len(zlib.compress(data)),
                    temperature=temperature,
                    truncated=len(prompt) + len(tokens) >= max_length,
                )
            )
        return found

    def align(
        self, encoded: Floats, segments: Sequence[Segment], texts: Sequence[Sequence[int]]
    ) -> list[list[tuple[int, float]]]:
        """For each token of each text, and for its end: (when it begins in ms, its probability)."""
        found: list[list[tuple[int, float]]] = [[] for _ in segments]
        order = sorted(range(len(segments)), key=lambda at: tuple(segments[at].start))
        for start, group in groupby(order, key=lambda at: tuple(segments[at].start)):
            chosen = [at for at in group if texts[at]]
            if not chosen:
                continue
            results = self._model.align(
                _storage(encoded[[segments[at].row for at in chosen]]),
                list(start),
                [list(texts[at]) for at in chosen],
                [max(1, int(segments[at].duration_s * 100)) for at in chosen],
            )
            for at, result in zip(chosen, results, strict=True):
                first: dict[int, int] = {}
                for token, frame in result.alignments:
                    first.setdefault(token, frame)
                probabilities = [*result.text_token_probs, 1.0]
                found[at] = [
                    (first[token] * _FRAME_MS, float(probabilities[token]))
                    for token in sorted(first)
                ]
        return found


def _storage(array: Floats) -> Any:
    """An array as CTranslate2 takes it."""
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(array))


def _same_context(
    chosen: Iterable[int], segments: Sequence[Segment], with_context: bool
) -> list[list[int]]:
    """Segments with a context, and segments without: one call takes prompts of one length."""
    having: list[list[int]] = [[], []]
    for at in chosen:
        one = segments[at]
        having[bool(one.terms or (with_context and one.before))].append(at)
    return [group for group in having if group]


def _best(found: Sequence[Decoded], options: WhisperRequestOptions) -> Decoded:
    """The last try if it is believed, else the likeliest that does not repeat itself."""
    if found[-1].believed(options):
        return found[-1]
    fair = [one for one in found if one.compression <= options.max_compression]
    return max(fair or found, key=lambda one: one.log_prob)
