"""What a track is called: "de", "de+en" (one above the other), "en.forced", "en.sdh".

A target is a track's name in which "original" may stand for the language that is spoken.
"""

from __future__ import annotations

from canary_subs.model import ORIGINAL

#: The marks, as media servers read them in file names: of a track that shows only the lines that
#: are spoken in another language than the film's, and of one that tells of sounds too (subtitles
#: for the deaf and hard of hearing).
FORCED, SDH = "forced", "sdh"
MARKS = (FORCED, SDH)


def resolved(target: str, spoken: str) -> str:
    """The track that a target means where ``spoken`` is spoken."""
    tongues = [spoken if tongue == ORIGINAL else tongue for tongue in languages(target)]
    return named("+".join(tongues), mark(target))


def named(language: str, mark: str | None) -> str:
    """The name of a language's track with that mark."""
    return language if mark is None else f"{language}.{mark}"


def languages(track: str) -> tuple[str, ...]:
    """The languages that a track shows, from above."""
    own = mark(track)
    return tuple((track if own is None else track.removesuffix(f".{own}")).split("+"))


def mark(track: str) -> str | None:
    """What a track is besides its language, one of `MARKS`; None for a plain one."""
    ending = track.rpartition(".")[2]
    return ending if ending != track and ending in MARKS else None


def is_forced(track: str) -> bool:
    """Whether a track shows only the lines that are spoken in another language."""
    return mark(track) == FORCED


def is_sdh(track: str) -> bool:
    """Whether a track tells of sounds besides speech."""
    return mark(track) == SDH


def primary(language: str) -> str:
    """The primary subtag of a BCP-47 tag, as Canary's tokens have it: "pt" of "pt-BR"."""
    return language.replace("_", "-").partition("-")[0].lower()
