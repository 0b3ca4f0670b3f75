"""What can be read and what can be written, for lists."""

from __future__ import annotations

from dataclasses import dataclass

from canary_subs.plugin.manager import Plugins


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """A subtitle format of the catalogue, as one plugin offers it."""

    name: str
    summary: str
    plugin: str
    reads: bool
    writes: bool


def formats(plugins: Plugins) -> tuple[Format, ...]:
    """Every format, in the order of loading, those that are written first."""
    summaries: dict[tuple[str, str], str] = {}
    kinds: dict[tuple[str, str], set[str]] = {}
    for kind in ("format", "reader"):
        for entry in plugins.providers(kind):
            key = (entry.provider.name, entry.plugin)
            summaries.setdefault(key, entry.provider.summary)
            kinds.setdefault(key, set()).add(kind)
    return tuple(
        Format(
            name=key[0],
            summary=summary,
            plugin=key[1],
            reads="reader" in kinds[key],
            writes="format" in kinds[key],
        )
        for key, summary in summaries.items()
    )
