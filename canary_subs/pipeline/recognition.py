"""Recognition of one video: what the engine is asked for each segment, and the transcripts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from canary_subs.errors import UnsupportedPair
from canary_subs.model import (
    AudioClip,
    MediaInfo,
    Plan,
    Request,
    Span,
    Track,
    TrackKind,
    Utterance,
    primary,
)
from canary_subs.pipeline.engine import PlanEngine
from canary_subs.pipeline.segments import Segment
from canary_subs.pipeline.word_times import with_words
from canary_subs.plugin.contain import misbehaved
from canary_subs.plugin.hookspecs import Aligner
from canary_subs.plugin.manager import Plugins

#: A segment counts as spoken in the video's language unless another is at least so probable.
FOREIGN_CERTAINTY = 0.95

#: So much of the text before a segment goes with its request.
_PREVIOUS_CHARACTERS = 400


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Prepared:
    """A segment with the language that is spoken in it, and the requests that answer it."""

    segment: Segment
    spoken: str
    requests: tuple[Request, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Answered:
    """A prepared segment with the utterances for each of its requests."""

    prepared: Prepared
    answers: tuple[Sequence[Utterance], ...]


def transcripts_of(tracks: Iterable[Track], spoken: str, *, shared: bool) -> tuple[Track, ...]:
    """What to recognise for some tracks: a transcript for each language, and each forced track.

    The spoken language's comes first where cue times are ``shared`` or two languages share cues.
    """
    tracks = tuple(tracks)
    found = [Track((spoken,))] if shared or any(track.is_bilingual for track in tracks) else []
    for track in tracks:
        if track.kind is TrackKind.FORCED:
            found.append(track)
        else:
            found.extend(Track((language,)) for language in track.languages)
    return tuple(dict.fromkeys(found))


class Recognition:
    """The transcripts of one video, as its segments are recognised in order."""

    def __init__(
        self,
        media: MediaInfo,
        plan: Plan,
        spoken: str,
        tracks: Iterable[Track],
        engine: PlanEngine,
        plugins: Plugins,
    ) -> None:
        """Raises `UnsupportedPair` where the engine cannot make a track, and `PluginError`."""
        self.spoken = spoken
        self.transcripts = transcripts_of(tracks, spoken, shared=plan.shared_timing)
        #: What was recognised: the segment's span, and an utterance for each transcript.
        self.found: list[tuple[Span, Mapping[Track, Utterance]]] = []
        self._media = media
        self._plan = plan
        self._engine = engine
        self._previous = ""
        #: Segments that were prepared and not added yet.
        self._prepared: deque[Segment] = deque()
        # Made now, so that what cannot be made is known before anything is recognised.
        self._aligner: Aligner | None = None
        if plan.aligner is not None:
            self._aligner = plugins.use("aligner", plan.aligner, plan.context)
        plugins.use("layout", plan.layout, plan.context)
        try:
            for track in self.transcripts:
                if track.kind is TrackKind.FULL:
                    engine.require(spoken, track.language)
            #: The languages of segments, where each segment's is found out; else empty.
            self.candidates = self._spoken_besides()
        except UnsupportedPair as error:
            raise UnsupportedPair(f"{media.path}: {error}") from None

    def _spoken_besides(self) -> tuple[str, ...]:
        """The languages whose lines a forced track could show, and the video's own."""
        own = primary(self.spoken)
        candidates: set[str] = set()
        for track in self.transcripts:
            if track.kind is not TrackKind.FORCED:
                continue
            target = primary(track.language)
            others = {spoken for spoken, written in self._engine.pairs if written == target}
            if not others - {own}:
                raise UnsupportedPair(
                    f"{track} cannot be made, since the model translates nothing into "
                    f"{track.language!r}; choose another model, or leave that track out"
                )
            candidates |= others | {own}
        return tuple(sorted(candidates))

    @property
    def said(self) -> bool:
        """Whether any transcript has text."""
        return any(utterance.text for _, found in self.found for utterance in found.values())

    @property
    def utterances(self) -> Iterator[Utterance]:
        """Every utterance of every transcript."""
        return (utterance for _, found in self.found for utterance in found.values())

    def prepare(self, segment: Segment) -> Prepared:
        """The requests for a segment: one for each language that it may be spoken in."""
        spoken = self._language_of(segment)
        previous = self._text_before()
        self._prepared.append(segment)
        targets: dict[str, list[str]] = {}
        for track in segment.missing:
            if (pair := self._pair(spoken, track)) is not None:
                targets.setdefault(pair[0], []).append(pair[1])
        requests = tuple(
            Request(
                clip=segment.clip,
                spoken=language,
                targets=tuple(dict.fromkeys(wanted)),
                video=self._media.path,
                previous=previous if language == self.spoken else "",
                glossary=self._plan.glossary,
                options=self._engine.request_options,
            )
            for language, wanted in targets.items()
        )
        return Prepared(segment=segment, spoken=spoken, requests=requests)

    def _language_of(self, segment: Segment) -> str:
        """The spoken language of a segment: the video's, unless plainly another."""
        if not self.candidates or not segment.missing:
            return self.spoken
        probabilities = self._engine.identify([segment.clip], self.candidates)
        own = primary(self.spoken)
        if not 1 - probabilities.get(own, 0.0) >= FOREIGN_CERTAINTY:  # also true for NaN
            return self.spoken
        others = [language for language in self.candidates if language != own]
        return max(others, key=lambda language: probabilities.get(language, 0.0))

    def _pair(self, spoken: str, track: Track) -> tuple[str, str] | None:
        """(spoken, target) by which a transcript gets its text; None where it stays empty."""
        if spoken != self.spoken and self._engine.can(spoken, track.language):
            return spoken, track.language
        return None if track.kind is TrackKind.FORCED else (self.spoken, track.language)

    def named(self, answered: Answered) -> dict[Track, Utterance]:
        """The utterances that a segment lacked, by transcript, their words timed."""
        prepared = answered.prepared
        clip = prepared.segment.clip
        by_pair = {
            (request.spoken, utterance.language): self._timed(clip, request.spoken, utterance)
            for request, utterances in zip(prepared.requests, answered.answers, strict=True)
            for utterance in utterances
        }
        result: dict[Track, Utterance] = {}
        for track in prepared.segment.missing:
            pair = self._pair(prepared.spoken, track)
            empty = Utterance(text="", span=clip.span, language=track.language)
            result[track] = empty if pair is None else by_pair[pair]
        return result

    def _timed(self, clip: AudioClip, spoken: str, utterance: Utterance) -> Utterance:
        """With word times: the engine's own, spread where it gives none, then the aligner's."""
        if not utterance.text.strip():
            return replace(utterance, text="", words=())
        words = tuple(word for word in utterance.words if word.text.strip())
        utterance = with_words(replace(utterance, words=words))
        if (aligner := self._aligner) is None or utterance.language != spoken:
            return utterance
        aligned = aligner.align(clip, utterance)
        if not isinstance(aligned, Utterance) or aligned.text != utterance.text:
            raise misbehaved(aligner.align, "align must give the utterance that it was given")
        return aligned

    def add(self, segment: Segment, fresh: Mapping[Track, Utterance]) -> None:
        """Take the next segment's utterances, the recalled and the fresh ones."""
        utterances = {**segment.known, **fresh}
        self.found.append((segment.span, utterances))
        self._prepared.popleft()
        self._previous = self._extended(self._previous, utterances)

    def _text_before(self) -> str:
        """The spoken text before the call that a segment goes into.

        What the cache has of the segments before it counts, so that a video that is resumed asks
        what it would have asked.
        """
        previous = self._previous
        for segment in takewhile(lambda one: not one.missing, self._prepared):
            previous = self._extended(previous, segment.known)
        return previous

    def _extended(self, previous: str, utterances: Mapping[Track, Utterance]) -> str:
        own = utterances.get(Track((self.spoken,)))
        if own is None or not own.text:
            return previous
        return f"{previous} {own.text}".strip()[-_PREVIOUS_CHARACTERS:]
