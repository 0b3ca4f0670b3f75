"""Stretches of time put together and taken from each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from canary_subs.model import Span


def uncovered(spans: Sequence[Span], covers: Sequence[Span]) -> Iterator[Span]:
    """The parts of rising, disjoint ``spans`` outside ``covers`` (rising by start)."""
    at = 0
    for span in spans:
        start_ms = span.start_ms
        while at < len(covers) and covers[at].end_ms <= start_ms:
            at += 1
        i = at
        while i < len(covers) and covers[i].start_ms < span.end_ms:
            if covers[i].start_ms > start_ms:
                yield Span(start_ms=start_ms, end_ms=covers[i].start_ms)
            start_ms = max(start_ms, covers[i].end_ms)
            i += 1
        if start_ms < span.end_ms:
            yield Span(start_ms=start_ms, end_ms=span.end_ms)


def joined(spans: Sequence[Span], gap_ms: int = 0) -> list[Span]:
    """``spans`` (rising by start) as disjoint spans, those up to ``gap_ms`` apart made one."""
    result: list[Span] = []
    for span in spans:
        if result and span.start_ms - result[-1].end_ms <= gap_ms:
            end_ms = max(result[-1].end_ms, span.end_ms)
            result[-1] = Span(start_ms=result[-1].start_ms, end_ms=end_ms)
        else:
            result.append(span)
    return result
