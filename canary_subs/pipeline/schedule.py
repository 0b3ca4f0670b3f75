"""The scheduler: drives the generators of several videos and fills the engine's batches.

Each open video has a thread that reads its audio and cuts segments, ahead of the one thread that
recognises. Segments of all open videos, taken in turn, fill the batches, so that a long video
delays no short one and the device never waits for a decoder. Memory is bounded by the segments
that wait.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing

from canary_subs.errors import CanarySubsError
from canary_subs.model import MediaInfo, Request, Utterance
from canary_subs.pipeline.engine import PlanEngine
from canary_subs.pipeline.recognition import Answered, Prepared
from canary_subs.pipeline.task import Outcome, Passage, Task
from canary_subs.pipeline.video import Ask, Background, Probed, Recognise, subtitle
from canary_subs.plugin.manager import Plugins

#: Videos whose audio is read at the same time.
OPEN_VIDEOS = 4


def process(tasks: Iterable[Task | None], plugins: Plugins) -> Iterator[Outcome]:
    """Subtitle every task, several at a time; outcomes come as videos are finished.

    Takes a task only when there is capacity for it. None says that there is no task at present:
    the iterable is asked again after the next batch, and the call ends when no video is open then.
    A video's failure is in its outcome's ``errors`` and costs no other video anything; anything
    but a `CanarySubsError` is a bug and is raised. Closing the generator stops all readers.
    """
    with closing(follow(tasks, plugins)) as events:
        for event in events:
            if isinstance(event, Outcome):
                yield event


def follow(
    tasks: Iterable[Task | None], plugins: Plugins
) -> Generator[Passage | Outcome, None, None]:
    """`process`, with every passage as it is recognised; those of one video come in order."""
    waiting = iter(tasks)
    wakeup = threading.Event()
    videos: deque[_Running] = deque()
    try:
        while True:
            wakeup.clear()
            batch = _gather(videos)
            # What was delivered is reported before anything else can go wrong.
            ended = yield from _outcomes(videos, plugins)
            # The next videos are read while these segments are recognised.
            while (
                sum(video.reading for video in videos) < OPEN_VIDEOS
                and (task := next(waiting, None)) is not None
            ):
                videos.append(_Running(task, plugins, wakeup))
            if not videos:
                return
            if batch:
                _recognise(batch)
            for video in videos:
                video.end_of_audio()
                yield from video.passages()
            ended += yield from _outcomes(videos, plugins)
            videos.rotate(-1)
            if not batch and not ended:
                wakeup.wait(timeout=0.5)  # wakes by itself for the sake of `cancelled`
    finally:
        for video in videos:
            video.close()


def _outcomes(videos: deque[_Running], plugins: Plugins) -> Generator[Passage | Outcome, None, int]:
    """Remove the videos that have ended: their last passages and outcomes; returns how many."""
    ended = [video for video in videos if video.outcome is not None]
    for video in ended:
        videos.remove(video)
        yield from video.passages()
        assert video.outcome is not None
        plugins.video_done(video.outcome)
        yield video.outcome
    return len(ended)


class _Running:
    """A video whose generator runs, what it asks for, and in the end its outcome."""

    def __init__(self, task: Task, plugins: Plugins, wakeup: threading.Event) -> None:
        self.task = task
        self.outcome: Outcome | None = None
        self._ask: Ask | None = None
        self._media: MediaInfo | None = None
        self._audio_ended = False
        self._passages: deque[Passage] = deque()
        self._stop = threading.Event()
        self._steps = subtitle(task, plugins, wakeup, self._stop)
        self._send(None)

    @property
    def engine(self) -> PlanEngine:
        """Its engine; known while it waits for segments."""
        assert isinstance(self._ask, Recognise)
        return self._ask.engine

    @property
    def reading(self) -> bool:
        """Whether more segments may come of it."""
        if self.outcome is not None or self._audio_ended:
            return False
        return not (isinstance(self._ask, Recognise) and self._ask.reader.ended)

    @property
    def waits_for_segments(self) -> bool:
        return self.outcome is None and isinstance(self._ask, Recognise)

    def next_segment(self) -> Prepared | None:
        """The next segment to recognise, or None where none waits at present.

        Answers background work that has finished, and ends a video that was cancelled.
        """
        try:
            if self.outcome is None and self.task.cancelled():
                self.close(Outcome(task=self.task, media=self._media, cancelled=True))
            if self.outcome is None and isinstance(self._ask, Background):
                self._ask.waiting()
                self._step(self._answer_background)
            if self.outcome is None and isinstance(self._ask, Recognise):
                segment = self._ask.reader.take()
                return None if segment is None else self._ask.prepare(segment)
        except CanarySubsError as error:
            self.fail(error)
        return None

    def answer(self, answered: Sequence[Answered]) -> None:
        """Hand it the segments of one batch."""
        if self.outcome is None:
            self._send(answered)

    def end_of_audio(self) -> None:
        """Answer it once every segment is recognised."""
        if self.outcome is None and isinstance(self._ask, Recognise) and self._ask.reader.ended:
            self._audio_ended = True
            self._send(None)

    def fail(self, error: CanarySubsError) -> None:
        """Raise an error where the generator stands."""
        self._step(lambda: self._steps.throw(error))

    def passages(self) -> Iterator[Passage]:
        """What was recognised since it was last asked for."""
        while self._passages:
            yield self._passages.popleft()

    def close(self, outcome: Outcome | None = None) -> None:
        """End it; returns when its readers and their decoders are gone."""
        self._stop.set()
        self._steps.close()
        self.outcome = outcome

    def _send(self, answer: object) -> None:
        self._step(lambda: self._steps.send(answer))

    def _step(self, go: Callable[[], Ask]) -> None:
        """Run the generator to what it must wait for, or to its outcome."""
        try:
            self._ask = go()
            while (ask := self._answered_at_once()) is not None:
                self._ask = ask
        except StopIteration as end:
            self.outcome = end.value
        except CanarySubsError as error:
            self.outcome = Outcome(task=self.task, media=self._media, errors=(error,))

    def _answered_at_once(self) -> Ask | None:
        """What it asks for after what needs no waiting; None where it waits."""
        if isinstance(self._ask, Probed):
            self._media = self._ask.media
            return next(self._steps)
        if isinstance(self._ask, Passage):
            self._passages.append(self._ask)
            return next(self._steps)
        if isinstance(self._ask, Background):
            ask = self._answer_background()
            return None if ask is self._ask else ask
        return None

    def _answer_background(self) -> Ask:
        """Send what the thread made, or what it raised; the same question where it still works."""
        assert isinstance(self._ask, Background)
        try:
            item = self._ask.reader.take()
        except CanarySubsError as error:
            return self._steps.throw(error)
        return self._ask if item is None else self._steps.send(item)


def _gather(videos: Iterable[_Running]) -> list[tuple[_Running, Prepared]]:
    """One batch of waiting segments, a segment from each video in turn.

    All segments of a batch go to one session, with the same options.
    """
    batch: list[tuple[_Running, Prepared]] = []
    shared: tuple[object, object] | None = None
    left_ms = 0
    takers = deque(videos)
    while takers and (shared is None or left_ms > 0):
        video = takers.popleft()
        if shared is not None and video.waits_for_segments and _shared(video) != shared:
            continue
        if (prepared := video.next_segment()) is None:
            continue
        if shared is None:
            shared = _shared(video)
            left_ms = video.engine.session.batch_ms
        elif _shared(video) != shared:  # it began to wait for segments just now
            batch.append((video, prepared))
            continue
        if prepared.segment.missing:
            left_ms -= prepared.segment.span.duration_ms
        batch.append((video, prepared))
        takers.append(video)
    return batch


def _shared(video: _Running) -> tuple[object, object]:
    """What the segments of one batch must have in common."""
    return video.engine.session, video.engine.request_options


def _recognise(batch: Sequence[tuple[_Running, Prepared]]) -> None:
    """Recognise a batch and hand each video its own segments; on failure each video alone."""
    videos = list(dict.fromkeys(video for video, _ in batch))
    if any(_shared(video) != _shared(videos[0]) for video in videos):
        for video in videos:
            _recognise([item for item in batch if item[0] is video])
        return
    requests: list[Request] = [one for _, prepared in batch for one in prepared.requests]
    try:
        answers: Iterator[Sequence[Utterance]] = iter(videos[0].engine.recognise(requests))
    except CanarySubsError as error:
        if len(videos) == 1:
            videos[0].fail(error)
        for video in videos if len(videos) > 1 else ():
            _recognise([item for item in batch if item[0] is video])
        return
    answered = [
        (
            video,
            Answered(prepared=prepared, answers=tuple(next(answers) for _ in prepared.requests)),
        )
        for video, prepared in batch
    ]
    for video in videos:
        video.answer([one for owner, one in answered if owner is video])
