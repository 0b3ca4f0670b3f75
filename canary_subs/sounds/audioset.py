"""AudioSet's classes as the kinds of sounds that subtitles label: ``data/audioset.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def kinds() -> Mapping[str, str]:
    """AudioSet's display name of a class -> kind; classes without a label are not in it."""
    table = files("canary_subs.sounds") / "data" / "audioset.toml"
    classes: dict[str, list[str]] = tomllib.loads(table.read_text(encoding="utf-8"))
    return MappingProxyType({name: kind for kind, names in classes.items() for name in names})
