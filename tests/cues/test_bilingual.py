"""Bilingual tracks."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from canary_subs.cues.bilingual import bilingual
from canary_subs.cues.profiles import profile_for
from canary_subs.model import Cue
from tests.cues.streams import thorough

PROFILE = profile_for("netflix", "de")


def cue(start_ms: int, end_ms: int, *lines: str) -> Cue:
    return Cue(start_ms=start_ms, end_ms=end_ms, lines=lines)


def both(upper: list[Cue], lower: list[Cue]) -> tuple[Cue, ...]:
    return bilingual(upper, lower, lower_language="de", profile=PROFILE)


def test_shared_times_make_pairs() -> None:
    upper = [cue(0, 900, "Good", "morning."), cue(1000, 2000, "Yes.")]
    lower = [cue(0, 900, "Guten Morgen."), cue(1000, 2000, "Ja.")]
    assert both(upper, lower) == (
        cue(0, 900, "Good", "morning.", "Guten Morgen."),
        cue(1000, 2000, "Yes.", "Ja."),
    )


def test_each_joins_the_one_it_shares_most_time_with() -> None:
    upper = [cue(0, 2000, "One."), cue(2100, 4000, "Two.")]
    lower = [cue(100, 2500, "Eins."), cue(2600, 3000, "Zwei"), cue(3100, 4000, "und mehr.")]
    assert both(upper, lower) == (
        cue(0, 2000, "One.", "Eins."),
        cue(2100, 4000, "Two.", "Zwei und mehr."),
    )


def test_what_meets_nothing_stays_alone() -> None:
    assert both([cue(0, 900, "Hm.")], [cue(5000, 6000, "Ja.")]) == (
        cue(0, 900, "Hm."),
        cue(5000, 6000, "Ja."),
    )
    assert both([], []) == ()


tracks = st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 3000)), max_size=12)


def made(spans: list[tuple[int, int]], word: str) -> list[Cue]:
    now, cues = 0, []
    for number, (gap, length) in enumerate(spans):
        cues.append(cue(now + gap, now + gap + length, f"{word}{number}"))
        now += gap + length
    return cues


@thorough
@given(tracks, tracks)
def test_every_text_once_and_no_overlap(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    upper, lower = made(a, "u"), made(b, "l")
    merged = both(upper, lower)
    words = [word for c in merged for line in c.lines for word in line.split()]
    assert [w for w in words if w[0] == "u"] == [c.lines[0] for c in upper]
    assert [w for w in words if w[0] == "l"] == [c.lines[0] for c in lower]
    assert all(y.start_ms >= x.end_ms for x, y in pairwise(merged))
    assert all(c.end_ms > c.start_ms for c in merged)
