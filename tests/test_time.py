"""Times convert exactly, a half goes up, and nothing drifts."""

from __future__ import annotations

import math
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary_subs.time import (
    clock,
    frames_to_ms,
    ms_to_frames,
    ms_to_samples,
    parse_frame_rate,
    round_half_up,
    samples_to_ms,
    seconds_to_ms,
)

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60)]


@given(st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=10**6))
def test_rounding_is_to_the_nearest_with_halves_up(value: Fraction) -> None:
    rounded = round_half_up(value)
    assert Fraction(-1, 2) < rounded - value <= Fraction(1, 2)
    assert rounded == math.floor(value + Fraction(1, 2))


@pytest.mark.parametrize(("value", "expected"), [("0.5", 1), ("-0.5", 0), ("1.5", 2), ("-1.5", -1)])
def test_halves_go_up_below_zero_too(value: str, expected: int) -> None:
    assert round_half_up(Fraction(value)) == expected


@given(st.integers(0, 10**8), st.sampled_from([8000, 16_000, 44_100, 48_000]))
def test_ms_through_samples_come_back(ms: int, rate: int) -> None:
    assert samples_to_ms(ms_to_samples(ms, rate), rate) == ms


@given(st.integers(0, 10**7), st.sampled_from(RATES))
def test_frames_through_ms_come_back(frames: int, rate: Fraction) -> None:
    assert ms_to_frames(frames_to_ms(frames, rate), rate) == frames


@given(st.lists(st.integers(0, 10**9), min_size=2))
def test_the_order_of_times_is_kept(samples: list[int]) -> None:
    ordered = sorted(samples)
    converted = [samples_to_ms(one, 44_100) for one in ordered]
    assert converted == sorted(converted)


def test_an_hour_of_ntsc_frames_is_longer_than_an_hour() -> None:
    assert frames_to_ms(30 * 3600, Fraction(30000, 1001)) == 3_603_600


@given(st.decimals(min_value=0, max_value=10**6, places=4))
def test_seconds_become_ms(seconds: Decimal) -> None:
    expected = int((seconds * 1000 + Decimal("0.5")).to_integral_value(ROUND_FLOOR))
    assert seconds_to_ms(Fraction(seconds)) == expected


@given(st.integers(0, 10**9))
def test_a_clock_reads_back(ms: int) -> None:
    hours, minutes, rest = clock(ms, decimal=",").split(":")
    seconds, millis = rest.split(",")
    assert len(hours) >= 2 and (len(minutes), len(seconds), len(millis)) == (2, 2, 3)
    assert int(minutes) < 60 and int(seconds) < 60
    assert ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(millis) == ms


def test_a_clock_as_it_is_written() -> None:
    assert clock(3_723_004) == "01:02:03.004"
    assert clock(360_000_000) == "100:00:00.000"


def test_no_clock_shows_a_time_before_the_start() -> None:
    with pytest.raises(ValueError, match="-1 ms"):
        clock(-1)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("25", Fraction(25)),
        ("23.976", Fraction(24000, 1001)),
        (" 29,97 ", Fraction(30000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        ("12.5", Fraction(25, 2)),
        ("0", None),
        ("25/0", None),
        ("1000", None),
        ("pal", None),
    ],
)
def test_frame_rates_as_people_write_them(text: str, rate: Fraction | None) -> None:
    assert parse_frame_rate(text) == rate
