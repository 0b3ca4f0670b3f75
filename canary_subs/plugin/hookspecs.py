"""Everything that a plugin can do, on one page.

A plugin is a module or object with functions named as below, each marked ``@hookimpl``. It is
found through the entry-point group ``canary_subs`` or as a ``.py`` file in the plugin folder.
Built-ins register in the same way and have no privileges.

Catalogue hooks return `Provider` values: a name that the configuration picks, a line for people, a
dataclass of options, and ``make(options, context)``, which returns the object that works. An
object is made once for each set of options, is used until the program no longer needs it, and is
then closed if it has a ``close()``. Objects are shared: `Source.read`, `Segmenter.cut` and
`Tagger.tag` may run in several threads at once, so their state belongs in the call, not in the
object. Two providers of one kind and name are an error that names both.

Whatever a plugin raises costs only its own output; the message names the plugin. Raise
`canary_subs.errors.PluginUnusable` from ``make`` where the provider cannot be used as things stand
(a key is missing, a licence forbids it), and `canary_subs.errors.Temporary` from anywhere to have
the video tried again later.
"""

from __future__ import annotations

import argparse
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import pluggy

from canary_subs.errors import PluginUnusable
from canary_subs.model import (
    AudioClip,
    AudioTrack,
    Context,
    Cue,
    Document,
    Finding,
    Job,
    MediaInfo,
    ModelCard,
    Plan,
    Profile,
    Rendered,
    Request,
    Skip,
    Sound,
    Span,
    Subtitles,
    Track,
    Transcript,
    Utterance,
)

if TYPE_CHECKING:
    from canary_subs.config.layers import Settings
    from canary_subs.pipeline.task import Outcome
    from canary_subs.plugin.manager import Plugins

PROJECT = "canary_subs"

hookspec = pluggy.HookspecMarker(PROJECT)
#: Marks a function of a plugin as its answer to the hook of the same name.
hookimpl = pluggy.HookimplMarker(PROJECT)

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class NoOptions:
    """The options of a provider that has none."""


@dataclass(frozen=True, kw_only=True)
class Provider(Generic[T_co]):
    """One entry of a catalogue."""

    name: str
    #: What it is, in one line, as lists show it.
    summary: str
    #: Gets an instance of ``options`` and the context.
    make: Callable[[Any, Context], T_co]
    #: A dataclass whose fields, all with defaults, are the keys of its configuration table.
    options: type[Any] = NoOptions
    #: Engines: a dataclass of further keys, given with each request; they load no other model.
    request_options: type[Any] | None = None


class Source(Protocol):
    """Opens media files."""

    def probe(self, path: Path) -> MediaInfo | None:
        """Describe the file, or None where it is not of a kind this source knows.

        Raises `NotMedia` or `DamagedMedia` for a file of its kind that cannot be used.
        """

    def read(self, media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
        """Stream the track as consecutive mono clips at ``SAMPLE_RATE_HZ``, without gap or overlap.

        Sample 0 sounds at the first instant that a player shows. Raises `DamagedMedia`.
        """


class Segmenter(Protocol):
    """Finds speech and divides it into segments."""

    def cut(self, clips: Iterable[AudioClip], max_ms: int) -> Iterator[Span]:
        """Yield rising, disjoint spans of speech, each at most ``max_ms`` long, cut at pauses.

        Reads no further ahead than it must: memory is bounded by what it has not yet yielded.
        """


class Session(ABC):
    """A loaded model, ready to recognise; used by one thread at a time."""

    #: The model's name, with its revision or hash: what made a text, for provenance.
    model: str = ""
    #: The numeric format it runs in: "fp32", "bf16", "int8", "int4".
    precision: str = "fp32"
    #: The longest segment it takes.
    max_segment_ms: int = 30_000
    #: How much sound in one call keeps it busy without keeping others waiting; a call ends with the
    #: first segment that reaches it. 1: a call for each segment, with all text before it.
    batch_ms: int = 120_000

    @abstractmethod
    def recognise(self, requests: Sequence[Request]) -> Sequence[Sequence[Utterance]]:
        """For each request, in order, one utterance for each of its targets, in their order.

        The sound of a request is encoded once, however many targets it has. Words, where an
        utterance has them, have rising times inside its span; a text without words is aligned or
        spread by the pipeline. Requests may belong to several videos (`Request.video`).
        """

    def identify(
        self, clips: Sequence[AudioClip], candidates: Sequence[str]
    ) -> Mapping[str, float]:
        """How probable each candidate is as the spoken language; the sum is 1."""
        raise PluginUnusable("this engine cannot tell the spoken language; name it with --from")

    def close(self) -> None:  # noqa: B027 - optional
        """Give back the memory of the device; the session is not used again."""


class Engine(ABC):
    """A recogniser before its model is loaded. `pairs` and `open` are enough for a small one."""

    @abstractmethod
    def pairs(self) -> Iterable[tuple[str, str]]:
        """The pairs (spoken, target) it knows, by primary subtag; (x, x) is transcription."""

    @abstractmethod
    def open(self, context: Context) -> Session:
        """Load the model on the context's device, in its precision. Raises `ModelError`."""

    def models(self) -> Iterable[ModelCard]:
        """The models that it knows by name, the chosen one first."""
        return ()

    def fetch(self, context: Context) -> None:
        """Download the chosen model; loading it does, where an engine knows no shorter way."""
        self.open(context).close()


class Aligner(Protocol):
    """Finds when each word of a known text is said."""

    def align(self, clip: AudioClip, utterance: Utterance) -> Utterance:
        """The same utterance with words whose times lie inside the clip."""


class Tagger(Protocol):
    """Names sounds that are not speech, for SDH tracks."""

    def tag(self, clips: Iterable[AudioClip]) -> Iterable[Sound]:
        """The sounds in any order, of the kinds in `cues.sdh.KINDS`.

        The clips rise and hold no speech; one that does not begin where the one before it ended
        begins another stretch. They come as they are read: memory is bounded by what a tagger
        keeps of them.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class LayoutRequest:
    """What a layout works from. Fields added later get defaults, so that layouts keep working."""

    #: Every utterance with text has words.
    transcript: Transcript
    #: The reading rules for the transcript's language.
    profile: Profile
    #: None for a video without a picture.
    frame_rate: Fraction | None = None
    #: Shot changes, rising.
    shots_ms: Sequence[int] = ()
    #: Cues of the spoken language, rising and disjoint: a translation takes their times, as
    #: subtitlers do when they translate from a template.
    template: Sequence[Cue] | None = None


class Layout(Protocol):
    """Turns words into cues. Pure: equal requests give equal cues."""

    def layout(self, request: LayoutRequest) -> Sequence[Cue]:
        """Rising cues that never overlap and show every word once, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRequest:
    """A subtitle track to check. None means unknown: a check that needs it finds nothing."""

    cues: tuple[Cue, ...]
    profile: Profile
    #: BCP-47.
    language: str | None = None
    frame_rate: Fraction | None = None
    #: Of the video.
    duration_ms: int | None = None
    #: Where somebody speaks, rising and disjoint.
    speech: tuple[Span, ...] | None = None
    #: The cues of the track that this one translates.
    original: tuple[Cue, ...] | None = None


class Check(Protocol):
    """Finds what a person should look at in a track. Pure: equal requests, equal findings."""

    def check(self, request: CheckRequest) -> Iterable[Finding]:
        """What is wrong, in any order, each finding with what was measured and its limit."""


class Writer(Protocol):
    """Turns a document into the bytes of a format. Pure, as `Layout`."""

    #: With its dot: ".srt".
    suffix: str

    def write(self, document: Document) -> bytes | Mapping[str, bytes]:
        """The file, or the files by suffix, the one of `suffix` among them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadHints:
    """What is known of a subtitle file besides its bytes."""

    #: Its path or another name, for messages.
    name: str
    #: Its bytes as text, in the encoding that fits them; empty where they are not text.
    text: str = ""
    #: BCP-47, where the caller knows it.
    language: str | None = None
    #: Of the video, for formats that count frames; None where it is not known.
    frame_rate: Fraction | None = None


class Reader(Protocol):
    """Reads one subtitle format. Pure, as `Writer`."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How the names of such files end, with the dot: (".ass", ".ssa").

        Empty for an ending that other files have as well (".json"): such a format is known by its
        content alone.
        """

    def sniff(self, data: bytes, hints: ReadHints) -> bool:
        """Whether the content is in this format, even if it is damaged."""

    def read(self, data: bytes, hints: ReadHints) -> Subtitles:
        """The cues, as they stand in the file, and what could not be read.

        Lines hold text, without line breaks; a cue without text has none.
        Raises `NotSubtitles` where nothing can be read; the file's name is put before its message.
        """


class Delivery(Protocol):
    """Puts finished subtitles where they belong."""

    def find(self, media: MediaInfo, track: Track, suffix: str) -> str | None:
        """Where such a result already is, and would be kept; None where there is none."""

    def deliver(self, media: MediaInfo, rendered: Sequence[Rendered]) -> Iterable[str]:
        """Put all files of a video there, each complete or not at all; yield where each went.

        Safe to repeat. Raises `OutputError` for what failed after the others were delivered.
        """


@dataclass(frozen=True, kw_only=True)
class Command:
    """A subcommand of ``canary-subs``."""

    name: str
    #: One line for ``canary-subs --help``.
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    #: Returns the exit status. May raise `CanarySubsError`.
    run: Callable[[argparse.Namespace, Settings, Plugins], int]


class Service(Protocol):
    """Runs beside the daemon, in a thread of its own: a server, a bridge."""

    def run(self, stop: threading.Event) -> None:
        """Serve until ``stop`` is set."""


@hookspec
def canary_subs_sources() -> Iterable[Provider[Source]]:
    """Ways to open media files; the first that knows a file reads it."""
    raise NotImplementedError


@hookspec
def canary_subs_segmenters() -> Iterable[Provider[Segmenter]]:
    """Ways to find speech and divide it into segments."""
    raise NotImplementedError


@hookspec
def canary_subs_engines() -> Iterable[Provider[Engine]]:
    """Recognisers and translators."""
    raise NotImplementedError


@hookspec
def canary_subs_aligners() -> Iterable[Provider[Aligner]]:
    """Ways to time the words of a known text."""
    raise NotImplementedError


@hookspec
def canary_subs_taggers() -> Iterable[Provider[Tagger]]:
    """Ways to name sounds that are not speech."""
    raise NotImplementedError


@hookspec
def canary_subs_layouts() -> Iterable[Provider[Layout]]:
    """Ways to break words into cues."""
    raise NotImplementedError


@hookspec
def canary_subs_readers() -> Iterable[Provider[Reader]]:
    """Subtitle formats that can be read.

    Readers whose suffix a file has are asked first, then the others, in the order of loading. The
    first one that finds a cue reads the file.
    """
    raise NotImplementedError


@hookspec
def canary_subs_writers() -> Iterable[Provider[Writer]]:
    """Subtitle formats that can be written."""
    raise NotImplementedError


@hookspec
def canary_subs_deliveries() -> Iterable[Provider[Delivery]]:
    """Places where results go."""
    raise NotImplementedError


@hookspec
def canary_subs_checks() -> Iterable[Provider[Check]]:
    """Rules that find what a person should look at in a subtitle track."""
    raise NotImplementedError


@hookspec
def canary_subs_commands() -> Iterable[Command]:
    """Subcommands of ``canary-subs``."""
    raise NotImplementedError


@hookspec
def canary_subs_services() -> Iterable[Provider[Service]]:
    """Services that the daemon can run; ``[service] run`` names those that it does."""
    raise NotImplementedError


@hookspec
def canary_subs_plan(media: MediaInfo, plan: Plan) -> Plan | Skip | None:
    """Change the plan for one file, or skip it and say why; None leaves it as it is.

    Plugins are asked in the order of loading, each with the plan as the one before left it; the
    first `Skip` ends it.
    """


@hookspec
def canary_subs_job_changed(job: Job) -> None:
    """A job changed its state, stage or reason. Called in the daemon's own process only."""


@hookspec
def canary_subs_video_done(outcome: Outcome) -> None:
    """A video is finished: done, skipped, failed or cancelled, with everything that was made.

    Called once, in the process that ran the pipeline, after delivery.
    """
