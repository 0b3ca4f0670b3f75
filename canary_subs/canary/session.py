"""A Canary in memory: requests in, utterances with timed words out.

Tensors of encoded audio are (B, T, C), as named in `decode_state`.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from canary_subs._device import free_bytes
from canary_subs.canary import align, fallback, precision
from canary_subs.canary.batch import Batcher
from canary_subs.canary.beam import beam_search
from canary_subs.canary.decode import Decoder
from canary_subs.canary.decode_state import Decoded, DecodeRequest
from canary_subs.canary.detokenize import Detokenizer
from canary_subs.canary.encoder import Encoder
from canary_subs.canary.load import Loaded
from canary_subs.canary.models import CanaryCard
from canary_subs.canary.options import CanaryRequestOptions
from canary_subs.canary.prompt import Prompter
from canary_subs.canary.word_times import CtcModel, DecodedSegment, SpokenTimes, Text, WordTimer
from canary_subs.errors import UnsupportedPair
from canary_subs.model import AudioClip, Flag, Request, Timing, Utterance, Word, primary
from canary_subs.plugin.hookspecs import Session

#: Audio shorter than this holds no word, and hardly a frame.
_MIN_S = 0.1

#: A text that came although an empty one had at least this probability may be no speech.
_MIN_NO_SPEECH = 0.2

#: Padded seconds of audio times texts that a CPU takes at once; more gains no speed.
_CPU_BUDGET_S = 480.0

#: Texts that are usually decoded from a segment, with the one that times are taken from.
_USUAL_TEXTS = 3

#: Device memory for a second of audio in flight and each of its texts, in bytes: estimated from
#: the sizes of canary-1b in bf16. Where it is too little, the batch is halved.
_BYTES_PER_S = 8_000_000

#: Tokens, or frames, that one clip counts as when languages compete, however long it is: what
#: one clip says about its language hangs together.
_MAX_EVIDENCE = 16


class CanarySession(Session):
    """`hookspecs.Session` for Canary models; for one thread at a time.

    A request's options are `CanaryRequestOptions`. The text before a request and its glossary are
    not used.
    """

    def __init__(
        self, loaded: Loaded, card: CanaryCard, device: torch.device, precision_name: str
    ) -> None:
        model = loaded.model
        self.model = f"{card.name}@{loaded.archive.fingerprint}"
        self.precision = precision_name
        self.max_segment_ms = card.longest_ms
        self._card, self._device = card, device
        self._prompter, self._detokenizer = Prompter(model), Detokenizer(model.tokenizer)
        self._length_delta = _length_delta(model.cfg)
        self.frame_ms = float(
            model.cfg.preprocessor.window_stride * 1000 * model.encoder.subsampling_factor
        )
        decoder: Any = precision.apply(Decoder(model), precision_name, device)
        self.decoder: Decoder = decoder
        self.encoder = Encoder(model, precision_name, device)
        self._ctc: CtcModel | None = None
        if loaded.ctc is not None:
            self._ctc = CtcModel(
                encoder=Encoder(loaded.ctc, precision_name, device),
                aligner=align.CtcAligner(loaded.ctc, device),
            )
        self._word_timer = WordTimer(self.frame_ms, self._ctc)
        self._frame_tokens = self._ctc is None and card.timestamps is Timing.FRAMES
        budget_s = _CPU_BUDGET_S
        if device.type == "cuda":
            budget_s = 0.6 * free_bytes(device) / _BYTES_PER_S
        self.batch_ms = max(self.max_segment_ms, int(budget_s * 1000 / _USUAL_TEXTS))
        self._batcher = Batcher(budget_s, self._recover)

    def recognise(self, requests: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        """For each request, in order, one utterance for each of its targets, in their order.

        Texts with faults are decoded again in smaller segments. All requests have equal options.
        Raises `UnsupportedPair` before any work for a pair that the model does not know, and
        `DeviceTooSmall` where a single request does not fit.
        """
        self._check(requests)
        return fallback.retry(requests, self.recognise_once(requests), self.recognise_once)

    def recognise_once(self, requests: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        """As `recognise`, without a second try."""
        return self._batcher.run(
            requests,
            lambda request: _seconds(request.clip) * (1 + len(request.targets)),
            self._recognise_batch,
        )

    def identify(
        self, clips: Sequence[AudioClip], candidates: Sequence[str]
    ) -> Mapping[str, float]:
        """The probability of each candidate to be the spoken language.

        Every clip is transcribed in every candidate, and the likeliest transcript wins. A model
        that is given the wrong language may well translate, and be sure of it; a CTC model knows
        a translation from a transcript. Without one only the likelihood of the text counts.
        Raises `UnsupportedPair` for a candidate that the model does not know.
        """
        self._check(
            [Request(clip=clip, spoken=c, targets=(c,)) for clip in clips for c in candidates]
        )
        audible = [clip for clip in clips if _seconds(clip) >= _MIN_S]
        if not candidates:
            return {}
        scores = np.zeros(len(candidates))
        for fits in self._batcher.run(
            audible,
            lambda clip: _seconds(clip) * len(candidates),
            lambda batch: self._language_fits(batch, candidates),
        ):
            scores += np.array(fits)
        weights = np.exp(scores - scores.max())
        probabilities = weights / weights.sum()
        return {c: float(p) for c, p in zip(candidates, probabilities, strict=True)}

    def close(self) -> None:
        """Free the memory of the device; the session cannot be used afterwards."""
        for name in ("decoder", "encoder", "_ctc", "_word_timer", "_prompter", "_detokenizer"):
            self.__dict__.pop(name, None)
        self._recover()

    def decode_requests(
        self, spoken: str, targets: Sequence[str], frames: int
    ) -> list[DecodeRequest]:
        """What to ask the decoder for the texts of a segment of so many frames."""
        options = CanaryRequestOptions()
        return [self._decode_request(spoken, target, False, frames, options) for target in targets]

    def _check(self, requests: Sequence[Request]) -> None:
        for spoken, target in {(r.spoken, target) for r in requests for target in r.targets}:
            if (primary(spoken), primary(target)) in self._card.pairs:
                continue
            same = primary(spoken) == primary(target)
            what = f"transcribe {spoken}" if same else f"go from {spoken} to {target}"
            known = ", ".join(self._card.languages)
            raise UnsupportedPair(f"{self._card.name} cannot {what}; it knows {known}")

    def _recover(self) -> None:
        """Free what a failed batch left behind."""
        decoder = getattr(self, "decoder", None)
        if decoder is not None:
            decoder.forget()
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    @torch.inference_mode()
    def _recognise_batch(self, requests: list[Request]) -> list[tuple[Utterance, ...]]:
        """Recognise one batch: encode, decode in every language, then time the words."""
        audible = [r for r in requests if _seconds(r.clip) >= _MIN_S and r.targets]
        done: dict[int, tuple[Utterance, ...]] = {}
        if audible:
            segments = self._decode(audible)
            for segment, spoken in zip(segments, self._word_timer.spoken(segments), strict=True):
                done[id(segment.request)] = self._utterances(segment, spoken)
        return [done.get(id(r)) or tuple(_empty(r, t) for t in r.targets) for r in requests]

    def _decode(self, requests: Sequence[Request]) -> list[DecodedSegment]:
        options = _options_of(requests)
        encoded, lengths = self.encoder.encode([r.clip.samples for r in requests])  # (B, T, C)
        wanted, asked = [], []
        for request, frames in zip(requests, lengths, strict=True):
            keys = [(primary(target), False) for target in request.targets]
            spoken = primary(request.spoken)
            # The times of a translation come from the words that were spoken.
            keys.append((spoken, False))
            if self._frame_tokens:
                keys.append((spoken, True))
            keys = list(dict.fromkeys(keys))
            wanted.append(keys)
            asked.append([self._decode_request(spoken, *key, frames, options) for key in keys])
        attention = self._ctc is None or any(len(keys) > 1 for keys in wanted)
        decoded = self._search(encoded, lengths, asked, options.beam, attention)
        segments = []
        for request, keys, row in zip(requests, wanted, decoded, strict=True):
            texts: dict[str, Text] = {}
            framed: Sequence[tuple[str, int, int]] = ()
            for (language, frame_tokens), text in zip(keys, row, strict=True):
                if frame_tokens:
                    framed = self._detokenizer.framed_words(text.tokens)
                else:
                    words = self._detokenizer.detokenize(text.tokens)
                    texts[language] = Text(decoded=text, detokenized=words)
            segments.append(DecodedSegment(request=request, texts=texts, framed=framed))
        return segments

    def _search(
        self,
        encoded: Tensor,
        lengths: Sequence[int],
        requests: Sequence[Sequence[DecodeRequest]],
        beam: int,
        attention: bool,
    ) -> list[list[Decoded]]:
        if beam == 1:
            return self.decoder.greedy(encoded, lengths, requests, attention=attention)
        return beam_search(self.decoder, encoded, lengths, requests, beam, attention=attention)

    def _decode_request(
        self,
        spoken: str,
        target: str,
        frame_tokens: bool,
        frames: int,
        options: CanaryRequestOptions,
    ) -> DecodeRequest:
        punctuation = options.punctuation or not self._card.plain_text
        prompt = self._prompter.ids(spoken, target, punctuation=punctuation, times=frame_tokens)
        return DecodeRequest(
            prompt=prompt, max_tokens=self.decoder.max_tokens(prompt, frames, self._length_delta)
        )

    def _utterances(self, segment: DecodedSegment, spoken: SpokenTimes) -> tuple[Utterance, ...]:
        found = []
        for target in segment.request.targets:
            language = primary(target)
            times_ms, timing = spoken.times_ms, spoken.timing
            if language != segment.spoken:
                times_ms, timing = self._word_timer.translation(segment, language, spoken)
            text = segment.texts[language]
            found.append(_utterance(segment.request, target, text, times_ms, timing))
        return tuple(found)

    @torch.inference_mode()
    def _language_fits(
        self, clips: Sequence[AudioClip], candidates: Sequence[str]
    ) -> list[list[float]]:
        """How well each clip fits each language, as a log likelihood of a few tokens."""
        samples = [clip.samples for clip in clips]
        encoded, lengths = self.encoder.encode(samples)  # (B, T, C)
        requests = [
            [request for c in candidates for request in self.decode_requests(c, [c], frames)]
            for frames in lengths
        ]
        decoded = self.decoder.greedy(encoded, lengths, requests)
        fits = [
            [text.mean_log_prob * min(len(text.tokens) + 1, _MAX_EVIDENCE) for text in row]
            for row in decoded
        ]
        if self._ctc is None:
            return fits
        encoded, lengths = self._ctc.encoder.encode(samples)  # (B, T, C)
        for at, row in enumerate(decoded):
            agreement = self._ctc.aligner.agreement(
                encoded[at : at + 1].expand(len(row), -1, -1),  # (candidates, T, C)
                [lengths[at]] * len(row),
                [self._detokenizer.detokenize(text.tokens).words for text in row],
                [primary(c) for c in candidates],
            )
            known = [value for value in agreement if value is not None]
            # A text without words, or with too many for the audio, fits worse than any other.
            worst = min(known, default=0.0) - 1
            for slot, value in enumerate(agreement):
                fits[at][slot] += _MAX_EVIDENCE * (worst if value is None else value)
        return fits


def _options_of(requests: Sequence[Request]) -> CanaryRequestOptions:
    """The options that the requests of one call share."""
    options = requests[0].options
    if options is None:
        return CanaryRequestOptions()
    if not isinstance(options, CanaryRequestOptions):
        raise TypeError(f"Canary takes CanaryRequestOptions, not {type(options).__name__}")
    return options


def _length_delta(config: Any) -> int:
    """How many tokens NeMo lets a text have beyond its frames; negative: no such bound."""
    decoding = config.get("decoding") or {}
    section = decoding.get(decoding.get("strategy", "beam")) or {}
    return int(section.get("max_generation_delta", -1))


def _seconds(clip: AudioClip) -> float:
    return len(clip.samples) / clip.sample_rate_hz


def _empty(request: Request, target: str) -> Utterance:
    return Utterance(text="", span=request.clip.span, language=target)


def _utterance(
    request: Request,
    target: str,
    text: Text,
    times_ms: Sequence[tuple[int, int]],
    timing: Timing,
) -> Utterance:
    confidences = text.detokenized.confidences(text.decoded.log_probs)
    words = tuple(
        Word(text=word, start_ms=start, end_ms=end, confidence=confidence)
        for word, (start, end), confidence in zip(text.words, times_ms, confidences, strict=True)
    )
    duration_s = _seconds(request.clip)
    flags = set(fallback.faults(text.words, duration_s, truncated=text.decoded.truncated))
    if timing is not Timing.SPREAD and fallback.echoes(words):
        flags.add(Flag.LOOPING)
    if words and text.decoded.no_speech >= _MIN_NO_SPEECH:
        flags.add(Flag.NO_SPEECH)
    if words and timing is Timing.SPREAD:
        flags.add(Flag.UNALIGNED)
    return Utterance(
        text=text.detokenized.text,
        span=request.clip.span,
        language=target,
        words=words,
        timing=timing if words else None,
        flags=frozenset(flags),
    )
