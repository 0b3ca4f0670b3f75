"""The road on one screen: media + plan -> finished tracks, for several films at a time.

One thread for each open film reads sound and cuts it into pieces, ahead of the one thread that
recognises: pieces of all open films, taken in turn, fill its batches, so that a long film starves
no short one and the device never waits for a decoder. Memory is bounded by the pieces that wait.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from canary_subs import naming
from canary_subs.errors import CanarySubsError, PluginError, UnsupportedPair
from canary_subs.media import tracks
from canary_subs.model import (
    AudioClip,
    Choice,
    Cue,
    Document,
    MediaInfo,
    Plan,
    Request,
    Skip,
    Sound,
    Span,
    Stage,
    Transcript,
    Utterance,
)
from canary_subs.naming import primary
from canary_subs.pipeline import steps as film
from canary_subs.pipeline.prefetch import Prefetch
from canary_subs.plugin.hookspecs import Aligner, Engine, Session
from canary_subs.plugin.manager import Plugins, contained

log = logging.getLogger(__name__)

#: Films whose sound is read at the same time.
OPEN_FILMS = 4

#: Pieces of one film that may wait for the recogniser: at 40 s each, 41 MB.
WAITING_PIECES = 16


#: Unless another language is at least so probable, a piece is taken to be in the film's.
FOREIGN_CERTAINTY = 0.95

#: What the engine gave for pieces of one clip.
_Answers = Sequence[tuple[Request, Sequence[Utterance]]]


class Cache(Protocol):
    """Remembers finished pieces of one file, so that no piece is recognised twice.

    Texts go by the name that `Passage` gives them.

    ``scope`` names everything that shaped the text (track, spoken language, engine, model,
    precision, segmenter): under another scope nothing is recalled.
    """

    def recall(self, scope: str, span: Span) -> Mapping[str, Utterance]:
        """What was recognised there: language -> utterance."""

    def keep(self, scope: str, found: Sequence[tuple[Span, Mapping[str, Utterance]]]) -> None:
        """Remember pieces of one batch, all or none."""


class NoCache:
    """A `Cache` without memory."""

    def recall(self, scope: str, span: Span) -> Mapping[str, Utterance]:
        return {}

    def keep(self, scope: str, found: Sequence[tuple[Span, Mapping[str, Utterance]]]) -> None:
        pass


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Task:
    """One file to subtitle, and whom to tell."""

    path: Path
    plan: Plan
    #: The last word on the plan once the file has been looked at; a `Skip` ends the task.
    decide: Callable[[MediaInfo, Plan], Plan | Skip] = lambda media, plan: plan
    keep: Cache = field(default_factory=NoCache)
    #: Called with the stage and the share of the film (0..1) that it has done.
    tell: Callable[[Stage, float], None] = lambda stage, share: None
    #: Asked between batches; True ends the task.
    cancelled: Callable[[], bool] = lambda: False


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Outcome:
    """What became of a task. Without skip, errors or cancelled it is done."""

    task: Task
    media: MediaInfo | None = None
    documents: tuple[Document, ...] = ()
    #: Where results went, in the deliveries' own words (paths, for files).
    delivered: tuple[str, ...] = ()
    skip: Skip | None = None
    #: What failed; outputs that did not fail are delivered all the same.
    errors: tuple[CanarySubsError, ...] = ()
    cancelled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Passage:
    """A piece of an open film that is recognised, with what is said in it by language."""

    task: Task
    media: MediaInfo
    #: The language that is spoken in the film.
    spoken: str
    span: Span
    #: By language, and by track where that is a forced one.
    utterances: Mapping[str, Utterance]


class Sessions:
    """Engines and their loaded models, kept from one call of `process` to the next."""

    def __init__(self, plugins: Plugins) -> None:
        self._catalogue = plugins
        self._engines: dict[str, Engine] = {}
        self._sessions: dict[str, Session] = {}

    def engine(self, plan: Plan) -> Engine:
        key = _key(plan.engine)
        if key not in self._engines:
            self._engines[key] = self._catalogue.make("engine", plan.engine)
        return self._engines[key]

    def session(self, plan: Plan) -> Session:
        """The loaded model of a plan; loads it at first use. Raises `ModelError`."""
        key = f"{_key(plan.engine)} {plan.device} {plan.precision}"
        if key not in self._sessions:
            with contained(self._catalogue.provider("engine", plan.engine.name).plugin):
                session = self.engine(plan).open(plan.device, plan.precision)
                if not session.max_clip_ms > 0 or not session.batch_ms > 0:
                    raise ValueError("a session must take some sound")
                self._sessions[key] = session
        return self._sessions[key]

    def close(self) -> None:
        """Give the devices' memory back; the next use loads again."""
        while self._sessions:
            key, session = self._sessions.popitem()
            try:
                session.close()
            except Exception:
                log.warning("the model of %s could not be given back", key, exc_info=True)


def process(
    tasks: Iterable[Task | None], plugins: Plugins, sessions: Sessions
) -> Iterator[Outcome]:
    """Subtitle every task, several at a time; outcomes come as films are finished.

    Takes a task only when there is room for it. None says that there is no task at present: it is
    asked again after the next batch, and the call ends when no film is open then. A film's failure
    is in its outcome's ``errors`` and costs no other film anything; anything but a
    `CanarySubsError` is a bug and is raised. Closing the generator stops all readers.
    """
    with closing(follow(tasks, plugins, sessions)) as events:
        for event in events:
            if isinstance(event, Outcome):
                yield event


def follow(
    tasks: Iterable[Task | None], plugins: Plugins, sessions: Sessions
) -> Generator[Passage | Outcome, None, None]:
    """`process`, with every passage as it is recognised; those of one film come in order."""
    waiting = iter(tasks)
    news = threading.Event()
    films: deque[_Film] = deque()
    try:
        while True:
            news.clear()
            batch = _gather(films)
            # The next films are read while these pieces are recognised.
            while (
                sum(one.reading for one in films) < OPEN_FILMS
                and (task := next(waiting, None)) is not None
            ):
                opened = _open(task, plugins, sessions, news)
                if isinstance(opened, Outcome):
                    yield opened
                else:
                    films.append(opened)
            if not films:
                return
            if batch:
                _recognise(batch)
            for one in films:
                yield from one.passages()
            ended = [one for one in films if one.ended]
            for one in ended:
                films.remove(one)
                yield one.finish()
            films.rotate(-1)
            if not batch and not ended:
                news.wait(timeout=0.5)  # wakes by itself for the sake of `cancelled`
    finally:
        for one in films:
            one.stop()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Waiting:
    """A piece that was read, what is remembered of it, and the texts that are missing.

    A piece that misses nothing waits in line with the others: passages come in order.
    """

    clip: AudioClip
    span: Span
    known: Mapping[str, Utterance]
    missing: tuple[str, ...]
    #: The language that is spoken in it.
    spoken: str


def _open(
    task: Task, plugins: Plugins, sessions: Sessions, news: threading.Event
) -> _Film | Outcome:
    media: MediaInfo | None = None
    try:
        task.tell(Stage.PROBE, 0.0)
        media, source, plugin = film.probe(task.path, plugins)
        plan = task.decide(media, task.plan)
        if isinstance(plan, Plan):
            plan = plugins.plan(media, plan)
        if isinstance(plan, Skip):
            return Outcome(task=task, media=media, skip=plan)
        chosen = tracks.choose(media, language=plan.source, index=plan.track)
        log.info("%s: hears track %d, because %s", task.path, chosen.track.index, chosen.why)
        heard = film.Heard(
            media=media, plan=plan, source=source, source_plugin=plugin, track=chosen.track
        )
        opened = _Film(task, heard, plugins, sessions, news)
        if (spoken := plan.source or heard.track.language) is not None:
            opened.settle(spoken)
        else:
            opened.ask_language()
        return opened.finish() if opened.ended else opened
    except CanarySubsError as error:
        return Outcome(task=task, media=media, errors=(error,))


def _gather(films: Iterable[_Film]) -> list[tuple[_Film, _Waiting]]:
    """One batch of waiting pieces, a piece from each film in turn."""
    batch: list[tuple[_Film, _Waiting]] = []
    session: Session | None = None
    room_ms = 0
    takers = deque(films)
    while takers and (session is None or room_ms > 0):
        one = takers.popleft()
        if session not in (None, one.session) or (piece := one.take()) is None:
            continue
        if session is None:
            session = one.session
            room_ms = session.batch_ms
        if piece.missing:
            room_ms -= piece.span.duration_ms
        batch.append((one, piece))
        takers.append(one)
    return batch


def _recognise(batch: Sequence[tuple[_Film, _Waiting]]) -> None:
    """Recognise a batch and hand each film its own; on failure each film alone."""
    films = list(dict.fromkeys(one for one, _ in batch))
    asked = [one.pieces(waiting) for one, waiting in batch]
    pieces = [piece for own in asked for piece in own]
    try:
        with contained(films[0].engine_plugin):
            answers = iter(_checked(pieces, films[0].session.recognise(pieces)) if pieces else ())
    except CanarySubsError as error:
        if len(films) == 1:
            films[0].fail(error)
        for one in films if len(films) > 1 else ():
            _recognise([item for item in batch if item[0] is one])
        return
    found = [
        (one, waiting, [(piece, next(answers)) for piece in own])
        for (one, waiting), own in zip(batch, asked, strict=True)
    ]
    for one in films:
        one.receive([(waiting, said) for owner, waiting, said in found if owner is one])


def _checked(
    pieces: Sequence[Request], found: Sequence[Sequence[Utterance]]
) -> Sequence[Sequence[Utterance]]:
    """What an engine gave, if it is what was asked of it."""
    asked = [piece.targets for piece in pieces]
    given = [tuple(utterance.language for utterance in utterances) for utterances in found]
    if given != asked:
        raise PluginError(f"an engine asked for {asked!r:.80} gave {given!r:.80}")
    return found


class _Film:
    """An open film: its pieces are read ahead, its utterances gathered."""

    def __init__(
        self,
        task: Task,
        heard: film.Heard,
        plugins: Plugins,
        sessions: Sessions,
        news: threading.Event,
    ) -> None:
        self.engine_plugin = plugins.provider("engine", heard.plan.engine.name).plugin
        self.ended = False
        self._task = task
        self._heard = heard
        self._catalogue = plugins
        self._sessions = sessions
        self._news = news
        self._pieces: Prefetch[_Waiting] | None = None
        self._sample: Prefetch[tuple[AudioClip, ...]] | None = None
        self._spoken = ""
        self._outputs: tuple[film.Output, ...] = ()
        self._tracks: tuple[str, ...] = ()
        self._texts: tuple[str, ...] = ()
        #: What may be spoken, where that is asked of every piece.
        self._tongues: tuple[str, ...] = ()
        self._laid_out: dict[tuple[str, bool], Document] = {}
        self._failures: tuple[CanarySubsError, ...] = ()
        self._provenance: dict[str, str] = {}
        self._found: list[tuple[Span, Mapping[str, Utterance]]] = []
        self._shots: tuple[int, ...] = ()
        #: Sounds besides speech, looked for when all speech is recognised.
        self._listening: Prefetch[tuple[Sound, ...]] | None = None
        self._listened_ms = 0
        self._sounds: tuple[Sound, ...] = ()
        self._taken = self._told = 0
        self._stopping = threading.Event()
        self._outcome = Outcome(task=task, media=heard.media)

    @property
    def session(self) -> Session:
        return self._sessions.session(self._heard.plan)

    @property
    def reading(self) -> bool:
        """Whether more pieces may come of it."""
        return not self.ended and (self._pieces is None or not self._pieces.ended)

    # Before the first piece.

    def settle(self, spoken: str) -> None:
        """The language is known: see what is to be made, and begin to read."""
        wanted = film.wanted(self._heard, spoken, self._catalogue)
        if isinstance(wanted, Skip):
            self._end(skip=wanted)
            return
        if not wanted.tracks:
            self._end(errors=wanted.failures)
            return
        self._spoken, self._tracks = spoken, wanted.tracks
        self._texts = film.texts_of(wanted.tracks, spoken, self._heard.plan)
        film.check_sounds(self._heard, wanted.tracks, self._catalogue)
        self._outputs, self._failures = wanted.outputs, wanted.failures
        for text in self._texts:
            if not naming.is_forced(text) and (reason := self._refusal(spoken, text)) is not None:
                raise UnsupportedPair(f"{self._task.path}: {reason}")
        self._tongues = self._may_be_spoken()
        self._provenance = film.provenance(self._heard, spoken, self.session)
        if self._tongues:
            self._provenance["foreign"] = ", ".join(self._tongues)
        self._pieces = Prefetch(self._read(), WAITING_PIECES, self._news)

    def _refusal(self, spoken: str, language: str) -> str | None:
        with contained(self.engine_plugin):
            return self._sessions.engine(self._heard.plan).refuse(spoken, language)

    def _may_be_spoken(self) -> tuple[str, ...]:
        """The languages whose lines a forced track could show, and the film's own.

        Raises `UnsupportedPair`.
        """
        forced = [text for text in self._texts if naming.is_forced(text)]
        if not forced:
            return ()
        with contained(self.engine_plugin):
            pairs = self._sessions.engine(self._heard.plan).pairs()
        tongues: set[str] = set()
        for text in forced:
            language = naming.languages(text)[0]
            others = {tongue for tongue, written in pairs if written == primary(language)}
            if not others - {primary(self._spoken)}:
                raise UnsupportedPair(
                    f"{self._task.path}: {text} cannot be made, since the model translates "
                    f"nothing into {language!r}; choose another model, or leave that track out"
                )
            tongues |= others | {primary(self._spoken)}
        return tuple(sorted(tongues))

    def ask_language(self) -> None:
        """Begin to read the pieces by which the language is judged."""
        _ = self.session  # loaded here, since readers in threads of their own ask for it
        self._sample = Prefetch(self._read_sample(), 1, self._news)

    def _read_sample(self) -> Generator[tuple[AudioClip, ...], None, None]:
        yield film.sample(self._cut(), self._heard.media.duration_ms)

    def _read(self) -> Generator[_Waiting, None, None]:
        scope = self._scope
        for clip in self._cut():
            span = film.span_of(clip)
            known = self._task.keep.recall(scope, span)
            missing = tuple(text for text in self._texts if text not in known)
            yield _Waiting(clip=clip, span=span, known=known, missing=missing, spoken=self._spoken)
        self._shots = film.shots_of(self._heard)

    def _cut(self) -> Iterator[AudioClip]:
        heard = self._heard
        segmenter = self._catalogue.make("segmenter", heard.plan.segmenter)
        cutter = self._catalogue.provider("segmenter", heard.plan.segmenter.name).plugin
        plugins = f"{heard.source_plugin} or {cutter}"
        with film.sound(heard.media, heard.track, heard.source, plugins) as clips:
            yield from film.cut(self._unless_stopped(clips), segmenter, self.session.max_clip_ms)

    def _unless_stopped(self, clips: Iterable[AudioClip]) -> Iterator[AudioClip]:
        # Where nobody speaks for hours there is no piece at which a reader could be stopped.
        for clip in clips:
            if self._stopping.is_set():
                return
            yield clip

    @property
    def _scope(self) -> str:
        return json.dumps(self._provenance, sort_keys=True)

    # While it is recognised.

    def take(self) -> _Waiting | None:
        """The next piece to recognise, or None where none waits at present."""
        try:
            if not self.ended and self._task.cancelled():
                self._end(cancelled=True)
            if self.ended:
                return None
            if self._sample is not None and (clips := self._sample.take()) is not None:
                self._sample.stop()
                self._sample = None
                self._identify(clips)
            if self._pieces is not None and (waiting := self._pieces.take()) is not None:
                self._taken += 1
                return self._placed(waiting)
            if self._pieces is not None and self._pieces.ended:
                self._listen()
        except CanarySubsError as error:
            self.fail(error)
        return None

    def _listen(self) -> None:
        """All sound was read: hear what there is besides speech, where that is asked for."""
        if not any(map(naming.is_sdh, self._tracks)):
            self._end()
            return
        if len(self._found) < self._taken:
            return  # where words stand is known after this batch
        if self._listening is None:
            self._listening = Prefetch(self._hear(), 1, self._news)
        self._task.tell(Stage.LISTEN, self._share(self._listened_ms))
        try:
            sounds = self._listening.take()
        except CanarySubsError as error:  # costs the tracks that tell of them, no others
            self._failures += (error,)
            self._tracks = tuple(t for t in self._tracks if not naming.is_sdh(t))
            self._end()
            return
        if sounds is not None:
            self._sounds = sounds
            self._end()

    def _share(self, done_ms: int) -> float:
        """How much of the film that is, 0..1."""
        return min(done_ms / max(self._heard.media.duration_ms, 1), 1.0)

    def _hear(self) -> Generator[tuple[Sound, ...], None, None]:
        heard = self._heard
        spoken = [utterance for _, found in self._found for utterance in found.values()]
        with film.sound(heard.media, heard.track, heard.source, heard.source_plugin) as clips:
            passing = self._noted(self._unless_stopped(clips))
            yield film.sounds(heard, passing, film.speech_of(spoken), self._catalogue)

    def _noted(self, clips: Iterable[AudioClip]) -> Iterator[AudioClip]:
        for clip in clips:
            yield clip
            self._listened_ms = film.span_of(clip).end_ms

    def _identify(self, clips: tuple[AudioClip, ...]) -> None:
        if not clips:
            self._end(skip=film.NO_SPEECH)
            return
        with contained(self.engine_plugin):
            pairs = self._sessions.engine(self._heard.plan).pairs()
            candidates = sorted({spoken for spoken, _ in pairs})
            odds = dict(self.session.identify(clips, candidates))
        self.settle(film.certain_language(self._task.path, odds))

    def _placed(self, waiting: _Waiting) -> _Waiting:
        """The piece with the language that is spoken in it: the film's, unless plainly another."""
        if not self._tongues or not waiting.missing:
            return waiting
        with contained(self.engine_plugin):
            odds = dict(self.session.identify([waiting.clip], self._tongues))
        own = primary(self._spoken)
        if not 1 - odds.get(own, 0.0) >= FOREIGN_CERTAINTY:  # also where it is no number
            return waiting
        others = [tongue for tongue in self._tongues if tongue != own]
        return replace(waiting, spoken=max(others, key=lambda tongue: odds.get(tongue, 0.0)))

    def _way(self, waiting: _Waiting, text: str) -> tuple[str, str] | None:
        """From which language to which a text of a piece is made; None where it has none."""
        foreign = waiting.spoken != self._spoken
        language = naming.languages(text)[0]
        if foreign and self._refusal(waiting.spoken, language) is None:
            return waiting.spoken, language
        return None if naming.is_forced(text) else (self._spoken, language)

    def pieces(self, waiting: _Waiting) -> tuple[Request, ...]:
        """What to ask the engine for: one piece for each language that is taken as spoken."""
        ways = dict.fromkeys(self._way(waiting, text) for text in waiting.missing)
        targets: dict[str, list[str]] = {}
        for source, language in filter(None, ways):
            targets.setdefault(source, []).append(language)
        return tuple(
            Request(clip=waiting.clip, source=source, targets=tuple(languages))
            for source, languages in targets.items()
        )

    def receive(self, found: Sequence[tuple[_Waiting, _Answers]]) -> None:
        """Take the results of one batch, remember them, tell how far it is."""
        try:
            new = [(waiting, self._named(waiting, answers)) for waiting, answers in found]
            keepsakes = [(waiting.span, fresh) for waiting, fresh in new if fresh]
            if keepsakes:
                self._task.keep.keep(self._scope, keepsakes)
        except CanarySubsError as error:
            self.fail(error)
            return
        for waiting, fresh in new:
            self._add(waiting, fresh)

    def _named(self, waiting: _Waiting, answers: _Answers) -> dict[str, Utterance]:
        """The texts that were missing, each by its name."""
        said = {
            (piece.source, utterance.language): self._aligned(piece, utterance)
            for piece, utterances in answers
            for utterance in utterances
        }
        ways = {text: self._way(waiting, text) for text in waiting.missing}
        return {
            text: Utterance(text="", span=waiting.span, language=naming.languages(text)[0])
            if way is None
            else said[way]
            for text, way in ways.items()
        }

    def _aligned(self, piece: Request, utterance: Utterance) -> Utterance:
        choice = self._heard.plan.aligner
        if choice is None or not utterance.text or utterance.language != piece.source:
            return utterance
        aligner: Aligner = self._catalogue.make("aligner", choice)
        with contained(self._catalogue.provider("aligner", choice.name).plugin):
            aligned = aligner.align(piece.clip, utterance)
            if not isinstance(aligned, Utterance) or aligned.text != utterance.text:
                raise ValueError("an aligner must give the utterance that it was given")
            return aligned

    def _add(self, waiting: _Waiting, fresh: Mapping[str, Utterance]) -> None:
        self._found.append((waiting.span, {**waiting.known, **fresh}))
        self._task.tell(Stage.RECOGNISE, self._share(waiting.span.end_ms))

    def passages(self) -> Iterator[Passage]:
        """What was recognised since it was last asked for."""
        news, self._told = self._found[self._told :], len(self._found)
        for span, utterances in news:
            yield Passage(
                task=self._task,
                media=self._heard.media,
                spoken=self._spoken,
                span=span,
                utterances=utterances,
            )

    # The end.

    def fail(self, error: CanarySubsError) -> None:
        self._end(errors=(error,))

    def stop(self) -> None:
        """Nothing more is wanted; returns when the reader and its decoder are gone."""
        self._stopping.set()
        for reader in (self._sample, self._pieces, self._listening):
            if reader is not None:
                reader.stop()

    def _end(self, **ending: Any) -> None:
        self.ended = True
        self.stop()
        self._outcome = replace(self._outcome, **ending)

    def finish(self) -> Outcome:
        """Lay out and deliver what was recognised."""
        outcome = self._outcome
        if outcome.skip or outcome.errors or outcome.cancelled:
            return outcome
        said = any(utterance.text for _, found in self._found for utterance in found.values())
        if not said and not self._sounds:
            nothing_foreign = self._found and all(map(naming.is_forced, self._tracks))
            skip = film.no_foreign(self._spoken) if nothing_foreign else film.NO_SPEECH
            return replace(outcome, skip=skip)
        self._task.tell(Stage.LAYOUT, 1.0)
        documents: list[Document] = []
        failures = list(self._failures)
        for track in self._tracks:
            try:
                document = self._track(track)
            except CanarySubsError as error:
                failures.append(error)
                continue
            if document.cues or (said and not naming.is_forced(track)):
                documents.append(document)
            else:  # an empty track would be offered to viewers
                log.info("%s: no %s, since nothing would stand in it", self._task.path, track)
        self._task.tell(Stage.DELIVER, 1.0)
        places, undelivered = film.deliver(documents, self._outputs, self._catalogue)
        return replace(
            outcome,
            documents=tuple(documents),
            delivered=tuple(places),
            errors=(*failures, *undelivered),
        )

    def _track(self, track: str) -> Document:
        if naming.is_forced(track):
            return replace(self._document(track), marks=(naming.FORCED,))
        upper, *below = naming.languages(track)
        if naming.is_sdh(track):
            return film.tell(self._track(upper), self._sounds, self._heard.plan)
        shared = bool(below) or self._heard.plan.shared_timing
        template = self._document(self._spoken).cues if shared else None
        document = self._document(upper, template)
        for lower in below:
            document = film.join(document, self._document(lower, template), self._heard.plan)
        return document

    def _document(self, text: str, template: Sequence[Cue] | None = None) -> Document:
        # The spoken language's own cues are the template.
        key = (text, template is not None and text != self._spoken)
        if key in self._laid_out:
            return self._laid_out[key]
        transcript = Transcript(
            language=naming.languages(text)[0],
            source_language=self._spoken,
            engine=self._heard.plan.engine.name,
            model=self.session.model,
            utterances=tuple(found[text] for _, found in self._found if found[text].text),
        )
        document = film.lay_out(
            self._heard,
            transcript,
            self._provenance,
            self._catalogue,
            shots=self._shots,
            template=template,
        )
        self._laid_out[key] = document
        return document


def _key(choice: Choice) -> str:
    return f"{choice.name} {json.dumps(choice.options, sort_keys=True, default=str)}"
