"""The figures of `tests.benchmarks.engine`, and what follows from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

OURS, NEMO, TRANSFORMERS = "canary-subs", "NeMo", "transformers"
#: transformers with the texts of all languages in one batch; it offers no such call itself.
TRANSFORMERS_BATCH = "transformers, one batch"
RIVALS = (NEMO, TRANSFORMERS, TRANSFORMERS_BATCH)

#: What must hold on a CPU with the sizes of canary-180m: (rival, stage, languages) -> ratio.
REQUIRED = {
    (NEMO, "whole", 1): 1.6,
    (NEMO, "whole", 4): 5.5,
    (NEMO, "decode", 1): 4.0,
    (NEMO, "decode", 4): 9.0,
    (TRANSFORMERS, "decode", 4): 2.0,
    (TRANSFORMERS_BATCH, "decode", 4): 1.5,
    (NEMO, "align", 1): 4.0,
}
#: Texts with fewer different tokens prove little when all programs write the same.
LEAST_DISTINCT_TOKENS = 10


@dataclass(frozen=True, kw_only=True)
class Timed:
    """How long one program took for one stage and number of languages; the best of the rounds."""

    program: str
    #: "encode", "decode", "align" or "whole".
    stage: str
    languages: int
    seconds: float
    #: Highest device memory; None if the device does not report it.
    peak_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """One benchmark: what ran where, and what came out."""

    architecture: str
    device: str
    precision: str
    segments: int
    segment_s: float
    tokens: int
    rounds: int
    #: Whether all programs wrote the same tokens; None in precisions below fp32, or without rivals.
    same_tokens: bool | None
    #: Different tokens in the text that has the fewest.
    distinct_tokens: int
    #: Floating-point operations a second that a large matrix product reaches on this device.
    matmul_flops: float
    #: Operations that the model needs for all segments in one language.
    needed_flops: float
    timed: tuple[Timed, ...]

    @property
    def audio_s(self) -> float:
        """Seconds of audio in one run."""
        return self.segments * self.segment_s

    def seconds(self, program: str, stage: str, languages: int) -> float | None:
        """The time of one cell; None if it was not measured."""
        for timed in self.timed:
            if (timed.program, timed.stage, timed.languages) == (program, stage, languages):
                return timed.seconds
        return None

    def ratio(self, rival: str, stage: str, languages: int) -> float | None:
        """How many times longer a rival took than the engine; None if not measured."""
        ours, theirs = (self.seconds(p, stage, languages) for p in (OURS, rival))
        return theirs / ours if ours and theirs else None

    def rtfx(self, program: str, languages: int) -> float | None:
        """Seconds of audio recognised a second, from audio to text."""
        seconds = self.seconds(program, "whole", languages)
        return self.audio_s / seconds if seconds else None

    @property
    def roofline_share(self) -> float | None:
        """The share of the device's own matrix speed that a run of all stages reaches."""
        seconds = self.seconds(OURS, "whole", 1)
        return self.needed_flops / (self.matmul_flops * seconds) if seconds else None

    def library(self, hours: float, price: float, languages: int) -> tuple[float, float] | None:
        """Hours and money that hours of audio take, at a price for an hour of the machine."""
        speed = self.rtfx(OURS, languages)
        return (hours / speed, hours / speed * price) if speed else None

    def shortfalls(self) -> list[str]:
        """What falls short of `REQUIRED`, or makes the comparison prove nothing."""
        found = []
        for (rival, stage, languages), wanted in REQUIRED.items():
            ratio = self.ratio(rival, stage, languages)
            if ratio is not None and ratio < wanted:
                found.append(f"{rival} / ours, {stage}, {languages}: {ratio:.2f}, not {wanted:g}")
        if self.same_tokens is False:
            found.append("the programs do not write the same tokens")
        if self.distinct_tokens < LEAST_DISTINCT_TOKENS:
            found.append(
                f"a text has only {self.distinct_tokens} different tokens, "
                f"not {LEAST_DISTINCT_TOKENS}"
            )
        return found

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON file, derived figures included."""
        return {
            **asdict(self),
            "ratios": {
                f"{rival} / {OURS}, {stage}, {languages}": ratio
                for rival in RIVALS
                for stage, languages in self._cells()
                if (ratio := self.ratio(rival, stage, languages))
            },
            "rtfx": {str(n): self.rtfx(OURS, n) for n in self._languages()},
            "roofline_share": self.roofline_share,
        }

    def table(self) -> str:
        """The report as a Markdown table, one row for each stage and number of languages."""
        rivals = "".join(f" {rival} s | ratio |" for rival in RIVALS)
        lines = [
            f"{self.architecture} sizes, {self.segments} x {self.segment_s:g} s, "
            f"{self.tokens} tokens, {self.device}, {self.precision}, best of {self.rounds}",
            "",
            f"| stage | languages | {OURS} s |{rivals}",
            "|---|---|---|" + "---|---|" * len(RIVALS),
        ]
        for stage, languages in self._cells():
            cells = [stage, str(languages), _number(self.seconds(OURS, stage, languages))]
            for rival in RIVALS:
                cells.append(_number(self.seconds(rival, stage, languages)))
                cells.append(_number(self.ratio(rival, stage, languages)))
            lines.append("| " + " | ".join(cells) + " |")
        speeds = ", ".join(f"{n}: {self.rtfx(OURS, n) or 0:,.1f}" for n in self._languages())
        lines += ["", f"Seconds of audio a second, by languages: {speeds}."]
        if self.roofline_share:
            lines.append(f"Share of the device's matrix speed: {self.roofline_share:.0%}.")
        if self.same_tokens is not None:
            same = "the same tokens" if self.same_tokens else "DIFFERENT tokens"
            lines.append(
                f"All programs wrote {same}, at least {self.distinct_tokens} different ones a text."
            )
        return "\n".join(lines)

    def _cells(self) -> list[tuple[str, int]]:
        return sorted({(timed.stage, timed.languages) for timed in self.timed})

    def _languages(self) -> list[int]:
        return sorted({timed.languages for timed in self.timed if timed.stage == "whole"})


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
