"""Words to cues: all breaks of a track chosen together, at the least cost.

A cue is a run of words. Where it starts and ends, how long it must stand to be read, and how its
lines break follow from the run and the word after it alone, so every run of words that could be a
cue has a cost of its own, and the cheapest way to cut the track into runs is found exactly, by
dynamic programming over the words. The runs are bounded by the profile's lines, columns and
duration, so the work grows linearly with the film; and since no cue crosses a long pause, it is
done in blocks between two of these, so that memory does not grow with it.

What a cue costs (`_Costs` holds the weights):

- each cue, so that there are not more of them than needed; a very short text somewhat more;
- where it begins: nothing after a sentence, little after a clause, much in mid-phrase, most inside
  a forbidden pair (`breaks`); less, the longer the pause before it; and more where it holds the end
  of one sentence and only the beginning of another;
- a reading speed above the profile's, growing with the excess; a flash (shorter than the
  profile's minimum);
- lines: their break by the same ranks, unbalance, and a longer line above a shorter one;
- a shot change that it runs across, where the picture has any.

A word's confidence is the probability that it was said, and so that what it tells about breaks is
true. What breaks are priced by is therefore weighed with it: a full stop or comma counts as far as
the word that bears it is sure, and for the rest as no mark at all; a pause as far as both words
beside it are, since where a word is wrong its times are too. A word of unknown confidence is sure.
Pairs that belong together do so as they stand on the screen, whatever was said, and a pause of two
seconds ends a cue beside any word.

When not all rules can hold, they give way in this order, the last one first:

1. every word once, in order, in one cue;
2. cues rise, never overlap, and keep the minimum gap; each lasts at least a frame;
3. lines and columns: only a single word that is wider than a line may exceed a line
   (in scripts without spaces such a word is cut between characters);
4. the maximum duration;
5. a cue starts with its first word: it moves onto a near shot change, or up to 200 ms later where
   the cue before would flash otherwise;
6. the minimum duration;
7. the profile's reading speed;
8. a cue stays no longer than ``max_linger_ms`` after its last word (a flash may);
9. forbidden splits; then balance, sentence ends, shot changes, the number of cues.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import pairwise, zip_longest

import numpy as np
from numpy.typing import NDArray

from canary_subs.cues.breaks import UNSPACED, Break, rank_breaks
from canary_subs.cues.rules import close_gap_ms, frames_ms, min_gap_ms, snap_ms
from canary_subs.cues.width import characters, columns, graphemes
from canary_subs.model import Cue, Profile, Span, Transcript, Utterance, Word
from canary_subs.plugin.hookspecs import LayoutRequest

#: A pause this long always ends a cue.
_LONGEST_PAUSE_MS = 2000
#: How much later than its first word a cue may start to save the one before from flashing.
_MAX_LATE_MS = 200
#: No cue holds more words than this, whatever the profile allows: it bounds the work.
_MAX_WORDS = 64
#: Words that are laid out at a time, at least; twice as many at most.
_BLOCK_WORDS = 4000

_NEVER_MS = 2**62
#: Latin, Greek, Cyrillic and Armenian come before it.
_FIRST_OTHER = "\u0590"

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Costs:
    """The weights; 1 is the price of one more cue."""

    cue: float = 1.0
    #: Beginning a cue at each `Break`, in its order.
    cue_break: tuple[float, ...] = (-1.2, 0.0, 0.8, 1.6, 4.0, 12.0)
    #: Beginning a line at each `Break`.
    line_break: tuple[float, ...] = (0.0, 0.1, 0.3, 0.8, 2.5, 10.0)
    #: A second of pause before the cue, beyond one that a comma takes, is taken off its price.
    pause_s: float = 3.0
    comma_s: float = 0.2
    #: A sentence that ends in a cue whose last sentence goes on in the next.
    mixed: float = 1.5
    #: A cue of no characters; falls to nothing at ``short_characters``.
    short: float = 1.5
    short_characters: int = 20
    #: Over the reading speed at all, and for each whole time over.
    speed: float = 6.0
    speed_excess: float = 25.0
    flash: float = 40.0
    flash_lack: float = 60.0
    another_line: float = 0.15
    unbalance: float = 0.8
    top_heavy: float = 0.8
    shot: float = 0.8


_COSTS = _Costs()


class Balanced:
    """The layout of this module as `hookspecs.Layout`."""

    def layout(self, request: LayoutRequest) -> tuple[Cue, ...]:
        """Cues for the transcript's words; with a template, at its times."""
        if request.template is not None:
            # It builds on this module.
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
    """The cheapest cues for the words of ``transcript``; the module says what they cost.

    ``frame_rate`` None, for a film without a picture, counts as 25.
    """
    track = Track.of(transcript.utterances, profile.max_columns)
    clock = _Clock(profile, frame_rate, shots_ms, track)
    drafts: list[_Draft] = []
    for begin, end in track.blocks():
        runs = _TimedRuns(track.part(begin, end), profile, clock, begin)
        drafts += (runs.draft(run) for run in cheapest(runs, runs.cost))
    return tuple(_settled(track, drafts, profile, frame_rate))


def break_lines(text: str, language: str, profile: Profile) -> tuple[str, ...]:
    """The text in lines of at most the profile's width, as few as it needs, broken as in a cue."""
    span = Span(start_ms=0, end_ms=0)
    track = Track.of([Utterance(text=text, span=span, language=language)], profile.max_columns)
    runs = Runs(track, profile, np.full(len(track.words), len(track.words)))
    lines: list[str] = []
    between = track.break_costs(_COSTS.line_break)[runs.first]
    for run in cheapest(runs, runs.line_cost + between + _COSTS.cue):
        lines += track.lines(int(runs.first[run]), int(runs.last[run]), runs.line_starts(run))
    return tuple(lines)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Track:
    """The words of a track as arrays: entry i is word i, times in ms rise.

    A word without spaces that is wider than a line is cut into its characters here, with its time
    shared among them.
    """

    words: list[Word]
    #: Entries of one number are parts of one word.
    part_of: list[int]
    start_ms: _Ints
    end_ms: _Ints
    columns: _Ints
    characters: _Ints
    #: The `Break` before each word.
    ranks: _Ints
    #: How sure each word is, 0..1.
    sure: _Floats
    #: 1 where a space stands before the word, inside a line.
    space: _Ints
    #: True where a cue must begin.
    fresh: NDArray[np.bool_]

    @classmethod
    def of(cls, utterances: Iterable[Utterance], max_columns: int) -> Track:
        """The words of all utterances, in order."""
        words: list[Word] = []
        part_of: list[int] = []
        # Where each stretch of one language begins, and which.
        languages: list[tuple[int, str]] = []
        for utterance in utterances:
            if not languages or languages[-1][1] != utterance.language:
                languages.append((len(words), utterance.language))
            for word in spoken(utterance):
                parts = [word]
                if columns(word.text) > max_columns and _unspaced(utterance.language):
                    parts = _characters_of(word)
                number = part_of[-1] + 1 if part_of else 0
                words += parts
                part_of += [number] * len(parts)
        n = len(words)
        texts = [word.text for word in words]
        # Engines may hand over words that step back a little; cues must not.
        start_ms = np.maximum.accumulate([max(0, word.start_ms) for word in words] or [0])[:n]
        end_ms = np.maximum.accumulate([word.end_ms for word in words] or [0])[:n]
        end_ms = np.maximum.accumulate(np.maximum(end_ms, start_ms))
        ranks = np.zeros(n, np.int64)
        space = np.ones(n, np.int64)
        fresh = np.zeros(n, np.bool_)
        for (begin, language), (end, _) in pairwise([*languages, (n, "")]):
            ranks[begin:end] = rank_breaks(texts[begin:end], language)
            fresh[begin : min(begin + 1, end)] = True
            if _unspaced(language):
                for i in range(begin + 1, end):
                    space[i] = _needs_space(texts[i - 1], texts[i])
        for i in range(1, n):
            if part_of[i] == part_of[i - 1]:
                space[i] = 0
        fresh[1:] |= start_ms[1:] - end_ms[:-1] >= _LONGEST_PAUSE_MS
        return cls(
            words=words,
            part_of=part_of,
            start_ms=start_ms,
            end_ms=end_ms,
            columns=np.fromiter(map(columns, texts), np.int64, n),
            characters=np.fromiter(map(characters, texts), np.int64, n),
            ranks=ranks,
            sure=np.fromiter(map(_sureness, words), np.float64, n),
            space=space,
            fresh=fresh,
        )

    def break_costs(self, prices: Sequence[float]) -> _Floats:
        """What a break before each word costs by the price of each `Break`, in its order.

        What the mark on a doubtful word is worth lies between its price and that of no mark.
        """
        cost = np.asarray(prices, np.float64)[self.ranks]
        marked = self.ranks <= Break.CLAUSE
        doubt = np.where(marked, 1 - self._bearers(), 0.0)
        return cost + doubt * (prices[Break.PLAIN] - cost)

    def sentence_ends(self) -> _Floats:
        """How surely a sentence ends before each word, 0..1, and at the end of all."""
        ends = np.where(self.ranks == Break.SENTENCE, self._bearers(), 0.0)
        return np.append(ends, 1.0)

    def _bearers(self) -> _Floats:
        """How sure the word is that stands before each."""
        return np.append(1.0, self.sure)[:-1]

    def part(self, begin: int, end: int) -> Track:
        """The words ``begin`` to ``end`` (excluded) as a track of their own."""
        return Track(**{field.name: getattr(self, field.name)[begin:end] for field in fields(self)})

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Stretches that no cue crosses, between long pauses; (begin, end) with end excluded.

        Speech that goes on and on is cut at the longest pause between two sentences.
        """
        cuts = np.append(np.flatnonzero(self.fresh), len(self.words))
        begin = 0
        while begin < len(self.words):
            low = begin + _BLOCK_WORDS
            end = int(cuts[min(int(np.searchsorted(cuts, low)), len(cuts) - 1)])
            if end > low + _BLOCK_WORDS:
                inside = slice(low, low + _BLOCK_WORDS)
                pause = self.start_ms[inside] - self.end_ms[low - 1 : low + _BLOCK_WORDS - 1]
                end = low + int(np.argmax(pause - _LONGEST_PAUSE_MS * self.ranks[inside]))
            yield begin, end
            begin = end

    def _line(self, first: int, last: int) -> str:
        pieces = [self.words[first].text]
        for i in range(first + 1, last + 1):
            pieces.append(" " + self.words[i].text if self.space[i] else self.words[i].text)
        return "".join(pieces)

    def cue(self, start_ms: int, end_ms: int, first: int, last: int, starts: Sequence[int]) -> Cue:
        """A cue of the words ``first`` to ``last``, whose further lines begin at ``starts``."""
        return Cue(
            start_ms=start_ms,
            end_ms=end_ms,
            lines=tuple(self.lines(first, last, starts)),
            words=tuple(self._whole(first, last)),
        )

    def lines(self, first: int, last: int, starts: Sequence[int]) -> list[str]:
        """The lines of those words, the second and further ones beginning at ``starts``."""
        return [self._line(a, b - 1) for a, b in pairwise([first, *starts, last + 1])]

    def _whole(self, first: int, last: int) -> Iterable[Word]:
        """The words of a cue; the parts of one that was cut and landed here whole, as one."""
        i = first
        while i <= last:
            j = i
            while j < last and self.part_of[j + 1] == self.part_of[i]:
                j += 1
            word = self.words[i]
            if j > i:
                word = Word(
                    text="".join(part.text for part in self.words[i : j + 1]),
                    start_ms=word.start_ms,
                    end_ms=self.words[j].end_ms,
                    confidence=word.confidence,
                )
            yield word
            i = j + 1


def spoken(utterance: Utterance) -> list[Word]:
    """The utterance's words that show anything, white space tidied.

    A text without word times has them spread over its span by length.
    """
    if utterance.words:
        tidied = ((word, " ".join(word.text.split())) for word in utterance.words)
        return [
            word
            if text == word.text
            else Word(
                text=text,
                start_ms=word.start_ms,
                end_ms=word.end_ms,
                confidence=word.confidence,
            )
            for word, text in tidied
            if text
        ]
    texts = utterance.text.split()
    return _spread(texts, utterance.span.start_ms, utterance.span.end_ms, None)


def _spread(
    texts: Sequence[str], start_ms: int, end_ms: int, confidence: float | None
) -> list[Word]:
    """Words that share a span by their width."""
    sizes = [0]
    for text in texts:
        sizes.append(sizes[-1] + max(1, columns(text)))
    span = end_ms - start_ms
    times = [start_ms + span * size // max(1, sizes[-1]) for size in sizes]
    return [
        Word(text=text, start_ms=a, end_ms=b, confidence=confidence)
        for text, (a, b) in zip(texts, pairwise(times), strict=True)
    ]


def _sureness(word: Word) -> float:
    confidence = word.confidence
    if confidence is None or confidence != confidence:  # a broken engine's NaN tells nothing
        return 1.0
    return min(1.0, max(0.0, confidence))


def _characters_of(word: Word) -> list[Word]:
    return _spread(graphemes(word.text), word.start_ms, word.end_ms, word.confidence)


def _unspaced(language: str) -> bool:
    return language.replace("_", "-").split("-")[0].lower() in UNSPACED


def _needs_space(left: str, right: str) -> bool:
    """In a script without spaces only words of scripts with them, Latin and such, stand apart."""
    return left[-1] < _FIRST_OTHER and right[0] < _FIRST_OTHER


class _Clock:
    """When the cue that begins with a word starts, and when it could end at the latest."""

    def __init__(
        self,
        profile: Profile,
        frame_rate: Fraction | None,
        shots_ms: Sequence[int],
        track: Track,
    ) -> None:
        self.gap_ms = min_gap_ms(profile, frame_rate)
        self.close_ms = close_gap_ms(profile, frame_rate)
        self.snap_ms = snap_ms(profile, frame_rate)
        self.shots_ms: _Ints = np.unique(np.asarray(shots_ms, dtype=np.int64))
        #: The start of a cue that begins with word i; after the last, a time that never comes.
        self.start_ms: _Ints = np.append(self._starts(track), _NEVER_MS)

    def _starts(self, track: Track) -> _Ints:
        """Word starts, moved onto a near shot change where no speech is in the way."""
        starts = track.start_ms.copy()
        if not len(self.shots_ms):
            return starts
        after = np.searchsorted(self.shots_ms, starts)
        last = len(self.shots_ms) - 1
        shot_after = self.shots_ms[np.minimum(after, last)]
        shot_before = self.shots_ms[np.maximum(after - 1, 0)]
        before_end = np.concatenate(([-_NEVER_MS], track.end_ms[:-1]))
        back = starts - shot_before
        early = (back > 0) & (back <= self.snap_ms) & (shot_before >= before_end + self.gap_ms)
        ahead = shot_after - starts
        # To come late costs words; to come early costs nothing but sync.
        late = (ahead > 0) & (ahead <= self.snap_ms // 2) & (shot_after <= track.end_ms)
        late &= ~early | (ahead < back)
        starts = np.where(late, shot_after, np.where(early, shot_before, starts))
        return np.maximum.accumulate(starts)

    def ends_on_shots(
        self, start_ms: _Ints, end_ms: _Ints, spoken_ms: _Ints, free_ms: _Ints, least_ms: int
    ) -> _Ints:
        """Ends moved to the minimum gap before a near shot change, where that keeps the rules.

        ``spoken_ms`` is where speech ends, ``free_ms`` the latest possible end.
        """
        if not len(self.shots_ms):
            return end_ms
        stops = self.shots_ms - self.gap_ms
        at = np.searchsorted(stops, end_ms)
        last = len(stops) - 1
        for index in (np.minimum(at, last), np.maximum(at - 1, 0)):
            stop = stops[index]
            fits = np.abs(stop - end_ms) <= self.snap_ms
            fits &= (stop >= spoken_ms) & (stop <= free_ms) & (stop - start_ms >= least_ms)
            end_ms = np.where(fits, stop, end_ms)
        return end_ms

    def crossed(self, start_ms: _Ints, end_ms: _Ints) -> _Ints:
        """How many shot changes each span runs across, those at its edges not counted."""
        if not len(self.shots_ms):
            return np.zeros(len(start_ms), np.int64)
        first = np.searchsorted(self.shots_ms, start_ms + self.snap_ms, side="right")
        last = np.searchsorted(self.shots_ms, end_ms - self.snap_ms, side="left")
        crossed: _Ints = np.maximum(0, last - first)
        return crossed


class Runs:
    """Every run of words that fits a cue's lines, and what its lines cost.

    Flat arrays, run r being the words ``first[r]`` to ``last[r]``, ordered by first, then last;
    the runs that begin with word i are ``offset[i]`` to ``offset[i + 1]``. ``reach`` is the last
    word that a run beginning with word i may hold, for reasons other than its lines.
    """

    def __init__(self, track: Track, profile: Profile, reach: _Ints) -> None:
        self.track = track
        self.profile = profile
        width = profile.max_columns
        # A word wider than a line counts as one that fills it: it gets a line for itself, and
        # every single word is a run.
        shown = np.minimum(track.columns, width)
        self._right: _Ints = np.cumsum(shown + track.space)
        self._left: _Ints = self._right - shown
        room = profile.max_lines * (width + 1) - 1
        index = np.arange(len(track.words))
        fits = np.searchsorted(self._right, self._left + room, side="right") - 1
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
        """The cost of each run's best lines, infinite where it does not fit.

        ``split[k]`` is for k + 2 lines the word that begins the second, -1 where fewer will do.
        A run gets as few lines as it needs.
        """
        width = self.profile.max_columns
        cost = np.where(self._width(self.first, self.last) <= width, 0.0, np.inf)
        # The last word that still fits on a line with word i, and the first that does.
        fits_to = np.searchsorted(self._right, self._left + width, side="right") - 1
        break_cost = self.track.break_costs(_COSTS.line_break)
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
                + _COSTS.another_line
                + _COSTS.unbalance * lean * lean
                + _COSTS.top_heavy * np.maximum(0.0, lean)
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
    right = np.cumsum(runs.track.characters + runs.track.space)
    left = right - runs.track.characters
    count: _Ints = right[runs.last] - left[runs.first]
    return count


def cheapest(runs: Runs, cost: _Floats, begin: int = 0, end: int | None = None) -> list[int]:
    """The runs that cut the words ``begin`` to ``end`` (excluded) at the least sum of ``cost``."""
    stop = len(runs.track.words) if end is None else end
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


class _TimedRuns(Runs):
    """The runs that could be cues of a film, with their times and whole cost.

    ``track`` is the part of the film's that begins with its word ``begin``.
    """

    def __init__(self, track: Track, profile: Profile, clock: _Clock, begin: int) -> None:
        limit = track.start_ms + profile.max_duration_ms
        in_time = np.searchsorted(track.end_ms, limit, side="right") - 1
        cuts = np.append(np.flatnonzero(track.fresh), len(track.words))
        next_cut = cuts[np.searchsorted(cuts, np.arange(len(track.words)), side="right")]
        super().__init__(track, profile, np.minimum(in_time, next_cut - 1))
        self.clock = clock
        self.begin = begin
        self.count = characters_in(self)
        self.start_ms: _Ints = clock.start_ms[begin + self.first]
        self.end_ms = self._ends()
        self.cost = self._cost()

    def _ends(self) -> _Ints:
        """When each run's cue ends: at its last word, later to be readable, never too late."""
        profile, clock = self.profile, self.clock
        start = self.start_ms
        reading = np.ceil(self.count * (1000 / profile.max_cps)).astype(np.int64)
        spoken = np.maximum(self.track.end_ms[self.last], start)
        following = clock.start_ms[self.begin + self.last + 1]
        free = np.minimum(following - clock.gap_ms, start + profile.max_duration_ms)
        readable = np.minimum(start + reading, spoken + profile.max_linger_ms)
        end = np.maximum.reduce([spoken, readable, start + profile.min_duration_ms])
        end = np.minimum(end, free)
        end = np.where(following - end < clock.close_ms, free, end)
        end = clock.ends_on_shots(start, end, spoken, free, profile.min_duration_ms)
        return np.maximum(end, start + 1)

    def _cost(self) -> _Floats:
        profile, costs, track = self.profile, _COSTS, self.track
        duration = self.end_ms - self.start_ms
        reading = self.count * (1000 / profile.max_cps)
        excess = reading / duration - 1
        lack = 1 - duration / max(1, profile.min_duration_ms)
        pause = np.append(0, track.start_ms[1:] - track.end_ms[:-1]) / 1000
        pause = np.clip(pause - costs.comma_s, 0, 1.5)
        pause[1:] *= np.minimum(track.sure[:-1], track.sure[1:])
        begin = track.break_costs(costs.cue_break) - costs.pause_s * pause
        cost = costs.cue + begin[self.first] + self.line_cost
        cost += costs.short * np.maximum(0, 1 - self.count / costs.short_characters)
        over = excess > 0
        cost[over] += costs.speed + costs.speed_excess * np.minimum(excess[over], 100)
        flash = lack > 0
        cost[flash] += costs.flash + costs.flash_lack * lack[flash]
        ends = track.sentence_ends()
        passed = np.cumsum(ends)
        within = np.minimum(1.0, passed[self.last] - passed[self.first])
        cost += costs.mixed * within * (1 - ends[self.last + 1])
        cost += costs.shot * self.clock.crossed(self.start_ms, self.end_ms)
        return cost

    def draft(self, run: int) -> _Draft:
        """A run with the film's own numbers for its words."""
        return _Draft(
            start_ms=int(self.start_ms[run]),
            end_ms=int(self.end_ms[run]),
            first=self.begin + int(self.first[run]),
            last=self.begin + int(self.last[run]),
            line_starts=[self.begin + word for word in self.line_starts(run)],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """A cue to be: words of the film by number, and times that may still have to give way."""

    start_ms: int
    end_ms: int
    first: int
    last: int
    line_starts: list[int]


def _settled(
    track: Track, drafts: Sequence[_Draft], profile: Profile, frame_rate: Fraction | None
) -> Iterator[Cue]:
    """The drafts as cues; where words crowd too much to be shown in time, cues start late."""
    gap_ms = min_gap_ms(profile, frame_rate)
    close_ms = close_gap_ms(profile, frame_rate)
    frame_ms = frames_ms(1, frame_rate)
    earliest = -_NEVER_MS
    for draft, following in zip_longest(drafts, drafts[1:]):
        start = draft.start_ms
        if start < earliest:
            # Off its shot change, if it was moved to one, it begins with its word again.
            start = max(earliest, int(track.start_ms[draft.first]))
        end = draft.end_ms
        if end - start < profile.min_duration_ms:
            follows = _NEVER_MS if following is None else following.start_ms
            latest = follows - gap_ms + _MAX_LATE_MS
            end = max(end, min(start + profile.min_duration_ms, latest))
        end = max(end, start + frame_ms)
        if following is not None and end + gap_ms > following.start_ms:
            # The next one goes back to its word; the gap that this leaves may be one to close.
            begins = int(track.start_ms[following.first])
            if begins - end < close_ms:
                end = max(end, begins - gap_ms)
        earliest = end + gap_ms
        yield track.cue(start, end, draft.first, draft.last, draft.line_starts)
