"""What a track is called: "de", "de+en" (one above the other), "en.forced" (foreign lines alone).

A target is a track's name in which "original" may stand for the language that is spoken.
"""

from __future__ import annotations

from canary_subs.model import ORIGINAL

#: The mark, as media servers read it in file names, of a track that shows only the lines that are
#: spoken in another language than the film's.
FORCED = "forced"

_FORCED = f".{FORCED}"


def resolved(target: str, spoken: str) -> str:
    """The track that a target means where ``spoken`` is spoken."""
    tongues = [spoken if tongue == ORIGINAL else tongue for tongue in languages(target)]
    return "+".join(tongues) + (_FORCED if is_forced(target) else "")


def languages(track: str) -> tuple[str, ...]:
    """The languages that a track shows, from above."""
    return tuple(track.removesuffix(_FORCED).split("+"))


def is_forced(track: str) -> bool:
    """Whether a track shows only the lines that are spoken in another language."""
    return track.endswith(_FORCED)


def primary(language: str) -> str:
    """The primary subtag of a BCP-47 tag, as Canary's tokens have it: "pt" of "pt-BR"."""
    return language.replace("_", "-").partition("-")[0].lower()
