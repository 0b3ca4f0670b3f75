"""The values that pass between rooms: frozen, keyword-only, without behaviour beyond arithmetic.

Times are integer milliseconds on the video's timeline (0 is the first instant that a player
shows), spans are half-open, and both say so with the suffix ``_ms``. Positions in sound are
``_samples``. Frame rates are exact fractions. Languages are BCP-47 tags, lower-case primary
subtag first ("en", "pt-BR").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Samples per second of all sound inside the house; sources convert to it.
SAMPLE_RATE_HZ = 16_000

#: A target that means the language that is spoken.
ORIGINAL = "original"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A half-open stretch of the video's timeline."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if self.end_ms < self.start_ms:
            raise ValueError(f"a span cannot end before it starts: {self.start_ms}, {self.end_ms}")

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioTrack:
    """One sound track; ``index`` counts the file's audio tracks only, as ``-map 0:a:N`` does."""

    index: int
    codec: str
    channels: int
    sample_rate_hz: int
    language: str | None = None
    title: str | None = None
    default: bool = False
    #: The container's marks for it, in FFmpeg's words: "comment", "visual_impaired", "original" ...
    dispositions: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class SubtitleTrack:
    """One embedded subtitle track; ``index`` counts subtitle tracks only."""

    index: int
    codec: str
    language: str | None = None
    title: str | None = None
    default: bool = False
    forced: bool = False
    hearing_impaired: bool = False
    #: True where the track holds pictures (PGS, VobSub), so that nobody can read it as text.
    image: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaInfo:
    """What a look at a media file tells, without decoding it."""

    path: Path
    size_bytes: int
    mtime_ns: int
    duration_ms: int
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...] = ()
    frame_rate: Fraction | None = None
    #: Where the container's own clock starts; 0 on our timeline is this instant.
    start_ms: int = 0
    has_picture: bool = False
    chapters: tuple[Span, ...] = ()
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class AudioClip:
    """A stretch of mono sound: float32 samples (n,) in [-1, 1], beginning at ``start_samples``."""

    samples: NDArray[np.float32]
    start_samples: int
    sample_rate_hz: int = SAMPLE_RATE_HZ

    @property
    def end_samples(self) -> int:
        return self.start_samples + len(self.samples)


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One word as it is written, punctuation attached; ``confidence`` is 0..1 or unknown."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None


class Timing(StrEnum):
    """How the times of an utterance's words were found, best first."""

    CTC = "ctc"  #: forced alignment against a CTC model
    FRAMES = "frames"  #: the model's own frame tokens
    ATTENTION = "attention"  #: the decoder's cross-attention
    SOURCE = "source"  #: a translation inside its source sentence's span: breaks, not word times
    SPREAD = "spread"  #: by length of text over the span, for want of anything better


class Flag(StrEnum):
    """Why an utterance deserves a second look."""

    TRUNCATED = "truncated"  #: the decoder reached its length cap
    LOOPING = "looping"  #: the text repeats itself
    DENSE = "dense"  #: more text than anyone can say in the time
    NO_SPEECH = "no-speech"  #: the model doubts that anybody speaks
    UNALIGNED = "unaligned"  #: the text could not be placed on the sound


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """What is said in one piece of sound, in one language; empty text means that nobody speaks."""

    text: str
    span: Span
    language: str
    words: tuple[Word, ...] = ()
    timing: Timing | None = None
    flags: frozenset[Flag] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A clip to recognise, the language spoken in it, and the languages wanted from it."""

    clip: AudioClip
    source: str
    targets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """Something that is heard besides speech: "doorbell", or another of `cues.sound_labels`."""

    kind: str
    start_ms: int
    end_ms: int
    #: 0..1.
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """A film's utterances in one language, in order."""

    language: str
    source_language: str
    engine: str
    model: str
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """What stands on the screen from ``start_ms`` to ``end_ms``, and the words it shows."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    speaker: str | None = None
    words: tuple[Word, ...] = ()

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Reading rules for one language and audience; `cues.profiles` holds the known ones."""

    name: str
    max_lines: int = 2
    #: Columns that the eye sees, not code points.
    max_columns: int = 42
    #: Characters a second, spaces counted, as Netflix counts.
    max_cps: float = 17.0
    min_duration_ms: int = 833
    max_duration_ms: int = 7000
    min_gap_frames: int = 2
    #: Gaps longer than the minimum and shorter than this close to the minimum.
    close_gap_frames: int = 12
    #: How long a cue may stay after its last word to become readable.
    max_linger_ms: int = 500
    #: A cue this near to a shot change moves onto it.
    snap_frames: int = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """Everything a writer may need for one subtitle track; writers never look elsewhere."""

    media: MediaInfo
    transcript: Transcript
    cues: tuple[Cue, ...]
    #: How the track came about: versions, precision, settings. Plain strings, stable order.
    provenance: Mapping[str, str] = field(default_factory=dict)
    #: What the track is besides its language, as in file names: "forced", "sdh".
    marks: tuple[str, ...] = ()

    @property
    def language(self) -> str:
        return self.transcript.language

    @property
    def track(self) -> str:
        """Its name among the film's tracks: "en", "de+en", "en.forced", "en.sdh"."""
        return ".".join((self.language, *self.marks))


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something in a subtitle track that a person should look at."""

    #: The rule's name, as lists and settings use it: "reading-speed", "overlap", "unsubtitled".
    rule: str
    start_ms: int
    end_ms: int
    #: What was measured and what the limit is, with units, for people: "31.2 cps", "17 cps".
    measured: str
    limit: str
    #: Index of the cue in its track; None where there is no cue.
    cue: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A finished subtitle file that has no place yet."""

    language: str
    #: The format's suffix with its dot, ".srt".
    suffix: str
    data: bytes
    #: Marks between language and suffix that media servers read: "forced", "sdh".
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A provider picked by name, and the options it is to be made with."""

    name: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is to be done with one file, all questions answered but the language of the sound."""

    #: None: take the track's tag, else find out.
    source: str | None
    #: A track for each, by the names of `naming`.
    targets: tuple[str, ...]
    #: Index among the audio tracks; None: choose by language, title and default.
    track: int | None = None
    engine: Choice
    segmenter: Choice
    aligner: Choice | None = None
    #: What names sounds; None where no track tells of them.
    tagger: Choice | None = None
    layout: Choice
    profile: str
    #: The user's own profiles: name -> rules.
    own_profiles: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    #: Examine the results, and put a report and a proof page beside them.
    review: bool = False
    #: Find the picture's cuts, and let cues keep to them.
    shots: bool = False
    #: All tracks take the cue times of the spoken language's; else each has its own.
    shared_timing: bool = False
    writers: tuple[Choice, ...]
    deliveries: tuple[Choice, ...]
    device: str = "auto"
    precision: str = "auto"


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """A decision not to work on a file: the rule that decided, and a reason for a person."""

    rule: str
    reason: str


class JobState(StrEnum):
    """Where a job stands; the store alone changes it."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Stage(StrEnum):
    """What is being done to a running job."""

    PROBE = "probe"
    RECOGNISE = "recognise"
    LISTEN = "listen"
    LAYOUT = "layout"
    DELIVER = "deliver"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One file's way through the queue; its identity belongs to the store."""

    id: int
    path: Path
    fingerprint: str
    state: JobState
    stage: Stage | None = None
    attempts: int = 0
    priority: int = 0
    #: UTC; the job rests until then.
    retry_at: datetime | None = None
    #: Why it was skipped or failed, or why it waits: one line for a person.
    reason: str | None = None
    #: 0..1 of the film's duration that the stage has done.
    progress: float = 0.0
