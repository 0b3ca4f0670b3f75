"""Frames, timecode and text as other programs read them."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import canary_subs_nle
import opentimelineio.opentime as opentime
import pytest
import ttconv.imsc.reader
import ttconv.model
from canary_subs_nle.timeline import RATES, TimelineOptions, place, timeline

from canary_subs.errors import ConfigError, UsageError
from canary_subs.model import Cue, Document
from canary_subs.testing import (
    HOSTILE_TEXTS,
    check_plugin,
    check_text_writer,
    document,
    make,
    media_info,
    transcript,
)

OFFERS = {provider.name: provider for provider in check_plugin(canary_subs_nle)["format"]}
NTSC = Fraction(30000, 1001)


def write(name: str, what: Document, **options: Any) -> str:
    data: bytes = make(OFFERS[name], options).write(what)
    return data.decode()


def video(*cues: Cue, rate: Fraction | None = Fraction(25)) -> Document:
    return replace(document(transcript("x"), media_info(frame_rate=rate)), cues=cues)


def cue(start_ms: int, end_ms: int, *lines: str) -> Cue:
    return Cue(start_ms=start_ms, end_ms=end_ms, lines=lines or ("text",))


def many(rate: Fraction) -> Document:
    """A video of three hours with cues at odd times."""
    dice = random.Random(7)
    cues, now_ms = [], 0
    while now_ms < 3 * 3_600_000:
        start_ms = now_ms + dice.randrange(1, 90_000)
        now_ms = start_ms + dice.randrange(1, 7000)
        cues.append(cue(start_ms, now_ms, f"line {len(cues)}"))
    return video(*cues, rate=rate)


@pytest.mark.parametrize("name", OFFERS)
def test_they_keep_the_rules_for_writers(name: str) -> None:
    check_text_writer(OFFERS[name])


# Timecode.


@pytest.mark.parametrize("rate", RATES)
def test_timecode_is_counted_as_opentimelineio_counts_it(rate: Fraction) -> None:
    line = timeline(video(rate=rate), TimelineOptions(start="00:00:00:00"))
    nominal = float(rate)
    dice = random.Random(3)
    day = round(rate) * 3600 * 23
    edges = [minute * round(rate) * 60 + near for minute in range(25) for near in range(-60, 61)]
    numbers = [*dice.sample(range(day), 2000), *(edge for edge in edges if edge >= 0)]
    for number in numbers:
        time = opentime.RationalTime(number, nominal)
        expected = opentime.to_timecode(time, nominal, bool(line.dropped))
        assert line.timecode(number) == expected, number


def test_only_ntsc_multiples_of_thirty_drop() -> None:
    dropping = {rate for rate in RATES if timeline(video(rate=rate), TimelineOptions()).dropped}
    assert dropping == {NTSC, 2 * NTSC}


@pytest.mark.parametrize(
    ("start", "rate", "first"),
    [
        ("01:00:00:00", Fraction(25), "01:00:00:00"),
        ("10:00:00:24", Fraction(25), "10:00:00:24"),
        ("01:00:00;00", NTSC, "01:00:00;00"),
        ("01:01:00:00", NTSC, "01:01:00;02"),  # frames 0 and 1 of that minute do not exist
        ("01:10:00:00", NTSC, "01:10:00;00"),
    ],
)
def test_the_video_starts_where_the_option_says(start: str, rate: Fraction, first: str) -> None:
    text = write("avid-ds", video(cue(0, 1000), rate=rate), start=start)
    assert text.splitlines()[2].startswith(first)


@pytest.mark.parametrize(
    "options",
    [
        {"start": "1:00:00:00"},
        {"start": "25:00:00:00"},
        {"start": ""},
        {"frame_rate": "fast"},
        {"frame_rate": "26"},
        {"frame_rate": "1/0"},
        {"frame_rate": ""},
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        write("avid-ds", video(), **options)


def test_what_no_timeline_can_hold_is_refused_in_one_line() -> None:
    for rate in (None, Fraction(15), Fraction(2983, 100)):
        with pytest.raises(UsageError, match="set frame_rate"):
            write("itt", video(cue(0, 1000), rate=rate))
    assert write("itt", video(cue(0, 1000), rate=None), frame_rate="25")
    with pytest.raises(UsageError, match="24 hours"):
        write("avid-ds", video(cue(0, 7_200_000)), start="23:00:00:00")
    with pytest.raises(UsageError, match="names a frame"):
        write("avid-ds", video(cue(0, 1000)), start="01:00:00:25")


def test_a_measured_rate_is_taken_for_the_one_it_is() -> None:
    for measured, meant in ((Fraction(2397, 100), RATES[0]), (Fraction(23999, 1000), RATES[1])):
        assert timeline(video(rate=measured), TimelineOptions()).rate == meant


@pytest.mark.parametrize("rate", RATES)
def test_cues_lie_on_frames_of_their_own(rate: Fraction) -> None:
    tight = video(*(cue(n * 7, n * 7 + 7) for n in range(50)), cue(9000, 9001), rate=rate)
    placed = list(place(tight, timeline(tight, TimelineOptions())))
    assert len(placed) == 51
    end = 0
    for one in placed:
        assert end <= one.start_frames < one.end_frames
        end = one.end_frames


# iTT.


def read_by_ttconv(text: str) -> list[tuple[Fraction, Fraction, str]]:
    """(start s, end s, text) of every paragraph."""
    model = ttconv.imsc.reader.to_model(ET.ElementTree(ET.fromstring(text)))
    found = []
    for element in model.get_body().dfs_iterator():
        if isinstance(element, ttconv.model.P):
            shown = "".join(
                "\n" if isinstance(part, ttconv.model.Br) else part.get_text()
                for part in element.dfs_iterator()
                if isinstance(part, ttconv.model.Br | ttconv.model.Text)
            )
            found.append((element.get_begin(), element.get_end(), shown))
    return found


@pytest.mark.parametrize("rate", RATES)
def test_ttconv_reads_the_same_cues_from_itt(rate: Fraction) -> None:
    full = many(rate)
    read = read_by_ttconv(write("itt", full))
    assert [text for _, _, text in read] == [one.text for one in full.cues]
    half_a_frame = Fraction(1, 2) / rate + Fraction(1, 10**6)
    for (start, end, _), one in zip(read, full.cues, strict=True):
        assert abs(start - Fraction(one.start_ms, 1000)) <= half_a_frame
        assert abs(end - Fraction(one.end_ms, 1000)) <= max(half_a_frame, 1 / rate)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_text_stays_text_in_itt(text: str) -> None:
    read = read_by_ttconv(write("itt", video(cue(0, 1000, text, "second"), cue(2000, 3000))))
    (_, _, shown), (_, _, after) = read
    assert after == "text"
    assert shown.endswith("second")
    visible = re.sub(r"[\s\ufeff\x85]", "", text)
    assert re.sub(r"\s", "", shown.removesuffix("second")) == visible


def test_an_itt_that_starts_later_counts_every_frame() -> None:
    text = write("itt", video(cue(0, 1001), rate=NTSC), start="01:00:00:00")
    assert 'begin="01:00:00:00" end="01:00:01:00"' in text


def test_itt_names_its_language() -> None:
    root = ET.fromstring(write("itt", document(transcript("Oi.", language="pt-BR"))))
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "pt-BR"


# Avid and Resolve.


def test_avid_ds() -> None:
    assert write("avid-ds", video(cue(0, 1000, "one", "", "two"), cue(1000, 2040, "three"))) == (
        "<begin subtitles>\n\n"
        "01:00:00:00 01:00:01:00\none\ntwo\n\n"
        "01:00:01:00 01:00:02:01\nthree\n\n"
        "<end subtitles>\n"
    )


@pytest.mark.parametrize(
    "text", [*HOSTILE_TEXTS, "<end subtitles>", "@ note", "01:00:00:00 01:00:01:00"]
)
def test_nothing_in_a_caption_is_an_instruction(text: str) -> None:
    lines = write("avid-ds", video(cue(0, 1000, text), cue(2000, 3000, "after"))).splitlines()
    assert [n for n, line in enumerate(lines) if line.startswith(("<begin", "<end"))] == [
        0,
        len(lines) - 1,
    ]
    assert sum(bool(re.match(r"\d\d:\d\d:\d\d[:;]\d\d ", line)) for line in lines) == 2
    assert not any(line.startswith("@") for line in lines)
    assert lines.count("") == 3


def test_avid_markers() -> None:
    text = write("avid-markers", video(cue(0, 1000, "a\tb", "c"), cue(61_000, 62_000), rate=NTSC))
    assert text == (
        "canary-subs\t01:00:00;00\tV1\tblue\ta b c\t1\n"
        "canary-subs\t01:01:01;00\tV1\tblue\ttext\t1\n"
    )


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_marker_is_a_row_of_six(text: str) -> None:
    rows = write("avid-markers", video(cue(0, 1000, text), cue(2000, 3000))).split("\n")
    assert [len(row.split("\t")) for row in rows] == [6, 6, 1]


def test_resolve_markers() -> None:
    assert write("resolve-markers", video(cue(0, 1000, "a | b"), cue(2000, 2040))) == (
        "TITLE: Example\nFCM: NON-DROP FRAME\n\n"
        "001  001      V     C        01:00:00:00 01:00:00:01 01:00:00:00 01:00:00:01\n"
        " a ¦ b |C:ResolveColorBlue |M:en 1 |D:25\n\n"
        "002  001      V     C        01:00:02:00 01:00:02:01 01:00:02:00 01:00:02:01\n"
        " text |C:ResolveColorBlue |M:en 2 |D:1\n\n"
    )
    assert "FCM: DROP FRAME" in write("resolve-markers", video(cue(0, 1000), rate=NTSC))


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_note_has_three_fields(text: str) -> None:
    odd = video(cue(0, 1000, text))
    odd = replace(odd, media=replace(odd.media, path=Path("/f/a\nTITLE: b.mov")))
    lines = write("resolve-markers", odd).splitlines()
    assert len(lines) == 6
    assert lines[4].count("|") == 3
    assert re.search(r" \|C:ResolveColorBlue \|M:en 1 \|D:25$", lines[4])
