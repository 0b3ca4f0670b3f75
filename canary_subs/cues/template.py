"""Shared timing: a translation's words laid out on the cues of the spoken language.

This is template translation as subtitlers do it: the times of the cues are fixed, and every
language fills them. A translation's word times are estimates (`Timing.SOURCE`), so they only say
roughly where a word belongs; which words go into which cue is chosen for the entire track together,
at the least cost of reading speed, broken phrases, lines, and distance from the estimates.

If not all rules can hold, they give way in this order, the last one first: every word once and in
order; cues never overlap; lines and columns (a text too long for its cue splits the cue's time, but
keeps its start and end); the template's times; reading speed; no cue of the template left empty.
Text at a time without a cue in the template gets cues of its own between the template's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, zip_longest

import numpy as np
from numpy.typing import NDArray

from canary_subs.cues.layout import lay_out
from canary_subs.cues.limits import min_gap_ms
from canary_subs.cues.runs import Runs, cheapest
from canary_subs.cues.words import TrackWords, visible_words
from canary_subs.model import Cue, Profile, Transcript, Utterance

#: How far from its estimate a word may move to another cue.
_WINDOW_MS = 5000

#: Prices in addition to the line costs of `runs.Costs`.
_EMPTY = 6.0
_OVERFULL = 40.0
_SPEED = 6.0
_DISTANCE_S = 1.5
_CUE_BREAK = (0.0, 0.3, 0.8, 1.5, 4.0, 10.0)

_Floats = NDArray[np.float64]


def lay_on_template(
    transcript: Transcript,
    profile: Profile,
    template: Sequence[Cue],
    *,
    frame_rate: Fraction | None = None,
) -> tuple[Cue, ...]:
    """The words of ``transcript`` in cues at the times of ``template`` (rising, disjoint)."""
    cues: list[Cue] = []
    gap_ms = min_gap_ms(profile, frame_rate)
    for utterances, slots in _groups(transcript.utterances, template):
        if slots:
            cues += _fill(utterances, slots, profile, gap_ms)
        else:
            own = replace(transcript, utterances=tuple(utterances))
            cues += lay_out(own, profile, frame_rate=frame_rate)
    return tuple(_disjoint(cues, gap_ms))


def _groups(
    utterances: Sequence[Utterance], template: Sequence[Cue]
) -> Iterator[tuple[list[Utterance], list[Cue]]]:
    """Utterances with the template's cues that share their time.

    Neighbours that share a cue form a group, and so do neighbours without any cue.
    """
    group: list[Utterance] = []
    slots: list[Cue] = []
    next_slot = 0
    for utterance in utterances:
        words = visible_words(utterance)
        if not words:
            continue
        start_ms, end_ms = words[0].start_ms, max(words[-1].end_ms, words[0].start_ms + 1)
        while next_slot < len(template) and template[next_slot].end_ms <= start_ms:
            next_slot += 1
        found = next_slot
        while found < len(template) and template[found].start_ms < end_ms:
            found += 1
        shared = bool(slots) and slots[-1].end_ms > start_ms
        fits = found > next_slot or shared
        if group and ((slots and not shared) or (fits and not slots)):
            yield group, slots
            group, slots = [], []
        group.append(utterance)
        slots += template[next_slot:found]
        next_slot = found
    if group:
        yield group, slots


def _fill(
    utterances: Sequence[Utterance], slots: Sequence[Cue], profile: Profile, gap_ms: int
) -> Iterator[Cue]:
    words = TrackWords.of(utterances, profile.max_columns)
    n = len(words)
    runs = Runs(words, profile, np.full(n, n - 1))
    bounds = _bounds(runs, slots, profile)
    for slot, (begin, end) in zip(slots, pairwise(bounds), strict=True):
        if begin < end:
            yield from _cues_in(slot, runs, begin, end, gap_ms)


def _bounds(runs: Runs, slots: Sequence[Cue], profile: Profile) -> list[int]:
    """The first word of each slot, rising, and the end of the last slot: len(slots) + 1 numbers."""
    words = runs.words
    n = len(words)
    begin = np.append(words.start_ms, words.end_ms[-1])
    break_cost = np.append(words.break_costs(_CUE_BREAK), 0.0)
    size = np.concatenate(([0], np.cumsum(words.characters + words.space)))
    counts = np.diff(runs.offset)
    places: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
    for slot in slots[1:]:
        low = int(np.searchsorted(words.start_ms, slot.start_ms - _WINDOW_MS))
        high = int(np.searchsorted(words.start_ms, slot.start_ms + _WINDOW_MS, side="right"))
        places.append(np.arange(min(low, n), min(high, n) + 1))
    places.append(np.full(1, n))
    total: _Floats = np.zeros(1)
    back: list[NDArray[np.intp]] = []
    for k, slot in enumerate(slots):
        first, last = places[k][:, None], places[k + 1][None, :]
        held = last - first
        inside = (held > 0) & (held <= counts[np.minimum(first, n - 1)])
        run = np.where(inside, runs.offset[np.minimum(first, n - 1)] + held - 1, 0)
        lines = np.where(inside, runs.line_cost[run], np.inf)
        duration_s = max(1, slot.duration_ms) / 1000
        need = (size[last] - size[first]) / profile.max_cps / duration_s
        cost = np.where(np.isfinite(lines), lines, _OVERFULL * np.maximum(1.0, need))
        cost = cost + _SPEED * np.maximum(0.0, need - 1)
        cost = cost + _DISTANCE_S * np.abs(begin[first] - slot.start_ms) / 1000
        cost = cost + break_cost[first]
        cost = np.where(held == 0, _EMPTY, np.where(held < 0, np.inf, cost)) + total[:, None]
        chosen = np.argmin(cost, axis=0)
        back.append(chosen)
        total = cost[chosen, np.arange(cost.shape[1])]
    at = 0
    bounds = [n]
    for k in range(len(slots) - 1, -1, -1):
        at = int(back[k][at])
        bounds.append(int(places[k][at]))
    return bounds[::-1]


def _cues_in(slot: Cue, runs: Runs, begin: int, end: int, gap_ms: int) -> Iterator[Cue]:
    """The words ``begin`` to ``end`` (excluded) in one slot, as several cues if necessary."""
    words = runs.words
    counts = np.diff(runs.offset)
    run = int(runs.offset[begin]) + end - 1 - begin
    if end - begin <= counts[begin] and np.isfinite(runs.line_cost[run]):
        starts = runs.line_starts(run)
        yield words.cue(slot.start_ms, slot.end_ms, begin, end - 1, starts)
        return
    cost = runs.line_cost + _OVERFULL + words.break_costs(_CUE_BREAK)[runs.first]
    chosen = cheapest(runs, cost, begin, end)
    sizes = [0]
    for run in chosen:
        chosen_words = slice(int(runs.first[run]), int(runs.last[run]) + 1)
        sizes.append(sizes[-1] + max(1, int(words.characters[chosen_words].sum())))
    times = [slot.start_ms + slot.duration_ms * size // sizes[-1] for size in sizes]
    for k, run in enumerate(chosen):
        last = k == len(chosen) - 1
        stop = times[k + 1] if last else max(times[k] + 1, times[k + 1] - gap_ms)
        yield words.cue(
            times[k], stop, int(runs.first[run]), int(runs.last[run]), runs.line_starts(run)
        )


def _disjoint(cues: Sequence[Cue], gap_ms: int) -> Iterator[Cue]:
    """The cues without overlaps: ended before the next one, or begun late if necessary."""
    earliest = None
    for cue, following in zip_longest(cues, cues[1:]):
        start = cue.start_ms if earliest is None else max(cue.start_ms, earliest)
        end = cue.end_ms if following is None else min(cue.end_ms, following.start_ms - gap_ms)
        end = max(end, start + 1)
        earliest = end + gap_ms
        yield replace(cue, start_ms=start, end_ms=end)
