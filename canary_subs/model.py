"""The values that pass between packages: frozen, keyword-only, without behaviour beyond arithmetic.

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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Samples per second of all sound; sources convert to it.
SAMPLE_RATE_HZ = 16_000

#: In a track's name: the language that is spoken.
ORIGINAL = "original"


def primary(language: str) -> str:
    """The primary subtag of a BCP-47 tag: "pt" of "pt-BR"."""
    return language.replace("_", "-").partition("-")[0].lower()


class TrackKind(StrEnum):
    """What a subtitle track shows, by the words that media servers read in file names."""

    FULL = "full"  #: every line
    FORCED = "forced"  #: only the lines spoken in another language than the video's
    SDH = "sdh"  #: every line, and the sounds between them


@dataclass(frozen=True, slots=True)
class Track:
    """One subtitle track: the languages it shows, from the top line down, and its kind.

    >>> Track.parse("en.sdh")
    Track(languages=('en',), kind=<TrackKind.SDH: 'sdh'>)
    >>> str(Track(("de", "en")))
    'de+en'
    """

    languages: tuple[str, ...]
    kind: TrackKind = TrackKind.FULL

    def __post_init__(self) -> None:
        if not isinstance(self.languages, tuple) or not self.languages:
            raise TypeError(f"a track's languages are a tuple, ('en',), not {self.languages!r}")

    @classmethod
    def parse(cls, name: str) -> Track:
        """The track of a name: "de", "de+en", "original", "en.forced", "en.sdh".

        Raises `ValueError` for a name without a language, with one twice, with more than two, and
        with two in a forced or SDH track.
        """
        stem, _, ending = name.rpartition(".")
        kind = next((k for k in (TrackKind.FORCED, TrackKind.SDH) if stem and ending == k), None)
        languages = tuple((name if kind is None else stem).split("+"))
        if (
            not all(languages)
            or any("." in language for language in languages)
            or len(languages) > (2 if kind is None else 1)
            or len(set(languages)) < len(languages)
        ):
            raise ValueError(
                "a track shows one language, two as 'de+en', with 'en.forced' what is spoken in "
                f"others, or with 'en.sdh' sounds too, not {name!r}"
            )
        return cls(languages, kind or TrackKind.FULL)

    def __str__(self) -> str:
        name = "+".join(self.languages)
        return name if self.kind is TrackKind.FULL else f"{name}.{self.kind}"

    @property
    def language(self) -> str:
        """The language of its first line."""
        return self.languages[0]

    @property
    def is_bilingual(self) -> bool:
        return len(self.languages) > 1

    def resolved(self, spoken: str) -> Track:
        """The track that this one means where ``spoken`` is the spoken language."""
        languages = (spoken if one == ORIGINAL else one for one in self.languages)
        return Track(tuple(dict.fromkeys(languages)), self.kind)


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
    """What probing a media file finds, without decoding it."""

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
    #: What a person should know of the sound up to its end: what is missing, which mix was taken.
    warnings: tuple[str, ...] = ()

    @property
    def end_samples(self) -> int:
        return self.start_samples + len(self.samples)

    @property
    def span(self) -> Span:
        """Where it lies on the video's timeline."""
        return Span(
            start_ms=_ms(self.start_samples, self.sample_rate_hz),
            end_ms=_ms(self.end_samples, self.sample_rate_hz),
        )


def _ms(samples: int, sample_rate_hz: int) -> int:
    # As `time.samples_to_ms`, which stands on this module: half goes up.
    return (2000 * samples + sample_rate_hz) // (2 * sample_rate_hz)


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
    SPREAD = "spread"  #: by length of text over the span, if there is nothing better


class Flag(StrEnum):
    """Why an utterance deserves a second look."""

    TRUNCATED = "truncated"  #: the decoder reached its length cap
    LOOPING = "looping"  #: the text repeats itself
    DENSE = "dense"  #: more text than anyone can say in the time
    NO_SPEECH = "no-speech"  #: the model doubts that anybody speaks
    UNALIGNED = "unaligned"  #: the text could not be placed on the sound


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """What is said in one segment, in one language; empty text means that nobody speaks.

    Engines may leave ``words`` empty: the pipeline aligns the text or spreads it over the span.
    """

    text: str
    span: Span
    language: str
    words: tuple[Word, ...] = ()
    timing: Timing | None = None
    flags: frozenset[Flag] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Request:
    """One segment to recognise: its sound, the spoken language, and the target languages.

    All requests of one call to a session have equal ``options``.
    """

    clip: AudioClip
    spoken: str
    targets: tuple[str, ...]
    #: The video that the segment belongs to; requests of other videos are not its context.
    video: Path | None = None
    #: What was recognised in the same video before this call, in the spoken language; the requests
    #: of one call share it, and a segment in another language has none. A session whose
    #: `Session.batch_ms` is 1 gets one segment a call.
    previous: str = ""
    #: Names and terms that are likely to be said.
    glossary: tuple[str, ...] = ()
    #: An instance of the engine provider's ``request_options``; None where it has none.
    options: object = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """A sound that is not speech: "doorbell", or another of `cues.sdh.KINDS`."""

    kind: str
    start_ms: int
    end_ms: int
    #: 0..1.
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """A video's utterances in one language, in order."""

    language: str
    #: The language that is spoken in the video.
    spoken: str
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
class Damage:
    """Something in a subtitle file that could not be read."""

    #: Counted from 1; None where the reader does not know it.
    line: int | None
    what: str

    def __str__(self) -> str:
        return self.what if self.line is None else f"line {self.line}: {self.what}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subtitles:
    """What a subtitle file says, as a reader gives it."""

    cues: tuple[Cue, ...]
    #: As the file itself states it; BCP-47.
    language: str | None = None
    #: The languages and the kind of the track, from formats that state both.
    track: Track | None = None
    damage: tuple[Damage, ...] = ()


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
    track: Track
    #: In the language of the track's first line.
    transcript: Transcript
    cues: tuple[Cue, ...]
    #: How the track came about: versions, precision, settings. Plain strings, stable order.
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def language(self) -> str:
        return self.track.language


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
    """A finished subtitle file that has not been delivered yet."""

    track: Track
    #: The format's suffix with its dot, ".srt".
    suffix: str
    data: bytes
    #: The name of the format.
    format: str = ""
    #: Further files of the same format by suffix, as the ".idx" of a ".sub".
    extra: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A provider picked by name, the model it is to use, and its options."""

    name: str
    #: None: the provider's own default.
    model: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        given = {"model": self.model} if self.model is not None else {}
        pairs = [f"{key}={value}" for key, value in sorted({**self.options, **given}.items())]
        return f"{self.name} ({', '.join(pairs)})" if pairs else self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What every provider is made with besides its own options.

    ``out``, ``root`` and ``overwrite`` reach deliveries, ``short_segments`` reaches segmenters;
    other providers see their defaults.
    """

    #: auto, cpu, cuda, cuda:1, mps.
    device: str = "auto"
    #: auto, fp32, bf16, int8, int4.
    precision: str = "auto"
    #: The model that was chosen for this provider; None: its own default.
    model: str | None = None
    #: Refuse models whose licence forbids commercial use.
    commercial: bool = False
    #: For deliveries: the folder for results; None: beside each video.
    out: Path | None = None
    #: For deliveries: the watched folder; videos below it keep their place below ``out``.
    root: Path | None = None
    #: For deliveries: what is written beside a video stays in this folder, whatever links say;
    #: None: anywhere.
    within: Path | None = None
    #: For deliveries: replace results that are already there.
    overwrite: bool = False
    #: For segmenters: each line may be in another language, so that segments end at every pause
    #: between speakers.
    short_segments: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is to be done with one file, all questions answered but the spoken language."""

    #: None: take the audio track's tag, else find out.
    spoken: str | None
    targets: tuple[Track, ...]
    #: Index among the audio tracks; None: choose by language, title and default.
    audio_track: int | None = None
    engine: Choice
    segmenter: Choice
    aligner: Choice | None = None
    #: Names sounds; None where no track shows them.
    tagger: Choice | None = None
    layout: Choice
    profile: str
    #: The user's own profiles: name -> rules.
    own_profiles: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    #: Names and terms that are likely to be said.
    glossary: tuple[str, ...] = ()
    #: Examine the results, and put a report and a proof page beside them.
    review: bool = False
    #: Find shot changes, and let cues keep to them.
    shots: bool = False
    #: All tracks take the cue times of the spoken language's; else each has its own.
    shared_timing: bool = False
    writers: tuple[Choice, ...]
    deliveries: tuple[Choice, ...]
    context: Context = Context()


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """A decision not to work on a file: the rule that decided, and a reason for a person."""

    rule: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelCard:
    """What is known about a model before it is loaded."""

    name: str
    licence: str
    #: Whether the licence allows commercial use.
    commercial: bool
    #: (spoken, target) by primary subtag; (x, x) is transcription.
    pairs: frozenset[tuple[str, str]]
    parameters: int = 0
    #: Bytes to download; 0 where nothing is downloaded, None where nobody counted them.
    size_bytes: int | None = 0
    #: Precision -> device memory that it needs.
    memory_bytes: Mapping[str, int] = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language that it knows, in order."""
        return tuple(sorted({language for pair in self.pairs for language in pair}))


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
    LOAD = "load"
    RECOGNISE = "recognise"
    TAG = "tag"
    LAYOUT = "layout"
    DELIVER = "deliver"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One file in the queue; its identity belongs to the store."""

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
    #: 0..1 of the video's duration that the stage has done.
    progress: float = 0.0
