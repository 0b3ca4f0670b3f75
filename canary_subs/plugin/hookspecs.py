"""Everything that a plugin can do, on one page.

A plugin is a module or object with functions named as below, each marked ``@hookimpl``. It is
found through the entry-point group ``canary_subs`` or as a ``.py`` file in the plugin folder.
Built-ins register in the same way and have no privileges.

Catalogue hooks return `Provider` values: a name that configuration picks, a line for people, a
dataclass of options, and ``make``, which gets an instance of that dataclass and returns the thing
that works. Two providers of one kind and name are an error that names both.

A plugin that cannot be used as things stand (a key is missing, a licence forbids it) raises
`canary_subs.errors.PluginUnusable` from ``make``; it is then left alone, with that reason shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import pluggy

from canary_subs.model import (
    AudioClip,
    AudioTrack,
    Cue,
    Document,
    Job,
    MediaInfo,
    Plan,
    Profile,
    Rendered,
    Request,
    Skip,
    Sound,
    Span,
    Transcript,
    Utterance,
)

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
    #: Gets an instance of ``options``.
    make: Callable[[Any], T_co]
    #: A dataclass whose fields, all with defaults, are the keys of its configuration table.
    options: type[Any] = NoOptions


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
    """Finds speech and cuts it into pieces."""

    def cut(self, clips: Iterable[AudioClip], max_ms: int) -> Iterator[Span]:
        """Yield rising, disjoint spans of speech, each at most ``max_ms`` long, cut at pauses.

        Reads no further ahead than it must: memory is bounded by what it has not yet yielded.
        """


class Session(Protocol):
    """A loaded model, ready to recognise; used by one thread at a time."""

    #: The model's name, with its revision or hash: what made a text, for provenance.
    model: str
    #: The numeric format it runs in: "fp32", "bf16", "int8", "int4".
    precision: str
    #: The longest piece it takes.
    max_clip_ms: int
    #: How much sound in one call keeps it busy without keeping others waiting.
    batch_ms: int

    def recognise(self, pieces: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        """For each piece, in order, one utterance for each of its targets, in their order.

        The sound of a piece is encoded once, however many targets it has. An utterance whose text
        is not empty has words with rising times inside its span.
        """

    def identify(
        self, clips: Sequence[AudioClip], candidates: Sequence[str]
    ) -> Mapping[str, float]:
        """How probable it is that each candidate is the language spoken; sums to 1."""

    def close(self) -> None:
        """Give back the memory of the device; the session is not used again."""


class Engine(Protocol):
    """A recogniser before its model is loaded."""

    #: The model's name as the user chose it.
    model: str

    def pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs (spoken, written) it knows; (x, x) is transcription."""

    def refuse(self, source: str, target: str) -> str | None:
        """Why it cannot do this pair, in one line that names what can; None where it can."""

    def open(self, device: str, precision: str) -> Session:
        """Load the model. Raises `ModelError`."""


class Aligner(Protocol):
    """Finds when each word of a known text is said."""

    def align(self, clip: AudioClip, utterance: Utterance) -> Utterance:
        """The same utterance with words whose times lie inside the clip."""


class Tagger(Protocol):
    """Names sounds that are no speech, for subtitles that tell of them (SDH)."""

    def tag(self, clips: Iterable[AudioClip]) -> Iterable[Sound]:
        """What is heard, in any order, of kinds that `cues.sound_labels` has words for.

        The clips rise and hold what nobody speaks over; one that does not begin where the one
        before it ended begins another stretch. They come as they are read: memory is bounded by
        what a tagger keeps of them.
        """


class Layout(Protocol):
    """Turns words into cues. Pure: the same input gives the same cues."""

    def layout(
        self,
        transcript: Transcript,
        profile: Profile,
        *,
        frame_rate: Fraction | None = None,
        shots_ms: Sequence[int] = (),
        template: Sequence[Cue] | None = None,
    ) -> tuple[Cue, ...]:
        """Rising cues that never overlap and show every word once, in order.

        ``shots_ms`` are the picture's cuts. With a ``template`` (the source language's cues) the
        cues take its times, as template translation does in the trade.
        """


class Writer(Protocol):
    """Turns a document into the bytes of a format. Pure, as `Layout`."""

    #: With its dot: ".srt".
    suffix: str

    def write(self, document: Document) -> bytes:
        """The whole file."""


class Delivery(Protocol):
    """Puts finished subtitles where they belong."""

    def find(self, media: MediaInfo, track: str, suffix: str) -> str | None:
        """Where such a result already is, and would be kept; None where there is none.

        ``track`` is a language with its mark after it: "en", "en.forced", "en.sdh".
        """

    def deliver(self, media: MediaInfo, rendered: Rendered) -> str:
        """Put it there, whole or not at all, and say where; safe to repeat.

        Raises `OutputError`.
        """


@hookspec
def canary_subs_sources() -> Iterable[Provider[Source]]:
    """Ways to open media files; the first that knows a file reads it."""
    raise NotImplementedError


@hookspec
def canary_subs_segmenters() -> Iterable[Provider[Segmenter]]:
    """Ways to find speech and cut it into pieces."""
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
    """Ways to name sounds that are no speech."""
    raise NotImplementedError


@hookspec
def canary_subs_layouts() -> Iterable[Provider[Layout]]:
    """Ways to break words into cues."""
    raise NotImplementedError


@hookspec
def canary_subs_writers() -> Iterable[Provider[Writer]]:
    """Subtitle formats."""
    raise NotImplementedError


@hookspec
def canary_subs_deliveries() -> Iterable[Provider[Delivery]]:
    """Places where results go."""
    raise NotImplementedError


@hookspec(firstresult=True)
def canary_subs_plan(media: MediaInfo, plan: Plan) -> Plan | Skip | None:
    """Change the plan for one file, or skip it and say why; None leaves it to others."""


@hookspec
def canary_subs_job_changed(job: Job) -> None:
    """A job changed its state, stage or reason: for notifications and metrics."""
