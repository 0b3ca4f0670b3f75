"""What the model scores on held-out sentences and voices: python -m examples.demo_model.evaluate.

Prints the figures by language and length and exits with status 1 if one falls short. Needs
espeak-ng; a few minutes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import torch

from canary_subs.demo import MODEL_PATH
from examples.demo_model import sound
from examples.demo_model.batches import Writer
from examples.demo_model.corpus import Corpus, utterances
from examples.demo_model.example import Example, spoken, without_speech
from examples.demo_model.figures import BINDING_S, LENGTHS_S, Figures
from examples.demo_model.grammar import LANGUAGES
from examples.demo_model.measures import Array, Tally, aligned_frames, exact_sentences, word_errors
from examples.demo_model.network import FRAME_MS, quiet
from examples.demo_model.vocabulary import without_punctuation


class Recogniser:
    """A Canary and its aligner, as plain functions of a batch of examples."""

    def __init__(self, canary: Any, aligner: Any) -> None:
        self.canary, self.aligner = canary, aligner
        self.writer = Writer(canary.tokenizer.tokenizer)

    @torch.inference_mode()
    def encode(self, batch: Sequence[Example]) -> None:
        """Encode a batch, padded to its longest example."""
        longest = max(len(example.samples) for example in batch)
        audio = np.zeros((len(batch), longest), np.float32)
        for row, example in zip(audio, batch, strict=True):
            row[: len(example.samples)] = example.samples.astype(np.float32) / 32768
        self.audio = torch.from_numpy(audio)
        self.lengths = torch.tensor([len(example.samples) for example in batch])
        _, _, self.states, self.mask = self.canary.forward(
            input_signal=self.audio, input_signal_length=self.lengths
        )

    @torch.inference_mode()
    def decode(
        self, source: str, target: str, *, pnc: bool = True, timestamp: bool = False
    ) -> list[str]:
        """The texts of the encoded batch."""
        prompt = self.writer.prompt(source, target, pnc=pnc, timestamp=timestamp)
        found = self.canary.decoding.decode_predictions_tensor(
            encoder_hidden_states=self.states,
            encoder_input_mask=self.mask,
            decoder_input_ids=torch.tensor([prompt] * len(self.states)),
            return_hypotheses=False,
        )
        return [one.text.strip() for one in found]

    @torch.inference_mode()
    def frames(self) -> list[Array]:
        """Log-probabilities of the aligner, one array an example."""
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


def restored(path: Path) -> Recogniser:
    """The model of a .nemo file, loaded by NeMo."""
    quiet()
    from nemo.collections.asr.models import ASRModel

    canary = ASRModel.restore_from(str(path), map_location="cpu")
    canary.eval()
    return Recogniser(canary, canary.timestamps_asr_model)


def held_out(
    seed: int, language: str, count: int, length_s: tuple[float, float], corpus: Corpus
) -> list[Example]:
    """Examples of one language between two lengths, every second one without noise or music."""
    rng = np.random.default_rng([seed, LANGUAGES.index(language), int(length_s[0])])
    out: list[Example] = []
    while len(out) < count:
        example = spoken(
            rng, corpus, rng.uniform(*length_s), clean=len(out) % 2 == 0, language=language
        )
        if example.sentences and length_s[0] <= len(example.samples) / 16_000 <= length_s[1]:
            out.append(example)
    return out


def trial(
    recogniser: Recogniser, batch: Sequence[Example], targets: Iterable[str]
) -> list[dict[str, Tally]]:
    """For each example, a tally of its transcript and word times, and one of each translation."""
    source = batch[0].language
    recogniser.encode(batch)
    out = []
    for example, text, log_probs in zip(
        batch, recogniser.decode(source, source), recogniser.frames(), strict=True
    ):
        reference, hypothesis = example.transcript.split(), text.split()
        plain = [without_punctuation(word) for word in reference]
        own = Tally(examples=1, words=len(reference))
        own.errors = word_errors(plain, [without_punctuation(word) for word in hypothesis])
        if hypothesis:
            starts = recogniser.starts(log_probs, hypothesis)
            own.starts_ms = [
                abs(start * FRAME_MS - truth)
                for truth, start in _matched(example, hypothesis, starts)
            ]
        out.append({source: own})
    for target in targets:
        texts = recogniser.decode(source, target)
        for tallies, example, text in zip(out, batch, texts, strict=True):
            wanted = [sentence.text(target) for sentence in example.sentences or []]
            tallies[target] = Tally(sentences=len(wanted), exact=exact_sentences(wanted, text))
    return out


def timed_trial(recogniser: Recogniser, batch: Sequence[Example]) -> Tally:
    """The timestamp task: frame tokens around each word."""
    tally = Tally(examples=len(batch))
    recogniser.encode(batch)
    for example, text in zip(
        batch, recogniser.decode(batch[0].language, batch[0].language, timestamp=True), strict=True
    ):
        found = re.findall(r"<\|(\d+)\|>\s*(.*?)\s*<\|\d+\|>", text)
        reference, hypothesis = example.transcript.split(), [word for _, word in found]
        tally.words += len(reference)
        tally.errors += word_errors(
            [*map(without_punctuation, reference)], [*map(without_punctuation, hypothesis)]
        )
        for word, start in _matched(example, hypothesis, [int(frame) for frame, _ in found]):
            tally.frame_starts_ms.append(abs(start * FRAME_MS - word))
    return tally


def plain_trial(recogniser: Recogniser, batch: Sequence[Example]) -> Tally:
    """Transcription with punctuation off: every sign and capital that is written is an error."""
    tally = Tally(examples=len(batch))
    recogniser.encode(batch)
    for example, text in zip(
        batch, recogniser.decode(batch[0].language, batch[0].language, pnc=False), strict=True
    ):
        reference = without_punctuation(example.transcript).split()
        tally.words += len(reference)
        tally.errors += word_errors(reference, text.split())
    return tally


def invented(
    recogniser: Recogniser, seed: int, lengths_s: Sequence[float]
) -> dict[str, tuple[int, int]]:
    """For each kind of sound without speech: (examples with any text, examples)."""
    rng = np.random.default_rng(seed)
    out = {}
    for maker in sound.NOT_SPEECH:
        batch = [without_speech(rng, length_s, maker) for length_s in lengths_s]
        recogniser.encode(batch)
        texts = (
            recogniser.decode("en", "en")
            + recogniser.decode("de", "en")
            + recogniser.decode("en", "fr")
        )
        out[maker.__name__] = (sum(bool(text) for text in texts), len(texts))
    return out


def _matched(
    example: Example, hypothesis: Sequence[str], starts: Sequence[int]
) -> Iterable[tuple[float, int]]:
    """(true start in ms, found start in frames) of recognised words whose truth is known."""
    reference = [word.text for word in example.words]
    for i, j, size in SequenceMatcher(
        None, reference, hypothesis, autojunk=False
    ).get_matching_blocks():
        for step in range(size):
            if example.words[i + step].exact:
                yield example.words[i + step].start_ms, starts[j + step]


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
    """One line on a few held-out examples, for watching a training."""
    recogniser = Recogniser(canary, _TrainingAligner(canary, head, columns, blank))
    by_length: dict[tuple[int, int], Tally] = defaultdict(Tally)
    for language in LANGUAGES:
        corpus = Corpus(utterances(77, 160, language, held_out=True))
        batch = [
            example
            for length_s in LENGTHS_S
            for example in held_out(5, language, 2, length_s, corpus)
        ]
        trials = trial(recogniser, batch, ["de" if language == "en" else "en"])
        for index, tallies in enumerate(trials):
            for tally in tallies.values():
                by_length[LENGTHS_S[index // 2]].add(tally)
    lines = [
        f"{low}-{high} s: WER {100 * tally.wer:.1f} %, exact {100 * tally.exactness:.0f} %, "
        f"starts {tally.start_ms:.0f} ms"
        for (low, high), tally in by_length.items()
    ]
    silent = invented(recogniser, 3, (0.3, 3))
    return (
        "HELD OUT "
        + "; ".join(lines)
        + f"; invented {[(k, v[0]) for k, v in silent.items() if v[0]]}"
    )


def measure(recogniser: Recogniser, count: int, seed: int) -> Figures:
    """Examine a model with so many examples of each language and length."""
    figures = Figures()
    for language in LANGUAGES:
        corpus = Corpus(utterances(seed, 40 * count, language, held_out=True))
        others = [other for other in LANGUAGES if other != language] if language == "en" else ["en"]
        # Lengths are mixed, so that most examples of a batch are padded.
        by_length = [held_out(seed, language, count, length_s, corpus) for length_s in LENGTHS_S]
        batches = list(zip(*by_length, strict=True))
        for batch in batches:
            for length_s, tallies in zip(LENGTHS_S, trial(recogniser, batch, others), strict=True):
                figures.transcripts[language, length_s].add(tallies.pop(language))
                for target, tally in tallies.items():
                    figures.translations[length_s].add(tally)
                    if length_s in BINDING_S:
                        figures.pairs[language, target].add(tally)
        figures.timed.add(timed_trial(recogniser, [*by_length[0], *by_length[1]]))
        for batch in batches[:3]:
            figures.plain.add(plain_trial(recogniser, batch))
    figures.invented = invented(recogniser, seed, (0.05, 0.3, 1, 2, 4, 8, 15, 25, 30))
    return figures


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=MODEL_PATH)
    parser.add_argument("--examples", type=int, default=9, help="of each language and length")
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    figures = measure(restored(options.model), options.examples, options.seed)
    figures.show()
    if short := list(figures.shortfalls()):
        sys.exit("\nFalls short:\n" + "\n".join(short))
    print("\nAll figures are reached.")


if __name__ == "__main__":
    main()
