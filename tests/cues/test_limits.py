"""Rules in frames, as milliseconds."""

from __future__ import annotations

from fractions import Fraction

import pytest

from canary_subs.cues.limits import close_gap_ms, cps, frames_ms, min_gap_ms, snap_ms
from canary_subs.cues.profiles import profile_for
from canary_subs.model import Cue


@pytest.mark.parametrize(
    ("frames", "rate", "milliseconds"),
    [
        (2, Fraction(24000, 1001), 84),
        (2, Fraction(30000, 1001), 67),
        (2, Fraction(25), 80),
        (2, None, 80),
        (0, Fraction(25), 0),
        (12, Fraction(24), 500),
        (2, Fraction(1), 167),
        (2, Fraction(90_000), 17),
        (2, Fraction(0), 80),
    ],
)
def test_frames_are_rounded_up(frames: int, rate: Fraction | None, milliseconds: int) -> None:
    assert frames_ms(frames, rate) == milliseconds


def test_a_profile_s_frames() -> None:
    profile, rate = profile_for("netflix", "en"), Fraction(25)
    assert min_gap_ms(profile, rate) == 80
    assert close_gap_ms(profile, rate) == snap_ms(profile, rate) == 480


def test_speed_counts_spaces_and_line_breaks_as_one() -> None:
    cue = Cue(start_ms=0, end_ms=2000, lines=("Well, it", "is."))
    assert cps(cue) == 6
    assert cps(Cue(start_ms=5, end_ms=5, lines=("a",))) == float("inf")
