"""Words to cues: all breaks of a track chosen together, at the least cost.

A cue is a run of words. Its start and end, the time needed to read it and the breaks of its lines
depend only on the run and the word after it. So every run of words that could be a cue has a cost
of its own, and the cheapest way to cut the track into runs is found exactly, by dynamic programming
over the words. The profile's lines, columns and duration bound the runs, so the work grows linearly
with the video; and since no cue crosses a long pause, it is done in blocks between long pauses, so
that memory does not grow with the video.

The cost of a cue (`runs.Costs` holds the weights):

- each cue, so that there are not more of them than needed; a very short text somewhat more;
- where it begins: nothing after a sentence, little after a clause, much in mid-phrase, most inside
  a forbidden pair (`breaks`); less, the longer the pause before it; and more if it holds the end of
  one sentence and only the beginning of another;
- a reading speed above the profile's, growing with the excess; a flash (shorter than the
  profile's minimum);
- lines: their break by the same ranks, unbalance, and a longer line above a shorter one;
- each shot change that it crosses.

A word's confidence is the probability that it was said, and so that its punctuation and times are
right. The costs of breaks are weighted with it: a full stop or comma counts by the confidence in
its word, and for the rest as no mark at all; a pause counts by the confidence in both words beside
it, since a wrong word has wrong times. Unknown confidence counts as 1. Pairs of words that belong
together do so as they are shown, whatever was said, and a pause of two seconds ends a cue beside
any word.

If not all rules can hold, they give way in this order, the last one first:

1. every word once, in order, in one cue;
2. cues rise, never overlap, and keep the minimum gap; each lasts at least a frame;
3. lines and columns: only a single word that is wider than a line may exceed a line
   (in scripts without spaces such a word is cut between characters);
4. the maximum duration;
5. a cue starts with its first word: it moves onto a near shot change, or up to 200 ms later if the
   cue before would flash otherwise;
6. the minimum duration;
7. the profile's reading speed;
8. a cue stays no longer than ``max_linger_ms`` after its last word (a flash may);
9. forbidden splits; then balance, sentence ends, shot changes, the number of cues.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from canary_subs.cues.limits import close_gap_ms, frames_ms, min_gap_ms, snap_ms
from canary_subs.cues.runs import COSTS, Runs, characters_in, cheapest
from canary_subs.cues.words import TrackWords
from canary_subs.model import Cue, Profile, Span, Transcript, Utterance
from canary_subs.plugin.hookspecs import LayoutRequest

#: How much later than its first word a cue may start to save the one before from flashing.
_MAX_LATE_MS = 200

_NEVER_MS = 2**62

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


class Balanced:
    """The layout of this module as `hookspecs.Layout`."""

    def layout(self, request: LayoutRequest) -> tuple[Cue, ...]:
        """Cues for the transcript's words; with a template, at its times."""
        if request.template is not None:
            # It imports this module.
            from canary_subs.cues.template import lay_on_template

            return lay_on_template(
                request.transcript, request.profile, request.template, frame_rate=request.frame_rate
            )
        return lay_out(
            request.transcript,
            request.profile,
            frame_rate=request.frame_rate,
            shots_ms=request.shots_ms,
        )


def lay_out(
    transcript: Transcript,
    profile: Profile,
    *,
    frame_rate: Fraction | None = None,
    shots_ms: Sequence[int] = (),
) -> tuple[Cue, ...]:
    """The cheapest cues for the words of ``transcript``; the module describes their cost.

    ``frame_rate`` None, for a video without a picture, counts as 25.
    """
    words = TrackWords.of(transcript.utterances, profile.max_columns)
    times = _CueTimes(profile, frame_rate, shots_ms, words)
    drafts: list[_Draft] = []
    for begin, end in words.blocks():
        runs = _TimedRuns(words.part(begin, end), profile, times, begin)
        drafts += (runs.draft(run) for run in cheapest(runs, runs.cost))
    return tuple(_settled(words, drafts, profile, frame_rate))


def break_lines(text: str, language: str, profile: Profile) -> tuple[str, ...]:
    """The text in as few lines of at most the profile's width as possible, broken as in a cue."""
    span = Span(start_ms=0, end_ms=0)
    utterance = Utterance(text=text, span=span, language=language)
    words = TrackWords.of([utterance], profile.max_columns)
    runs = Runs(words, profile, np.full(len(words), len(words)))
    lines: list[str] = []
    between = words.break_costs(COSTS.line_break)[runs.first]
    for run in cheapest(runs, runs.line_cost + between + COSTS.cue):
        lines += words.lines(int(runs.first[run]), int(runs.last[run]), runs.line_starts(run))
    return tuple(lines)


class _CueTimes:
    """When a cue that begins with a given word starts, and how its end fits the shot changes."""

    def __init__(
        self,
        profile: Profile,
        frame_rate: Fraction | None,
        shots_ms: Sequence[int],
        words: TrackWords,
    ) -> None:
        self.gap_ms = min_gap_ms(profile, frame_rate)
        self.close_ms = close_gap_ms(profile, frame_rate)
        self.snap_ms = snap_ms(profile, frame_rate)
        self.shots_ms: _Ints = np.unique(np.asarray(shots_ms, dtype=np.int64))
        #: The start of a cue that begins with word i; after the last word, never.
        self.start_ms: _Ints = np.append(self._starts(words), _NEVER_MS)

    def _starts(self, words: TrackWords) -> _Ints:
        """Word starts, moved onto a near shot change unless speech is in between."""
        starts = words.start_ms.copy()
        if not len(self.shots_ms):
            return starts
        after = np.searchsorted(self.shots_ms, starts)
        last = len(self.shots_ms) - 1
        shot_after = self.shots_ms[np.minimum(after, last)]
        shot_before = self.shots_ms[np.maximum(after - 1, 0)]
        before_end = np.concatenate(([-_NEVER_MS], words.end_ms[:-1]))
        back = starts - shot_before
        early = (back > 0) & (back <= self.snap_ms) & (shot_before >= before_end + self.gap_ms)
        ahead = shot_after - starts
        # A late start hides words; an early one only loses sync.
        late = (ahead > 0) & (ahead <= self.snap_ms // 2) & (shot_after <= words.end_ms)
        late &= ~early | (ahead < back)
        starts = np.where(late, shot_after, np.where(early, shot_before, starts))
        return np.maximum.accumulate(starts)

    def ends_on_shots(
        self, start_ms: _Ints, end_ms: _Ints, spoken_ms: _Ints, free_ms: _Ints, min_ms: int
    ) -> _Ints:
        """Ends moved to the minimum gap before a near shot change, if that keeps the rules.

        ``spoken_ms`` is the end of the speech, ``free_ms`` the latest possible end.
        """
        if not len(self.shots_ms):
            return end_ms
        stops = self.shots_ms - self.gap_ms
        at = np.searchsorted(stops, end_ms)
        last = len(stops) - 1
        for index in (np.minimum(at, last), np.maximum(at - 1, 0)):
            stop = stops[index]
            fits = np.abs(stop - end_ms) <= self.snap_ms
            fits &= (stop >= spoken_ms) & (stop <= free_ms) & (stop - start_ms >= min_ms)
            end_ms = np.where(fits, stop, end_ms)
        return end_ms

    def crossed(self, start_ms: _Ints, end_ms: _Ints) -> _Ints:
        """How many shot changes each span crosses, except at its edges."""
        if not len(self.shots_ms):
            return np.zeros(len(start_ms), np.int64)
        first = np.searchsorted(self.shots_ms, start_ms + self.snap_ms, side="right")
        last = np.searchsorted(self.shots_ms, end_ms - self.snap_ms, side="left")
        crossed: _Ints = np.maximum(0, last - first)
        return crossed


class _TimedRuns(Runs):
    """The runs that could be cues of a track, with their times and total cost.

    ``words`` is the part of the track that begins with its word ``begin``.
    """

    def __init__(self, words: TrackWords, profile: Profile, times: _CueTimes, begin: int) -> None:
        limit = words.start_ms + profile.max_duration_ms
        in_time = np.searchsorted(words.end_ms, limit, side="right") - 1
        cuts = np.append(np.flatnonzero(words.fresh), len(words))
        next_cut = cuts[np.searchsorted(cuts, np.arange(len(words)), side="right")]
        super().__init__(words, profile, np.minimum(in_time, next_cut - 1))
        self.times = times
        self.begin = begin
        self.count = characters_in(self)
        self.start_ms: _Ints = times.start_ms[begin + self.first]
        self.end_ms = self._ends()
        self.cost = self._cost()

    def _ends(self) -> _Ints:
        """The end of each run's cue: with its last word, or later to be readable."""
        profile, times = self.profile, self.times
        start = self.start_ms
        reading = np.ceil(self.count * (1000 / profile.max_cps)).astype(np.int64)
        spoken = np.maximum(self.words.end_ms[self.last], start)
        following = times.start_ms[self.begin + self.last + 1]
        free = np.minimum(following - times.gap_ms, start + profile.max_duration_ms)
        readable = np.minimum(start + reading, spoken + profile.max_linger_ms)
        end = np.maximum.reduce([spoken, readable, start + profile.min_duration_ms])
        end = np.minimum(end, free)
        end = np.where(following - end < times.close_ms, free, end)
        end = times.ends_on_shots(start, end, spoken, free, profile.min_duration_ms)
        return np.maximum(end, start + 1)

    def _cost(self) -> _Floats:
        profile, costs, words = self.profile, COSTS, self.words
        duration = self.end_ms - self.start_ms
        reading = self.count * (1000 / profile.max_cps)
        excess = reading / duration - 1
        lack = 1 - duration / max(1, profile.min_duration_ms)
        pause = np.append(0, words.start_ms[1:] - words.end_ms[:-1]) / 1000
        pause = np.clip(pause - costs.comma_s, 0, 1.5)
        pause[1:] *= np.minimum(words.confidence[:-1], words.confidence[1:])
        begin = words.break_costs(costs.cue_break) - costs.pause_s * pause
        cost = costs.cue + begin[self.first] + self.line_cost
        cost += costs.short * np.maximum(0, 1 - self.count / costs.short_characters)
        over = excess > 0
        cost[over] += costs.speed + costs.speed_excess * np.minimum(excess[over], 100)
        flash = lack > 0
        cost[flash] += costs.flash + costs.flash_lack * lack[flash]
        ends = words.sentence_ends()
        passed = np.cumsum(ends)
        within = np.minimum(1.0, passed[self.last] - passed[self.first])
        cost += costs.mixed * within * (1 - ends[self.last + 1])
        cost += costs.shot * self.times.crossed(self.start_ms, self.end_ms)
        return cost

    def draft(self, run: int) -> _Draft:
        """A run with the track's numbers for its words."""
        return _Draft(
            start_ms=int(self.start_ms[run]),
            end_ms=int(self.end_ms[run]),
            first=self.begin + int(self.first[run]),
            last=self.begin + int(self.last[run]),
            line_starts=[self.begin + word for word in self.line_starts(run)],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """A future cue: words of the track by number, and times that may still have to give way."""

    start_ms: int
    end_ms: int
    first: int
    last: int
    line_starts: list[int]


def _settled(
    words: TrackWords, drafts: Sequence[_Draft], profile: Profile, frame_rate: Fraction | None
) -> Iterator[Cue]:
    """The drafts as cues; if words follow too closely to be shown in time, cues start late."""
    gap_ms = min_gap_ms(profile, frame_rate)
    close_ms = close_gap_ms(profile, frame_rate)
    frame_ms = frames_ms(1, frame_rate)
    earliest = -_NEVER_MS
    for draft, following in zip_longest(drafts, drafts[1:]):
        start = draft.start_ms
        if start < earliest:
            # Not on its shot change any more: it begins with its word again.
            start = max(earliest, int(words.start_ms[draft.first]))
        end = draft.end_ms
        if end - start < profile.min_duration_ms:
            follows = _NEVER_MS if following is None else following.start_ms
            latest = follows - gap_ms + _MAX_LATE_MS
            end = max(end, min(start + profile.min_duration_ms, latest))
        end = max(end, start + frame_ms)
        if following is not None and end + gap_ms > following.start_ms:
            # The next cue moves back to its word, which may leave a gap to close.
            begins = int(words.start_ms[following.first])
            if begins - end < close_ms:
                end = max(end, begins - gap_ms)
        earliest = end + gap_ms
        yield words.cue(start, end, draft.first, draft.last, draft.line_starts)
