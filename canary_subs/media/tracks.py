"""Which of a film's sound tracks to listen to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from canary_subs.errors import NoAudio, UsageError
from canary_subs.media.probe import shown
from canary_subs.model import AudioTrack, MediaInfo
from canary_subs.model import primary

#: FFmpeg's marks for tracks that hold something else than the film's dialogue.
_ASIDE_MARKS = {
    "comment": "a commentary",
    "visual_impaired": "an audio description",
    "descriptions": "an audio description",
    "clean_effects": "sound without dialogue",
    "karaoke": "a karaoke track",
}

#: The same, in the words that people give as titles.
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
    """A track, and the reason for it in words that follow "because"."""

    track: AudioTrack
    why: str


def choose(
    media: MediaInfo, *, language: str | None = None, index: int | None = None
) -> TrackChoice:
    """The track at ``index``; else the best one in the wanted ``language`` (BCP-47), if any.

    Commentaries, audio descriptions and tracks without dialogue are taken only where there is
    nothing else. Raises `NoAudio` where there is no track, or none that could be in ``language``,
    and `UsageError` where ``index`` is not one of the file's.
    """
    if not media.audio:
        raise NoAudio(
            f"{shown(media.path)} has no sound track that can be seen; if it should have one, "
            "copy it again"
        )
    if index is not None:
        if not 0 <= index < len(media.audio):
            raise UsageError(
                f"{shown(media.path)} has no audio track {index}:"
                f" choose 0 to {len(media.audio) - 1}"
            )
        return TrackChoice(track=media.audio[index], why="it was asked for")
    if len(media.audio) == 1:
        return TrackChoice(track=media.audio[0], why="it is the only one")
    dialogue = [track for track in media.audio if aside(track) is None]
    candidates = dialogue or list(media.audio)
    why = []
    if language is not None:
        candidates, reason = _in_language(media, candidates, language)
        why.append(reason)
    if len(candidates) > 1:
        # The film's own mark, then the original, then the first.
        chosen = min(
            candidates,
            key=lambda track: (not track.default, "original" not in track.dispositions),
        )
        why.append("it is the default" if chosen.default else "it comes first")
    else:
        chosen = candidates[0]
        if language is None:
            why.append(f"every other is {_asides(media, chosen)}")
    return TrackChoice(track=chosen, why=" and ".join(why))


def aside(track: AudioTrack) -> str | None:
    """What the track holds instead of the film's dialogue ("a commentary"), or None."""
    for mark, what in _ASIDE_MARKS.items():
        if mark in track.dispositions:
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
    kin = [track for track in candidates if primary(track.language or "") == primary(language)]
    if kin:
        return kin, f"it is in {kin[0].language}"
    untold = [track for track in candidates if track.language is None]
    if untold:
        return untold, f"its language is not told and no other is in {language}"
    tags = ", ".join(str(track.language) for track in candidates)
    raise NoAudio(
        f"{shown(media.path)} has no sound in {language} (its tracks are in {tags}):"
        " name the track, or its language"
    )


def _asides(media: MediaInfo, chosen: AudioTrack) -> str:
    found = {aside(track) for track in media.audio if track is not chosen}
    return " or ".join(sorted(str(what) for what in found))
