"""Choose the audio track to recognise."""

from __future__ import annotations

import re
from dataclasses import dataclass

from canary_subs._text import printable
from canary_subs.errors import NoAudio, UsageError
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
    """A track in words: 'audio track 1 (en, "Director's cut")', counted from 0 as `--track` does."""
    details = [printable(track.language)] if track.language else []
    details += [f'"{printable(track.title)}"'] if track.title else []
    return f"audio track {track.index}" + (f" ({', '.join(details)})" if details else "")


def choose(
    media: MediaInfo, *, language: str | None = None, index: int | None = None
) -> TrackChoice:
    """The track at ``index``; else the best one in ``language`` (BCP-47, None for any).

    Commentaries, audio descriptions and tracks without dialogue are chosen only if there is
    nothing else. Raises `NoAudio` if no track could be in ``language``, or there are none, and
    `UsageError` if the file has no track ``index``.
    """
    if not media.audio:
        raise NoAudio(
            f"{printable(media.path)} has no audio track; if it should have one, copy it again"
        )
    if index is not None:
        if not 0 <= index < len(media.audio):
            raise UsageError(
                f"{printable(media.path)} has no audio track {index}:"
                f" choose 0 to {len(media.audio) - 1}"
            )
        return TrackChoice(track=media.audio[index], why="you asked for it")
    if len(media.audio) == 1:
        return TrackChoice(track=media.audio[0], why="it is the only one")
    dialogue = [track for track in media.audio if aside(track) is None]
    candidates = dialogue or list(media.audio)
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
            why.append(f"every other is {_asides(media, chosen)}")
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
    tags = ", ".join(str(track.language) for track in candidates)
    raise NoAudio(
        f"{printable(media.path)} has no audio in {language} (its tracks are in {tags}):"
        " name the track, or its language"
    )


def _asides(media: MediaInfo, chosen: AudioTrack) -> str:
    found = {aside(track) for track in media.audio if track is not chosen}
    return " or ".join(sorted(str(what) for what in found))
