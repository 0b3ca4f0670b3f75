"""Word times: our search against NeMo's, and what must hold for any text."""

import itertools
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_subs.canary import align
from canary_subs.model import Span

BLANK = 12


def nemo_paths(scores: list[np.ndarray], texts: list[list[int]]) -> list[list[int]]:
    """NeMo's Viterbi over log probabilities (frames, vocabulary) of several utterances."""
    from nemo.collections.asr.parts.utils.aligner_utils import viterbi_decoding

    frames, states = max(map(len, scores)), max(2 * len(text) + 1 for text in texts)
    padding = -3.4e38
    batch = torch.full((len(scores), frames, BLANK + 1), padding)
    ids = torch.full((len(scores), states), BLANK + 1)
    for row, (score, text) in enumerate(zip(scores, texts, strict=True)):
        batch[row, : len(score)] = torch.from_numpy(score)
        columns = [BLANK, *itertools.chain.from_iterable((token, BLANK) for token in text)]
        ids[row, : len(columns)] = torch.tensor(columns)
    return viterbi_decoding(
        batch,
        ids,
        torch.tensor([len(score) for score in scores]),
        torch.tensor([2 * len(text) + 1 for text in texts]),
        torch.device("cpu"),
    )


def our_paths(scores: list[np.ndarray], texts: list[list[int]]) -> list[list[int]]:
    columns = [
        np.array([BLANK, *itertools.chain.from_iterable((token, BLANK) for token in text)])
        for text in texts
    ]
    emissions = [
        np.ascontiguousarray(score[:, cols]) for score, cols in zip(scores, columns, strict=True)
    ]
    paths = align.best_paths(emissions, [align.may_skip(cols) for cols in columns])
    return [path.tolist() for path in paths]


@pytest.mark.parametrize("seed", range(5))
def test_paths_equal_nemo_viterbi_for_utterances_of_different_lengths(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores, texts = [], []
    for _ in range(6):
        text = draw.integers(0, 4, draw.integers(1, 20)).tolist()  # few tokens: many repeat
        frames = 2 * len(text) + int(draw.integers(1, 60))
        raw = torch.from_numpy(draw.standard_normal((frames, BLANK + 1)).astype(np.float32) * 3)
        scores.append(raw.log_softmax(-1).numpy())
        texts.append(text)
    assert our_paths(scores, texts) == nemo_paths(scores, texts)


def test_a_constant_per_frame_does_not_move_the_path() -> None:
    draw = np.random.default_rng(9)
    scores = draw.standard_normal((40, BLANK + 1)).astype(np.float32)
    text = [1, 1, 2, 3]
    shifted = scores + draw.integers(-8, 8, (40, 1)).astype(np.float32)
    assert our_paths([scores], [text]) == our_paths([shifted], [text])


def test_the_path_is_the_best_of_all_paths() -> None:
    draw = np.random.default_rng(1)
    scores = draw.standard_normal((6, BLANK + 1)).astype(np.float32)
    text = [3, 3]
    columns = np.array([BLANK, 3, BLANK, 3, BLANK])
    skip = align.may_skip(columns)
    best, best_score = None, -np.inf
    for states in itertools.product(range(5), repeat=6):
        steps = np.diff(states)
        if states[0] > 1 or states[-1] < 3 or steps.min() < 0 or steps.max() > 2:
            continue
        if any(step == 2 and not skip[to] for step, to in zip(steps, states[1:], strict=True)):
            continue
        score = sum(scores[frame, columns[state]] for frame, state in enumerate(states))
        if score > best_score:
            best, best_score = list(states), score
    assert our_paths([scores], [text]) == [best]


def test_ten_minutes_of_paths_take_little_memory() -> None:
    draw = np.random.default_rng(0)
    tracemalloc.start()
    for _ in range(20):  # 30 s each
        scores = draw.standard_normal((375, 241)).astype(np.float32)
        align.best_paths([scores], [np.ones(241, dtype=bool)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6


def test_attention_that_moves_on_gives_the_times_of_its_words() -> None:
    frames, edges = 60, [8, 20, 33, 52]
    attention = np.full((3, frames), 0.002, dtype=np.float32)
    for row, (start, end) in enumerate(itertools.pairwise(edges)):
        attention[row, start:end] = 0.1
    attention[:, 0] = 0.5  # the sink that every token attends to
    times = align.attention_times(attention, [0, 1, 2], 3)
    assert times is not None
    for (begin, stop), (left, right) in zip(times, itertools.pairwise(edges), strict=True):
        if left != edges[0]:
            assert abs(begin - left) <= 1
        if right != edges[-1]:
            assert abs(stop - right) <= 1


def test_attention_with_fewer_frames_than_words_gives_none() -> None:
    assert align.attention_times(np.ones((4, 3), np.float32), [0, 1, 2, 3], 4) is None
    assert align.attention_times(np.ones((0, 3), np.float32), [], 0) is None


def test_matching_words_lend_their_times_and_the_others_stand_between() -> None:
    timed = [("hello", 10.0, 14.0), ("brave", 15.0, 18.0), ("world", 20.0, 25.0)]
    times = align.match_times(["Hello,", "new", "World!"], timed)
    assert times == [(10.0, 14.0), (14.0, 20.0), (20.0, 25.0)]
    assert align.match_times(["quite", "another", "text"], timed) is None
    assert align.match_times(["hello"], []) is None


def test_sentences_pair_up_where_their_numbers_agree() -> None:
    source = "Good morning. How are you? Fine.".split()
    target = "Guten Morgen. Wie geht es dir? Gut.".split()
    assert align.pair_sentences(source, target) == [
        ((0, 2), (0, 2)),
        ((2, 5), (2, 6)),
        ((5, 6), (6, 7)),
    ]
    assert align.pair_sentences(source, ["Guten", "Tag"]) == [((0, 6), (0, 2))]
    assert align.pair_sentences(["no", "stop"], ["kein", "Punkt"]) == [((0, 2), (0, 2))]
    assert align.pair_sentences([], ["etwas"]) == []


numbers = st.floats(-1e7, 1e7, allow_nan=False)


@given(
    times=st.lists(st.tuples(numbers, numbers), max_size=40),
    start=st.integers(0, 10**7),
    width=st.integers(0, 60_000),
)
@settings(max_examples=300, deadline=None)
def test_settled_times_rise_inside_the_span(
    times: list[tuple[float, float]], start: int, width: int
) -> None:
    span = Span(start_ms=start, end_ms=start + width)
    settled = align.settle(times, span)
    assert len(settled) == len(times)
    for begin, end in settled:
        assert span.start_ms <= begin <= end <= span.end_ms
        assert width < len(times) or end > begin
    for (_, end), (begin, _) in itertools.pairwise(settled):
        assert end <= begin


def test_good_times_are_left_as_they_are() -> None:
    times = [(100.0, 400.0), (400.0, 900.0), (1200.0, 1500.0)]
    settled = align.settle(times, Span(start_ms=0, end_ms=2000))
    assert settled == [(100, 400), (400, 900), (1200, 1500)]


@given(words=st.lists(st.text(min_size=1, max_size=12), max_size=30), width=st.integers(0, 30_000))
@settings(max_examples=100, deadline=None)
def test_spread_words_fill_the_span(words: list[str], width: int) -> None:
    span = Span(start_ms=500, end_ms=500 + width)
    times = align.spread(words, span)
    assert len(times) == len(words)
    if words:
        assert times[0][0] == span.start_ms and times[-1][1] == span.end_ms
        assert all(a[1] == b[0] for a, b in itertools.pairwise(times))


class _Tokenizer:
    """A tokenizer of these tokens, numbered by their place."""

    vocab = ("▁", "▁so", "fa", ".", "▁“", "▁a", "”")

    def text_to_ids(self, text: str) -> list[int]:
        found = []
        rest = "▁" + text
        while rest:
            token = max((p for p in self.vocab if rest.startswith(p)), key=len)
            found.append(self.vocab.index(token))
            rest = rest.removeprefix(token)
        return found


class _Model:
    """A CTC model whose encoder's output already is its scores."""

    tokenizer = _Tokenizer()

    def __init__(self) -> None:
        width = len(_Tokenizer.vocab) + 1
        layer = torch.nn.Conv1d(width, width, 1).requires_grad_(False)
        torch.nn.init.eye_(layer.weight[:, :, 0])
        assert layer.bias is not None
        torch.nn.init.zeros_(layer.bias)
        self.decoder = type("Head", (), {"decoder_layers": [layer]})
        self.encoder = type("Encoder", (), {"subsampling_factor": 8})
        preprocessor = type("Preprocessor", (), {"window_stride": 0.01})
        self.cfg = type("Config", (), {"preprocessor": preprocessor})


def test_a_mark_that_is_found_in_a_pause_makes_no_word_longer() -> None:
    blank = len(_Tokenizer.vocab)
    aligner = align.CtcAligner(_Model(), torch.device("cpu"))
    # “a” is said in frame 5, its quotes lie at 1 and 8; "sofa." in 10 to 13, its stop at 18.
    best = [blank] * 20
    for frame, token in ((1, 4), (5, 5), (8, 6), (10, 1), (12, 2), (13, 2), (18, 3)):
        best[frame] = token
    scores = torch.nn.functional.one_hot(torch.tensor([best]), blank + 1).float() * 9
    texts = [["“", "a”", "sofa."]]
    quote, a, sofa = aligner.align(scores, [20], texts, ["en"])[0] or []
    assert quote == (1.0, 2.0), "a mark alone lies where it is found"
    assert a == (5.0, 6.0)
    assert sofa == (10.0, 14.0)
