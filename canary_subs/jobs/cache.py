"""Recognised segments, kept so that no segment is recognised twice."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from canary_subs.jobs.database import Database
from canary_subs.jobs.store import open_database
from canary_subs.model import Flag, Span, Timing, Utterance, Word

_DAY_S = 86_400.0


class Transcripts:
    """The recognised segments of all videos, in the job store's file over its own connection."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises `StoreError`."""
        self._database = open_database(path)

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def of(self, fingerprint: str) -> TranscriptCache:
        """Return the segments of one video."""
        return TranscriptCache(self._database, fingerprint)

    def forget_old(self, days: int) -> int:
        """Drop segments older than so many days, except those of queued and running jobs."""
        with self._database.writing() as connection:
            return connection.execute(
                "DELETE FROM segments WHERE stored_at < ? AND fingerprint NOT IN "
                "(SELECT fingerprint FROM jobs WHERE state IN ('queued', 'running'))",
                (time.time() - days * _DAY_S,),
            ).rowcount


class TranscriptCache:
    """The finished segments of one video, identified by its content: a `pipeline.cache.Cache`."""

    def __init__(self, database: Database, fingerprint: str) -> None:
        self._database = database
        self._fingerprint = fingerprint

    def recall(self, scope: str, span: Span) -> Mapping[str, Utterance]:
        """Return what was recognised there: transcript -> utterance. Raises `StoreError`."""
        rows = self._database.query(
            "SELECT transcript, utterance FROM segments JOIN scopes ON scopes.id = segments.scope "
            "WHERE fingerprint = ? AND text = ? AND start_ms = ? AND end_ms = ?",
            (self._fingerprint, scope, span.start_ms, span.end_ms),
        )
        return {row["transcript"]: _unpacked(row["utterance"]) for row in rows}

    def keep(self, scope: str, found: Sequence[tuple[Span, Mapping[str, Utterance]]]) -> None:
        """Store the segments of one batch, all or none. Raises `StoreError`."""
        now = time.time()
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO scopes (text) VALUES (?) ON CONFLICT DO NOTHING", (scope,)
            )
            (number,) = connection.execute(
                "SELECT id FROM scopes WHERE text = ?", (scope,)
            ).fetchone()
            connection.executemany(
                "INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        self._fingerprint, number, span.start_ms, span.end_ms, transcript,
                        _packed(utterance), now,
                    )
                    for span, utterances in found
                    for transcript, utterance in utterances.items()
                ],
            )  # fmt: skip


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
