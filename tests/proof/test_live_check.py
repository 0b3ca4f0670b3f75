"""The check that runs in the page says what the package's own check says."""

from __future__ import annotations

import dataclasses
import json
import random
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest

from canary_subs.cues.profiles import profile_for
from canary_subs.cues.width import characters, columns
from canary_subs.formats.srt import SrtOptions, SrtWriter
from canary_subs.formats.vtt import VttOptions, VttWriter
from canary_subs.model import Cue, Document, MediaInfo, Profile, Track, Transcript
from canary_subs.proof import assets
from tests.cues.checking import checked

#: What needs no more than cues and a profile; the page keeps cues in order by itself.
SCREEN_RULES = frozenset(
    "empty backwards overlap beyond-end lines line-width reading-speed flash too-short too-long "
    "gap".split()
)
TEXTS = [
    "A plain line of text.",
    "x",
    "",
    "   ",
    "Zażółć gęślą jaźń, naïve café",
    "e\u0301 and a\u0308o\u0308 with marks",
    "これは日本語の字幕です。",
    "한국어 자막입니다",
    "字幕，中文。",
    "ﾊﾝｶｸ and Ｗｉｄｅ",
    "หนังสือเล่มนี้",
    "हिन्दी में उपशीर्षक",
    "السلام عليكم",
    "שָׁלוֹם עולם",
    "\u200eleft\u200f right\u2060 joiner\u00ad",
    "Family 👨‍👩‍👧‍👦 flag 🇩🇪 thumbs 👍🏽 heart ❤️",
    "♪ music ♪ — “quotes” … №",
    "<i>tag</i> {\\an8} --> & &amp;",
]


@pytest.fixture(scope="module")
def run(browser: Any) -> Any:
    """Runs an expression over the page's own functions in Chromium."""
    tab = browser.new_page()
    source = assets.script(("text", "time", "check", "formats"))

    def evaluate(expression: str, value: object) -> Any:
        # As text: JSON would turn infinity and half pairs into something else.
        return json.loads(
            tab.evaluate(
                f"(text) => {{ {source}; const input = JSON.parse(text); "
                f"return JSON.stringify({expression}); }}",
                json.dumps(value),
            )
        )

    yield evaluate
    tab.close()


def lines(random_: random.Random) -> tuple[str, ...]:
    return tuple(
        " ".join(random_.choices(TEXTS, k=random_.choice((1, 1, 2))))
        for _ in range(random_.choice((1, 1, 2, 2, 3)))
    )


def cues(random_: random.Random, count: int) -> tuple[Cue, ...]:
    """Cues in order with every kind of fault among them."""
    result = []
    at = 0
    for _ in range(count):
        at += random_.choice((0, 1, 30, 70, 84, 90, 500, 2000))
        lasts = random_.choice((-40, 0, 1, 300, 489, 495, 700, 824, 833, 1500, 4000, 7009, 9000))
        result.append(Cue(start_ms=at, end_ms=max(0, at + lasts), lines=lines(random_)))
        at = max(at, at + random_.choice((lasts, lasts, lasts // 2)))
    return tuple(sorted(result, key=lambda cue: cue.start_ms))


def plain(cues: Sequence[Cue]) -> list[dict[str, Any]]:
    return [{**dataclasses.asdict(cue), "id": n} for n, cue in enumerate(cues)]


def test_widths_and_characters_are_counted_alike(run: Any) -> None:
    random_ = random.Random(1)
    texts = [*TEXTS, *(" ".join(random_.choices(TEXTS, k=3)) for _ in range(200))]
    counted = run("input.map((text) => [columns(text), characters(text)])", texts)
    expected = [[columns(text), characters(text)] for text in texts]
    assert dict(zip(texts, counted, strict=True)) == dict(zip(texts, expected, strict=True))


@pytest.mark.parametrize("seed", range(12))
def test_the_same_findings_in_the_same_words(run: Any, seed: int) -> None:
    random_ = random.Random(seed)
    track = cues(random_, 60)
    language = random_.choice(("en", "de", "ja", "ar"))
    name = random_.choice(("netflix", "bbc", "ebu", "vertical-video"))
    profile: Profile = profile_for(name, language)
    usual = (Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001))
    rate = random_.choice((None, *usual, Fraction(8), Fraction(240)))
    duration_ms = track[-1].start_ms
    found = run(
        "check(input.cues, input.profile, input.media)",
        {
            "cues": plain(track),
            "profile": dataclasses.asdict(profile),
            "media": {
                "frame_rate": rate and [rate.numerator, rate.denominator],
                "duration_ms": duration_ms,
            },
        },
    )
    expected = checked(track, profile, frame_rate=rate, duration_ms=duration_ms)
    keys = ("rule", "id", "start_ms", "end_ms", "measured", "limit")
    ours = sorted(tuple(one[key] for key in keys) for one in found)
    theirs = sorted(
        (one.rule, one.cue, one.start_ms, one.end_ms, one.measured, one.limit)
        for one in expected
        if one.rule in SCREEN_RULES
    )
    assert [words(one) for one in ours] == [words(one) for one in theirs]
    # Where a value lies half-way between two decimals the languages round to different sides.
    for mine, other in zip(ours, theirs, strict=True):
        assert numbers(mine) == pytest.approx(numbers(other), abs=0.1001)
    assert len({rule for rule, *_ in ours}) > 5


def words(finding: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*finding[:4], re.sub(r"[\d.]+", "#", finding[4]), finding[5])


def numbers(finding: tuple[Any, ...]) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", finding[4])]


def document(track: Sequence[Cue], media: MediaInfo) -> Document:
    transcript = Transcript(language="en", spoken="en", engine="e", model="m", utterances=())
    return Document(media=media, track=Track(("en",)), transcript=transcript, cues=tuple(track))


def test_files_are_saved_as_the_package_writes_them(run: Any, tmp_path: Any) -> None:
    media = MediaInfo(path=tmp_path / "f.mkv", size_bytes=0, mtime_ns=0, duration_ms=1, audio=())
    random_ = random.Random(5)
    track = [cue for cue in cues(random_, 80) if cue.end_ms > cue.start_ms]
    track[3] = dataclasses.replace(
        track[3], speaker="A <b> & B", lines=("say\u202e it", "\x07ok\x1fa\ufeff  b")
    )
    track[5] = dataclasses.replace(track[5], lines=("\u202bopen", "shut\u2069 \u2067x\u2069"))
    for script, writer in (
        ("toSrt(input)", SrtWriter(SrtOptions())),
        ("toVtt(input)", VttWriter(VttOptions(notes=False))),
    ):
        assert run(script, plain(track)) == writer.write(document(track, media)).decode()


@pytest.mark.parametrize(
    ("typed", "ms"),
    [
        ("00:01:02.003", 62_003),
        ("1:02:03,5", 3_723_500),
        ("2:03", 123_000),
        (" 7.25 ", 7250),
        ("90", 90_000),
        ("100:00:00.000", 360_000_000),
        ("1:60", None),
        ("1:60:00", None),
        ("", None),
        ("-1", None),
        ("1.2345", None),
        ("soon", None),
        ("1:2:3:4", None),
    ],
)
def test_times_as_people_type_them(run: Any, typed: str, ms: int | None) -> None:
    assert run("parseClock(input)", typed) == ms


@pytest.mark.parametrize("ms", [0, 999, 59_999, 3_599_999, 3_600_000, 359_999_999])
def test_a_shown_time_reads_back_as_itself(run: Any, ms: int) -> None:
    assert run("parseClock(clock(input))", ms) == ms
