"""What the pipeline is given for one video, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from canary_subs.errors import CanarySubsError
from canary_subs.model import Document, MediaInfo, Plan, Skip, Span, Stage, Track, Utterance
from canary_subs.pipeline.cache import Cache, NoCache


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Task:
    """One file to subtitle, and whom to notify."""

    path: Path
    plan: Plan
    #: Decides on the plan once the file has been probed; a `Skip` ends the task.
    decide: Callable[[MediaInfo, Plan], Plan | Skip] = lambda media, plan: plan
    cache: Cache = field(default_factory=NoCache)
    #: Called with the stage and the share of the video (0..1) that it has done.
    on_progress: Callable[[Stage, float], None] = lambda stage, share: None
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
    #: What a person should know of the result: sound that could not be read, the mix that was
    #: taken, a track that was passed over.
    warnings: tuple[str, ...] = ()
    #: What failed; outputs that did not fail are delivered all the same.
    errors: tuple[CanarySubsError, ...] = ()
    cancelled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Passage:
    """A segment that was recognised, with its utterance in each transcript."""

    task: Task
    media: MediaInfo
    #: The spoken language of the video.
    spoken: str
    span: Span
    #: By transcript: a language, or a forced track.
    utterances: Mapping[Track, Utterance]
