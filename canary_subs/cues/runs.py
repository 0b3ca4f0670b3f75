"""Runs of words that fit a cue, the cost of their lines, and the cheapest way to cut a text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canary_subs.cues.words import TrackWords
from canary_subs.model import Profile

#: No cue holds more words than this, whatever the profile allows: it bounds the work.
_MAX_WORDS = 64

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """The weights; 1 is the price of one more cue."""

    cue: float = 1.0
    #: Beginning a cue at each `Break`, in its order.
    cue_break: tuple[float, ...] = (-1.2, 0.0, 0.8, 1.6, 4.0, 12.0)
    #: Beginning a line at each `Break`.
    line_break: tuple[float, ...] = (0.0, 0.1, 0.3, 0.8, 2.5, 10.0)
    #: Deducted for each second of pause before the cue, beyond the pause of a comma.
    pause_s: float = 3.0
    comma_s: float = 0.2
    #: A sentence that ends in a cue whose last sentence continues in the next.
    mixed: float = 1.5
    #: A cue of no characters; falls to 0 at ``short_characters``.
    short: float = 1.5
    short_characters: int = 20
    #: Exceeding the reading speed at all, and for each time that it is exceeded by.
    speed: float = 6.0
    speed_excess: float = 25.0
    flash: float = 40.0
    flash_lack: float = 60.0
    another_line: float = 0.15
    unbalance: float = 0.8
    top_heavy: float = 0.8
    shot: float = 0.8


COSTS = Costs()


class Runs:
    """Every run of words that fits a cue's lines, and the cost of its lines.

    Flat arrays: run r is the words ``first[r]`` to ``last[r]``, ordered by first, then last; the
    runs that begin with word i are ``offset[i]`` to ``offset[i + 1]``. ``reach[i]`` is the last
    word that a run beginning with word i may hold, for reasons other than its lines.
    """

    def __init__(self, words: TrackWords, profile: Profile, reach: _Ints) -> None:
        self.words = words
        self.profile = profile
        width = profile.max_columns
        # A word wider than a line counts as one that fills it: it gets a line of its own, and
        # every single word is a run.
        shown = np.minimum(words.columns, width)
        self._right: _Ints = np.cumsum(shown + words.space)
        self._left: _Ints = self._right - shown
        capacity = profile.max_lines * (width + 1) - 1
        index = np.arange(len(words))
        fits = np.searchsorted(self._right, self._left + capacity, side="right") - 1
        reach = np.minimum.reduce([reach, fits, index + _MAX_WORDS - 1])
        counts = np.maximum(reach, index) - index + 1
        self.offset: _Ints = np.concatenate(([0], np.cumsum(counts)))
        self.first: _Ints = np.repeat(index, counts)
        self.last: _Ints = np.arange(self.offset[-1]) - self.offset[self.first] + self.first
        self._split: list[_Ints] = []
        self.line_cost = self._lines()

    def _width(self, first: _Ints, last: _Ints) -> _Ints:
        return self._right[last] - self._left[first]

    def _run(self, first: _Ints, last: _Ints) -> _Ints:
        return self.offset[first] + last - first

    def _lines(self) -> _Floats:
        """The cost of each run's best lines, infinite if it does not fit.

        For k + 2 lines, ``split[k]`` is the word that begins the second, -1 if fewer lines are
        enough. A run gets as few lines as it needs.
        """
        width = self.profile.max_columns
        cost = np.where(self._width(self.first, self.last) <= width, 0.0, np.inf)
        # The last word that still fits on a line that begins with word i.
        fits_to = np.searchsorted(self._right, self._left + width, side="right") - 1
        break_cost = self.words.break_costs(COSTS.line_break)
        for below in range(1, self.profile.max_lines):
            split = np.full(len(cost), -1, np.int64)
            open_runs = np.flatnonzero(np.isinf(cost))
            first, last = self.first[open_runs], self.last[open_runs]
            low = np.searchsorted(self._left, self._right[last] - below * (width + 1) + 1) - 1
            low = np.maximum(low, first)
            high = np.minimum(fits_to[first], last - 1)
            counts = np.maximum(0, high - low + 1)
            some = counts > 0
            open_runs, low, counts = open_runs[some], low[some], counts[some]
            if not len(open_runs):
                self._split.append(split)
                continue
            begin = np.concatenate(([0], np.cumsum(counts)[:-1]))
            owner = np.repeat(np.arange(len(counts)), counts)
            end = np.arange(len(owner)) - begin[owner] + low[owner]
            run = open_runs[owner]
            upper = self._width(self.first[run], end)
            lower = self._width(end + 1, self.last[run]) / below
            lean = (upper - lower) / width
            trial = (
                cost[self._run(end + 1, self.last[run])]
                + break_cost[end + 1]
                + COSTS.another_line
                + COSTS.unbalance * lean * lean
                + COSTS.top_heavy * np.maximum(0.0, lean)
            )
            best = np.minimum.reduceat(trial, begin)
            winners = np.flatnonzero(trial == best[owner])
            place = np.searchsorted(winners, begin)
            split[open_runs] = np.where(np.isinf(best), -1, end[winners[place]] + 1)
            cost = cost.copy()
            cost[open_runs] = best
            self._split.append(split)
        return cost

    def line_starts(self, run: int) -> list[int]:
        """The words that begin the second and further lines of a run."""
        starts: list[int] = []
        last = int(self.last[run])
        for split in reversed(self._split):
            word = int(split[run])
            if word >= 0:
                starts.append(word)
                run = int(self.offset[word]) + last - word
        return starts


def characters_in(runs: Runs) -> _Ints:
    """The characters of each run, spaces counted."""
    right = np.cumsum(runs.words.characters + runs.words.space)
    left = right - runs.words.characters
    count: _Ints = right[runs.last] - left[runs.first]
    return count


def cheapest(runs: Runs, cost: _Floats, begin: int = 0, end: int | None = None) -> list[int]:
    """The runs that cut the words ``begin`` to ``end`` (excluded) at the least total ``cost``."""
    stop = len(runs.words) if end is None else end
    offset: list[int] = runs.offset[begin : stop + 1].tolist()
    costs: list[float] = cost[offset[0] : offset[-1]].tolist()
    n = stop - begin
    best = [float("inf")] * (n + 1)
    best[0] = 0.0
    through = [-1] * (n + 1)
    for i in range(n):
        base = best[i]
        run = offset[i] - offset[0]
        for last in range(i + 1, min(n, i + offset[i + 1] - offset[i]) + 1):
            total = base + costs[run]
            if total < best[last]:
                best[last] = total
                through[last] = run
            run += 1
    chosen: list[int] = []
    i = n
    while i > 0:
        chosen.append(through[i] + offset[0])
        i = int(runs.first[chosen[-1]]) - begin
    return chosen[::-1]
