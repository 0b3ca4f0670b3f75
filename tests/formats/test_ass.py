"""ASS, read back with pysubs2 and FFmpeg."""

from __future__ import annotations

import io

import av
import pysubs2
import pytest
from hypothesis import given

from canary_subs.errors import UsageError
from canary_subs.formats.ass import AssOptions, AssWriter
from canary_subs.model import Cue, Document
from tests.formats.documents import (
    HELLO,
    USUAL,
    cue,
    document,
    documents,
    expected,
    seen,
    thorough,
    utterance,
)


def write(doc: Document, options: AssOptions | None = None) -> str:
    return AssWriter(options or AssOptions()).write(doc).decode()


def events(text: str) -> list[str]:
    return [line for line in text.split("\r\n") if line.startswith("Dialogue:")]


def test_the_events() -> None:
    assert events(write(USUAL)) == [
        "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,Guten Tag.",
        r"Dialogue: 0,0:00:03.00,0:00:04.23,Default,,0,0,0,,Bis dann\Nmal.",
    ]


def test_the_script_knows_its_pixels() -> None:
    read = pysubs2.SSAFile.from_string(
        write(USUAL, AssOptions(width=1080, height=1920, font="Inter", font_size=80))
    )
    assert (read.info["PlayResX"], read.info["PlayResY"]) == ("1080", "1920")
    assert (read.styles["Default"].fontname, read.styles["Default"].fontsize) == ("Inter", 80)
    assert read.info["Title"] == "video"


def test_karaoke_fills_words_from_their_start() -> None:
    words = Cue(start_ms=900, end_ms=2500, lines=("Guten", "Tag."), words=HELLO)
    doc = document(words, utterances=(utterance(*HELLO),))
    (event,) = events(write(doc, AssOptions(karaoke=True)))
    # 0.1 s before the first word, 0.5 s until the second, 1 s until the end.
    assert event.endswith(r",,{\k10}{\k50}Guten\N{\k100}Tag.")


def test_estimated_times_are_no_karaoke() -> None:
    first, second = events(write(USUAL, AssOptions(karaoke=True)))
    assert "{\\k" in first
    assert "{\\k" not in second


def test_times_that_the_format_cannot_hold_are_refused() -> None:
    last_ms = 35_999_990
    write(document(cue(last_ms - 1000, last_ms, "The end.")))
    with pytest.raises(UsageError, match=r"video\.mkv.*9:59:59\.99"):
        write(document(cue(last_ms - 1000, last_ms + 1, "The end.")))


def test_odd_names_stay_in_their_fields() -> None:
    doc = document(
        cue(0, 900, "Hm.", speaker="A, b\nStyle: c"), name="x\n[Events]\nDialogue: 1,.mkv"
    )
    read = pysubs2.SSAFile.from_string(write(doc, AssOptions(font="A,B\nStyle: x")))
    assert len(read) == 1 and read[0].text == "Hm."
    assert list(read.styles) == ["Default"]


def centiseconds(rows: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    return [((a + 5) // 10, (b + 5) // 10, text) for a, b, text in rows]


@thorough
@given(documents())
def test_pysubs2_reads_what_was_written(doc: Document) -> None:
    read = pysubs2.SSAFile.from_string(write(doc), "ass")
    rows = [(e.start // 10, e.end // 10, seen(e.plaintext)) for e in read]
    assert rows == centiseconds(expected(doc))
    assert all("{" not in e.text for e in read)


@thorough
@given(documents())
def test_ffmpeg_reads_what_was_written(doc: Document) -> None:
    with av.open(io.BytesIO(write(doc).encode()), format="ass") as opened:
        read = [
            (packet.pts, packet.pts + packet.duration, _text(s.ass))
            for packet in opened.demux()
            if packet.size
            for s in packet.decode()
        ]
    assert sorted(read) == sorted(centiseconds(expected(doc)))


def _text(line: bytes) -> str:
    return seen(line.decode().split(",", 8)[8].replace("\\N", "\n"))
