"""What each rule allows and finds; offset and drift, comparisons and reports."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_subs.cues.check import RULES, sync
from canary_subs.cues.check.reference import compare, normal
from canary_subs.cues.check.report import Report, as_json, as_text, summary
from canary_subs.cues.profiles import profile_for
from canary_subs.model import Cue, Finding, Span, Word
from canary_subs.time import joined, uncovered
from tests.cues.checking import checked

NETFLIX = profile_for("netflix", "en")
EVERY_RULE = {name: rule for rules in RULES.values() for name, rule in rules.items()}


def cue(start_ms: int, end_ms: int, *lines: str, confidence: float | None = None) -> Cue:
    words = tuple(
        Word(text=word, start_ms=start_ms, end_ms=end_ms, confidence=confidence)
        for line in lines
        for word in line.split()
        if confidence is not None
    )
    return Cue(start_ms=start_ms, end_ms=end_ms, lines=lines, words=words)


def rules(*cues: Cue, **known: Any) -> list[str]:
    return [one.rule for one in checked(cues, NETFLIX, **known)]


def span(start_ms: int, end_ms: int) -> Span:
    return Span(start_ms=start_ms, end_ms=end_ms)


def test_every_rule_says_what_it_is() -> None:
    for rule in EVERY_RULE.values():
        assert rule.__doc__ and rule.__doc__.split("\n")[0].endswith(".")


def test_nothing_known_nothing_found() -> None:
    assert rules() == []
    assert rules(speech=[], original=[]) == []


@pytest.mark.parametrize(
    ("gap_ms", "rate", "found"),
    [
        (84, Fraction(24000, 1001), []),  # two frames at 23.976 are 83.4 ms
        (80, Fraction(24000, 1001), []),  # an ASS file's centiseconds
        (60, Fraction(24000, 1001), ["gap"]),
        (67, Fraction(30000, 1001), []),
        (34, None, []),  # two frames at 60
        (10, None, ["gap"]),
        (0, None, ["gap"]),
    ],
)
def test_gaps_are_frames_of_the_video(gap_ms: int, rate: Fraction | None, found: list[str]) -> None:
    cues = (cue(1000, 3000, "One."), cue(3000 + gap_ms, 5000, "Two."))
    assert rules(*cues, frame_rate=rate) == found


def test_limits_hold_to_the_rounding_of_formats() -> None:
    twenty = "x" * 20
    assert rules(cue(0, 995, twenty)) == []
    assert rules(cue(0, 940, twenty)) == ["reading-speed"]
    assert rules(cue(0, 7010, "Long.")) == []
    assert rules(cue(0, 7042, "Long.")) == ["too-long"]
    assert rules(cue(0, 830, "Short.")) == []
    assert rules(cue(0, 600, "Short.")) == ["too-short"]
    assert rules(cue(0, 400, "Short.")) == ["flash"]
    assert rules(cue(0, 3000, "x" * 42)) == []
    assert rules(cue(0, 6000, "x" * 43)) == ["line-width"]
    assert rules(cue(0, 3000, "あ" * 21)) == []  # 42 columns
    assert rules(cue(0, 5000, "あ" * 22)) == ["line-width"]
    assert rules(cue(0, 2000, "e\u0301" * 40)) == []  # marks have no width and take no time


def test_overlaps_are_seen_past_the_neighbour() -> None:
    cues = (cue(0, 6000, "One."), cue(1000, 2000, "Two."), cue(5000, 6900, "Three."))
    assert rules(*cues) == ["overlap", "overlap"]


def test_speech_and_cues() -> None:
    said = [span(1000, 3000), span(3200, 4900), span(20_000, 20_400)]
    assert rules(cue(1100, 5000, "Here."), speech=said) == []  # the last is too short to miss
    assert rules(cue(1100, 3000, "Here."), speech=said) == ["unsubtitled"]
    assert rules(cue(1100, 5000, "Here."), cue(8000, 9000, "Not here."), speech=said) == [
        "no-speech"
    ]
    assert rules(cue(1100, 5000, "Here."), cue(8000, 9000, "[wind]"), speech=said) == []
    assert rules(cue(1100, 5000, "Here."), cue(8000, 9000, "♪ la ♪"), speech=said) == []


@pytest.mark.parametrize(
    "text",
    [
        "No, no, no, no, no!",
        "Come on, come on, come on!",
        "I love you. I love you. I love you.",
        "That that is is that that is not is not.",
    ],
)
def test_people_repeat_themselves(text: str) -> None:
    assert rules(cue(0, 5000, text)) == []


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("no " * 7, 7),
        ("I don't know. " * 5, 5),
        ("Well: " + "thank you very much " * 4 + "indeed", 4),
    ],
)
def test_loops_are_found(text: str, times: int) -> None:
    (found,) = (one for one in checked([cue(0, 6900, text)], NETFLIX) if one.rule == "repeated")
    assert found.measured == f"{times} times in a row"


def test_loops_from_cue_to_cue() -> None:
    sentence = [cue(i * 3000, i * 3000 + 2000, "I do not want to go.") for i in range(2)]
    assert rules(*sentence) == ["repeated"]
    short = [cue(i * 3000, i * 3000 + 2000, "Wait, wait!") for i in range(3)]
    assert rules(*short) == ["repeated"]
    assert rules(*short[:2]) == []
    single = [cue(i * 3000, i * 3000 + 2000, "No!") for i in range(5)]
    assert rules(*single) == []


def test_loops_without_spaces() -> None:
    assert "repeated" in rules(cue(0, 6000, "ありがとうございます" * 4), language="ja")
    assert "repeated" not in rules(cue(0, 6000, "はははははは。ありがとう"), language="ja")


def test_confidence() -> None:
    assert rules(cue(0, 2000, "I am sure.", confidence=0.9)) == []
    assert rules(cue(0, 2000, "I am not sure.", confidence=0.4)) == ["low-confidence"]


SAME = [
    ("It costs 1,000 dollars.", "Es kostet 1.000 Dollar."),
    ("It costs 12,500.", "Es kostet 12 500."),
    ("At 3:00 sharp.", "Um 3 Uhr."),
    ("At 3:30 pm.", "Um 15:30 Uhr."),
    ("At 8 tonight.", "Heute um 20 Uhr."),
    ("Twenty people.", "20 Leute."),
    ("It was in '84.", "Es war 1984."),
    ("It is 3.5 miles.", "Es sind 3,5 Meilen."),
    ("Room 101.", "Zimmer ١٠١."),
    ("The 2nd and the 3rd.", "Der 2. und der 3."),
]
OTHER = [
    ("It costs 50 dollars.", "Es kostet 15 Dollar."),
    ("It was in 1950.", "Es war damals."),
    ("It was then.", "Es war 1950."),
    ("At 7:00.", "Um 7:30."),
]


@pytest.mark.parametrize(("english", "german"), SAME)
def test_numbers_in_another_notation_are_the_same(english: str, german: str) -> None:
    assert "numbers" not in rules(cue(0, 3000, german), original=[cue(0, 3000, english)])


@pytest.mark.parametrize(("english", "german"), OTHER)
def test_other_numbers_are_found(english: str, german: str) -> None:
    assert rules(cue(0, 3000, german), original=[cue(0, 3000, english)]) == ["numbers"]


def test_numbers_may_stand_in_the_next_cue() -> None:
    ours = [cue(0, 3000, "Es war im Jahr"), cue(3200, 5000, "1950, in Rom.")]
    theirs = [cue(0, 3000, "In 1950, it was"), cue(3200, 5000, "in Rome.")]
    assert rules(*ours, original=theirs) == []


def test_untranslated_lines() -> None:
    english = "I do not know where he is."
    assert rules(cue(0, 3000, english), original=[cue(0, 3000, english)]) == ["untranslated"]
    for said in ("New York, Los Angeles, San Francisco.", "Okay, okay.", "La la la la la la."):
        assert "untranslated" not in rules(cue(0, 3000, said), original=[cue(0, 3000, said)])


# Offset and drift.


def starts(seed: int, count: int = 120) -> list[int]:
    chance = np.random.default_rng(seed)
    return np.cumsum(chance.integers(1500, 12_000, count)).tolist()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("scale", "offset_ms"),
    [(1, 0), (1, 2500), (1, -9000), (25 / 24, 0), (0.959, 1200), (1.001, 0), (0.9985, 4000)],
)
def test_a_mapping_is_found_among_noise(seed: int, scale: float, offset_ms: int) -> None:
    chance = random.Random(seed)
    speech = starts(seed)
    cues = [
        round((start - offset_ms) / scale) + chance.randint(-80, 80)
        for start in speech
        if chance.random() < 0.8 and start > offset_ms  # missed by whoever wrote the cues
    ]
    cues = sorted(cues + [chance.randint(0, speech[-1]) for _ in range(len(cues) // 4)])
    heard = sorted({start for start in speech if chance.random() < 0.9})
    clock = sync.fit(cues, heard)
    assert clock is not None
    for at in (cues[0], cues[-1]):
        assert abs(clock.video_ms(at) - (scale * at + offset_ms)) < 100


@pytest.mark.parametrize("seed", range(8))
def test_unrelated_starts_have_no_mapping(seed: int) -> None:
    assert sync.fit(starts(seed), starts(seed + 100)) is None
    assert sync.fit(starts(seed)[:5], starts(seed)[:5]) is None


# Spans.

SPANS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30)), max_size=12).map(
    lambda pairs: [span(a, a + n) for a, n in sorted(pairs)]
)


@given(SPANS, SPANS)
@settings(deadline=None)
def test_uncovered_is_what_is_not_covered(spans: list[Span], covers: list[Span]) -> None:
    spans = joined(spans)
    left = {
        ms for one in uncovered(spans, joined(covers)) for ms in range(one.start_ms, one.end_ms)
    }
    inside = {ms for one in spans for ms in range(one.start_ms, one.end_ms)}
    covered = {ms for one in covers for ms in range(one.start_ms, one.end_ms)}
    assert left == inside - covered


# Against a reference.


def test_word_errors_are_counted_as_everybody_counts_them() -> None:
    right = [cue(0, 2000, "The quick brown fox,"), cue(2100, 4000, "it jumps!")]
    ours = [cue(50, 2000, "the QUICK brown"), cue(2100, 4300, "fox it has jumped")]
    found = compare(ours, right, "en")
    assert (found.unit, found.length) == ("words", 6)
    assert (found.substituted, found.deleted, found.inserted) == (1, 0, 1)
    assert found.error_rate == pytest.approx(2 / 6)
    assert found.cue_start is not None and found.cue_start.count == 2
    assert (found.cue_start.mean_ms, found.cue_start.median_ms) == (25, 25)
    assert found.word_start is None


def test_word_times_are_compared_where_both_have_them() -> None:
    def timed(*times: int) -> list[Cue]:
        words = tuple(
            Word(text=text, start_ms=at, end_ms=at + 100)
            for text, at in zip("one two three".split(), times, strict=True)
        )
        return [Cue(start_ms=times[0], end_ms=9000, lines=("one two three",), words=words)]

    found = compare(timed(0, 1000, 2000), timed(10, 970, 2000), "en").word_start
    assert found is not None
    assert (found.count, found.mean_ms, found.median_ms) == (3, 7, 10)


def test_scripts_without_spaces_are_compared_by_character() -> None:
    found = compare([cue(0, 1000, "これは本")], [cue(0, 1000, "これは、本だ。")], "ja")
    assert (found.unit, found.length, found.deleted) == ("characters", 5, 1)
    assert normal("Ｆｏｏ-Bar’s!") == "foobars"


def test_nothing_against_nothing() -> None:
    assert compare([], [], "en").error_rate == 0
    assert compare([cue(0, 1, "x")], [], "en").error_rate == 1
    assert compare([], [cue(0, 1, "x")], "en").error_rate == 1


# Reports.


def test_a_report_shows_hostile_text_as_text() -> None:
    cues = (cue(0, 300, "\x1b[2J<script>\u202e"),)
    report = Report(name="x.srt", cues=cues, findings=checked(cues, NETFLIX))
    text = as_text(report)
    assert "\x1b" not in text and "\u202e" not in text and "<script>" in text
    assert summary(report) == "x.srt: 1 cue, 2 findings (reading-speed 1, flash 1)"
    assert json.loads(as_json(report))["findings"][0]["text"] == cues[0].text


CUES = st.lists(
    st.builds(
        lambda a, n, lines: Cue(start_ms=a, end_ms=max(0, a + n), lines=tuple(lines)),
        st.integers(0, 10**7),
        st.integers(-5000, 20_000),
        st.lists(st.text(max_size=20), max_size=4),
    ),
    max_size=12,
)


@given(CUES, CUES, SPANS, st.sampled_from([None, "en", "ja", "ar", "tlh"]))
@settings(deadline=None, max_examples=60)
def test_any_track_can_be_checked(
    cues: list[Cue], original: list[Cue], speech: list[Span], language: str | None
) -> None:
    found = checked(
        cues,
        NETFLIX,
        language=language,
        duration_ms=5000,
        speech=joined(speech),
        original=original,
        frame_rate=Fraction(25),
    )
    assert all(isinstance(one, Finding) and one.rule in EVERY_RULE for one in found)
    assert [one.start_ms for one in found] == sorted(one.start_ms for one in found)
    report = Report(
        name="x", cues=tuple(cues), findings=found, comparison=compare(cues, original, language)
    )
    assert json.loads(as_json(report))["cues"] == len(cues)
    assert as_text(report).count("\n") >= len(found)
