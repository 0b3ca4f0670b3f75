"""When each word of a known text is said.

Forced alignment gives every frame of the audio to a token of the text so that the score is
highest (the Viterbi path of CTC, Graves et al. 2006). Only the columns of the tokens that occur
are computed: a constant per frame does not change the path, so the softmax over the vocabulary is
not needed.

Dimensions: T frames, K states of a text (blank, token, blank ... blank: 2 * tokens + 1), V
vocabulary with the blank, B segments, C hidden size.
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

#: The shortest word, unless the span is too short for all words.
MIN_WORD_MS = 40

#: Frames at the start that draw attention whatever is said ("attention sinks").
_SINK_FRAMES = 8

#: The share of attention above which a frame belongs to a word rather than to a pause; found on
#: the demonstration model, where it halves the error of giving every frame to a word.
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
    """The path of highest score through the states of each text, one state for each frame.

    ``emissions`` are scores (T, K), ``may_skip`` is (K,), and a path is (T,). From frame to frame
    a path stays in its state, goes on by one, or by two where ``may_skip`` of the state that it
    reaches allows it. It may leave out the first and the last state, as CTC's blanks may be. Of
    equal paths, the one that stays longest wins.

    All texts advance together, frame by frame, longest first, so that those that are still running
    are always the first rows, and every operation works on slices in place. NeMo's Viterbi, which
    expands the whole vocabulary, took 3.8 to 7.0 times as long for the same paths.
    """
    order = sorted(range(len(emissions)), key=lambda i: -len(emissions[i]))  # longest first
    sizes = [emissions[i].shape for i in order]
    if not sizes:
        return []
    frames, states = sizes[0][0], max(size[1] for size in sizes)
    scores = np.full((frames, len(order), states), _NEVER, dtype=np.float32)  # (T, B, K)
    closed = np.ones((len(order), states), dtype=bool)  # (B, K)
    for row, i in enumerate(order):
        scores[: sizes[row][0], row, : sizes[row][1]] = emissions[i]
        closed[row, : sizes[row][1]] = ~may_skip[i]
    closed[:, :2] = True
    moves = np.zeros((frames, len(order), states), dtype=np.uint8)  # (T, B, K): 0, 1 or 2
    # The best score of a path that ends in each state; two columns before the first save a case.
    best = np.full((len(order), states + 2), _NEVER, dtype=np.float32)  # (B, 2 + K)
    best[:, 2:4] = scores[0, :, :2]
    stay, one, two = (np.empty((len(order), states), dtype=np.float32) for _ in range(3))  # (B, K)
    running = len(order)
    for frame in range(1, frames):
        while sizes[running - 1][0] <= frame:
            running -= 1
        now, r = scores[frame, :running], slice(0, running)  # (running, K)
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
        path = np.empty(length, dtype=np.int32)  # (T,)
        steps = moves[:length, row]
        for frame in range(length - 1, -1, -1):
            path[frame] = last
            last -= int(steps[frame, last])
        paths[i] = path
    return paths


@dataclass(frozen=True, kw_only=True)
class _States:
    """The states of one text: blank, token, blank, token ... blank."""

    #: (K,): the column of the vocabulary that each state reads.
    columns: NDArray[np.int64]
    #: For each word its first state and the last one that is spoken; None without tokens.
    words: list[tuple[int, int] | None]


class CtcAligner:
    """Times words with a CTC model of NeMo's."""

    def __init__(self, model: Any, device: torch.device) -> None:
        decoder = model.ctc_decoder if hasattr(model, "ctc_decoder") else model.decoder
        head = decoder.decoder_layers[0]
        self._weight = head.weight[:, :, 0].float().to(device)  # (V, C)
        self._bias = head.bias.float().to(device)  # (V,)
        self._blank = self._weight.shape[0] - 1
        self._tokenizer = model.tokenizer
        self._vocabulary: list[str] = list(model.tokenizer.vocab)
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
        """Times of each text's words in its audio, in frames; None where the text does not fit.

        ``encoded`` is the CTC encoder's output (B, T, C).
        """
        found: list[Times | None] = [None] * len(texts)
        for i, states, path, _ in self._paths(encoded, lengths, texts, languages):
            found[i] = _word_times(path, states.words)
        return found

    def agreement(
        self,
        encoded: Tensor,
        lengths: Sequence[int],
        texts: Sequence[Sequence[str]],
        languages: Sequence[str],
    ) -> list[float | None]:
        """How well each text fits its audio: log likelihood per frame, up to a constant.

        Only texts of the same audio can be compared. None where a text does not fit. ``encoded``
        is (B, T, C).
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
    ) -> Iterator[tuple[int, _States, NDArray[np.int32], NDArray[np.float32]]]:
        """The index, states, path (T,) and emissions (T, K) of each text that fits its audio."""
        fitting: dict[int, _States] = {}
        for i, (words, language) in enumerate(zip(texts, languages, strict=True)):
            states = self._states(words, language)
            if states is not None and _fits(states.columns, lengths[i]):
                fitting[i] = states
        emissions = [
            self._emissions(encoded[i, : lengths[i]], states.columns)
            for i, states in fitting.items()
        ]
        paths = best_paths(emissions, [may_skip(states.columns) for states in fitting.values()])
        for (i, states), path, scores in zip(fitting.items(), paths, emissions, strict=True):
            yield i, states, path, scores

    def _emissions(self, frames: Tensor, columns: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores (T, K) from encoded frames (T, C), computed once for each distinct token."""
        from torch import from_numpy

        distinct, inverse = np.unique(columns, return_inverse=True)  # (U,), (K,)
        picked = from_numpy(distinct).to(self._weight.device)
        scores = frames.float() @ self._weight[picked].T + self._bias[picked]  # (T, U)
        return np.ascontiguousarray(scores.cpu().numpy()[:, inverse])  # (T, K)

    def _states(self, words: Sequence[str], language: str) -> _States | None:
        """The states of a text; None if no word has a token."""
        columns, spans = [self._blank], []
        for word in words:
            ids = self._ids(word, language)
            spans.append(self._spoken_states(ids, len(columns)) if ids else None)
            for token in ids:
                columns += [token, self._blank]
        if len(columns) == 1:
            return None
        return _States(columns=np.array(columns), words=spans)

    def _spoken_states(self, ids: Sequence[int], state: int) -> tuple[int, int]:
        """The first and last state of a word that begins at ``state``, without marks at its end.

        A full stop has no sound: its token may lie anywhere in the pause that follows.
        """
        last = len(ids) - 1
        while last > 0 and not any(map(str.isalnum, self._vocabulary[ids[last]])):
            last -= 1
        return state, state + 2 * last

    def _ids(self, word: str, language: str) -> list[int]:
        """A word's tokens, in the spelling of which the model knows most."""
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
            known = [int(i) for i in ids if self._vocabulary[i] != "<unk>"]
            unknown = len(ids) - len(known)
            if any(self._vocabulary[i] != "▁" for i in known) and (
                fewest is None or unknown < fewest
            ):
                best, fewest = known, unknown
        return best


def _fits(columns: NDArray[np.int64], frames: int) -> bool:
    """Whether so many frames hold all tokens, and a blank between equal ones."""
    tokens = columns[1::2]
    return frames >= len(tokens) + int((tokens[1:] == tokens[:-1]).sum())


def may_skip(columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(K,) -> (K,): a blank may be left out between two different tokens."""
    skip = np.zeros(len(columns), dtype=bool)
    skip[2:] = columns[2:] != columns[:-2]
    return skip


def _word_times(path: NDArray[np.int32], words: Sequence[tuple[int, int] | None]) -> Times:
    """Times in frames from a path (T,), and the first and last state of each word."""
    starts = np.searchsorted(path, np.arange(int(path[-1]) + 2))
    times: list[tuple[float, float] | None] = []
    for pair in words:
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
    """Word times in frames from cross-attention: smoothed, in order, with pauses between.

    ``attention`` is (tokens, T), ``owners`` has the word of each token. Its first frame is
    ``first_frame`` of the segment; times count from there. None where there are more words than
    frames.
    """
    frames = attention.shape[1] if attention.ndim == 2 else 0
    if words == 0 or frames < words:
        return None
    by_word = np.zeros((words, frames), dtype=np.float32)  # (words, T)
    for owner, row in zip(owners, attention, strict=True):
        if owner is not None:
            by_word[owner] += row
    sinks = min(_SINK_FRAMES - first_frame, frames // 8)
    if sinks > 0:
        median = np.median(by_word, axis=1, keepdims=True)  # (words, 1)
        by_word[:, :sinks] = np.minimum(by_word[:, :sinks], median)
    padded = np.pad(by_word, ((0, 0), (1, 1)), mode="edge")
    smooth = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4  # (words, T)
    share = smooth / (smooth.sum(axis=1, keepdims=True) + 1e-9)
    # A frame that hardly any word attends to belongs to the pause between two words.
    load = share.sum(axis=0)  # (T,)
    belongs = share / (load + np.median(load) + 1e-9)  # (words, T)
    # States are pause, word, pause, word ... pause: K = 2 * words + 1.
    scores = np.full((frames, 2 * words + 1), np.log(_PAUSE), dtype=np.float32)  # (T, K)
    scores[:, 1::2] = np.log(belongs.T + 1e-3)
    may_skip_pause = np.zeros(2 * words + 1, dtype=bool)
    may_skip_pause[3::2] = True
    path = best_paths([scores], [may_skip_pause])[0]
    starts = np.searchsorted(path, np.arange(2 * words + 2))
    return [(float(starts[2 * i + 1]), float(starts[2 * i + 2])) for i in range(words)]


def match_times(words: Sequence[str], timed: Sequence[tuple[str, float, float]]) -> Times | None:
    """Give words the times of equal words in another text of the same audio.

    Words without an equal are spread between those that have one. None where fewer than half do.
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


def fill_gaps(times: Sequence[tuple[float, float] | None], ends: tuple[float, float]) -> Times:
    """Spread words without a time evenly between their neighbours, or between the ``ends``."""
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
        left = filled[-1][1] if filled else ends[0]
        after = times[stop] if stop < len(times) else None
        right = max(left, after[0] if after else ends[1])
        step = (right - left) / (stop - at)
        filled += [(left + i * step, left + (i + 1) * step) for i in range(stop - at)]
        at = stop
    return filled


def spread(words: Sequence[str], span: Span) -> list[tuple[int, int]]:
    """Times in ms that share a span by the length of the words."""
    parts = divided(span, [len(word) + 1 for word in words])
    return [(part.start_ms, part.end_ms) for part in parts]


def settle(times: Sequence[tuple[float, float]], span: Span) -> list[tuple[int, int]]:
    """Integer milliseconds that rise, never overlap, and stay inside the span.

    Words last at least `MIN_WORD_MS`, unless the span is too short for all of them.
    """
    count = len(times)
    if count == 0:
        return []
    width_ms = min(MIN_WORD_MS, span.duration_ms // count)
    starts: list[int] = []
    for index, (start, _) in enumerate(times):
        low = span.start_ms if index == 0 else starts[-1] + width_ms
        high = span.end_ms - (count - index) * width_ms
        starts.append(int(min(max(round(start), low), high)))
    ends: list[int] = []
    for index, (_, end) in enumerate(times):
        limit = starts[index + 1] if index + 1 < count else span.end_ms
        ends.append(int(min(max(round(end), starts[index] + width_ms), limit)))
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
