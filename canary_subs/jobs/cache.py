"""What was recognised, piece by piece, kept so that no piece is recognised twice."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping, Sequence

from canary_subs.jobs.store import Store
from canary_subs.model import Flag, Span, Timing, Utterance, Word

_DAY_S = 86_400.0


class TranscriptCache:
    """The finished pieces of one file, named by its content: a `pipeline.Cache`."""

    def __init__(self, store: Store, fingerprint: str) -> None:
        self._store = store
        self._fingerprint = fingerprint

    def recall(self, scope: str, span: Span) -> Mapping[str, Utterance]:
        """What was recognised there: language -> utterance. Raises `StoreError`."""
        rows = self._store.query(
            "SELECT language, utterance FROM pieces JOIN scopes ON scopes.id = pieces.scope "
            "WHERE fingerprint = ? AND text = ? AND start_ms = ? AND end_ms = ?",
            (self._fingerprint, scope, span.start_ms, span.end_ms),
        )
        return {row["language"]: _unpacked(row["utterance"]) for row in rows}

    def keep(self, scope: str, found: Sequence[tuple[Span, Mapping[str, Utterance]]]) -> None:
        """Remember the pieces of one batch, all or none. Raises `StoreError`."""
        now = time.time()
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO scopes (text) VALUES (?) ON CONFLICT DO NOTHING", (scope,)
            )
            (number,) = connection.execute(
                "SELECT id FROM scopes WHERE text = ?", (scope,)
            ).fetchone()
            connection.executemany(
                "INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        self._fingerprint, number, span.start_ms, span.end_ms, language,
                        _packed(utterance), now,
                    )
                    for span, utterances in found
                    for language, utterance in utterances.items()
                ],
            )  # fmt: skip


def forget_old(store: Store, days: int) -> int:
    """Drop pieces kept longer than so many days, but none of a film that is under way."""
    with store.writing() as connection:
        return connection.execute(
            "DELETE FROM pieces WHERE kept_at < ? AND fingerprint NOT IN "
            "(SELECT fingerprint FROM jobs WHERE state IN ('queued', 'running'))",
            (time.time() - days * _DAY_S,),
        ).rowcount


def _packed(utterance: Utterance) -> bytes:
    table = {
        "text": utterance.text,
        "span": [utterance.span.start_ms, utterance.span.end_ms],
        "language": utterance.language,
        "words": [[w.text, w.start_ms, w.end_ms, w.confidence] for w in utterance.words],
        "timing": utterance.timing,
        "flags": sorted(utterance.flags),
    }
    return zlib.compress(json.dumps(table, separators=(",", ":")).encode())


def _unpacked(packed: bytes) -> Utterance:
    table = json.loads(zlib.decompress(packed))
    start_ms, end_ms = table["span"]
    return Utterance(
        text=table["text"],
        span=Span(start_ms=start_ms, end_ms=end_ms),
        language=table["language"],
        words=tuple(
            Word(text=text, start_ms=start, end_ms=end, confidence=confidence)
            for text, start, end, confidence in table["words"]
        ),
        timing=Timing(table["timing"]) if table["timing"] else None,
        flags=frozenset(Flag(flag) for flag in table["flags"]),
    )
