"""Subtitle files of anyone's, examined (with their film, where there is one) and broken anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from canary_subs import naming
from canary_subs.cues import placing
from canary_subs.cues.check import check
from canary_subs.cues.check.reference import compare
from canary_subs.cues.check.report import Report
from canary_subs.cues.profiles import profile_for
from canary_subs.errors import UsageError
from canary_subs.formats.reading import read
from canary_subs.media import tracks
from canary_subs.model import (
    AudioClip,
    Choice,
    Cue,
    Document,
    MediaInfo,
    Span,
    Transcript,
    Utterance,
)
from canary_subs.naming import primary
from canary_subs.pipeline import steps as film
from canary_subs.plugin.manager import Plugins, contained
from canary_subs.time import joined

#: Finds every stretch of speech by itself, not pieces of a good length for a recogniser.
_LISTENER = Choice(
    name="silero", options={"long_pause_ms": 300, "short_pause_ms": 200, "padding_ms": 0}
)
#: No stretch of speech is given out longer than this.
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
    source: Path | None = None,
    reference: Path | None = None,
) -> Report:
    """Examine a subtitle file by every rule that what is given allows.

    ``language`` (BCP-47) is the file's, else as its name or content tells; ``video`` the film, in
    whose track in ``spoken`` speech is looked for; ``source`` the file that this one translates;
    ``reference`` a right one in the same language. Raises `NotSubtitles`, `MediaError`,
    `UnknownName`.
    """
    media = film.probe(video, plugins)[0] if video is not None else None
    frame_rate = media.frame_rate if media else None
    track = read(subtitles, language=language or named_language(subtitles), frame_rate=frame_rate)
    tongue = language or track.language or named_language(subtitles)
    found = check(
        track.cues,
        profile_for(profile, tongue or "und", own_profiles),
        language=tongue,
        frame_rate=frame_rate,
        duration_ms=media.duration_ms if media else None,
        speech=speech_in(video, plugins, spoken=spoken) if video is not None else None,
        source=_cues(source, None, frame_rate) if source is not None else None,
    )
    comparison = None
    if reference is not None:
        comparison = compare(track.cues, _cues(reference, tongue, frame_rate), tongue)
    return Report(
        name=str(subtitles),
        cues=track.cues,
        findings=found,
        damage=track.damage,
        comparison=comparison,
    )


def _cues(path: Path, language: str | None, frame_rate: Fraction | None) -> tuple[Cue, ...]:
    tongue = language or named_language(path)
    return read(path, language=tongue, frame_rate=frame_rate).cues


def named_language(path: Path) -> str | None:
    """The language that a subtitle file's name states: "de" of "Film.de.forced.srt"."""
    return _named(path)[0]


def named_track(path: Path) -> str | None:
    """`named_language` with the mark that the name tells, as tracks are called: "en.sdh"."""
    tongue, mark = _named(path)
    return None if tongue is None else naming.named(tongue, mark)


def _named(path: Path) -> tuple[str | None, str | None]:
    parts = path.name.split(".")[1:-1]
    mark: str | None = None
    while parts and (word := parts[-1].lower()) in _MARKS:
        # "hi" is Hindi alone and "hearing impaired" after a language.
        if word == "hi" and (len(parts) < 2 or not _language(parts[-2])):
            break
        mark = naming.MARK_WORDS.get(word, mark)
        parts.pop()
    return (_language(parts[-1]) if parts else None), mark


#: What stands after the language in the names of subtitle files.
_MARKS = (*naming.MARK_WORDS, "default")


def _language(tag: str) -> str | None:
    """A tag of a name in its usual form; one of three letters counts where it has one of two."""
    import langcodes

    if not langcodes.tag_is_valid(tag):
        return None
    usual = str(langcodes.standardize_tag(tag))
    return usual if len(primary(usual)) == 2 else None


@contextmanager
def sound_of(
    video: Path, plugins: Plugins, *, spoken: str | None = None, index: int | None = None
) -> Iterator[Iterator[AudioClip]]:
    """The sound of a film, for as long as the block lasts. Raises `MediaError`, `PluginError`."""
    media, source, plugin = film.probe(video, plugins)
    track = tracks.choose(media, language=spoken, index=index).track
    with film.sound(media, track, source, plugin) as clips:
        yield clips


def speech_in(video: Path, plugins: Plugins, *, spoken: str | None = None) -> tuple[Span, ...]:
    """Where somebody speaks in a film, rising and disjoint; a stretch for each run of speech.

    Raises `MediaError`, `PluginError`.
    """
    with sound_of(video, plugins, spoken=spoken) as clips:
        return speech_among(clips, plugins)


def speech_among(clips: Iterable[AudioClip], plugins: Plugins) -> tuple[Span, ...]:
    """`speech_in` for sound that is being read."""
    segmenter = plugins.make("segmenter", _LISTENER)
    return tuple(joined(list(segmenter.cut(clips, _LONGEST_SPEECH_MS))))


def relayout(
    subtitles: Path,
    plugins: Plugins,
    *,
    profile: str,
    layout: Choice,
    own_profiles: _Own | None = None,
    language: str | None = None,
    frame_rate: Fraction | None = None,
) -> Document:
    """A subtitle file with its words in cues by ``profile``; words keep their order and time.

    Where the file does not time its words, each cue's words share its time. A new cue keeps the
    speaker that all its words have. Raises `NotSubtitles`, `UnknownName`, `PluginError`.
    """
    track = read(subtitles, language=language or named_language(subtitles), frame_rate=frame_rate)
    tongue = language or track.language or named_language(subtitles)
    if tongue is None:
        raise UsageError(f"{subtitles}: its language is not known; name it with --language")
    cues = placing.rising([cue for cue in track.cues if placing.cue_texts([cue])[0]], 0)
    transcript = Transcript(
        language=tongue,
        source_language=tongue,
        engine="",
        model="",
        utterances=tuple(_utterance(cue, tongue) for cue in cues),
    )
    made = plugins.make("layout", layout)
    with contained(plugins.provider("layout", layout.name).plugin):
        broken = made.layout(
            transcript, profile_for(profile, tongue, own_profiles), frame_rate=frame_rate
        )
    media = _no_media(subtitles, cues, frame_rate)
    return Document(media=media, transcript=transcript, cues=_with_speakers(broken, cues))


def _utterance(cue: Cue, language: str) -> Utterance:
    return Utterance(
        text=" ".join(" ".join(cue.lines).split()),
        span=Span(start_ms=cue.start_ms, end_ms=cue.end_ms),
        language=language,
        words=cue.words,
    )


def _with_speakers(cues: Sequence[Cue], original: Sequence[Cue]) -> tuple[Cue, ...]:
    """The cues with the speaker that all their words have; both hold the same words, in order."""
    speakers = [cue.speaker for cue in original for _ in cue.words or placing.cue_texts([cue])[0]]
    if len(speakers) != sum(len(cue.words) for cue in cues):
        return tuple(cues)  # a word of a script without spaces was cut in two
    result = []
    at = 0
    for cue in cues:
        who = set(speakers[at : at + len(cue.words)])
        at += len(cue.words)
        result.append(replace(cue, speaker=who.pop() if len(who) == 1 else None))
    return tuple(result)


def _no_media(path: Path, cues: Sequence[Cue], frame_rate: Fraction | None) -> MediaInfo:
    status = path.stat()
    return MediaInfo(
        path=path,
        size_bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        duration_ms=max((cue.end_ms for cue in cues), default=0),
        audio=(),
        frame_rate=frame_rate,
    )
