"""Published reading rules as data, and the user's own profiles.

Sources, as of November 2026: Netflix Timed Text Style Guides (general requirements and one per
language; the figures per language as Subtitle Edit's Netflix checks carry them); BBC Subtitle
Guidelines; EBU teletext subtitles (EBU Tech 3264: 37 characters a row) with the Code of Good
Subtitling Practice of ESIST (1 to 7 seconds, a gap of 4 frames); DCMP Captioning Key and its
guidelines (32 characters, 160 words a minute for adults); YouTube's advice to uploaders.
Speeds given in words per minute are converted at 5.7 characters per word, including its space:
180 wpm is 17.1 characters per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from canary_subs._text import did_you_mean
from canary_subs.errors import ConfigError, UnknownName
from canary_subs.model import Profile, primary

#: What each Netflix guide changes for its language; a wide character has two columns.
_NETFLIX: dict[str, dict[str, Any]] = {
    "ar": {"max_cps": 20.0},
    "en": {"max_cps": 20.0},
    "hi": {"max_cps": 22.0},
    "ja": {"max_cps": 4.0, "max_columns": 46},
    "ko": {"max_cps": 12.0, "max_columns": 32},
    "ru": {"max_columns": 39},
    "th": {"max_columns": 35},
    "zh": {"max_cps": 9.0, "max_columns": 32},
}
_NETFLIX_CHILDREN: dict[str, dict[str, Any]] = {
    "ar": {"max_cps": 17.0},
    "en": {"max_cps": 17.0},
    "hi": {"max_cps": 18.0},
    "ja": {"max_cps": 4.0, "max_columns": 46},
    "ko": {"max_cps": 9.0, "max_columns": 32},
    "ru": {"max_columns": 39},
    "th": {"max_columns": 35},
    "zh": {"max_cps": 7.0, "max_columns": 32},
}
#: Scripts whose characters are words or syllables have their own speed in every profile.
_DENSE_SCRIPTS: dict[str, dict[str, Any]] = {
    language: {"max_cps": _NETFLIX[language]["max_cps"]} for language in ("ja", "ko", "zh")
}

_BASE: dict[str, Profile] = {
    "netflix": Profile(name="netflix"),
    "netflix-children": Profile(name="netflix-children", max_cps=13.0),
    "bbc": Profile(
        name="bbc",
        max_columns=37,
        max_cps=17.1,
        min_duration_ms=1000,
        min_gap_frames=1,
        close_gap_frames=38,
        max_linger_ms=1500,
    ),
    "ebu": Profile(
        name="ebu",
        max_columns=37,
        max_cps=15.0,
        min_duration_ms=1000,
        min_gap_frames=4,
        close_gap_frames=12,
        max_linger_ms=1000,
    ),
    "dcmp": Profile(
        name="dcmp",
        max_columns=32,
        max_cps=15.2,
        min_duration_ms=1334,
        max_duration_ms=6000,
        max_linger_ms=1500,
    ),
    "youtube": Profile(
        name="youtube",
        max_cps=21.0,
        min_duration_ms=1000,
        min_gap_frames=0,
        close_gap_frames=12,
        max_linger_ms=1000,
    ),
    "vertical-video": Profile(
        name="vertical-video",
        max_columns=22,
        max_cps=21.0,
        min_duration_ms=500,
        max_duration_ms=3000,
        min_gap_frames=0,
        close_gap_frames=15,
        max_linger_ms=300,
    ),
}
_BY_LANGUAGE: dict[str, dict[str, dict[str, Any]]] = {
    "netflix": _NETFLIX,
    "netflix-children": _NETFLIX_CHILDREN,
}

#: The smallest and greatest sensible value of each rule.
_LIMITS: dict[str, tuple[float, float]] = {
    "max_lines": (1, 4),
    "max_columns": (8, 200),
    "max_cps": (1, 100),
    "min_duration_ms": (0, 10_000),
    "max_duration_ms": (500, 60_000),
    "min_gap_frames": (0, 100),
    "close_gap_frames": (0, 200),
    "max_linger_ms": (0, 10_000),
    "snap_frames": (0, 100),
}


def names() -> tuple[str, ...]:
    """The names of the built-in profiles."""
    return tuple(_BASE)


def profile_for(
    name: str, language: str, own: Mapping[str, Mapping[str, object]] | None = None
) -> Profile:
    """The rules named ``name`` for a track in ``language`` (BCP-47).

    ``own`` holds the user's profiles as TOML gives them: tables of `Profile` fields and
    ``inherits``, the name of a built-in profile or of another of the user's (default "netflix").
    The values of a table apply to every language. Raises `UnknownName` and `ConfigError`.
    """
    return _resolve(name, primary(language), own or {}, ())


def _resolve(
    name: str, language: str, own: Mapping[str, Mapping[str, object]], seen: tuple[str, ...]
) -> Profile:
    if name in seen:
        raise ConfigError(f"profile {name!r} inherits from itself: {' -> '.join((*seen, name))}")
    if name in own:
        table = own[name]
        if not isinstance(table, Mapping):
            raise ConfigError(f"profile {name!r} must be a table of rules, not {table!r}")
        parent = table.get("inherits", "netflix")
        if not isinstance(parent, str):
            raise ConfigError(f"profile {name!r}: inherits must name a profile, not {parent!r}")
        inherited = _resolve(parent, language, own, (*seen, name))
        return _changed(inherited, name, table)
    if name in _BASE:
        changes = _BY_LANGUAGE.get(name, _DENSE_SCRIPTS).get(language, {})
        return replace(_BASE[name], **changes)
    raise UnknownName(f"no profile is named {name!r}; {did_you_mean(name, [*_BASE, *own])}")


def _changed(profile: Profile, name: str, table: Mapping[str, object]) -> Profile:
    """The inherited profile with the values of a user's table, each checked."""
    types = {field.name: type(getattr(profile, field.name)) for field in fields(Profile)}
    changes: dict[str, Any] = {"name": name}
    for key, value in table.items():
        if key == "inherits":
            continue
        if key not in _LIMITS:
            raise ConfigError(f"profile {name!r}: no rule {key!r}; {did_you_mean(key, _LIMITS)}")
        low, high = _LIMITS[key]
        number = types[key] is float
        if isinstance(value, bool) or not isinstance(value, (int, float) if number else int):
            kind = "a number" if number else "a whole number"
            raise ConfigError(f"profile {name!r}: {key} must be {kind}, not {value!r}")
        if not low <= value <= high:
            raise ConfigError(
                f"profile {name!r}: {key} must be from {low:g} to {high:g}, not {value}"
            )
        changes[key] = types[key](value)
    result = replace(profile, **changes)
    if result.min_duration_ms > result.max_duration_ms:
        raise ConfigError(
            f"profile {name!r}: min_duration_ms ({result.min_duration_ms}) is above "
            f"max_duration_ms ({result.max_duration_ms})"
        )
    return result
