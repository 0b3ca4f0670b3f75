"""What SDH subtitles call sounds: one file a language in ``data/sound_labels``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_FOLDER = files("canary_subs.cues") / "data" / "sound_labels"


@cache
def languages() -> frozenset[str]:
    """The languages that have labels."""
    names = (file.name for file in _FOLDER.iterdir())
    return frozenset(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


@cache
def labels(language: str) -> Mapping[str, str]:
    """Kind -> label in a language (its primary subtag); empty for a language without labels."""
    if language not in languages():
        return MappingProxyType({})
    text = (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))
