"""The figures of `examples.demo_model.evaluate`: tables to print, and what falls short."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from examples.demo_model.grammar import LANGUAGES
from examples.demo_model.measures import Tally

#: The longest example that the model reaches its figures on; it takes 30 s, but skips sentences.
LONGEST_MS = 20_000

#: Lengths of examples, in seconds, that figures are given for, and those that must be right.
Length = tuple[int, int]
LENGTHS_S: tuple[Length, ...] = ((1, 5), (5, 10), (10, 20), (20, 30))
BINDING_S = tuple(length for length in LENGTHS_S if length[1] * 1000 <= LONGEST_MS)
_BINDING = f"{BINDING_S[0][0]}-{BINDING_S[-1][1]} s"

WORST_WER = 0.02
WORST_EXACT = 0.94
WORST_START_MS = 40.0


def _tallies() -> defaultdict[tuple[str, Length], Tally]:
    return defaultdict(Tally)


@dataclass(kw_only=True)
class Figures:
    """Everything that was counted."""

    #: Transcripts and word times, by language and length.
    transcripts: defaultdict[tuple[str, Length], Tally] = field(default_factory=_tallies)
    #: Translations of binding lengths, by source and target.
    pairs: defaultdict[tuple[str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    #: Translations by length.
    translations: defaultdict[Length, Tally] = field(default_factory=lambda: defaultdict(Tally))
    #: The timestamp task, and transcripts without punctuation.
    timed: Tally = field(default_factory=Tally)
    plain: Tally = field(default_factory=Tally)
    #: For each kind of sound without speech: (examples with any text, examples).
    invented: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def show(self) -> None:
        """Print the tables as Markdown."""
        print(
            "\nHeld-out sentences in held-out voices, half of the examples with noise and music\n"
        )
        print("| language | length | examples | words | WER | word starts, mean | 95 % within |")
        print("|---|---|---|---|---|---|---|")
        for (language, length_s), tally in self.transcripts.items():
            _row(language, _named(length_s), tally)
        for language in LANGUAGES:
            _row(language, _BINDING, self._of_language(language))
        for length_s in LENGTHS_S:
            _row("all", _named(length_s), self._of_length(length_s))
        _row("all", _BINDING, Tally.sum(map(self._of_length, BINDING_S)))

        print(f"\nTranslations, examples of {_BINDING}\n")
        print("| from | to | sentences | exact |\n|---|---|---|---|")
        together = Tally.sum(self.pairs.values())
        for (source, target), tally in [*self.pairs.items(), (("all", "all"), together)]:
            print(f"| {source} | {target} | {tally.sentences} | {100 * tally.exactness:.1f} % |")

        print("\n| length | sentences | exact |\n|---|---|---|")
        for length_s, tally in self.translations.items():
            print(f"| {_named(length_s)} | {tally.sentences} | {100 * tally.exactness:.1f} % |")

        print("\nOther tasks\n\n| task | examples | WER | word starts, mean |\n|---|---|---|---|")
        print(
            f"| timestamps, up to 10 s | {self.timed.examples} | {100 * self.timed.wer:.2f} % "
            f"| {np.mean(self.timed.frame_starts_ms):.0f} ms |"
        )
        print(f"| no punctuation | {self.plain.examples} | {100 * self.plain.wer:.2f} % | |")

        print("\nSound without speech\n\n| kind | examples | with text |\n|---|---|---|")
        for kind, (wrong, count) in self.invented.items():
            print(f"| {kind} | {count} | {wrong} |")

    def shortfalls(self) -> Iterator[str]:
        """Each figure that is worse than what the model's card promises."""
        languages = [(language, self._of_language(language)) for language in LANGUAGES]
        lengths = [(_named(length_s), self._of_length(length_s)) for length_s in BINDING_S]
        for name, tally in (*languages, *lengths):
            if not tally.wer <= WORST_WER:
                yield f"WER of {name}: {tally.wer:.4g}, wanted at most {WORST_WER}"
            if not tally.start_ms <= WORST_START_MS:
                yield f"word starts of {name}: {tally.start_ms:.4g} ms, not {WORST_START_MS:g}"
        exactness = Tally.sum(self.pairs.values()).exactness
        if not exactness >= WORST_EXACT:
            yield f"exact translations: {exactness:.4g}, wanted at least {WORST_EXACT}"
        for kind, (wrong, _) in self.invented.items():
            if wrong:
                yield f"texts invented over {kind}: {wrong}"

    def _of_language(self, language: str) -> Tally:
        """All binding lengths together."""
        return Tally.sum(self.transcripts[language, length_s] for length_s in BINDING_S)

    def _of_length(self, length_s: Length) -> Tally:
        """All languages together."""
        return Tally.sum(self.transcripts[language, length_s] for language in LANGUAGES)


def _named(length_s: Length) -> str:
    return f"{length_s[0]}-{length_s[1]} s"


def _row(language: str, length: str, tally: Tally) -> None:
    near = float(np.quantile(tally.starts_ms, 0.95)) if tally.starts_ms else float("nan")
    print(
        f"| {language} | {length} | {tally.examples} | {tally.words} | {100 * tally.wer:.2f} % "
        f"| {tally.start_ms:.0f} ms | {near:.0f} ms |"
    )
