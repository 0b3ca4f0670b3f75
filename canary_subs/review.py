"""A film's tracks looked at by the machine before a person does: findings, and a page to see them.

The daemon and ``run`` call `write` after delivery where the plan asks for it; ``canary-subs proof``
makes the same page of any subtitle files.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from canary_subs import film
from canary_subs.cues.check import check
from canary_subs.cues.check.report import Report, as_json, summary
from canary_subs.cues.profiles import profile_for
from canary_subs.errors import OutputError
from canary_subs.files import write_whole
from canary_subs.formats.reading import read
from canary_subs.model import Cue, MediaInfo, Span
from canary_subs.pipeline import Outcome
from canary_subs.plugins import Catalogue
from canary_subs.proof import Peaks, Track, Waveform, page
from canary_subs.proofing import named_language, sound_of, speech_among

_Profiles = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """The sound of a film, as far as proofs need it."""

    speech: tuple[Span, ...]
    peaks: Peaks


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """What was found in a film's tracks."""

    media: MediaInfo
    tracks: tuple[Track, ...]
    look: Look

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
        return "; ".join(summary(report) for report in self.reports)

    def page(self, folder: Path) -> bytes:
        """The proof page as a file of ``folder``; the video is played from where it lies."""
        return page(
            name=self.media.path.name,
            video=_from(folder, self.media.path),
            duration_ms=self.media.duration_ms,
            tracks=self.tracks,
            frame_rate=self.media.frame_rate,
            peaks=self.look.peaks,
        )

    def report(self) -> bytes:
        """All findings as one JSON document."""
        found = [json.loads(as_json(report)) for report in self.reports]
        whole = {"film": self.media.path.name, "tracks": found}
        return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()


def review(
    media: MediaInfo,
    cues: Mapping[str, Sequence[Cue]],
    catalogue: Catalogue,
    *,
    profile: str,
    own_profiles: _Profiles | None = None,
    spoken: str | None = None,
) -> Review:
    """Examine a film's tracks (language -> cues) against its sound, and translations against
    the spoken language's. Raises `MediaError`, `UnknownName`, `PluginError`.
    """
    look = _look(media.path, catalogue, spoken)
    found = []
    for language, track in cues.items():
        rules = profile_for(profile, language.split("+")[0], own_profiles)
        source = cues.get(spoken) if spoken and spoken != language else None
        findings = check(
            track,
            rules,
            language=None if "+" in language else language,
            frame_rate=media.frame_rate,
            duration_ms=media.duration_ms,
            speech=look.speech,
            source=source,
        )
        found.append(Track(language=language, cues=tuple(track), profile=rules, findings=findings))
    return Review(media=media, tracks=tuple(found), look=look)


def _look(video: Path, catalogue: Catalogue, spoken: str | None) -> Look:
    """Read a film's sound once, for both."""
    waveform = Waveform()
    with sound_of(video, catalogue, spoken=spoken) as clips:
        passing = waveform.passing(clips)
        speech = speech_among(passing, catalogue)
        deque(passing, maxlen=0)  # what the segmenter did not ask for
    return Look(speech=speech, peaks=waveform.peaks())


def review_files(
    video: Path,
    subtitles: Sequence[Path],
    catalogue: Catalogue,
    *,
    profile: str,
    own_profiles: _Profiles | None = None,
    spoken: str | None = None,
) -> Review:
    """`review` of subtitle files of anyone's. Raises `NotSubtitles` too."""
    media = film.probe(video, catalogue)[0]
    cues: dict[str, Sequence[Cue]] = {}
    for path in subtitles:
        tongue = named_language(path)
        found = read(path, language=tongue, frame_rate=media.frame_rate)
        name = tongue or found.language or path.name
        cues[path.name if name in cues else name] = found.cues
    return review(media, cues, catalogue, profile=profile, own_profiles=own_profiles, spoken=spoken)


def write(outcome: Outcome, catalogue: Catalogue) -> str | None:
    """Put report and page beside what a film's work delivered; a line that sums them up.

    None where nothing was delivered to a folder. Raises as `review`, and `OutputError`.
    """
    place = next((Path(place) for place in outcome.delivered if Path(place).is_file()), None)
    if place is None or outcome.media is None or not outcome.documents:
        return None
    plan = outcome.task.plan
    found = review(
        outcome.media,
        {document.language: document.cues for document in outcome.documents},
        catalogue,
        profile=plan.profile,
        own_profiles=plan.own_profiles,
        spoken=outcome.documents[0].transcript.source_language,
    )
    stem = outcome.media.path.stem
    for suffix, data in (
        (".check.json", found.report()),
        (".proof.html", found.page(place.parent)),
    ):
        save(place.parent / f"{stem}{suffix}", data)
    return found.summary


def save(path: Path, data: bytes) -> None:
    """Write a report or page of ours, in the place of an older one. Raises `OutputError`."""
    try:
        write_whole(path, data, replace=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


def _from(folder: Path, video: Path) -> PurePath | None:
    """The video's path as seen from a folder; None where a page could not follow it."""
    try:
        return PurePath(os.path.relpath(video, folder))
    except ValueError:  # another drive
        return None
