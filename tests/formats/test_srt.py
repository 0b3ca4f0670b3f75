"""SubRip, read back with srt, pysubs2 and FFmpeg."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import av
import pysubs2
import srt
from hypothesis import assume, given

from canary_subs.formats.srt import SrtOptions, SrtWriter
from canary_subs.model import Document
from tests.formats.documents import USUAL, cue, document, documents, expected, seen, thorough


def write(doc: Document) -> str:
    return SrtWriter(SrtOptions()).write(doc).decode()


def test_the_file() -> None:
    assert write(USUAL) == (
        "1\r\n00:00:01,000 --> 00:00:02,500\r\nGuten Tag.\r\n\r\n"
        "2\r\n00:00:03,000 --> 00:00:04,230\r\nBis dann\r\nmal.\r\n\r\n"
    )


def test_line_endings_of_choice() -> None:
    data = SrtWriter(SrtOptions(line_ending="lf")).write(USUAL)
    assert b"\r" not in data and data.startswith(b"1\n00:00:01,000")


def test_nothing_to_show() -> None:
    assert write(document()) == ""
    assert write(document(cue(0, 900), cue(1000, 1900, "", " \x00"))) == ""


def test_empty_lines_do_not_end_a_cue() -> None:
    assert "One\r\nTwo\r\n\r\n" in write(document(cue(0, 900, "One", "", "Two")))


def test_long_videos() -> None:
    hours = 101 * 3_600_000
    text = write(document(cue(hours + 1, hours + 1000, "Late.")))
    (late,) = srt.parse(text)
    assert late.start == timedelta(hours=101, milliseconds=1)


def test_tags_are_text_for_ffmpeg() -> None:
    text = write(document(cue(0, 900, "<i>a</i> {\\an8}b C:\\New <1> <b")))
    with av.open(io.BytesIO(text.encode()), format="srt") as opened:
        (shown,) = [s for packet in opened.demux() if packet.size for s in packet.decode()]
    field = shown.ass.decode().split(",", 8)[8]
    assert "{" not in field and "\\N" not in field
    assert seen(field) == "<i>a</i> {\\an8}b C:\\New <1> <b"


@thorough
@given(documents())
def test_srt_reads_what_was_written(doc: Document) -> None:
    text = write(doc)
    read = [
        (c.start // timedelta(milliseconds=1), c.end // timedelta(milliseconds=1), seen(c.content))
        for c in srt.parse(text)
    ]
    assert read == expected(doc)
    assert [c.index for c in srt.parse(text)] == list(range(1, len(read) + 1))


@thorough
@given(documents())
def test_pysubs2_reads_what_was_written(doc: Document) -> None:
    text = write(doc)
    # pysubs2 takes a number in the file's last line for that of a cue to come, and drops it.
    assume(text and not re.search(r"\n *\d+ *\s*\Z", text))
    read = [(e.start, e.end, seen(e.plaintext)) for e in pysubs2.SSAFile.from_string(text, "srt")]
    assert read == expected(doc)


@thorough
@given(documents())
def test_ffmpeg_reads_what_was_written(doc: Document) -> None:
    text = write(doc)
    if not text:
        return
    with av.open(io.BytesIO(text.encode()), format="srt") as opened:
        packets = [packet for packet in opened.demux() if packet.size]
        read = [
            (packet.pts, packet.pts + packet.duration, seen(_ass_text(s.ass)))
            for packet in packets
            for s in packet.decode()
        ]
    assert read == expected(doc)


def _ass_text(line: bytes) -> str:
    return line.decode().split(",", 8)[8].replace("\\N", "\n")
