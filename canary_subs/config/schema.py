"""Every key of the configuration, with its type, default, meaning and flag, as data.

The dataclasses below are the configuration's tables. `config.layers` reads them from files,
environment and flags; the command line makes its flags and their help from them; the JSON Schema
and the printed reference come from them too. A key is written here and nowhere else.
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

T = TypeVar("T")


_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]|24(?=:00)):([0-5]\d)")

#: File name endings of video and audio files.
MEDIA_ENDINGS = (
    "mkv", "mp4", "m4v", "mov", "avi", "webm", "ts", "m2ts", "mts", "mpg", "mpeg", "vob", "wmv",
    "asf", "flv", "ogv", "3gp", "mxf", "dv", "mp3", "m4a", "m4b", "aac", "flac", "wav", "ogg",
    "oga", "opus", "wma", "mka", "aiff",
)  # fmt: skip

#: Far inside what the store can hold, 64 bits.
_MAX_PRIORITY = 1_000_000

#: The groups of flags in ``--help``.
MAKE, COMPUTE = "what to make", "how to compute"


def setting(
    default: T,
    doc: str,
    *,
    folder: bool = False,
    flag: str = "",
    metavar: str = "",
    group: str = MAKE,
) -> T:
    """A key of the configuration.

    ``folder``: a folder's own file may set it. ``flag``: its flag on the command line, with
    ``metavar`` for its value and the ``group`` of ``--help`` that shows it.
    """
    about = {"doc": doc, "folder": folder, "flag": flag, "metavar": metavar, "group": group}
    return field(default=default, metadata=about)


def state_folder() -> Path:
    """Where the queue is kept by default: ``$XDG_STATE_HOME/canary-subs``."""
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "canary-subs"


def config_folder() -> Path:
    """Where the user's configuration is kept: ``$XDG_CONFIG_HOME/canary-subs``."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "canary-subs"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Which files of which folders are taken, and when they count as complete."""

    folders: tuple[Path, ...] = setting(
        (), "Folders to watch; folders named on the command line replace them."
    )
    recursive: bool = setting(True, "Watch subfolders too, at any depth.")
    follow_links: Literal["inside", "all", "none"] = setting(
        "inside",
        "Symbolic links to follow: those that stay inside the watched folder, 'all', or 'none'. "
        "With 'all', whoever can make a link in the folder has any video that you can read "
        "subtitled, and results written wherever you can write.",
    )
    include: tuple[str, ...] = setting(
        tuple(f"*.{ending}" for ending in MEDIA_ENDINGS),
        "Names to take: glob patterns, in any letter case; a pattern with a '/' is compared with "
        "the path below the watched folder.",
        folder=True,
    )
    exclude: tuple[str, ...] = setting(
        (), "Names to leave alone, even if included: files, or folders with everything in them.",
        folder=True,
    )  # fmt: skip
    settle_s: float = setting(
        5.0, "Seconds for which a file must stay unchanged before it is taken."
    )
    patience_s: float = setting(
        600.0,
        "Seconds to keep waiting for an unchanged file whose container says that more is to come; "
        "then it is taken as it is.",
    )
    rescan_s: float = setting(
        300.0, "Seconds between scans of all folders, for changes that events do not report."
    )
    polling: Literal["auto", "always", "never"] = setting(
        "auto",
        "Find changes by scanning instead of by events: 'auto' does so on network file systems.",
    )
    poll_s: float = setting(10.0, "Seconds between scans of a folder that gives no events.")

    def __post_init__(self) -> None:
        for name in ("settle_s", "patience_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} cannot be negative")
        for name in ("rescan_s", "poll_s"):
            if getattr(self, name) < 0.1:
                raise ValueError(f"{name} must be at least 0.1")


@dataclass(frozen=True, kw_only=True)
class SkipRules:
    """Which videos are left alone."""

    sidecar: bool = setting(
        True,
        "Leave out a language for which a subtitle file lies beside the video or among the "
        "results (a forced one does not count).",
        folder=True,
    )
    embedded: bool = setting(
        True,
        "Leave out a language for which the video carries a text track (forced tracks and "
        "pictures do not count).",
        folder=True,
    )
    min_duration_s: float = setting(
        1.0, "Skip videos shorter than this many seconds (trailers, samples).", folder=True
    )
    max_duration_s: float = setting(
        36 * 3600.0, "Skip videos longer than this many seconds (endless streams).", folder=True
    )
    spoken: tuple[str, ...] = setting(
        (), "Skip videos whose audio is tagged with one of these languages.", folder=True
    )

    def __post_init__(self) -> None:
        if self.min_duration_s < 0 or self.max_duration_s <= self.min_duration_s:
            raise ValueError("max_duration_s must be above min_duration_s, and neither negative")


@dataclass(frozen=True, kw_only=True)
class QueueKeys:
    """How work is stored, retried and supervised."""

    store: Path | None = setting(
        None, "The job store (SQLite), on a local disk; by default in the user's state folder."
    )
    attempts: int = setting(
        20,
        "How often to try what may succeed later (full disk, lost share, model hub out of reach); "
        "with the waits below, 20 attempts take half a day.",
    )
    backoff_s: float = setting(
        30.0, "Seconds to wait before the second attempt; doubled for each further one."
    )
    max_backoff_s: float = setting(3600.0, "The longest wait between attempts, in seconds.")
    lease_s: float = setting(
        60.0, "Seconds without a sign of life after which a worker's jobs are taken over."
    )
    stall_s: float = setting(
        900.0, "Seconds without progress after which the worker process is ended."
    )
    start_s: float = setting(
        3600.0, "Seconds that loading (and downloading) a model may take before its first progress."
    )
    idle_s: float = setting(
        120.0, "Seconds without work after which the model is removed from memory."
    )
    crashes: int = setting(2, "How often a video may crash its process before it is set aside.")
    memory_mb: int | None = setting(
        None,
        "End the worker process when it holds more memory than this (MiB); if left out, three "
        "quarters of what this machine (or container) has.",
    )
    remember_days: int = setting(
        90, "Days to keep recognised segments, so that a new layout of a video costs nothing."
    )

    def __post_init__(self) -> None:
        for name in ("attempts", "crashes", "remember_days"):
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
        (), "Pause while a process of one of these names runs (a game, an encoder)."
    )
    busy_url: str | None = setting(
        None,
        "Pause while this http address answers 'busy' (as text, or as JSON {\"busy\": true}); "
        "if it does not answer, work continues.",
    )

    def __post_init__(self) -> None:
        for hours in self.hours:
            if not _HOURS.fullmatch(hours):
                raise ValueError(f"hours are written as '22:00-07:00', not {hours!r}")
        if self.busy_url is not None and not re.match(r"https?://[^/]", self.busy_url):
            raise ValueError(f"busy_url is an http address, not {self.busy_url!r}")


@dataclass(frozen=True, kw_only=True)
class ServiceKeys:
    """How the daemon can be observed, and what runs beside it."""

    metrics: str | None = setting(
        None,
        "Serve Prometheus metrics (/metrics) and health (/health) here, as '127.0.0.1:9464'; "
        "loopback only.",
    )
    log: Literal["text", "json"] = setting("text", "Log lines as text, or one JSON object each.")
    run: tuple[str, ...] = setting(
        (), "Services of plugins to run beside the daemon; `canary-subs plugins` lists them."
    )

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
        ("original",),
        "Subtitle tracks to write: languages (BCP-47 tags: en, de, pt-BR; 'original' is the "
        "spoken one); 'de+en' shows two languages, 'en.forced' only what is spoken in other "
        "languages, 'en.sdh' describes sounds too.",
        folder=True, flag="--to", metavar="LANG[,LANG]",
    )  # fmt: skip
    spoken: str | None = setting(
        None,
        "The spoken language; if left out, the file's tag or the audio decides.",
        folder=True, flag="--from", metavar="LANG",
    )  # fmt: skip
    audio_track: int | None = setting(
        None,
        "Which audio track, counted from 0; if left out, language, title and default decide.",
        folder=True, flag="--track", metavar="N",
    )  # fmt: skip
    glossary: tuple[str, ...] = setting(
        (),
        "Names and terms that the engine should know, if it can use them.",
        folder=True, flag="--glossary", metavar="TERM[,TERM]",
    )  # fmt: skip
    formats: tuple[str, ...] = setting(
        ("srt",),
        "Formats to write; `canary-subs formats` lists them.",
        folder=True, flag="--format", metavar="NAME[,NAME]",
    )  # fmt: skip
    profile: str = setting(
        "netflix",
        "Reading rules (line length, speed, durations), by name, as netflix or bbc.",
        folder=True, flag="--profile", metavar="NAME",
    )  # fmt: skip
    timing: Literal["own", "shared"] = setting(
        "own",
        "Times of the tracks: each language its own, or those of the spoken language for all, as "
        "when subtitlers translate from a template.",
        folder=True, flag="--timing",
    )  # fmt: skip
    shots: bool = setting(
        False,
        "Find the picture's cuts and time cues to them; decodes the full picture.",
        folder=True, flag="--shots",
    )  # fmt: skip
    review: bool = setting(
        False,
        "Check the results and write Name.check.json and Name.proof.html, a page to watch and "
        "correct them, beside them.",
        folder=True, flag="--review",
    )  # fmt: skip
    out: Path | None = setting(
        None,
        "Folder for the results; by default they are written beside each video.",
        flag="--out", metavar="DIR",
    )  # fmt: skip
    mirror: bool = setting(True, "Repeat the watched folder's tree below the results' folder.")
    overwrite: bool = setting(
        False, "Replace subtitle files that are there already.", flag="--overwrite"
    )
    priority: int = setting(0, "Videos with a higher number are done first.", folder=True)
    engine: str = setting(
        "canary",
        "The engine that recognises speech; `canary-subs plugins` lists them.",
        flag="--engine", metavar="NAME", group=COMPUTE,
    )  # fmt: skip
    model: str | None = setting(
        None,
        "The engine's model, by name or file ('demo' is the one inside); ENGINE:NAME chooses the "
        "engine too; by default the engine's own choice; `canary-subs models` lists them.",
        flag="--model", metavar="[ENGINE:]NAME", group=COMPUTE,
    )  # fmt: skip
    sound_model: str | None = setting(
        None,
        "The model that recognises sounds for SDH tracks: a hub name, a folder, or 'demo'; by "
        "default the tagger's own choice.",
        flag="--sound-model", metavar="NAME", group=COMPUTE,
    )  # fmt: skip
    commercial: bool = setting(
        False,
        "Refuse models whose licence forbids commercial use.",
        flag="--commercial", group=COMPUTE,
    )  # fmt: skip
    device: str = setting(
        "auto",
        "Where to compute: auto, cpu, cuda, cuda:1, mps.",
        flag="--device", metavar="DEVICE", group=COMPUTE,
    )  # fmt: skip
    precision: str = setting(
        "auto",
        "Number format for computing: auto, fp32, bf16, int8, int4.",
        flag="--precision", metavar="NAME", group=COMPUTE,
    )  # fmt: skip
    segmenter: str = setting("silero", "What finds speech and cuts it into segments.")
    aligner: str | None = setting(
        None, "What times the words; if left out, the engine's own word times are used."
    )
    tagger: str = setting("audioset", "What recognises the sounds that SDH tracks describe.")
    layout: str = setting("balanced", "What breaks words into cues.")
    deliveries: tuple[str, ...] = setting(("sidecar",), "Where results go.")
    plugins: Path | None = setting(
        None, "Folder of .py plugins; by default 'plugins' beside the user's configuration."
    )
    disable: tuple[str, ...] = setting(
        (), "Plugins not to load, by name; built-in ones too, as `canary-subs plugins` lists them."
    )
    watch: Watch = setting(Watch(), "")
    skip: SkipRules = setting(SkipRules(), "")
    queue: QueueKeys = setting(QueueKeys(), "")
    schedule: Schedule = setting(Schedule(), "")
    service: ServiceKeys = setting(ServiceKeys(), "")
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
            "profile that they start from.",
            "folder": False,
        },
    )

    def __post_init__(self) -> None:
        if abs(self.priority) > _MAX_PRIORITY:
            raise ValueError(f"priority is at most {_MAX_PRIORITY} above or below 0")
        if self.audio_track is not None and self.audio_track < 0:
            raise ValueError("audio_track is counted from 0")

    @property
    def store(self) -> Path:
        """The job store's file."""
        return self.queue.store or state_folder() / "jobs.sqlite"

    @property
    def plugin_folder(self) -> Path:
        """The folder of drop-in plugins; it need not exist."""
        return self.plugins or config_folder() / "plugins"


#: Section -> its dataclass; top-level keys stand under "".
SECTIONS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "": Config,
        "watch": Watch,
        "skip": SkipRules,
        "queue": QueueKeys,
        "schedule": Schedule,
        "service": ServiceKeys,
    }
)
