"""A Whisper in memory: requests in, utterances with timed words out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from canary_subs import (
    AudioClip,
    Flag,
    Request,
    Session,
    Timing,
    UnsupportedPair,
    Utterance,
    Word,
)
from canary_subs_whisper.decode import WINDOW_S, Decoded, Decoder, Floats, Segment
from canary_subs_whisper.models import CODES
from canary_subs_whisper.options import WhisperOptions, WhisperRequestOptions
from canary_subs_whisper.pauses import without_pauses, without_words
from canary_subs_whisper.tokens import UNSPACED

#: Sound shorter than this holds no word.
_MIN_S = 0.1

#: Words that were passed over at first count from this mean confidence.
_MIN_CONFIDENCE = 0.5

#: More letters a second than anyone says, and seconds that are granted to any text.
_MAX_LETTERS_PER_S = 40
_GRACE_S = 1.0

#: What a session's precision is called, by CTranslate2's compute type.
_PRECISIONS = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}


class WhisperSession(Session):
    """One loaded model.

    Segments of one video are decoded in order, each with the text before it; those of several
    videos are decoded together. A translation gets the glossary and no text before it, since that
    is in another language.
    """

    max_segment_ms = 1000 * WINDOW_S

    def __init__(
        self,
        loaded: Any,
        name: str,
        pairs: frozenset[tuple[str, str]],
        options: WhisperOptions,
    ) -> None:
        self.model = f"whisper-{name}"
        compute: str = loaded.model.compute_type
        self.precision = _PRECISIONS.get(compute, compute.partition("_")[0])
        self.batch_ms = 2 * self.max_segment_ms * (4 if loaded.model.device == "cuda" else 1)
        self._decoder = Decoder(loaded)
        self._pairs = pairs
        self._batch = options.batch

    def recognise(self, requests: Sequence[Request]) -> list[list[Utterance]]:
        """Raises `UnsupportedPair` before any work."""
        for request in requests:
            self._check(request)
        answers: list[list[Utterance]] = [[] for _ in requests]
        previous: dict[tuple[Path | None, str], str] = {}
        for batch in self._batches(requests):
            chosen = [requests[at] for at in batch]
            for request in chosen:
                previous.setdefault(_owner(request), request.previous)
            before = [previous[_owner(request)] for request in chosen]
            found = self._recovered(chosen, self._recognise(chosen, before))
            for at, request, utterances in zip(batch, chosen, found, strict=True):
                answers[at] = utterances
                for utterance in utterances:
                    if utterance.language == request.spoken:
                        owner = _owner(request)
                        previous[owner] = f"{previous[owner]} {utterance.text}".strip()
        return answers

    def identify(
        self, clips: Sequence[AudioClip], candidates: Sequence[str]
    ) -> Mapping[str, float]:
        """The mean over the clips of what the model says of each, among the candidates."""
        shares = dict.fromkeys(candidates, 0.0)
        if not self._decoder.multilingual:
            return {one: float(one == "en") for one in candidates}
        for begin in range(0, len(clips), self._batch):
            sounds = [clip.samples for clip in clips[begin : begin + self._batch]]
            for found in self._decoder.languages(self._decoder.encode(sounds)):
                for one in candidates:
                    shares[one] += found.get(CODES.get(one, one), 0.0)
        total = sum(shares.values())
        if not total:
            return dict.fromkeys(candidates, 1 / len(candidates)) if candidates else {}
        return {one: share / total for one, share in shares.items()}

    def close(self) -> None:
        self.__dict__.pop("_decoder", None)  # CTranslate2 frees the model with its last reference

    def _check(self, request: Request) -> None:
        for target in request.targets:
            pair = (_primary(request.spoken), _primary(target))
            if pair not in self._pairs:
                what = "transcribe {}" if pair[0] == pair[1] else "translate {} into {}"
                raise UnsupportedPair(f"{self.model} cannot {what.format(*pair)}")

    def _batches(self, requests: Sequence[Request]) -> Iterator[list[int]]:
        """Requests to recognise at once: of each video the first, then of each the second ..."""
        rounds: dict[int, list[int]] = defaultdict(list)
        seen: dict[object, int] = defaultdict(int)
        for at, request in enumerate(requests):
            waits = _options(request).context and request.video is not None
            owner = _owner(request) if waits else None
            turn = seen[owner] if waits else 0
            seen[owner] += 1
            rounds[turn].append(at)
        for turn in sorted(rounds):
            group = rounds[turn]
            for begin in range(0, len(group), self._batch):
                yield group[begin : begin + self._batch]

    def _recognise(
        self, requests: Sequence[Request], previous: Sequence[str]
    ) -> list[list[Utterance]]:
        """One batch: encode once, decode every task, then time the words."""
        audible = [at for at, request in enumerate(requests) if _seconds(request.clip) >= _MIN_S]
        answers: dict[tuple[int, str], Utterance] = {}
        encoded: Floats = np.zeros((0, 0, 0), np.float32)
        if audible:
            encoded = self._decoder.encode([requests[at].clip.samples for at in audible])
        tokens = self._decoder.tokens
        for translates in (False, True):
            asked = [
                (row, at, target)
                for row, at in enumerate(audible)
                for target in dict.fromkeys(requests[at].targets)
                if (_primary(target) != _primary(requests[at].spoken)) is translates
            ]
            if not asked:
                continue
            segments = []
            for row, at, target in asked:
                request = requests[at]
                before = previous[at] if _options(request).context and not translates else ""
                terms, context = tokens.context(request.glossary, before)
                segments.append(
                    Segment(
                        row=row,
                        duration_s=_seconds(request.clip),
                        start=tokens.start(_primary(request.spoken), _primary(target)),
                        terms=terms,
                        before=context,
                    )
                )
            options = _options(requests[0])
            decoded = self._decoder.decode(encoded, segments, options)
            said = [[] if one.silent(options) else one.tokens for one in decoded]
            timed = self._decoder.align(encoded, segments, said)
            for (_, at, target), one, times in zip(asked, decoded, timed, strict=True):
                answers[at, target] = self._utterance(requests[at], target, one, times)
        return [
            [answers.get((at, target)) or _empty(request, target) for target in request.targets]
            for at, request in enumerate(requests)
        ]

    def _recovered(
        self, requests: Sequence[Request], found: list[list[Utterance]]
    ) -> list[list[Utterance]]:
        """The utterances, with what a transcription passed over: the sound there, decoded alone."""
        lost = [
            (at, slot, _part(request, utterance, *gap))
            for at, request in enumerate(requests)
            for slot, utterance in enumerate(found[at])
            if utterance.language == request.spoken and utterance.words
            for gap in without_words(request.clip.samples, _spans_ms(utterance))
        ]
        for begin in range(0, len(lost), self._batch):
            batch = lost[begin : begin + self._batch]
            parts = [part for _, _, part in batch]
            again = self._recognise(parts, [part.previous for part in parts])
            for (at, slot, _), (more,) in zip(batch, again, strict=True):
                if more.words and not more.flags and _confidence(more) >= _MIN_CONFIDENCE:
                    found[at][slot] = _merged(found[at][slot], more)
        return found

    def _utterance(
        self, request: Request, target: str, decoded: Decoded, times: Sequence[tuple[int, float]]
    ) -> Utterance:
        span = request.clip.span
        spoken = self._decoder.tokens.words(decoded.tokens, _primary(target)) if times else []
        spans_ms = without_pauses(
            request.clip.samples, [(times[begin][0], times[end][0]) for _, begin, end in spoken]
        )
        words, last_ms = [], span.start_ms
        for (text, begin, end), (from_ms, to_ms) in zip(spoken, spans_ms, strict=True):
            start_ms = _between(last_ms, span.start_ms + from_ms, span.end_ms)
            last_ms = _between(start_ms, span.start_ms + to_ms, span.end_ms)
            confidence = float(np.mean([share for _, share in times[begin:end]]))
            words.append(Word(text=text, start_ms=start_ms, end_ms=last_ms, confidence=confidence))
        if not words:
            return _empty(request, target)
        text = decoded.text if _primary(target) in UNSPACED else " ".join(w.text for w in words)
        options = _options(request)
        flags = {
            Flag.TRUNCATED: decoded.truncated,
            Flag.LOOPING: decoded.compression > options.max_compression,
            Flag.NO_SPEECH: decoded.no_speech > options.max_no_speech,
            Flag.DENSE: len(text) > _MAX_LETTERS_PER_S * (_seconds(request.clip) + _GRACE_S),
        }
        translated = _primary(target) != _primary(request.spoken)
        return Utterance(
            text=text,
            span=span,
            language=target,
            words=tuple(words),
            timing=Timing.SOURCE if translated else Timing.ATTENTION,
            flags=frozenset(flag for flag, raised in flags.items() if raised),
        )


def _owner(request: Request) -> tuple[Path | None, str]:
    """Whose text is whose context: the video, and the language that is spoken."""
    return request.video, request.spoken


def _options(request: Request) -> WhisperRequestOptions:
    if isinstance(request.options, WhisperRequestOptions):
        return request.options
    return WhisperRequestOptions()


def _spans_ms(utterance: Utterance) -> list[tuple[int, int]]:
    """The times of the words from the beginning of the segment."""
    start_ms = utterance.span.start_ms
    return [(word.start_ms - start_ms, word.end_ms - start_ms) for word in utterance.words]


def _part(request: Request, utterance: Utterance, start_ms: int, end_ms: int) -> Request:
    """A request for a part of a segment, the words before it as its context."""
    clip, rate = request.clip, request.clip.sample_rate_hz
    start, end = start_ms * rate // 1000, end_ms * rate // 1000
    until_ms = utterance.span.start_ms + start_ms
    before = " ".join(word.text for word in utterance.words if word.end_ms <= until_ms)
    part = replace(clip, samples=clip.samples[start:end], start_samples=clip.start_samples + start)
    return replace(request, clip=part, targets=(utterance.language,), previous=before)


def _merged(utterance: Utterance, more: Utterance) -> Utterance:
    """One utterance of the words of two, by their times; what was cut off is there now."""
    words = sorted((*utterance.words, *more.words), key=lambda word: word.start_ms)
    space = "" if _primary(utterance.language) in UNSPACED else " "
    return replace(
        utterance,
        text=space.join(word.text for word in words),
        words=tuple(words),
        flags=utterance.flags - {Flag.TRUNCATED},
    )


def _confidence(utterance: Utterance) -> float:
    return float(np.mean([word.confidence or 0.0 for word in utterance.words]))


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


def _seconds(clip: AudioClip) -> float:
    return len(clip.samples) / clip.sample_rate_hz


def _between(least: int, value: int, most: int) -> int:
    return min(max(least, value), most)


def _empty(request: Request, target: str) -> Utterance:
    return Utterance(text="", span=request.clip.span, language=target)
