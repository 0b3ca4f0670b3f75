"""Reviews: findings about a video's tracks, and a proof page to see and correct them.

The daemon and ``run`` call `write` after delivery if the plan asks for it; ``canary-subs proof``
makes the same from any subtitle files. `workflows.review_index` lists the reviews of a folder.
"""

from __future__ import annotations

import json
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePath

from canary_subs._files import write_atomic
from canary_subs.cues.check.report import Report, as_json, summary
from canary_subs.cues.profiles import profile_for
from canary_subs.errors import OutputError
from canary_subs.formats.reading import read
from canary_subs.model import AudioClip, Cue, MediaInfo, Span, Track, TrackKind
from canary_subs.pipeline.segments import probe
from canary_subs.pipeline.task import Outcome
from canary_subs.plugin.hookspecs import CheckRequest
from canary_subs.plugin.manager import Plugins
from canary_subs.proof import PageTrack, Peaks, Waveform, page
from canary_subs.workflows.check import find, named_language, named_track, sound_of, speech_among

log = logging.getLogger(__name__)

#: Suffixes of a video's report and page.
REPORT, PAGE = ".check.json", ".proof.html"

_Profiles = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class SoundSummary:
    """What a proof page needs of a video's sound."""

    speech: tuple[Span, ...]
    peaks: Peaks
    #: What is to be known of it: what could not be read, which mix was taken.
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """What was found in a video's tracks."""

    media: MediaInfo
    tracks: tuple[PageTrack, ...]
    sound: SoundSummary
    #: What a person should know of the results besides the findings.
    warnings: tuple[str, ...] = ()

    @property
    def reports(self) -> tuple[Report, ...]:
        """One for each track, named by its language."""
        return tuple(
            Report(name=track.language, cues=track.cues, findings=track.findings)
            for track in self.tracks
        )

    @property
    def summary(self) -> str:
        """One line for all tracks."""
        return "; ".join((*(summary(report) for report in self.reports), *self.warnings))

    def page(self, folder: Path) -> bytes:
        """The proof page as a file of ``folder``; it plays the video from where it is."""
        return page(
            name=self.media.path.name,
            video=relative(folder, self.media.path),
            duration_ms=self.media.duration_ms,
            tracks=self.tracks,
            frame_rate=self.media.frame_rate,
            peaks=self.sound.peaks,
            warnings=self.warnings,
        )

    def report(self) -> bytes:
        """All findings as one JSON document."""
        found = [json.loads(as_json(report)) for report in self.reports]
        name, duration_ms = self.media.path.name, self.media.duration_ms
        report = {
            "video": name,
            "duration_ms": duration_ms,
            "warnings": self.warnings,
            "tracks": found,
        }
        # File names may hold bytes that are not text.
        return (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode(errors="replace")

    def store(self, folder: Path) -> Path:
        """Write report and page into a folder; return the page's path. Raises `OutputError`."""
        stem = self.media.path.stem
        save(folder / f"{stem}{REPORT}", self.report())
        target = folder / f"{stem}{PAGE}"
        save(target, self.page(folder))
        return target


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """A subtitle track to examine."""

    #: Its name on the page and in the report: a track's, or a file's.
    name: str
    #: None where its language is not known.
    track: Track | None
    cues: Sequence[Cue]


def review(
    media: MediaInfo,
    tracks: Sequence[Examined],
    plugins: Plugins,
    *,
    profile: str,
    own_profiles: _Profiles | None = None,
    spoken: str | None = None,
    warnings: Sequence[str] = (),
    on_progress: Callable[[float], None] = lambda share: None,
) -> Review:
    """Examine a video's tracks against its sound, and translations against the original.

    ``spoken`` is the spoken language; ``warnings`` are known already; ``on_progress`` is called
    with the share of the video that has been read. Raises `MediaError`, `UnknownName`,
    `PluginError`.
    """
    sound = _summary_of_sound(media, plugins, spoken, on_progress)
    original = next((one.cues for one in tracks if spoken and one.track == Track((spoken,))), None)
    found = []
    for one in tracks:
        language = one.track.language if one.track else "und"
        forced = one.track is not None and one.track.kind is TrackKind.FORCED
        rules = profile_for(profile, language, own_profiles)
        request = CheckRequest(
            cues=tuple(one.cues),
            profile=rules,
            language=None if one.track is None or one.track.is_bilingual else language,
            frame_rate=media.frame_rate,
            duration_ms=media.duration_ms,
            speech=None if forced else sound.speech,  # most of the speech is not for it
            original=None if forced or language == spoken or original is None else tuple(original),
        )
        findings = find(request, plugins)
        found.append(
            PageTrack(language=one.name, cues=tuple(one.cues), profile=rules, findings=findings)
        )
    every = tuple(dict.fromkeys((*warnings, *sound.warnings)))
    return Review(media=media, tracks=tuple(found), sound=sound, warnings=every)


def _summary_of_sound(
    media: MediaInfo, plugins: Plugins, spoken: str | None, on_progress: Callable[[float], None]
) -> SoundSummary:
    """Read a video's sound once, for speech and waveform."""
    waveform = Waveform()
    warnings: dict[str, None] = {}
    with sound_of(media.path, plugins, spoken=spoken) as clips:
        noted = _noted(_reported(clips, media.duration_ms, on_progress), warnings)
        passing = waveform.passing(noted)
        speech = speech_among(passing, plugins)
        deque(passing, maxlen=0)  # what the segmenter did not read
    return SoundSummary(speech=speech, peaks=waveform.peaks(), warnings=tuple(warnings))


def _noted(clips: Iterable[AudioClip], warnings: dict[str, None]) -> Iterator[AudioClip]:
    """The clips; their warnings are noted."""
    for clip in clips:
        warnings.update(dict.fromkeys(clip.warnings))
        yield clip


def _reported(
    clips: Iterable[AudioClip], duration_ms: int, on_progress: Callable[[float], None]
) -> Iterator[AudioClip]:
    """The clips; each reports the share of the video that has been read with it."""
    for clip in clips:
        yield clip
        on_progress(min(1.0, clip.span.end_ms / max(1, duration_ms)))


def review_files(
    video: Path,
    subtitles: Sequence[Path],
    plugins: Plugins,
    *,
    profile: str,
    own_profiles: _Profiles | None = None,
    spoken: str | None = None,
    frame_rate: Fraction | None = None,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Review:
    """`review` of existing subtitle files. Raises `NotSubtitles` too.

    ``frame_rate`` times files that count frames, by default that of the video.
    """
    media = probe(video, plugins)[0]
    frame_rate = frame_rate or media.frame_rate
    tracks: dict[str, Examined] = {}
    for path in subtitles:
        found = read(path, plugins, language=named_language(path), frame_rate=frame_rate)
        for damage in found.damage:
            log.warning("%s: %s; it is not on the page", path, damage)
        stated = found.track or (Track((found.language,)) if found.language else None)
        track = named_track(path) or stated
        name = str(track) if track else path.name
        name = path.name if name in tracks else name
        tracks[name] = Examined(name=name, track=track, cues=found.cues)
    return review(
        media,
        tuple(tracks.values()),
        plugins,
        profile=profile,
        own_profiles=own_profiles,
        spoken=spoken,
        on_progress=on_progress,
    )


def write(outcome: Outcome, plugins: Plugins) -> str | None:
    """Put report and page beside what was delivered; return a line that sums them up.

    None where nothing was delivered to a folder. Raises as `review`, and `OutputError`.
    """
    place = next((Path(place) for place in outcome.delivered if Path(place).is_file()), None)
    if place is None or outcome.media is None or not outcome.documents:
        return None
    plan = outcome.task.plan
    found = review(
        outcome.media,
        tuple(
            Examined(name=str(document.track), track=document.track, cues=document.cues)
            for document in outcome.documents
        ),
        plugins,
        profile=plan.profile,
        own_profiles=plan.own_profiles,
        spoken=outcome.documents[0].transcript.spoken,
        warnings=outcome.warnings,
    )
    found.store(place.parent)
    return found.summary


def save(path: Path, data: bytes) -> None:
    """Write a report or page, replacing an older one. Raises `OutputError`."""
    try:
        write_atomic(path, data, replace=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


def relative(folder: Path, video: Path) -> PurePath | None:
    """The video's path as seen from a folder; None where a page could not follow it."""
    try:
        return PurePath(os.path.relpath(video, folder))
    except ValueError:  # another drive
        return None
