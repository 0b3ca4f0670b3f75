"""What the model scores on unmet sentences and voices: python -m canary_subs.demo.evaluate.

Prints the figures by language and length and leaves with status 1 where one falls short. Needs
espeak-ng; a few minutes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from canary_subs.demo import LONGEST_PIECE_MS, MODEL_PATH, pieces, sound
from canary_subs.demo.batches import Writer
from canary_subs.demo.corpus import Corpus, utterances
from canary_subs.demo.grammar import LANGUAGES
from canary_subs.demo.network import FRAME_MS, quiet
from canary_subs.demo.pieces import Piece
from canary_subs.demo.vocabulary import without_punctuation

#: Lengths of pieces, in seconds, that figures are given for, and those that must be right.
LENGTHS_S = ((1, 5), (5, 10), (10, 20), (20, 30))
BINDING_S = tuple(length for length in LENGTHS_S if length[1] * 1000 <= LONGEST_PIECE_MS)

WORST_WER = 0.02
WORST_EXACT = 0.94
WORST_START_MS = 40.0

Array = npt.NDArray[np.float32]


# Measures -----------------------------------------------------------------------------------------


def word_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Words to insert, delete or replace to turn one into the other."""
    row = list(range(len(hypothesis) + 1))
    for i, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(hypothesis, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


def exact_sentences(reference: Sequence[str], hypothesis: str) -> int:
    """How many sentences of the reference stand in the hypothesis, in order, letter by letter."""
    written = re.split(r"(?<=[.?]) ", hypothesis)
    return sum(
        block.size
        for block in SequenceMatcher(None, reference, written, autojunk=False).get_matching_blocks()
    )


def aligned_frames(log_probs: Array, tokens: Sequence[int], blank: int) -> list[int]:
    """The first frame of each token on the likeliest CTC path of log_probs (frames, tokens)."""
    states = np.full(2 * len(tokens) + 1, blank)
    states[1::2] = tokens
    emission = log_probs[:, states]
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    score = np.full(len(states), -np.inf, np.float32)
    score[:2] = emission[0, :2]
    steps = np.zeros(emission.shape, np.int8)
    for frame in range(1, len(emission)):
        one = np.concatenate([[-np.inf], score[:-1]])
        two = np.where(may_skip, np.concatenate([[-np.inf, -np.inf], score[:-2]]), -np.inf)
        came = np.stack([score, one, two])
        steps[frame] = came.argmax(axis=0)
        score = came.max(axis=0) + emission[frame]
    state = len(states) - 1 if score[-1] >= score[-2] else len(states) - 2
    first = [0] * len(tokens)
    for frame in range(len(emission) - 1, -1, -1):
        if state % 2:
            first[state // 2] = frame
        state -= int(steps[frame, state])
    return first


@dataclass
class Tally:
    """Counts that become figures."""

    words: int = 0
    errors: int = 0
    sentences: int = 0
    exact: int = 0
    starts_ms: list[float] = field(default_factory=list)
    frame_starts_ms: list[float] = field(default_factory=list)
    pieces: int = 0

    @property
    def wer(self) -> float:
        """Word errors a word."""
        return self.errors / max(1, self.words)

    @property
    def exactness(self) -> float:
        """Sentences translated exactly, of all."""
        return self.exact / max(1, self.sentences)

    @property
    def start_ms(self) -> float:
        """Mean distance of word starts from the truth."""
        return float(np.mean(self.starts_ms)) if self.starts_ms else float("nan")

    def add(self, other: Tally) -> None:
        """Take in another's counts."""
        self.words, self.errors = self.words + other.words, self.errors + other.errors
        self.sentences, self.exact = self.sentences + other.sentences, self.exact + other.exact
        self.starts_ms = self.starts_ms + other.starts_ms
        self.frame_starts_ms = self.frame_starts_ms + other.frame_starts_ms
        self.pieces += other.pieces


# The model under test -----------------------------------------------------------------------------


class Listener:
    """A Canary and its aligner, as plain functions of a batch of pieces."""

    def __init__(self, canary: Any, aligner: Any) -> None:
        self.canary, self.aligner = canary, aligner
        self.writer = Writer(canary.tokenizer.tokenizer)

    @torch.inference_mode()
    def hear(self, batch: Sequence[Piece]) -> None:
        """Encode a batch, padded to its longest piece."""
        longest = max(len(piece.samples) for piece in batch)
        audio = np.zeros((len(batch), longest), np.float32)
        for row, piece in zip(audio, batch, strict=True):
            row[: len(piece.samples)] = piece.samples.astype(np.float32) / 32768
        self.audio = torch.from_numpy(audio)
        self.lengths = torch.tensor([len(piece.samples) for piece in batch])
        _, _, self.states, self.mask = self.canary.forward(
            input_signal=self.audio, input_signal_length=self.lengths
        )

    @torch.inference_mode()
    def write(
        self, source: str, target: str, *, pnc: bool = True, timestamp: bool = False
    ) -> list[str]:
        """The texts of what was heard."""
        prompt = self.writer.prompt(source, target, pnc=pnc, timestamp=timestamp)
        heard = self.canary.decoding.decode_predictions_tensor(
            encoder_hidden_states=self.states,
            encoder_input_mask=self.mask,
            decoder_input_ids=torch.tensor([prompt] * len(self.states)),
            return_hypotheses=False,
        )
        return [one.text.strip() for one in heard]

    @torch.inference_mode()
    def frames(self) -> list[Array]:
        """Log-probabilities of the aligner, a piece each."""
        log_probs, lengths, _ = self.aligner.forward(
            input_signal=self.audio, input_signal_length=self.lengths
        )
        return [
            row[:length].float().numpy() for row, length in zip(log_probs, lengths, strict=True)
        ]

    def starts(self, log_probs: Array, words: Sequence[str]) -> list[int]:
        """Where each word of a text starts, in frames."""
        tokens = [self.writer.encode(word) for word in words]
        flat = [token for word in tokens for token in word]
        firsts = aligned_frames(log_probs, flat, log_probs.shape[1] - 1)
        return [firsts[sum(map(len, tokens[:index]))] for index in range(len(words))]


def restored(path: Path) -> Listener:
    """The model of a .nemo file, loaded by NeMo."""
    quiet()
    from nemo.collections.asr.models import ASRModel

    canary = ASRModel.restore_from(str(path), map_location="cpu")
    canary.eval()
    return Listener(canary, canary.timestamps_asr_model)


# Trials -------------------------------------------------------------------------------------------


def held_out(
    seed: int, language: str, count: int, length_s: tuple[float, float], corpus: Corpus
) -> list[Piece]:
    """Pieces of one language between two lengths; every second one without noise, room or music."""
    rng = np.random.default_rng([seed, LANGUAGES.index(language), int(length_s[0])])
    out: list[Piece] = []
    while len(out) < count:
        piece = pieces.speech(
            rng, corpus, rng.uniform(*length_s), clean=len(out) % 2 == 0, language=language
        )
        if piece.sentences and length_s[0] <= len(piece.samples) / 16_000 <= length_s[1]:
            out.append(piece)
    return out


def trial(
    listener: Listener, batch: Sequence[Piece], targets: Iterable[str]
) -> list[dict[str, Tally]]:
    """Transcribe, time and translate pieces: for each, a tally for its language and each target."""
    source = batch[0].language
    listener.hear(batch)
    out = []
    for piece, text, log_probs in zip(
        batch, listener.write(source, source), listener.frames(), strict=True
    ):
        reference, hypothesis = piece.transcript.split(), text.split()
        plain = [without_punctuation(word) for word in reference]
        own = Tally(pieces=1, words=len(reference))
        own.errors = word_errors(plain, [without_punctuation(word) for word in hypothesis])
        if hypothesis:
            starts = listener.starts(log_probs, hypothesis)
            own.starts_ms = [
                abs(start * FRAME_MS - truth)
                for truth, start in _matched(piece, hypothesis, starts)
            ]
        out.append({source: own})
    for target in targets:
        for tallies, piece, text in zip(out, batch, listener.write(source, target), strict=True):
            wanted = [sentence.text(target) for sentence in piece.sentences or []]
            tallies[target] = Tally(sentences=len(wanted), exact=exact_sentences(wanted, text))
    return out


def timed_trial(listener: Listener, batch: Sequence[Piece]) -> Tally:
    """The timestamp task: frame tokens around each word."""
    tally = Tally(pieces=len(batch))
    listener.hear(batch)
    for piece, text in zip(
        batch, listener.write(batch[0].language, batch[0].language, timestamp=True), strict=True
    ):
        found = re.findall(r"<\|(\d+)\|>\s*(.*?)\s*<\|\d+\|>", text)
        reference, hypothesis = piece.transcript.split(), [word for _, word in found]
        tally.words += len(reference)
        tally.errors += word_errors(
            [*map(without_punctuation, reference)], [*map(without_punctuation, hypothesis)]
        )
        for word, start in _matched(piece, hypothesis, [int(frame) for frame, _ in found]):
            tally.frame_starts_ms.append(abs(start * FRAME_MS - word))
    return tally


def plain_trial(listener: Listener, batch: Sequence[Piece]) -> Tally:
    """Transcription with punctuation off: every sign and capital that is written is an error."""
    tally = Tally(pieces=len(batch))
    listener.hear(batch)
    for piece, text in zip(
        batch, listener.write(batch[0].language, batch[0].language, pnc=False), strict=True
    ):
        reference = without_punctuation(piece.transcript).split()
        tally.words += len(reference)
        tally.errors += word_errors(reference, text.split())
    return tally


def invented(
    listener: Listener, seed: int, lengths_s: Sequence[float]
) -> dict[str, tuple[int, int]]:
    """For each kind of sound without speech: (pieces with any text, pieces)."""
    rng = np.random.default_rng(seed)
    out = {}
    for maker in sound.NOT_SPEECH:
        batch = [pieces.nothing(rng, length_s, maker) for length_s in lengths_s]
        listener.hear(batch)
        texts = listener.write("en", "en") + listener.write("de", "en") + listener.write("en", "fr")
        out[maker.__name__] = (sum(bool(text) for text in texts), len(texts))
    return out


def _matched(
    piece: Piece, hypothesis: Sequence[str], starts: Sequence[int]
) -> Iterable[tuple[float, int]]:
    """(true start in ms, found start in frames) of recognised words whose truth is known."""
    reference = [word.text for word in piece.words]
    for i, j, size in SequenceMatcher(
        None, reference, hypothesis, autojunk=False
    ).get_matching_blocks():
        for step in range(size):
            if piece.words[i + step].exact:
                yield piece.words[i + step].start_ms, starts[j + step]


# The commands -------------------------------------------------------------------------------------


class _TrainingAligner:
    """The aligner as it is in training: canary's own encoder and the head."""

    def __init__(self, canary: Any, head: Any, columns: Any, blank: int) -> None:
        self.canary, self.head, self.columns, self.blank = canary, head, columns, blank

    def forward(self, input_signal: Any, input_signal_length: Any) -> tuple[Any, Any, None]:
        _, lengths, states, _ = self.canary.forward(
            input_signal=input_signal, input_signal_length=input_signal_length
        )
        out = torch.full((*states.shape[:2], self.blank + 1), -1e3)
        out[..., [*self.columns.tolist(), self.blank]] = self.head(states).log_softmax(-1)
        return out, lengths, None


def glance(canary: Any, head: Any, columns: Any, blank: int) -> str:
    """One line on a few held-out pieces, for watching a training."""
    listener = Listener(canary, _TrainingAligner(canary, head, columns, blank))
    by_length: dict[tuple[int, int], Tally] = defaultdict(Tally)
    for language in LANGUAGES:
        corpus = Corpus(utterances(77, 160, language, held_out=True))
        batch = [
            piece for length_s in LENGTHS_S for piece in held_out(5, language, 2, length_s, corpus)
        ]
        trials = trial(listener, batch, ["de" if language == "en" else "en"])
        for index, tallies in enumerate(trials):
            for tally in tallies.values():
                by_length[LENGTHS_S[index // 2]].add(tally)
    lines = [
        f"{low}-{high} s: WER {100 * tally.wer:.1f} %, exact {100 * tally.exactness:.0f} %, "
        f"starts {tally.start_ms:.0f} ms"
        for (low, high), tally in by_length.items()
    ]
    silent = invented(listener, 3, (0.3, 3))
    return (
        "HELD OUT "
        + "; ".join(lines)
        + f"; invented {[(k, v[0]) for k, v in silent.items() if v[0]]}"
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=MODEL_PATH)
    parser.add_argument("--pieces", type=int, default=9, help="of each language and length")
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    listener = restored(options.model)
    short: list[str] = []

    def check(name: str, value: float, worst: float, *, at_least: bool = False) -> None:
        if not (value >= worst if at_least else value <= worst):
            short.append(
                f"{name}: {value:.4g}, wanted {'at least' if at_least else 'at most'} {worst:.4g}"
            )

    tables: dict[tuple[str, tuple[int, int]], Tally] = defaultdict(Tally)
    pairs: dict[tuple[str, str], Tally] = defaultdict(Tally)
    translated: dict[tuple[int, int], Tally] = defaultdict(Tally)
    timed, plain = Tally(), Tally()
    for language in LANGUAGES:
        corpus = Corpus(utterances(options.seed, 40 * options.pieces, language, held_out=True))
        others = [other for other in LANGUAGES if other != language] if language == "en" else ["en"]
        # Lengths are mixed, so that most pieces of a batch are padded.
        trials = [
            held_out(options.seed, language, options.pieces, length_s, corpus)
            for length_s in LENGTHS_S
        ]
        for batch in zip(*trials, strict=True):
            for length_s, tallies in zip(LENGTHS_S, trial(listener, batch, others), strict=True):
                tables[language, length_s].add(tallies.pop(language))
                for target, tally in tallies.items():
                    translated[length_s].add(tally)
                    if length_s in BINDING_S:
                        pairs[language, target].add(tally)
        timed.add(timed_trial(listener, [*trials[0], *trials[1]]))
        for batch in list(zip(*trials, strict=True))[:3]:
            plain.add(plain_trial(listener, batch))

    print("\nHeld-out sentences in held-out voices, half of the pieces in noise, rooms and music\n")
    print(
        "| language | length | pieces | words | WER | word starts, mean | 95 % within |\n"
        "|---|---|---|---|---|---|---|"
    )
    totals: dict[object, Tally] = defaultdict(Tally)
    for (language, length_s), tally in tables.items():
        totals[length_s].add(tally)
        if length_s in BINDING_S:
            totals[language].add(tally)
            totals["all"].add(tally)
        _row(language, "{}-{} s".format(*length_s), tally)
    binding = f"{BINDING_S[0][0]}-{BINDING_S[-1][1]} s"
    for language in LANGUAGES:
        _row(language, binding, totals[language])
        check(f"WER of {language}", totals[language].wer, WORST_WER)
        check(f"word starts of {language} in ms", totals[language].start_ms, WORST_START_MS)
    for low, high in LENGTHS_S:
        _row("all", f"{low}-{high} s", totals[low, high])
        if (low, high) not in BINDING_S:
            continue
        check(f"WER of {low}-{high} s", totals[low, high].wer, WORST_WER)
        name = f"word starts of {low}-{high} s in ms"
        check(name, totals[low, high].start_ms, WORST_START_MS)
    _row("all", binding, totals["all"])

    print(
        f"\nTranslations, pieces of {binding}\n\n"
        "| from | to | sentences | exact |\n|---|---|---|---|"
    )
    together = Tally()
    for (source, target), tally in pairs.items():
        print(f"| {source} | {target} | {tally.sentences} | {100 * tally.exactness:.1f} % |")
        together.add(tally)
    print(f"| all | all | {together.sentences} | {100 * together.exactness:.1f} % |")
    check("exact translations", together.exactness, WORST_EXACT, at_least=True)

    print("\n| length | sentences | exact |\n|---|---|---|")
    for (low, high), tally in translated.items():
        print(f"| {low}-{high} s | {tally.sentences} | {100 * tally.exactness:.1f} % |")

    print("\nOther tasks\n\n| task | pieces | WER | word starts, mean |\n|---|---|---|---|")
    print(
        f"| timestamps, up to 10 s | {timed.pieces} | {100 * timed.wer:.2f} % "
        f"| {np.mean(timed.frame_starts_ms):.0f} ms |"
    )
    print(f"| no punctuation | {plain.pieces} | {100 * plain.wer:.2f} % | |")

    print("\nSound without speech\n\n| kind | pieces | with text |\n|---|---|---|")
    for kind, (wrong, count) in invented(
        listener, options.seed, (0.05, 0.3, 1, 2, 4, 8, 15, 25, 30)
    ).items():
        print(f"| {kind} | {count} | {wrong} |")
        check(f"texts invented over {kind}", wrong, 0)

    if short:
        sys.exit("\nFalls short:\n" + "\n".join(short))
    print("\nAll figures are reached.")


def _row(language: str, length: str, tally: Tally) -> None:
    near = float(np.quantile(tally.starts_ms, 0.95)) if tally.starts_ms else float("nan")
    print(
        f"| {language} | {length} | {tally.pieces} | {tally.words} | {100 * tally.wer:.2f} % "
        f"| {tally.start_ms:.0f} ms | {near:.0f} ms |"
    )


if __name__ == "__main__":
    main()
