"""Check existing subtitle files, with their video if it is given."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path

from canary_subs.cues.check import in_time
from canary_subs.cues.check.reference import compare
from canary_subs.cues.check.report import Report
from canary_subs.cues.profiles import profile_for
from canary_subs.formats.filename import Named, parse_name
from canary_subs.formats.reading import read
from canary_subs.model import AudioClip, Choice, Cue, Finding, Span, Track
from canary_subs.pipeline.segments import choose, probe
from canary_subs.plugin.contain import each, misbehaved
from canary_subs.plugin.hookspecs import Check, CheckRequest, Segmenter
from canary_subs.plugin.manager import Plugins
from canary_subs.time import joined

#: Finds every stretch of speech by itself, not segments of a good length for an engine.
_LISTENER = Choice(
    name="silero", options={"long_pause_ms": 300, "short_pause_ms": 200, "padding_ms": 0}
)
#: The longest span of speech.
_LONGEST_SPEECH_MS = 30_000

_Own = Mapping[str, Mapping[str, object]]


def check_file(
    subtitles: Path,
    plugins: Plugins,
    *,
    profile: str,
    own_profiles: _Own | None = None,
    language: str | None = None,
    video: Path | None = None,
    spoken: str | None = None,
    original: Path | None = None,
    reference: Path | None = None,
    frame_rate: Fraction | None = None,
) -> Report:
    """Check a subtitle file by every rule that what is given allows.

    ``language`` (BCP-47) is the file's, else as its name or content states; ``video`` is the video,
    in whose audio track in ``spoken`` speech is looked for; ``original`` the file that this one
    translates; ``reference`` a correct one in the same language; ``frame_rate`` is by default the
    video's. Raises `NotSubtitles`, `MediaError`, `UnknownName`.
    """
    media = probe(video, plugins)[0] if video is not None else None
    frame_rate = frame_rate or (media.frame_rate if media else None)
    found = read(
        subtitles,
        plugins,
        language=language or named_language(subtitles),
        frame_rate=frame_rate,
    )
    language = language or found.language or named_language(subtitles)
    request = CheckRequest(
        cues=found.cues,
        profile=profile_for(profile, language or "und", own_profiles),
        language=language,
        frame_rate=frame_rate,
        duration_ms=media.duration_ms if media else None,
        speech=speech_in(video, plugins, spoken=spoken) if video is not None else None,
        original=_cues(original, plugins, None, frame_rate) if original is not None else None,
    )
    comparison = None
    if reference is not None:
        comparison = compare(found.cues, _cues(reference, plugins, language, frame_rate), language)
    return Report(
        name=str(subtitles),
        cues=found.cues,
        findings=find(request, plugins),
        damage=tuple(map(str, found.damage)) or (() if found.cues else ("there is no cue in it",)),
        comparison=comparison,
    )


def find(request: CheckRequest, plugins: Plugins) -> tuple[Finding, ...]:
    """What every installed check finds in a track, in the order of the video.

    Raises `PluginError` if a check fails.
    """
    found: list[Finding] = []
    for entry in plugins.providers("check"):
        made: Check = plugins.use("check", plugins.choice("check", entry.provider.name))
        for finding in each(made.check, made.check(request), Finding):
            if finding.cue is not None and not 0 <= finding.cue < len(request.cues):
                raise misbehaved(made.check, f"{finding.rule}: there is no cue {finding.cue}")
            found.append(finding)
    return tuple(sorted(found, key=in_time))


def _cues(
    path: Path, plugins: Plugins, language: str | None, frame_rate: Fraction | None
) -> tuple[Cue, ...]:
    language = language or named_language(path)
    return read(path, plugins, language=language, frame_rate=frame_rate).cues


def named_language(path: Path) -> str | None:
    """The language that a subtitle file's name states: "de" of "Video.de.forced.srt"."""
    return _named(path).language


def named_track(path: Path) -> Track | None:
    """The track that a subtitle file's name states; None where it states no language."""
    named = _named(path)
    return None if named.language is None else Track((named.language,), named.kind)


def _named(path: Path) -> Named:
    return parse_name(path.name) or Named(language=None)


@contextmanager
def sound_of(
    video: Path, plugins: Plugins, *, spoken: str | None = None, index: int | None = None
) -> Iterator[Iterator[AudioClip]]:
    """The sound of a video, for as long as the block lasts. Raises `MediaError`, `PluginError`."""
    media, source = probe(video, plugins)
    choice = choose(media, source, threading.Event(), language=spoken, index=index)
    with closing(choice), next(choice).clips() as clips:
        yield clips


def speech_in(video: Path, plugins: Plugins, *, spoken: str | None = None) -> tuple[Span, ...]:
    """Where somebody speaks in a video, rising and disjoint; a span for each run of speech.

    Raises `MediaError`, `PluginError`.
    """
    with sound_of(video, plugins, spoken=spoken) as clips:
        return speech_among(clips, plugins)


def speech_among(clips: Iterable[AudioClip], plugins: Plugins) -> tuple[Span, ...]:
    """`speech_in` for sound that is being read."""
    segmenter: Segmenter = plugins.use("segmenter", _LISTENER)
    spans = each(segmenter.cut, segmenter.cut(clips, _LONGEST_SPEECH_MS), Span)
    return tuple(joined(list(spans)))
