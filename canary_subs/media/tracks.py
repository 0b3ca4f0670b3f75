"""Choose the audio track to recognise."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from canary_subs._text import printable
from canary_subs.errors import NoAudio, NoSound, UsageError
from canary_subs.model import AudioTrack, MediaInfo, primary

#: FFmpeg's dispositions of tracks that hold something other than the video's dialogue.
_ASIDE_DISPOSITIONS = {
    "comment": "a commentary",
    "visual_impaired": "an audio description",
    "descriptions": "an audio description",
    "clean_effects": "sound without dialogue",
    "karaoke": "a karaoke track",
}

#: The same, by the titles that people give.
_ASIDE_TITLES = (
    (
        re.compile(r"comment(ary|aries|aire)|kommentar|comentario|comentário|commento", re.I),
        "a commentary",
    ),
    (
        re.compile(
            r"audio[ -]?desc?ri|descri(ptive|bed)|descripci|visually impaired|hörfilm"
            r"|\b(AD|DVS)\b",
            re.I,
        ),
        "an audio description",
    ),
    (
        re.compile(r"music (and|&) effects|\bM ?& ?E\b|isolated (score|music)|instrumental", re.I),
        "sound without dialogue",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackChoice:
    """The chosen track, and the reason in words that can follow "because"."""

    track: AudioTrack
    why: str


def named(track: AudioTrack) -> str:
    """A track in words: 'audio track 1 (en, "Director")', counted from 0 as by ``--track``."""
    details = [printable(track.language)] if track.language else []
    details += [f'"{printable(track.title)}"'] if track.title else []
    return f"audio track {track.index}" + (f" ({', '.join(details)})" if details else "")


def listed(audio: Collection[AudioTrack]) -> str:
    """Several tracks in words: "audio track 0 (de), audio track 1 (en)"."""
    return ", ".join(named(track) for track in audio)


def choose(
    media: MediaInfo,
    *,
    language: str | None = None,
    index: int | None = None,
    passed: Collection[AudioTrack] = (),
) -> TrackChoice:
    """The track at ``index``; else the best one in ``language`` (BCP-47, None for any).

    Commentaries, audio descriptions and tracks without dialogue are chosen only if there is
    nothing else, tracks whose parameters nobody could find only if all are so, and those that were
    ``passed`` over never. Raises `NoSound` if none is left, `NoAudio` if none could be in
    ``language``, and `UsageError` if the file has no track ``index``.
    """
    if not media.audio:
        raise NoSound(
            f"{printable(media.path)} has no audio track; if it should have one, copy it again"
        )
    if index is not None:
        if not 0 <= index < len(media.audio):
            raise UsageError(
                f"{printable(media.path)} has no audio track {index}; it has {listed(media.audio)}"
            )
        return TrackChoice(track=media.audio[index], why="you asked for it")
    if len(media.audio) == 1:
        return TrackChoice(track=media.audio[0], why="it is the only one")
    if all(track in passed for track in media.audio):
        raise NoSound(f"{printable(media.path)}: all its audio tracks are silent or empty")
    there = [track for track in media.audio if track not in passed and _has_parameters(track)]
    there = there or [track for track in media.audio if track not in passed]
    dialogue = [track for track in there if aside(track) is None]
    candidates = dialogue or there
    why = []
    if language is not None:
        candidates, reason = _in_language(media, candidates, language)
        why.append(reason)
    if len(candidates) > 1:
        # The track marked as default, then the original, then the first.
        chosen = min(
            candidates,
            key=lambda track: (not track.default, "original" not in track.dispositions),
        )
        why.append("it is the default" if chosen.default else "it comes first")
    else:
        chosen = candidates[0]
        if language is None:
            why.append(_only(media, chosen))
    return TrackChoice(track=chosen, why=" and ".join(why))


def aside(track: AudioTrack) -> str | None:
    """What the track holds instead of the video's dialogue ("a commentary"), or None."""
    for disposition, what in _ASIDE_DISPOSITIONS.items():
        if disposition in track.dispositions:
            return what
    for pattern, what in _ASIDE_TITLES:
        if pattern.search(track.title or ""):
            return what
    return None


def _in_language(
    media: MediaInfo, candidates: list[AudioTrack], language: str
) -> tuple[list[AudioTrack], str]:
    exact = [track for track in candidates if track.language == language]
    if exact:
        return exact, f"it is in {language}"
    wanted = primary(language)
    related = [track for track in candidates if primary(track.language or "") == wanted]
    if related:
        return related, f"it is in {related[0].language}"
    untagged = [track for track in candidates if track.language is None]
    if untagged:
        return untagged, f"it has no language tag and no other is in {language}"
    raise NoAudio(
        f"{printable(media.path)} has no audio in {language} (it has {listed(candidates)}):"
        " name the track with --track, or its language"
    )


def _only(media: MediaInfo, chosen: AudioTrack) -> str:
    """Why no other track came into question."""
    found = {aside(track) for track in media.audio if track is not chosen}
    if None in found:
        return "nothing is in the others"
    return f"every other is {' or '.join(sorted(str(what) for what in found))}"


def _has_parameters(track: AudioTrack) -> bool:
    """Whether it is known what the track holds; in empty ones it is not."""
    return track.channels > 0 and track.sample_rate_hz > 0
