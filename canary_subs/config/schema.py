"""Every key of the configuration, with its kind, default and meaning, as data.

The dataclasses below are the configuration's tables; `config` reads them from files, environment
and flags, and explains them.
"""

# ruff: noqa: RUF009 - `setting` makes a field, as dataclasses.field does

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from canary_subs.model import ORIGINAL

T = TypeVar("T")


_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]|24(?=:00)):([0-5]\d)")

#: The names of films and recordings, by their endings.
_ENDINGS = (
    "mkv", "mp4", "m4v", "mov", "avi", "webm", "ts", "m2ts", "mts", "mpg", "mpeg", "vob", "wmv",
    "asf", "flv", "ogv", "3gp", "mxf", "dv", "mp3", "m4a", "m4b", "aac", "flac", "wav", "ogg",
    "oga", "opus", "wma", "mka", "aiff",
)  # fmt: skip


def setting(default: T, explanation: str, *, folder: bool = False) -> T:
    """A field of the configuration; ``folder``: a folder's own file may set it."""
    return field(default=default, metadata={"doc": explanation, "folder": folder})


def state_folder() -> Path:
    """Where the queue lives unless told otherwise: ``$XDG_STATE_HOME/canary-subs``."""
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "canary-subs"


def config_folder() -> Path:
    """Where the user's configuration lives: ``$XDG_CONFIG_HOME/canary-subs``."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "canary-subs"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Which files of which folders are taken, and when they count as complete."""

    folders: tuple[Path, ...] = setting(
        (), "Folders to watch; those named on the command line are watched instead."
    )
    recursive: bool = setting(True, "Look into the folders inside, however deep.")
    follow_links: bool = setting(True, "Follow symbolic links; loops are noticed.")
    include: tuple[str, ...] = setting(
        tuple(f"*.{ending}" for ending in _ENDINGS),
        "Names to take (globs; letter case does not matter; with a '/', the path below the "
        "watched folder is compared).",
        folder=True,
    )
    exclude: tuple[str, ...] = setting(
        (), "Names to leave alone, even if included: files, or folders with all in them.",
        folder=True,
    )  # fmt: skip
    settle_s: float = setting(5.0, "Seconds that a file must lie still before it is taken.")
    patience_s: float = setting(
        600.0,
        "Seconds to go on waiting for a file that lies still but whose container says that more "
        "is to come; then it is taken as it is.",
    )
    rescan_s: float = setting(
        300.0, "Seconds between looks through all folders, for what events do not tell."
    )
    polling: Literal["auto", "always", "never"] = setting(
        "auto",
        "Find changes by looking instead of by events: by itself on network file systems, "
        "always, or never.",
    )
    poll_s: float = setting(10.0, "Seconds between looks at a folder that gives no events.")

    def __post_init__(self) -> None:
        for name in ("settle_s", "patience_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} cannot be negative")
        for name in ("rescan_s", "poll_s"):
            if getattr(self, name) < 0.1:
                raise ValueError(f"{name} must be at least 0.1")


@dataclass(frozen=True, kw_only=True)
class SkipRules:
    """Which films are left alone."""

    sidecar: bool = setting(
        True,
        "Leave a language alone where a subtitle file in it lies beside the film or among the "
        "results (a forced one does not count).",
        folder=True,
    )
    embedded: bool = setting(
        True,
        "Leave a language alone where the film carries a text track in it (forced tracks and "
        "pictures do not count).",
        folder=True,
    )
    min_duration_s: float = setting(
        1.0, "Leave films shorter than this alone (trailers, samples).", folder=True
    )
    max_duration_s: float = setting(
        36 * 3600.0, "Leave films longer than this alone (endless streams).", folder=True
    )
    spoken: tuple[str, ...] = setting(
        (), "Leave films alone whose sound is marked as one of these languages.", folder=True
    )

    def __post_init__(self) -> None:
        if self.min_duration_s < 0 or self.max_duration_s <= self.min_duration_s:
            raise ValueError("max_duration_s must be above min_duration_s, and neither negative")


@dataclass(frozen=True, kw_only=True)
class Queue:
    """How work is stored, tried again and supervised."""

    store: Path | None = setting(
        None, "The job store (SQLite), on a local disk; by default in the user's state folder."
    )
    attempts: int = setting(
        20,
        "How often to try what may pass (full disk, lost share, model hub out of reach) in all; "
        "with the waits below, 20 times take half a day.",
    )
    backoff_s: float = setting(
        30.0, "Seconds to wait before the second attempt; doubled for each further one."
    )
    max_backoff_s: float = setting(3600.0, "The longest wait between attempts, in seconds.")
    lease_s: float = setting(
        60.0, "Seconds after which the jobs of a worker that gives no sign are taken over."
    )
    stall_s: float = setting(
        900.0, "Seconds without progress after which the recognising process is ended."
    )
    start_s: float = setting(
        3600.0, "Seconds that loading (and downloading) a model may take before its first progress."
    )
    idle_s: float = setting(
        120.0, "Seconds without work after which the model's memory is given back."
    )
    deaths: int = setting(2, "How often a film may bring its process down before it is set aside.")
    memory_mb: int | None = setting(
        None, "End the recognising process where it holds more memory than this (MiB)."
    )
    remember_days: int = setting(
        90, "Days that recognised pieces are kept, so that redoing a film's layout costs nothing."
    )

    def __post_init__(self) -> None:
        for name in ("attempts", "deaths", "remember_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        for name in ("backoff_s", "max_backoff_s", "idle_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} cannot be negative")
        for name in ("lease_s", "stall_s", "start_s"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.memory_mb is not None and self.memory_mb < 64:
            raise ValueError("memory_mb must be at least 64")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When not to work."""

    hours: tuple[str, ...] = setting(
        (), "Work only in these hours of the local day, as '22:00-07:00'; none: always."
    )
    busy_processes: tuple[str, ...] = setting(
        (), "Rest while a process of one of these names runs (a game, an encoder)."
    )
    busy_url: str | None = setting(
        None,
        "Rest while this http address answers 'busy' (as text, or as JSON {\"busy\": true}); "
        "where it does not answer, work goes on.",
    )

    def __post_init__(self) -> None:
        for hours in self.hours:
            if not _HOURS.fullmatch(hours):
                raise ValueError(f"hours are written as '22:00-07:00', not {hours!r}")
        if self.busy_url is not None and not re.match(r"https?://[^/]", self.busy_url):
            raise ValueError(f"busy_url is an http address, not {self.busy_url!r}")


@dataclass(frozen=True, kw_only=True)
class Service:
    """How the daemon shows itself."""

    metrics: str | None = setting(
        None,
        "Serve Prometheus metrics (/metrics) and health (/health) here, as '127.0.0.1:9464'; "
        "loopback only.",
    )
    log: Literal["text", "json"] = setting("text", "Log lines as text, or one JSON object each.")

    def __post_init__(self) -> None:
        if self.metrics is not None:
            host, _, port = self.metrics.rpartition(":")
            if host not in ("127.0.0.1", "localhost", "[::1]") or not port.isdecimal():
                raise ValueError(
                    f"metrics is a loopback address with a port, as '127.0.0.1:9464', "
                    f"not {self.metrics!r}"
                )


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that can be chosen."""

    targets: tuple[str, ...] = setting(
        (ORIGINAL,),
        "Languages to write (BCP-47 tags: en, de, pt-BR); 'original' is the one that is spoken, "
        "'de+en' is one track with both, 'en.forced' the lines that are spoken in other languages, "
        "'en.sdh' all lines with sounds told between them.",
        folder=True,
    )
    source: str | None = setting(
        None, "The language that is spoken; left out, the file's mark or the sound decide.",
        folder=True,
    )  # fmt: skip
    track: int | None = setting(
        None,
        "Which sound track, counted from 0; left out, language, title and default decide.",
        folder=True,
    )
    model: str = setting(
        "nvidia/canary-1b-v2", "The model: a hub name, a .nemo file, or 'demo' for the one inside."
    )
    device: str = setting("auto", "Where to compute: auto, cpu, cuda, cuda:1, mps.")
    precision: str = setting("auto", "In which numbers to compute: auto, fp32, bf16, int8, int4.")
    formats: tuple[str, ...] = setting(
        ("srt",), "Formats to write; `canary-subs formats` lists them.", folder=True
    )
    profile: str = setting(
        "netflix", "Reading rules: line length, speed, durations; by name.", folder=True
    )
    review: bool = setting(
        False,
        "Examine the results and write Name.check.json and Name.proof.html, a page to watch and "
        "correct them, beside them.",
        folder=True,
    )
    shots: bool = setting(
        False,
        "Find the picture's cuts and let cues keep to them; the whole picture is decoded for it.",
        folder=True,
    )
    timing: Literal["own", "shared"] = setting(
        "own",
        "Times of the tracks: each language its own, or all of them shared, those of the language "
        "that is spoken (as templates are translated in the trade).",
        folder=True,
    )
    out: Path | None = setting(None, "Folder for the results; left out, they lie beside each film.")
    mirror: bool = setting(True, "Repeat the watched folder's tree below the results' folder.")
    overwrite: bool = setting(False, "Replace subtitle files that are there already.")
    priority: int = setting(0, "Films with a higher number are done first.", folder=True)
    engine: str = setting("canary", "What recognises; `canary-subs plugins` lists all of these.")
    segmenter: str = setting("silero", "What finds speech and cuts it into pieces.")
    aligner: str | None = setting(
        None, "What times the words; left out, the model's own way is used."
    )
    tagger: str = setting("audioset", "What names the sounds that SDH tracks tell of.")
    sound_model: str = setting(
        "MIT/ast-finetuned-audioset-10-10-0.4593",
        "The model that names sounds: a hub name, a folder, or 'demo' for the one inside.",
    )
    layout: str = setting("balanced", "What breaks words into cues.")
    deliveries: tuple[str, ...] = setting(("sidecar",), "Where results go.")
    plugins: Path | None = setting(
        None, "Folder of .py plugins; by default 'plugins' beside the user's configuration."
    )
    disable: tuple[str, ...] = setting((), "Plugins not to load, by name.")
    watch: Watch = setting(Watch(), "")
    skip: SkipRules = setting(SkipRules(), "")
    queue: Queue = setting(Queue(), "")
    schedule: Schedule = setting(Schedule(), "")
    service: Service = setting(Service(), "")
    #: kind of provider -> its name -> its options, checked by the provider's own dataclass.
    options: Mapping[str, Mapping[str, Mapping[str, object]]] = field(
        default_factory=dict,
        metadata={
            "doc": "Tables [options.KIND.NAME], as [options.format.ass]: the options of one "
            "provider; `canary-subs plugins` shows what each knows.",
            "folder": False,
        },
    )
    #: name of a profile -> its rules; the fields of `Profile`, and ``inherits``.
    profiles: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict,
        metadata={
            "doc": "Tables [profiles.NAME]: reading rules of your own; 'inherits' names the "
            "profile that they differ from.",
            "folder": False,
        },
    )

    @property
    def store(self) -> Path:
        """The job store's file."""
        return self.queue.store or state_folder() / "jobs.sqlite"

    @property
    def plugin_folder(self) -> Path:
        """Where drop-in plugins lie; it need not exist."""
        return self.plugins or config_folder() / "plugins"


#: Section -> its dataclass; top-level keys stand under "".
SECTIONS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "": Config,
        "watch": Watch,
        "skip": SkipRules,
        "queue": Queue,
        "schedule": Schedule,
        "service": Service,
    }
)
