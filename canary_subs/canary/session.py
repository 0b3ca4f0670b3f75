"""A Canary in memory: pieces of sound in, utterances with timed words out."""

from __future__ import annotations

import gc
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from canary_subs.canary import align, precision
from canary_subs.canary import fallback as repair
from canary_subs.canary.batch import Batcher
from canary_subs.canary.beam import beam_search
from canary_subs.canary.decode import Decoded, Decoder, DecodeRequest
from canary_subs.canary.detokenize import Spelled, Speller
from canary_subs.canary.encoder import Encoder
from canary_subs.canary.load import Loaded
from canary_subs.canary.models import ModelCard, refusal
from canary_subs.canary.prompt import Prompter
from canary_subs.errors import UnsupportedPair
from canary_subs.model import AudioClip, Flag, Request, Span, Timing, Utterance, Word
from canary_subs.naming import primary
from canary_subs.time import samples_to_ms

#: Sound shorter than this holds no word, and hardly a frame.
_MIN_S = 0.1

#: From this probability of an early end on, a text that came nevertheless is doubted.
_DOUBT = 0.2

#: Padded seconds of sound times texts wanted that a CPU takes at once; more gains no speed.
_CPU_BUDGET_S = 480.0

#: Texts that are usually wanted from a piece, with the one that times are taken from.
_USUAL_TEXTS = 3

#: Device memory that a second of sound takes on its way through, in bytes, for each text wanted:
#: reckoned from the sizes of canary-1b in bf16. Where it is too little, the batch is halved.
_BYTES_PER_S = 8_000_000

#: How often a piece may be cut in half in search of a better text.
_MAX_CUTS = 2

#: Tokens, or frames, that one clip weighs when languages compete: what it holds is no more
#: than one witness, however long it is.
_EVIDENCE = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class _Heard:
    """One piece, decoded and not yet timed."""

    piece: Request
    #: For each language wanted, and the spoken one where it is needed for timing.
    texts: Mapping[str, tuple[Decoded, Spelled]]
    #: Words with frame tokens, where the model times words that way.
    framed: Sequence[tuple[str, int, int]]


class CanarySession:
    """`hookspecs.Session` for Canary models; not for two threads at a time."""

    def __init__(
        self,
        loaded: Loaded,
        card: ModelCard,
        device: torch.device,
        precision_name: str,
        *,
        punctuation: bool = True,
        beam: int = 1,
    ) -> None:
        model = loaded.model
        self.model = f"{card.name}@{loaded.archive.fingerprint}"
        self.precision = precision_name
        self.max_clip_ms = card.longest_ms
        self._card, self._device = card, device
        self._punctuation, self._beam = punctuation or not card.plain_text, beam
        self._prompter, self._speller = Prompter(model), Speller(model.tokenizer)
        self._delta = _length_delta(model.cfg)
        self.frame_ms = float(
            model.cfg.preprocessor.window_stride * 1000 * model.encoder.subsampling_factor
        )
        decoder: Any = precision.apply(Decoder(model), precision_name, device)
        self.decoder: Decoder = decoder
        self.hearing = Encoder(model, precision_name, device)
        self._aligner, self._ctc_hearing = None, None
        if loaded.ctc is not None:
            self._ctc_hearing = Encoder(loaded.ctc, precision_name, device)
            self._aligner = align.CtcAligner(loaded.ctc, device)
        self._framed = self._aligner is None and card.timestamps is Timing.FRAMES
        budget = _CPU_BUDGET_S
        if device.type == "cuda":
            budget = 0.6 * precision.free_bytes(device) / _BYTES_PER_S
        self.batch_ms = max(self.max_clip_ms, int(budget * 1000 / _USUAL_TEXTS))
        self._batcher = Batcher(budget, self._recover)

    def recognise(self, pieces: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        """For each piece, in order, one utterance for each of its targets, in their order.

        Raises `UnsupportedPair` before any work for a pair that the model cannot do, and
        `DeviceTooSmall` where a single piece does not fit.
        """
        self._check(pieces)
        return self._mended(pieces, self.recognise_once(pieces), cuts=_MAX_CUTS)

    def recognise_once(self, pieces: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        """As `recognise`, without a second try at suspicious texts."""
        return self._batcher.run(
            pieces, lambda p: _seconds(p.clip) * (1 + len(p.targets)), self._work
        )

    def identify(
        self, clips: Sequence[AudioClip], candidates: Sequence[str]
    ) -> Mapping[str, float]:
        """How probable it is that each candidate is spoken: all read all, the likeliest wins.

        A model that is asked for the wrong language may well translate, and be sure of it; a CTC
        model tells that from a transcript. Without one only the reading's own likelihood counts.
        Raises `UnsupportedPair` for a candidate that the model does not know.
        """
        self._check(
            [Request(clip=clip, source=c, targets=(c,)) for clip in clips for c in candidates]
        )
        audible = [clip for clip in clips if len(clip.samples) >= _MIN_S * clip.sample_rate_hz]
        if not candidates:
            return {}
        scores = np.zeros(len(candidates))
        for fits in self._batcher.run(
            audible,
            lambda clip: _seconds(clip) * len(candidates),
            lambda batch: self._fits(batch, candidates),
        ):
            scores += np.array(fits)
        odds = np.exp(scores - scores.max())
        return {c: float(p) for c, p in zip(candidates, odds / odds.sum(), strict=True)}

    def close(self) -> None:
        """Give back the memory of the device; the session is not used again."""
        for name in ("decoder", "hearing", "_ctc_hearing", "_aligner", "_prompter", "_speller"):
            self.__dict__.pop(name, None)
        self._recover()

    def requests(self, source: str, targets: Sequence[str], frames: int) -> list[DecodeRequest]:
        """What to ask the decoder for texts in some languages from a piece of so many frames."""
        return [self._request(primary(source), primary(t), False, frames) for t in targets]

    def _check(self, pieces: Sequence[Request]) -> None:
        for source, target in {(p.source, t) for p in pieces for t in p.targets}:
            reason = refusal(self._card, source, target)
            if reason:
                raise UnsupportedPair(reason)

    def _recover(self) -> None:
        decoder = getattr(self, "decoder", None)
        if decoder is not None:
            decoder.forget()
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    @torch.inference_mode()
    def _work(self, pieces: list[Request]) -> list[tuple[Utterance, ...]]:
        """Recognise one batch: hear, write in every language, then time."""
        audible = [p for p in pieces if _seconds(p.clip) >= _MIN_S and p.targets]
        done: dict[int, tuple[Utterance, ...]] = {}
        if audible:
            heard = self._hear(audible)
            spoken = self._time_spoken(heard)
            for one, times in zip(heard, spoken, strict=True):
                done[id(one.piece)] = self._utterances(one, times)
        return [done.get(id(p)) or tuple(_nothing(p, t) for t in p.targets) for p in pieces]

    def _hear(self, pieces: Sequence[Request]) -> list[_Heard]:
        encoded, lengths = self.hearing.encode([p.clip.samples for p in pieces])
        wanted, requests = [], []
        for piece, frames in zip(pieces, lengths, strict=True):
            keys = [(primary(target), False) for target in piece.targets]
            source = primary(piece.source)
            # The times of a translation come from the words that were spoken.
            keys.append((source, False))
            if self._framed:
                keys.append((source, True))
            keys = list(dict.fromkeys(keys))
            wanted.append(keys)
            requests.append([self._request(source, *key, frames) for key in keys])
        attention = self._aligner is None or any(len(keys) > 1 for keys in wanted)
        texts = self._write(encoded, lengths, requests, attention)
        heard = []
        for piece, keys, decoded in zip(pieces, wanted, texts, strict=True):
            spelled: dict[str, tuple[Decoded, Spelled]] = {}
            framed: Sequence[tuple[str, int, int]] = ()
            for (language, times), text in zip(keys, decoded, strict=True):
                if times:
                    framed = self._speller.frames(text.tokens)
                else:
                    spelled[language] = (text, self._speller.spell(text.tokens))
            heard.append(_Heard(piece=piece, texts=spelled, framed=framed))
        return heard

    def _write(
        self,
        encoded: Tensor,
        lengths: Sequence[int],
        requests: Sequence[Sequence[DecodeRequest]],
        attention: bool,
    ) -> list[list[Decoded]]:
        if self._beam == 1:
            return self.decoder.greedy(encoded, lengths, requests, attention=attention)
        return beam_search(
            self.decoder, encoded, lengths, requests, self._beam, attention=attention
        )

    def _request(self, source: str, target: str, times: bool, frames: int) -> DecodeRequest:
        prompt = self._prompter.ids(source, target, punctuation=self._punctuation, times=times)
        return DecodeRequest(
            prompt=prompt, max_tokens=self.decoder.max_tokens(prompt, frames, self._delta)
        )

    def _time_spoken(self, heard: Sequence[_Heard]) -> list[tuple[list[tuple[int, int]], Timing]]:
        """When the words of each piece were said, in ms of the film, and how that was found."""
        by_ctc: list[align.Times | None] = [None] * len(heard)
        if self._aligner is not None and self._ctc_hearing is not None:
            saying = [i for i, one in enumerate(heard) if _spoken(one)[1].words]
            if saying:
                encoded, lengths = self._ctc_hearing.encode(
                    [heard[i].piece.clip.samples for i in saying]
                )
                found = self._aligner.align(
                    encoded,
                    lengths,
                    [_spoken(heard[i])[1].words for i in saying],
                    [primary(heard[i].piece.source) for i in saying],
                )
                for i, times in zip(saying, found, strict=True):
                    by_ctc[i] = times
        return [self._place_spoken(one, ctc) for one, ctc in zip(heard, by_ctc, strict=True)]

    def _place_spoken(
        self, one: _Heard, ctc: align.Times | None
    ) -> tuple[list[tuple[int, int]], Timing]:
        span = _span(one.piece.clip)
        decoded, spelled = _spoken(one)
        frames: align.Times | None = ctc
        timing, frame_ms = Timing.CTC, self.frame_ms
        if frames is not None and self._aligner is not None:
            frame_ms = self._aligner.frame_ms
        if frames is None and one.framed:
            frames, timing = align.match_times(spelled.words, one.framed), Timing.FRAMES
        if frames is None and decoded.attention is not None:
            frames = align.attention_times(decoded.attention, spelled.owners, len(spelled.words))
            timing = Timing.ATTENTION
        if frames is None:
            return align.settle(align.spread(spelled.words, span), span), Timing.SPREAD
        film = [(span.start_ms + a * frame_ms, span.start_ms + b * frame_ms) for a, b in frames]
        return align.settle(film, span), timing

    def _utterances(
        self, one: _Heard, spoken: tuple[list[tuple[int, int]], Timing]
    ) -> tuple[Utterance, ...]:
        source = primary(one.piece.source)
        times, timing = spoken
        found = []
        for target in one.piece.targets:
            decoded, spelled = one.texts[primary(target)]
            how, placed = timing, times
            if primary(target) != source:
                how, placed = self._place_translation(one, primary(target), times)
            found.append(_utterance(one.piece, target, decoded, spelled, placed, how))
        return tuple(found)

    def _place_translation(
        self, one: _Heard, target: str, spoken: Sequence[tuple[int, int]]
    ) -> tuple[Timing, list[tuple[int, int]]]:
        """Stand a translation inside the span of what was said, sentence by sentence if it can."""
        decoded, spelled = one.texts[target]
        whole = _span(one.piece.clip)
        source_words = _spoken(one)[1].words
        if not spoken:
            return Timing.SPREAD, align.settle(align.spread(spelled.words, whole), whole)
        pairs = align.pair_sentences(source_words, spelled.words)
        placed: list[tuple[float, float]] = []
        for (first, last), (start, stop) in pairs:
            span = Span(start_ms=spoken[first][0], end_ms=spoken[last - 1][1])
            placed += self._place_inside(decoded, spelled, (start, stop), span, whole)
        return Timing.SOURCE, align.settle(placed, whole)

    def _place_inside(
        self,
        decoded: Decoded,
        spelled: Spelled,
        part: tuple[int, int],
        span: Span,
        whole: Span,
    ) -> list[tuple[int, int]]:
        """Stand a run of words inside a span by where they looked, else by their length."""
        start, stop = part
        words = spelled.words[start:stop]
        times = None
        if decoded.attention is not None:
            low = int((span.start_ms - whole.start_ms) / self.frame_ms)
            high = math.ceil((span.end_ms - whole.start_ms) / self.frame_ms)
            owners = [
                owner - start if owner is not None and start <= owner < stop else None
                for owner in spelled.owners
            ]
            frames = align.attention_times(
                decoded.attention[:, low:high], owners, len(words), first_frame=low
            )
            if frames is not None:
                offset = whole.start_ms + low * self.frame_ms
                times = [
                    (offset + a * self.frame_ms, offset + b * self.frame_ms) for a, b in frames
                ]
        return align.settle(times or align.spread(words, span), span)

    def _mended(
        self, pieces: Sequence[Request], found: list[tuple[Utterance, ...]], *, cuts: int
    ) -> list[tuple[Utterance, ...]]:
        """Decode suspicious texts again in two halves each, and keep those that got better."""
        suspects = [
            (at, slot)
            for at, utterances in enumerate(found)
            for slot, utterance in enumerate(utterances)
            if cuts
            and utterance.flags & repair.FAULTS
            and _seconds(pieces[at].clip) >= 2 * repair.MIN_CUT_S
        ]
        if not suspects:
            return found
        halves = [
            half
            for at, slot in suspects
            for half in repair.halves(pieces[at], found[at][slot].language)
        ]
        again = self._mended(halves, self.recognise_once(halves), cuts=cuts - 1)
        better = [list(utterances) for utterances in found]
        for number, (at, slot) in enumerate(suspects):
            parts = [again[2 * number][0], again[2 * number + 1][0]]
            better[at][slot] = repair.better(found[at][slot], parts)
        return [tuple(utterances) for utterances in better]

    @torch.inference_mode()
    def _fits(self, clips: Sequence[AudioClip], candidates: Sequence[str]) -> list[list[float]]:
        """How well each clip fits each language, as a log likelihood of a few tokens."""
        sounds = [clip.samples for clip in clips]
        encoded, lengths = self.hearing.encode(sounds)
        requests = [
            [request for c in candidates for request in self.requests(c, [c], frames)]
            for frames in lengths
        ]
        read = self.decoder.greedy(encoded, lengths, requests)
        fits = [
            [text.mean_log_prob * min(len(text.tokens) + 1, _EVIDENCE) for text in row]
            for row in read
        ]
        if self._aligner is None or self._ctc_hearing is None:
            return fits
        encoded, lengths = self._ctc_hearing.encode(sounds)
        for at, row in enumerate(read):
            agreement = self._aligner.agreement(
                encoded[at : at + 1].expand(len(row), -1, -1),
                [lengths[at]] * len(row),
                [self._speller.spell(text.tokens).words for text in row],
                [primary(c) for c in candidates],
            )
            known = [value for value in agreement if value is not None]
            for slot, value in enumerate(agreement):
                # A reading without words, or with too many, fits worse than any other.
                fits[at][slot] += _EVIDENCE * (
                    min(known, default=0.0) - 1 if value is None else value
                )
        return fits


def _length_delta(config: Any) -> int:
    """How many tokens NeMo lets a text have beyond its frames; negative: no such bound."""
    decoding = config.get("decoding") or {}
    section = decoding.get(decoding.get("strategy", "beam")) or {}
    return int(section.get("max_generation_delta", -1))


def _seconds(clip: AudioClip) -> float:
    return len(clip.samples) / clip.sample_rate_hz


def _span(clip: AudioClip) -> Span:
    return Span(
        start_ms=samples_to_ms(clip.start_samples, clip.sample_rate_hz),
        end_ms=samples_to_ms(clip.end_samples, clip.sample_rate_hz),
    )


def _spoken(one: _Heard) -> tuple[Decoded, Spelled]:
    return one.texts[primary(one.piece.source)]


def _nothing(piece: Request, target: str) -> Utterance:
    return Utterance(text="", span=_span(piece.clip), language=target)


def _utterance(
    piece: Request,
    target: str,
    decoded: Decoded,
    spelled: Spelled,
    times: Sequence[tuple[int, int]],
    timing: Timing,
) -> Utterance:
    words = tuple(
        Word(text=text, start_ms=start, end_ms=end, confidence=confidence)
        for text, (start, end), confidence in zip(
            spelled.words, times, spelled.confidences(decoded.log_probs), strict=True
        )
    )
    flags = set(repair.faults(spelled.words, _seconds(piece.clip), truncated=decoded.truncated))
    if timing is not Timing.SPREAD and repair.echoes(words):
        flags.add(Flag.LOOPING)
    if words and decoded.no_speech >= _DOUBT:
        flags.add(Flag.NO_SPEECH)
    if words and timing is Timing.SPREAD:
        flags.add(Flag.UNALIGNED)
    return Utterance(
        text=spelled.text,
        span=_span(piece.clip),
        language=target,
        words=words,
        timing=timing if words else None,
        flags=frozenset(flags),
    )
