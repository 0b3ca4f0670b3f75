"""The cache of transcripts: a finished segment is never recognised again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from canary_subs.model import Span, Utterance


class Cache(Protocol):
    """Holds the finished segments of one file.

    Utterances go by the name of their transcript: a language, or a forced track ("en.forced").
    ``scope`` names everything that shaped the text (audio track, spoken language, engine, model,
    precision, segmenter, versions of their plugins): another scope recalls nothing.
    """

    def recall(self, scope: str, span: Span) -> Mapping[str, Utterance]:
        """What was recognised there: transcript -> utterance."""

    def keep(self, scope: str, found: Sequence[tuple[Span, Mapping[str, Utterance]]]) -> None:
        """Store the segments of one batch, all or none."""


class NoCache:
    """A `Cache` that holds nothing."""

    def recall(self, scope: str, span: Span) -> Mapping[str, Utterance]:
        return {}

    def keep(self, scope: str, found: Sequence[tuple[Span, Mapping[str, Utterance]]]) -> None:
        pass


class WriteOnly:
    """A `Cache` that recalls nothing and stores what is made afresh in another one."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def recall(self, scope: str, span: Span) -> Mapping[str, Utterance]:
        return {}

    def keep(self, scope: str, found: Sequence[tuple[Span, Mapping[str, Utterance]]]) -> None:
        self._cache.keep(scope, found)
