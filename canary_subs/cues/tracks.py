"""Tracks made of tracks: two languages in one, the foreign lines alone, sounds among the words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from canary_subs.cues.layout import break_lines
from canary_subs.model import Cue, Profile, Span, Transcript

#: A sound label that could be shown no longer than this is left out.
_SHORTEST_SOUND_MS = 1000


def bilingual(
    upper: Sequence[Cue], lower: Sequence[Cue], *, lower_language: str, profile: Profile
) -> tuple[Cue, ...]:
    """One track that shows two: the lines of ``upper`` above those of ``lower``.

    Both rise and never overlap within themselves; they are meant to share their timing (a
    template layout), and then every pair becomes one cue. Where they do not, a lower cue joins the
    upper one that it shares most time with, several under one broken afresh by ``profile``; cues
    that meet nothing stay alone. Every text is shown once; ``words`` are those of ``upper``.
    """
    below: list[list[Cue]] = [[] for _ in upper]
    merged: list[Cue] = []
    first = 0
    for cue in lower:
        while first < len(upper) and upper[first].end_ms <= cue.start_ms:
            first += 1
        best, most_ms = -1, 0
        at = first
        while at < len(upper) and upper[at].start_ms < cue.end_ms:
            shared_ms = _shared_ms(cue, upper[at])
            if shared_ms > most_ms:
                best, most_ms = at, shared_ms
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
    return tuple(_untangled(merged))


def _shared_ms(a: Cue | Span, b: Cue | Span) -> int:
    return max(0, min(a.end_ms, b.end_ms) - max(a.start_ms, b.start_ms))


def _untangled(cues: Iterable[Cue]) -> Iterator[Cue]:
    """The cues, each begun no earlier than the one before ends."""
    earliest_ms = 0
    for cue in cues:
        start_ms = max(cue.start_ms, earliest_ms)
        earliest_ms = max(cue.end_ms, start_ms + 1)
        yield replace(cue, start_ms=start_ms, end_ms=earliest_ms)


def only_within(transcript: Transcript, spans: Sequence[Span]) -> Transcript:
    """The transcript with only those utterances that lie mostly inside ``spans`` (disjoint).

    With the spans in which another language than the film's is spoken, its layout is the
    forced-only track: what a viewer who knows the film's language still needs.
    """
    kept = tuple(
        utterance
        for utterance in transcript.utterances
        if 2 * sum(_shared_ms(utterance.span, span) for span in spans) > utterance.span.duration_ms
    )
    return replace(transcript, utterances=kept)


def with_sounds(cues: Sequence[Cue], sounds: Sequence[Cue], gap_ms: int) -> tuple[Cue, ...]:
    """The cues with sound labels ("[music]") where nobody speaks: a track for the hard of hearing.

    Both rise and are disjoint. A label stands in the longest silence that its time shares,
    ``gap_ms`` from the words around it, and is left out where that is under a second: speech
    comes first.
    """
    ends = [cue.end_ms for cue in cues]
    shown: list[Cue] = []
    for sound in sounds:
        # The silence before cue i, for every cue that the sound touches, and after the last.
        i = bisect_right(ends, sound.start_ms)
        best = sound.start_ms, sound.start_ms
        while True:
            start_ms = sound.start_ms if i == 0 else max(sound.start_ms, ends[i - 1] + gap_ms)
            here = i < len(cues) and cues[i].start_ms < sound.end_ms + gap_ms
            end_ms = min(sound.end_ms, cues[i].start_ms - gap_ms) if here else sound.end_ms
            best = max(best, (start_ms, end_ms), key=lambda pair: pair[1] - pair[0])
            if not here:
                break
            i += 1
        if best[1] - best[0] >= _SHORTEST_SOUND_MS:
            shown.append(replace(sound, start_ms=best[0], end_ms=best[1]))
    return tuple(sorted([*cues, *shown], key=lambda cue: cue.start_ms))
