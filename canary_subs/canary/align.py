"""When each word of a known text is said.

Forced alignment finds the likeliest way to say a text frame by frame (the Viterbi path of CTC,
Graves et al. 2006). Only the columns of the tokens that occur are ever computed: a constant per
frame does not move the path, so the vocabulary's softmax is not needed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from canary_subs.model import Span
from canary_subs.time import divided

if TYPE_CHECKING:
    import torch
    from torch import Tensor

#: The narrowest word that is given out, where the span has room for it.
MIN_WORD_MS = 40

#: Frames at the start that attention rests on whatever is said ("sinks").
_SINK_FRAMES = 8

#: The share of looks above which a frame is a word's rather than a pause's; found on the
#: demonstration model, where it halves the error of giving every frame to a word.
_PAUSE = 0.1

#: What a sentence ends with.
_STOPS = (".", "!", "?", "…")

_NEVER = np.float32(-1e30)

#: A word's time in fractions of a frame: (start, end).
Times = list[tuple[float, float]]


def best_paths(
    emissions: Sequence[NDArray[np.float32]],
    may_skip: Sequence[NDArray[np.bool_]],
) -> list[NDArray[np.int32]]:
    """The likeliest monotone way through states, one state a frame, for each item of a batch.

    ``emissions`` are (frames, states) scores; a step stays, goes on by one, or by two where
    ``may_skip`` of the state reached allows it. The first and the last state may be left out, as
    CTC's blanks may. Of equal ways it stays longest.
    """
    order = sorted(range(len(emissions)), key=lambda i: -len(emissions[i]))
    sizes = [emissions[i].shape for i in order]
    if not sizes:
        return []
    frames, states = sizes[0][0], max(size[1] for size in sizes)
    scores = np.full((frames, len(order), states), _NEVER, dtype=np.float32)
    closed = np.ones((len(order), states), dtype=bool)
    for row, i in enumerate(order):
        scores[: sizes[row][0], row, : sizes[row][1]] = emissions[i]
        closed[row, : sizes[row][1]] = ~may_skip[i]
    closed[:, :2] = True
    moves = np.zeros((frames, len(order), states), dtype=np.uint8)
    best = np.full((len(order), states + 2), _NEVER, dtype=np.float32)
    best[:, 2:4] = scores[0, :, :2]
    stay, one, two = (np.empty((len(order), states), dtype=np.float32) for _ in range(3))
    running = len(order)
    for frame in range(1, frames):
        while sizes[running - 1][0] <= frame:
            running -= 1
        now, r = scores[frame, :running], slice(0, running)
        np.add(best[r, 2:], now, out=stay[r])
        np.add(best[r, 1:-1], now, out=one[r])
        np.add(best[r, :-2], now, out=two[r])
        np.copyto(two[r], _NEVER * 2, where=closed[r])
        move = (one[r] > stay[r]).view(np.uint8)
        np.maximum(stay[r], one[r], out=stay[r])
        move[two[r] > stay[r]] = 2
        np.maximum(stay[r], two[r], out=best[r, 2:])
        moves[frame, r] = move
    paths: list[NDArray[np.int32]] = [np.zeros(0, np.int32)] * len(order)
    for row, i in enumerate(order):
        length, width = sizes[row]
        last = width - 1
        if width > 1 and best[row, 2 + width - 2] >= best[row, 2 + width - 1]:
            last = width - 2
        path = np.empty(length, dtype=np.int32)
        steps = moves[:length, row]
        for frame in range(length - 1, -1, -1):
            path[frame] = last
            last -= int(steps[frame, last])
        paths[i] = path
    return paths


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """The states of one text: blank, token, blank, token ... blank."""

    columns: NDArray[np.int64]
    #: For each word its first state and the last one that sounds; None where it has no tokens.
    states: list[tuple[int, int] | None]


class CtcAligner:
    """Times words with a CTC model of NeMo's."""

    def __init__(self, model: Any, device: torch.device) -> None:
        decoder = model.ctc_decoder if hasattr(model, "ctc_decoder") else model.decoder
        head = decoder.decoder_layers[0]
        self._weight = head.weight[:, :, 0].float().to(device)
        self._bias = head.bias.float().to(device)
        self._blank = self._weight.shape[0] - 1
        self._tokenizer = model.tokenizer
        self._pieces: list[str] = list(model.tokenizer.vocab)
        self.frame_ms = float(
            model.cfg.preprocessor.window_stride * 1000 * model.encoder.subsampling_factor
        )

    def align(
        self,
        encoded: Tensor,
        lengths: Sequence[int],
        texts: Sequence[Sequence[str]],
        languages: Sequence[str],
    ) -> list[Times | None]:
        """Times for the words of each text in its sound, in frames; None where it has no room.

        ``encoded`` is the CTC encoder's output (pieces, frames, hidden).
        """
        found: list[Times | None] = [None] * len(texts)
        for i, plan, path, _ in self._paths(encoded, lengths, texts, languages):
            found[i] = _word_times(path, plan.states)
        return found

    def agreement(
        self,
        encoded: Tensor,
        lengths: Sequence[int],
        texts: Sequence[Sequence[str]],
        languages: Sequence[str],
    ) -> list[float | None]:
        """How well each text fits its sound: log likelihood a frame, but for a constant.

        Only texts of the same sound can be compared. None where a text has no room in it.
        """
        found: list[float | None] = [None] * len(texts)
        for i, _, path, emissions in self._paths(encoded, lengths, texts, languages):
            found[i] = float(emissions[np.arange(len(path)), path].mean())
        return found

    def _paths(
        self,
        encoded: Tensor,
        lengths: Sequence[int],
        texts: Sequence[Sequence[str]],
        languages: Sequence[str],
    ) -> Iterator[tuple[int, _Plan, NDArray[np.int32], NDArray[np.float32]]]:
        """For each text that has words with tokens, and room for them: where it goes."""
        plans: dict[int, _Plan] = {}
        for i, (words, language) in enumerate(zip(texts, languages, strict=True)):
            plan = self._plan(words, language)
            if plan is not None and _fits(plan.columns, lengths[i]):
                plans[i] = plan
        emissions = [self._emissions(encoded[i, : lengths[i]], p.columns) for i, p in plans.items()]
        paths = best_paths(emissions, [may_skip(plan.columns) for plan in plans.values()])
        for (i, plan), path, scores in zip(plans.items(), paths, emissions, strict=True):
            yield i, plan, path, scores

    def _emissions(self, frames: Tensor, columns: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores (frames, states), of the tokens that occur and no others."""
        from torch import from_numpy

        distinct, inverse = np.unique(columns, return_inverse=True)
        picked = from_numpy(distinct).to(self._weight.device)
        scores = frames.float() @ self._weight[picked].T + self._bias[picked]
        return np.ascontiguousarray(scores.cpu().numpy()[:, inverse])

    def _plan(self, words: Sequence[str], language: str) -> _Plan | None:
        columns, states = [self._blank], []
        for word in words:
            ids = self._ids(word, language)
            states.append(self._sounding(ids, len(columns)) if ids else None)
            for token in ids:
                columns += [token, self._blank]
        if len(columns) == 1:
            return None
        return _Plan(columns=np.array(columns), states=states)

    def _sounding(self, ids: Sequence[int], state: int) -> tuple[int, int]:
        """The first and last state of a word that begins at ``state``, marks at its end left out.

        Nobody hears a full stop: its token may lie anywhere in the pause that follows.
        """
        last = len(ids) - 1
        while last > 0 and not any(map(str.isalnum, self._pieces[ids[last]])):
            last -= 1
        return state, state + 2 * last

    def _ids(self, word: str, language: str) -> list[int]:
        """A word in the model's tokens, in the spelling of which it knows most."""
        from nemo.collections.common.tokenizers import AggregateTokenizer

        best: list[int] = []
        fewest = None
        for spelling in dict.fromkeys((word, word.lower(), _letters(word).lower())):
            if isinstance(self._tokenizer, AggregateTokenizer):
                if language not in self._tokenizer.langs:
                    return []
                ids = self._tokenizer.text_to_ids(spelling, language)
            else:
                ids = self._tokenizer.text_to_ids(spelling)
            known = [int(i) for i in ids if self._pieces[i] != "<unk>"]
            unknown = len(ids) - len(known)
            if any(self._pieces[i] != "▁" for i in known) and (fewest is None or unknown < fewest):
                best, fewest = known, unknown
        return best


def _fits(columns: NDArray[np.int64], frames: int) -> bool:
    tokens = columns[1::2]
    return frames >= len(tokens) + int((tokens[1:] == tokens[:-1]).sum())


def may_skip(columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """A blank may be left out between two different tokens."""
    skip = np.zeros(len(columns), dtype=bool)
    skip[2:] = columns[2:] != columns[:-2]
    return skip


def _word_times(path: NDArray[np.int32], states: Sequence[tuple[int, int] | None]) -> Times:
    starts = np.searchsorted(path, np.arange(int(path[-1]) + 2))
    times: list[tuple[float, float] | None] = []
    for pair in states:
        if pair is None:
            times.append(None)
            continue
        first, last = pair
        times.append((float(starts[first]), float(starts[min(last + 1, len(starts) - 1)])))
    return fill_gaps(times, (0.0, float(len(path))))


def attention_times(
    attention: NDArray[np.float32],
    owners: Sequence[int | None],
    words: int,
    *,
    first_frame: int = 0,
) -> Times | None:
    """Word times in frames from where tokens looked: monotone, smoothed, with pauses between.

    ``attention`` is (tokens, frames), from ``first_frame`` of the piece on, from which the times
    are counted. None where there are more words than frames.
    """
    frames = attention.shape[1] if attention.ndim == 2 else 0
    if words == 0 or frames < words:
        return None
    looks = np.zeros((words, frames), dtype=np.float32)
    for owner, row in zip(owners, attention, strict=True):
        if owner is not None:
            looks[owner] += row
    sinks = min(_SINK_FRAMES - first_frame, frames // 8)
    if sinks > 0:
        looks[:, :sinks] = np.minimum(looks[:, :sinks], np.median(looks, axis=1, keepdims=True))
    padded = np.pad(looks, ((0, 0), (1, 1)), mode="edge")
    smooth = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    share = smooth / (smooth.sum(axis=1, keepdims=True) + 1e-9)
    # A frame that hardly any word looks at belongs to the pause between two words.
    load = share.sum(axis=0)
    belongs = share / (load + np.median(load) + 1e-9)
    scores = np.full((frames, 2 * words + 1), np.log(_PAUSE), dtype=np.float32)
    scores[:, 1::2] = np.log(belongs.T + 1e-3)
    may_skip_pause = np.zeros(2 * words + 1, dtype=bool)
    may_skip_pause[3::2] = True
    path = best_paths([scores], [may_skip_pause])[0]
    starts = np.searchsorted(path, np.arange(2 * words + 2))
    return [(float(starts[2 * i + 1]), float(starts[2 * i + 2])) for i in range(words)]


def match_times(words: Sequence[str], timed: Sequence[tuple[str, float, float]]) -> Times | None:
    """Give words the times of the same words in another reading of the same sound.

    Words without a partner stand between those that have one. None where fewer than half do.
    """
    keys = [_letters(word).lower() for word in words]
    others = [_letters(word).lower() for word, _, _ in timed]
    times: list[tuple[float, float] | None] = [None] * len(words)
    matcher = difflib.SequenceMatcher(None, keys, others, autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            _, start, end = timed[block.b + offset]
            times[block.a + offset] = (float(start), float(end))
    if sum(time is not None for time in times) * 2 < len(words) or not timed:
        return None
    return fill_gaps(times, (float(timed[0][1]), float(timed[-1][2])))


def fill_gaps(times: Sequence[tuple[float, float] | None], whole: tuple[float, float]) -> Times:
    """Stand words without a time evenly between their neighbours, or the ends of ``whole``."""
    filled: Times = []
    at = 0
    while at < len(times):
        time = times[at]
        if time is not None:
            filled.append(time)
            at += 1
            continue
        stop = at
        while stop < len(times) and times[stop] is None:
            stop += 1
        left = filled[-1][1] if filled else whole[0]
        after = times[stop] if stop < len(times) else None
        right = max(left, after[0] if after else whole[1])
        step = (right - left) / (stop - at)
        filled += [(left + i * step, left + (i + 1) * step) for i in range(stop - at)]
        at = stop
    return filled


def spread(words: Sequence[str], span: Span) -> list[tuple[int, int]]:
    """Times for words by the length of their text over a span, in ms."""
    parts = divided(span, [len(word) + 1 for word in words])
    return [(part.start_ms, part.end_ms) for part in parts]


def settle(times: Sequence[tuple[float, float]], span: Span) -> list[tuple[int, int]]:
    """Whole milliseconds that rise, never overlap, and stay inside the span.

    Words are at least `MIN_WORD_MS` wide where the span has room for that.
    """
    count = len(times)
    if count == 0:
        return []
    least = min(MIN_WORD_MS, span.duration_ms // count)
    starts: list[int] = []
    for index, (start, _) in enumerate(times):
        low = span.start_ms if index == 0 else starts[-1] + least
        high = span.end_ms - (count - index) * least
        starts.append(int(min(max(round(start), low), high)))
    ends: list[int] = []
    for index, (_, end) in enumerate(times):
        limit = starts[index + 1] if index + 1 < count else span.end_ms
        ends.append(int(min(max(round(end), starts[index] + least), limit)))
    return list(zip(starts, ends, strict=True))


def _letters(word: str) -> str:
    return "".join(letter for letter in word if letter.isalnum() or letter in "'’-") or word


def pair_sentences(
    source: Sequence[str], target: Sequence[str]
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Which words of a translation belong to which words of the source, as half-open runs.

    Sentence by sentence where both have as many; else all of one to all of the other.
    """
    left, right = _sentences(source), _sentences(target)
    if len(left) != len(right):
        return [((0, len(source)), (0, len(target)))] if source and target else []
    return list(zip(left, right, strict=True))


def _sentences(words: Sequence[str]) -> list[tuple[int, int]]:
    """Runs of words up to and with one that ends in a full stop, question or exclamation mark."""
    if not words:
        return []
    ends = [i + 1 for i, word in enumerate(words) if word.rstrip("\"'»”)").endswith(_STOPS)]
    if not ends or ends[-1] != len(words):
        ends.append(len(words))
    return list(zip([0, *ends[:-1]], ends, strict=True))
