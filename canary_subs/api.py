"""canary_subs from Python: `Subtitler`, and `subtitle`, `listen` and `write` in one line each."""

from __future__ import annotations

import os
import shutil
import threading
import wave
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from fractions import Fraction
from os import PathLike, fspath
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypedDict, Unpack

from canary_subs._text import did_you_mean
from canary_subs.config import layers
from canary_subs.config.plan import check_providers
from canary_subs.config.plan import plan as plan_for
from canary_subs.cues.known_text import transcript_of
from canary_subs.errors import Cancelled, MediaError, UsageError
from canary_subs.model import (
    SAMPLE_RATE_HZ,
    Choice,
    Cue,
    Document,
    MediaInfo,
    Plan,
    Stage,
    Track,
    TrackKind,
    Transcript,
)
from canary_subs.pipeline.output import render
from canary_subs.pipeline.schedule import follow
from canary_subs.pipeline.task import Outcome, Passage, Task
from canary_subs.pipeline.tracks import lay_out
from canary_subs.plugin import manager, options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    #: A path, a file opened for reading bytes, or mono float samples at 16 kHz: (n,) in [-1, 1].
    Media = str | PathLike[str] | BinaryIO | NDArray[np.floating[Any]]

#: Called with the stage and the share of the video (0..1) that it has done.
Progress = Callable[[Stage, float], None]


class SubtitlerSettings(TypedDict, total=False):
    """What a `Subtitler` can be made with; every key is one of the configuration's."""

    engine: str
    model: str | None
    sound_model: str | None
    commercial: bool
    device: str
    precision: str
    profile: str
    profiles: Mapping[str, Mapping[str, object]]
    timing: Literal["own", "shared"]
    shots: bool
    segmenter: str
    aligner: str | None
    tagger: str
    layout: str
    options: Mapping[str, Mapping[str, Mapping[str, object]]]


class Subtitler:
    """Subtitles videos, and keeps plugins and loaded models from one to the next.

    The user's configuration is not read; installed plugins are loaded. Use it in a ``with`` block,
    or call `close`. One thread at a time.

    >>> with Subtitler(model="demo") as subtitler:
    ...     for video in ("a.mkv", "b.mkv"):
    ...         cues = subtitler.subtitle(video, to="en,de")["de"]
    ...         Path(video).with_suffix(".de.srt").write_bytes(subtitler.write(cues, "srt"))
    """

    def __init__(self, **settings: Unpack[SubtitlerSettings]) -> None:
        """Raises `UsageError` and `ModelError` for settings that cannot be used."""
        for name in settings:
            if name not in SubtitlerSettings.__annotations__:
                hint = did_you_mean(name, SubtitlerSettings.__annotations__)
                raise TypeError(f"there is no setting {name!r}; {hint}")
        table = {"formats": (), "deliveries": (), **settings}
        checked = layers.Settings(last=(layers.Layer(name="the settings", table=table),))
        self._config = checked.config
        self._plugins = manager.load()
        check_providers(checked, self._plugins)
        plan = plan_for(self._config, self._plugins)
        # A model that does not exist is reported before any video is opened.
        self._plugins.use("engine", plan.engine, plan.context)

    def __enter__(self) -> Subtitler:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the models' memory; the next call loads them again."""
        self._plugins.close()

    def subtitle(
        self,
        media: Media,
        *,
        to: str | Sequence[str] = "original",
        spoken: str | None = None,
        audio_track: int | None = None,
        glossary: str | Sequence[str] = (),
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> dict[str, tuple[Cue, ...]]:
        """The cues of each track: {"en": (Cue(...), ...), "de": ...}.

        ``to`` names tracks, as "en,de" or ["en", "de"]: languages (BCP-47; "original" is the spoken
        one), "de+en" for two in one, "en.forced" for what is spoken in other languages, "en.sdh"
        for sounds too. ``spoken`` is the spoken language; without it the file's tag or the sound
        decides. ``audio_track`` counts from 0. ``glossary`` holds terms that are likely to be said,
        as "Ahab,Pequod" or a list. Cues rise, do not overlap, and keep the profile.

        Empty where nobody speaks. Raises `CanarySubsError`: `MediaError` for the file,
        `LanguageUncertain`, `UnsupportedPair`, `ModelError`, `UsageError` for an argument, and
        `Cancelled` once ``cancel`` is set.
        """
        plan = self._plan(to, spoken, audio_track, glossary)
        with closing(self._follow(media, plan, on_progress, cancel)) as events:
            for event in events:
                if isinstance(event, Outcome):
                    return {str(document.track): document.cues for document in event.documents}
        return {}

    def listen(
        self,
        media: Media,
        *,
        to: str | Sequence[str] = "original",
        spoken: str | None = None,
        audio_track: int | None = None,
        glossary: str | Sequence[str] = (),
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[tuple[str, Cue]]:
        """(track, cue) as the video is recognised; arguments and errors as for `subtitle`.

        Each segment is laid out by itself: at its ends a cue may differ from what `subtitle`
        gives, which has the full video. Cues of one track come in order; SDH tracks are refused.
        Closing the iterator ends the work.
        """
        plan = self._plan(to, spoken, audio_track, glossary)
        if sdh := next((one for one in plan.targets if one.kind is TrackKind.SDH), None):
            raise UsageError(f"to: the sounds of {str(sdh)!r} are known at the end; use subtitle")
        with closing(self._follow(media, plan, on_progress, cancel)) as events:
            for event in events:
                if isinstance(event, Outcome):
                    return
                for track, utterance in event.utterances.items():
                    transcript = Transcript(
                        language=utterance.language,
                        spoken=event.spoken,
                        engine=plan.engine.name,
                        model=plan.engine.model or "",
                        utterances=(utterance,) if utterance.text else (),
                    )
                    for cue in lay_out(transcript, plan, self._plugins, event.media):
                        yield str(track), cue

    def write(
        self,
        cues: Sequence[Cue],
        format: str = "srt",
        *,
        language: str = "und",
        frame_rate: Fraction | None = None,
        options: Mapping[str, object] | None = None,
    ) -> bytes:
        """The cues as a file of that format.

        ``options`` are the format's, as ``canary-subs plugins`` lists them. Raises `UnknownName`,
        `ConfigError` for an option, and what the format refuses.
        """
        cues = tuple(cues)
        if not all(isinstance(cue, Cue) for cue in cues):
            raise UsageError("cues: give Cues, as subtitle and listen do")
        media = MediaInfo(
            path=Path("cues"),
            size_bytes=0,
            mtime_ns=0,
            duration_ms=max((cue.end_ms for cue in cues), default=0),
            audio=(),
            frame_rate=frame_rate,
        )
        document = Document(
            media=media,
            track=Track((language,)),
            transcript=transcript_of(cues, language),
            cues=cues,
        )
        plan = plan_for(self._config, self._plugins)
        writer = Choice(name=format.lower(), options=options or {})
        return render(document, writer, plan, self._plugins).data

    def _plan(
        self,
        to: str | Sequence[str],
        spoken: str | None,
        audio_track: int | None,
        glossary: str | Sequence[str],
    ) -> Plan:
        names = _names(to, "to")
        if not any(names):
            raise UsageError("to: name at least one language, or 'original'")
        if not isinstance(spoken, str | None):
            raise UsageError(f"spoken: give a language tag as a text, not {spoken!r}")
        asked: dict[str, Any] = {
            "targets": tuple(layers.target(name, "to") for name in names),
            "spoken": None if spoken is None else layers.language(spoken, "spoken"),
            "audio_track": options.check(int | None, audio_track, "audio_track"),
            "glossary": tuple(filter(None, _names(glossary, "glossary"))),
        }
        try:
            return plan_for(replace(self._config, **asked), self._plugins)
        except ValueError as error:
            raise UsageError(str(error)) from None

    def _follow(
        self,
        media: Media,
        plan: Plan,
        on_progress: Progress | None,
        cancel: threading.Event | None,
    ) -> Generator[Passage | Outcome, None, None]:
        """What happens to one video; its failure is raised."""
        with ExitStack() as stack:
            task = Task(
                path=stack.enter_context(_file(media)),
                plan=plan,
                on_progress=on_progress or (lambda stage, share: None),
                cancelled=cancel.is_set if cancel is not None else lambda: False,
            )
            events = stack.enter_context(closing(follow([task], self._plugins)))
            for event in events:
                if isinstance(event, Outcome) and event.errors:
                    raise event.errors[0]
                if isinstance(event, Outcome) and event.cancelled:
                    raise Cancelled(f"{task.path.name}: cancelled")
                yield event


@contextmanager
def _file(media: Media) -> Iterator[Path]:
    """The media as a file, for as long as the block lasts."""
    if isinstance(media, str | PathLike):
        yield Path(fspath(media))
        return
    with TemporaryDirectory(prefix="canary-subs-") as folder:
        try:
            if hasattr(media, "read"):
                path = Path(folder, _file_name(media))
                with path.open("wb") as file:
                    shutil.copyfileobj(media, file)
            else:
                path = Path(folder, "samples.wav")
                _write_wave(path, media)
        except (TypeError, ValueError) as error:  # opened as text, or closed
            raise UsageError(f"media: open the file for reading bytes ({error})") from error
        except OSError as error:
            raise MediaError(f"media: cannot be copied to {folder} ({error.strerror})") from error
        yield path


def _file_name(media: object) -> str:
    """The name of an open file, for messages; "media" where it has none that a file can have."""
    name = getattr(media, "name", None)
    name = Path(name).name if isinstance(name, str) and len(os.fsencode(name)) < 250 else ""
    return "media" if name in ("", "..") or "\0" in name else name


def _names(given: object, what: str) -> tuple[str, ...]:
    """Names as "a,b" or as several texts. Raises `UsageError`."""
    if isinstance(given, str):
        return tuple(name.strip() for name in given.split(","))
    names = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(name, str) for name in names):
        raise UsageError(f"{what}: give names as texts, not {given!r:.60}")
    return names


def _write_wave(path: Path, samples: NDArray[np.floating[Any]]) -> None:
    """Mono float samples (n,) as 16-bit PCM."""
    import numpy as np

    if getattr(samples, "ndim", None) != 1:
        raise UsageError(
            "media: give a path, a file opened in binary mode, or mono samples (n,) at 16 kHz"
        )
    if not np.issubdtype(samples.dtype, np.floating):
        raise UsageError(
            f"media: samples are floats in [-1, 1], not {samples.dtype}; divide int16 by 32768"
        )
    if not len(samples):
        raise UsageError("media: there are no samples")
    scaled = np.clip(np.nan_to_num(samples), -1, 1).astype(np.float32) * 32768
    pcm = np.minimum(scaled, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm.tobytes())


def subtitle(
    media: Media,
    *,
    to: str | Sequence[str] = "original",
    spoken: str | None = None,
    audio_track: int | None = None,
    glossary: str | Sequence[str] = (),
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
    **settings: Unpack[SubtitlerSettings],
) -> dict[str, tuple[Cue, ...]]:
    """`Subtitler.subtitle` for one video."""
    with Subtitler(**settings) as subtitler:
        return subtitler.subtitle(
            media, to=to, spoken=spoken, audio_track=audio_track, glossary=glossary,
            on_progress=on_progress, cancel=cancel,
        )  # fmt: skip


def listen(
    media: Media,
    *,
    to: str | Sequence[str] = "original",
    spoken: str | None = None,
    audio_track: int | None = None,
    glossary: str | Sequence[str] = (),
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
    **settings: Unpack[SubtitlerSettings],
) -> Iterator[tuple[str, Cue]]:
    """`Subtitler.listen` for one video."""
    with Subtitler(**settings) as subtitler:
        yield from subtitler.listen(
            media, to=to, spoken=spoken, audio_track=audio_track, glossary=glossary,
            on_progress=on_progress, cancel=cancel,
        )  # fmt: skip


def write(
    cues: Sequence[Cue],
    format: str = "srt",
    *,
    language: str = "und",
    frame_rate: Fraction | None = None,
    options: Mapping[str, object] | None = None,
) -> bytes:
    """`Subtitler.write` without a subtitler."""
    with Subtitler() as subtitler:
        return subtitler.write(
            cues, format, language=language, frame_rate=frame_rate, options=options
        )
