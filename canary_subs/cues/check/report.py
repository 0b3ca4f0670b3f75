"""Reports of findings, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from canary_subs.cues.check.reference import Comparison, Spread
from canary_subs.model import Cue, Finding
from canary_subs.time import clock

#: How much of a cue's text a line of the report shows, in characters.
_SHOWN = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The findings in one subtitle file."""

    #: The file, as the user named it.
    name: str
    cues: tuple[Cue, ...]
    findings: tuple[Finding, ...]
    #: Lines of the file that could not be read.
    damage: tuple[str, ...] = ()
    #: With a reference, if one was given.
    comparison: Comparison | None = None

    @property
    def clean(self) -> bool:
        """Whether there is nothing to report; the exit status is then 0, otherwise 1."""
        return not (self.findings or self.damage)

    def counts(self) -> dict[str, int]:
        """Findings by rule, the most common first."""
        return dict(Counter(finding.rule for finding in self.findings).most_common())


def summary(report: Report) -> str:
    """One line: "Video.de.srt: 812 cues, 3 findings (overlap 2, flash 1)"."""
    cues = _counted(len(report.cues), "cue")
    if report.clean:
        return f"{report.name}: {cues}, nothing found"
    rules = ", ".join(f"{rule} {count}" for rule, count in report.counts().items())
    parts = [f"{_counted(len(report.findings), 'finding')} ({rules})"] if rules else []
    if report.damage:
        parts.append(f"{_counted(len(report.damage), 'line')} that cannot be read")
    return f"{report.name}: {cues}, {', '.join(parts)}"


def as_text(report: Report) -> str:
    """A line for each finding (time, rule, measured value, limit, text), then the summary."""
    lines = [
        f"{clock(one.start_ms)}  {one.rule:<14}  {one.measured} (limit: {one.limit})"
        f"{_quoted(report.cues, one)}"
        for one in report.findings
    ]
    lines += report.damage
    if report.comparison is not None:
        lines += _compared(report.comparison)
    return "\n".join([*lines, summary(report)])


def as_json(report: Report) -> str:
    """The same for programs: one object, times in milliseconds, keys always in this order."""
    comparison = report.comparison
    document = {
        "file": report.name,
        "clean": report.clean,
        "cues": len(report.cues),
        "counts": report.counts(),
        "findings": [
            {
                "rule": one.rule,
                "start_ms": one.start_ms,
                "end_ms": one.end_ms,
                "cue": one.cue,
                "text": None if one.cue is None else report.cues[one.cue].text,
                "measured": one.measured,
                "limit": one.limit,
            }
            for one in report.findings
        ],
        "damage": list(report.damage),
        "reference": None
        if comparison is None
        else {
            "unit": comparison.unit,
            "length": comparison.length,
            "substituted": comparison.substituted,
            "deleted": comparison.deleted,
            "inserted": comparison.inserted,
            "error_rate": round(comparison.error_rate, 4),
            "word_start_error": _spread(comparison.word_start),
            "cue_start_error": _spread(comparison.cue_start),
            "cue_end_error": _spread(comparison.cue_end),
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _quoted(cues: Sequence[Cue], finding: Finding) -> str:
    if finding.cue is None:
        return ""
    text = " ".join(" ".join(cues[finding.cue].lines).split())
    # Control characters would reach the terminal; a dot keeps the text's length.
    text = "".join(c if c.isprintable() else "·" for c in text[: _SHOWN + 1])
    return f"  {text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''}"


def _compared(found: Comparison) -> list[str]:
    kind = "word" if found.unit == "words" else "character"
    lines = [
        f"{kind} error rate {found.error_rate:.2%} ({found.substituted} substituted, "
        f"{found.deleted} deleted, {found.inserted} inserted of {found.length})"
    ]
    for what, spread in (
        ("word starts", found.word_start),
        ("cue starts", found.cue_start),
        ("cue ends", found.cue_end),
    ):
        if spread is not None:
            lines.append(
                f"{what}: off by {spread.median_ms} ms in the median, {spread.p90_ms} ms at 90 %, "
                f"{spread.mean_ms:+d} ms on average, over {spread.count}"
            )
    return lines


def _spread(spread: Spread | None) -> dict[str, int] | None:
    if spread is None:
        return None
    return {
        "count": spread.count,
        "mean_ms": spread.mean_ms,
        "median_ms": spread.median_ms,
        "p90_ms": spread.p90_ms,
    }


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
