"""When the words of decoded texts were said, by the best source that a model offers.

Words that were spoken are timed by a CTC model, by frame tokens, by cross-attention, or by their
length, whichever is there first. The words of a translation were never said: they stand inside
the span of the sentence that they translate.

Times come as (start, end) pairs: in frames inside this module, in ms of the video outside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from canary_subs.canary import align
from canary_subs.canary.decode_state import Decoded
from canary_subs.canary.detokenize import Detokenized
from canary_subs.canary.encoder import Encoder
from canary_subs.model import Request, Span, Timing, primary

#: (start, end) of each word, in ms of the video.
TimesMs = list[tuple[int, int]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Text:
    """A decoded text and its words."""

    decoded: Decoded
    detokenized: Detokenized

    @property
    def words(self) -> tuple[str, ...]:
        return self.detokenized.words


@dataclass(frozen=True, kw_only=True, eq=False)
class DecodedSegment:
    """A request whose texts are decoded and not yet timed."""

    request: Request
    #: By primary language: the targets, and the spoken language, which times are taken from.
    texts: Mapping[str, Text]
    #: Words with frame tokens, where the model times words so: (word, start frame, end frame).
    framed: Sequence[tuple[str, int, int]]

    @property
    def spoken(self) -> str:
        """The primary subtag of the spoken language."""
        return primary(self.request.spoken)

    @property
    def transcript(self) -> Text:
        """The text in the spoken language."""
        return self.texts[self.spoken]


@dataclass(frozen=True, kw_only=True, eq=False)
class CtcModel:
    """A CTC model in memory."""

    encoder: Encoder
    aligner: align.CtcAligner


@dataclass(frozen=True, kw_only=True, eq=False)
class SpokenTimes:
    """When the words of a segment's transcript were said, and how that was found."""

    times_ms: TimesMs
    timing: Timing


class WordTimer:
    """Times the words of one model's texts."""

    def __init__(self, frame_ms: float, ctc: CtcModel | None) -> None:
        self._frame_ms = frame_ms
        self._ctc = ctc

    def spoken(self, segments: Sequence[DecodedSegment]) -> list[SpokenTimes]:
        """Word times of each segment's transcript."""
        return [
            self._spoken(segment, by_ctc)
            for segment, by_ctc in zip(segments, self._by_ctc(segments), strict=True)
        ]

    def translation(
        self, segment: DecodedSegment, target: str, spoken: SpokenTimes
    ) -> tuple[TimesMs, Timing]:
        """Word times of a translation, sentence by sentence where the sentences pair up.

        ``target`` is a primary language.
        """
        text, span = segment.texts[target], segment.request.clip.span
        if not spoken.times_ms:
            return align.settle(align.spread(text.words, span), span), Timing.SPREAD
        times_ms: list[tuple[float, float]] = []
        pairs = align.pair_sentences(segment.transcript.words, text.words)
        for (first, last), (start, stop) in pairs:
            sentence = Span(start_ms=spoken.times_ms[first][0], end_ms=spoken.times_ms[last - 1][1])
            times_ms += self._within(text, (start, stop), sentence, span)
        return align.settle(times_ms, span), Timing.SOURCE

    def _by_ctc(self, segments: Sequence[DecodedSegment]) -> list[align.Times | None]:
        """For each segment, the times of its transcript in frames of the CTC model."""
        found: list[align.Times | None] = [None] * len(segments)
        speaking = [i for i, segment in enumerate(segments) if segment.transcript.words]
        if self._ctc is None or not speaking:
            return found
        encoded, lengths = self._ctc.encoder.encode(
            [segments[i].request.clip.samples for i in speaking]
        )  # (B, T, C)
        aligned = self._ctc.aligner.align(
            encoded,
            lengths,
            [segments[i].transcript.words for i in speaking],
            [segments[i].spoken for i in speaking],
        )
        for i, times in zip(speaking, aligned, strict=True):
            found[i] = times
        return found

    def _spoken(self, segment: DecodedSegment, by_ctc: align.Times | None) -> SpokenTimes:
        span, text = segment.request.clip.span, segment.transcript
        frames, timing, frame_ms = by_ctc, Timing.CTC, self._frame_ms
        if self._ctc is not None and by_ctc is not None:
            frame_ms = self._ctc.aligner.frame_ms
        if frames is None and segment.framed:
            frames, timing = align.match_times(text.words, segment.framed), Timing.FRAMES
        if frames is None and text.decoded.cross_attention is not None:
            frames = align.attention_times(
                text.decoded.cross_attention, text.detokenized.owners, len(text.words)
            )
            timing = Timing.ATTENTION
        if frames is None:
            spread_ms = align.spread(text.words, span)
            return SpokenTimes(times_ms=align.settle(spread_ms, span), timing=Timing.SPREAD)
        times_ms = _to_ms(frames, span.start_ms, frame_ms)
        return SpokenTimes(times_ms=align.settle(times_ms, span), timing=timing)

    def _within(self, text: Text, words: tuple[int, int], sentence: Span, segment: Span) -> TimesMs:
        """Time the words from ``words[0]`` up to ``words[1]`` inside the span of a sentence.

        By cross-attention where it was kept, else by their length.
        """
        start, stop = words
        attention = text.decoded.cross_attention  # (tokens, T)
        times_ms = None
        if attention is not None:
            low = int((sentence.start_ms - segment.start_ms) / self._frame_ms)
            high = math.ceil((sentence.end_ms - segment.start_ms) / self._frame_ms)
            owners = [
                owner - start if owner is not None and start <= owner < stop else None
                for owner in text.detokenized.owners
            ]
            frames = align.attention_times(
                attention[:, low:high], owners, stop - start, first_frame=low
            )
            if frames is not None:
                offset_ms = segment.start_ms + low * self._frame_ms
                times_ms = _to_ms(frames, offset_ms, self._frame_ms)
        return align.settle(times_ms or align.spread(text.words[start:stop], sentence), sentence)


def _to_ms(frames: align.Times, offset_ms: float, frame_ms: float) -> list[tuple[float, float]]:
    return [(offset_ms + start * frame_ms, offset_ms + end * frame_ms) for start, end in frames]
