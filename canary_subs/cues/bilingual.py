"""Bilingual tracks: the lines of one language above those of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from canary_subs.cues.layout import break_lines
from canary_subs.model import Cue, Profile


def bilingual(
    upper: Sequence[Cue], lower: Sequence[Cue], *, lower_language: str, profile: Profile
) -> tuple[Cue, ...]:
    """One track that shows both: the lines of ``upper`` above those of ``lower``.

    The cues of each rise and never overlap. Normally both share their timing (a template layout),
    and every pair becomes one cue. Otherwise a lower cue joins the upper one that it shares most
    time with, and the lines of several under one are broken again by ``profile``; cues that overlap
    nothing stay alone. Every text is shown once; ``words`` are those of ``upper``.
    """
    below: list[list[Cue]] = [[] for _ in upper]
    merged: list[Cue] = []
    first = 0
    for cue in lower:
        while first < len(upper) and upper[first].end_ms <= cue.start_ms:
            first += 1
        best, longest_ms = -1, 0
        at = first
        while at < len(upper) and upper[at].start_ms < cue.end_ms:
            shared_ms = _shared_ms(cue, upper[at])
            if shared_ms > longest_ms:
                best, longest_ms = at, shared_ms
            at += 1
        if best < 0:
            merged.append(replace(cue, words=()))
        else:
            below[best].append(cue)
    for cue, others in zip(upper, below, strict=True):
        lines = [line for other in others for line in other.lines]
        if len(others) > 1:
            lines = list(break_lines(" ".join(lines), lower_language, profile))
        merged.append(replace(cue, lines=(*cue.lines, *lines)))
    merged.sort(key=lambda cue: cue.start_ms)
    return tuple(_disjoint(merged))


def _shared_ms(a: Cue, b: Cue) -> int:
    return max(0, min(a.end_ms, b.end_ms) - max(a.start_ms, b.start_ms))


def _disjoint(cues: Iterable[Cue]) -> Iterator[Cue]:
    """The cues, each starting no earlier than the end of the one before."""
    earliest_ms = 0
    for cue in cues:
        start_ms = max(cue.start_ms, earliest_ms)
        earliest_ms = max(cue.end_ms, start_ms + 1)
        yield replace(cue, start_ms=start_ms, end_ms=earliest_ms)
