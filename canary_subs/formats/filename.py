"""The language and kind of a subtitle track, as the name of its file states them.

Media servers read ``<video's stem>.<words>.<suffix>``, where the words, parted by dots, are a
language ("en", "ger", "pt-BR"), marks ("forced", "sdh", "default") and a title, in any order:

- Jellyfin: https://jellyfin.org/docs/general/server/media/movies
- Plex: https://support.plex.tv/articles/200471133-adding-local-subtitles-to-your-media/
- Kodi: https://kodi.wiki/view/Subtitles
"""

from __future__ import annotations

from dataclasses import dataclass, field

from canary_subs.model import TrackKind, primary

#: What a track is besides its language; "default" and "full" add nothing to that.
_MARKS = {
    "forced": TrackKind.FORCED,
    "foreign": TrackKind.FORCED,
    "sdh": TrackKind.SDH,
    "cc": TrackKind.SDH,
    "hi": TrackKind.SDH,
    "default": TrackKind.FULL,
    "full": TrackKind.FULL,
}

#: Hindi where no other word is a language, else "hearing impaired".
_HINDI = "hi"


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """What a subtitle file's name states."""

    #: BCP-47; None where no word is a language.
    language: str | None
    kind: TrackKind = TrackKind.FULL
    #: The words that are neither a language nor a mark: a title, or another video's name.
    title: tuple[str, ...] = field(default=(), compare=False)


def parse_name(name: str, stem: str | None = None) -> Named | None:
    """Read a file's name; None where it is not that of a subtitle file of the video ``stem``.

    ``stem`` is the video's name without its suffix: the words begin after it. A number among them
    ("Alien.3.en.srt" beside "Alien.mkv") belongs to the name of another video. Without ``stem``
    every word may belong to the video, so only marks may follow the language.
    """
    words = name.rpartition(".")[0]
    if stem is None:
        return _named(_last_words(words.split(".")[1:]))
    if words == stem:
        return Named(language=None)
    if not words.startswith(f"{stem}."):
        return None
    after = words.removeprefix(f"{stem}.").split(".")
    return None if any(map(str.isdecimal, after)) else _named(after)


def _named(words: list[str]) -> Named:
    languages = [word for word in words if _language(word)]
    # The last one counts, and "hi" only where there is no other.
    languages.sort(key=lambda word: word.lower() != _HINDI)
    rest = list(words)
    if languages:
        rest.remove(languages[-1])
    kinds = {_MARKS.get(word.lower(), TrackKind.FULL) for word in rest}
    return Named(
        language=_language(languages[-1]) if languages else None,
        kind=next(
            (kind for kind in (TrackKind.FORCED, TrackKind.SDH) if kind in kinds), TrackKind.FULL
        ),
        title=tuple(word for word in rest if word.lower() not in _MARKS),
    )


def _last_words(words: list[str]) -> list[str]:
    """The marks at the end, and the language before them if there is one."""
    at = len(words)
    while at and words[at - 1].lower() in _MARKS:
        at -= 1
    if at and _language(words[at - 1]):
        at -= 1
    return words[at:]


def _language(word: str) -> str | None:
    """A word as a BCP-47 tag in its usual form; None where it is not a language.

    A code of three letters counts where the language has one of two, as "ger" has: others
    ("cut", "sub", "the") are words of titles as well.
    """
    import langcodes

    if not langcodes.tag_is_valid(word):
        return None
    tag = str(langcodes.standardize_tag(word))
    return tag if len(primary(tag)) == 2 else None
