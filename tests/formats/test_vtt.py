"""WebVTT, read back with webvtt-py, FFmpeg, and the specification's own rules."""

from __future__ import annotations

import html
import io
import re

import av
import webvtt
from hypothesis import given

from canary_subs.formats.vtt import VttOptions, VttWriter
from canary_subs.model import Document
from tests.formats.documents import USUAL, cue, document, documents, expected, seen, thorough


def write(doc: Document, *, notes: bool = True, karaoke: bool = False) -> str:
    return VttWriter(VttOptions(notes=notes, karaoke=karaoke)).write(doc).decode()


def test_the_file() -> None:
    assert write(USUAL) == (
        "WEBVTT\n"
        "\n"
        "NOTE\n"
        "Language: de\n"
        "Source language: en\n"
        "Engine: canary\n"
        "Model: demo\n"
        "\n"
        "00:00:01.000 --> 00:00:02.500\n"
        "Guten Tag.\n"
        "\n"
        "00:00:03.000 --> 00:00:04.230\n"
        "Bis dann\n"
        "mal.\n"
    )


def test_words_light_up_where_their_times_were_measured() -> None:
    text = write(USUAL, notes=False, karaoke=True)
    assert "Guten <00:00:01.500>Tag.\n" in text
    # The second cue's times are estimates of a translation.
    assert "Bis dann\nmal.\n" in text


def test_nothing_to_show() -> None:
    assert write(document(), notes=False) == "WEBVTT\n"


def test_special_characters_are_escaped() -> None:
    text = write(document(cue(0, 900, "<b>&amp; -->")), notes=False)
    assert text.endswith("\n&lt;b&gt;&amp;amp; --&gt;\n")


def test_speakers_are_voices() -> None:
    text = write(document(cue(0, 900, "Hello.", speaker="A <b> & C")), notes=False)
    assert text.endswith("\n<v A &lt;b&gt; &amp; C>Hello.\n")


_TIME = r"\d{2,}:[0-5]\d:[0-5]\d\.\d{3}"
_TIMES = re.compile(f"({_TIME}) --> ({_TIME})")
_PAYLOAD = re.compile(rf"(?:[^&<>\n]|&amp;|&lt;|&gt;|<v (?:[^&<>\n]|&amp;|&lt;|&gt;)+>|<{_TIME}>)+")


@thorough
@given(documents())
def test_the_syntax_is_w3c_s(doc: Document) -> None:
    """Blocks as in https://www.w3.org/TR/webvtt1/#syntax, as far as this writer uses them."""
    text = write(doc)
    assert "\x00" not in text and "\r" not in text
    first, note, *cues = re.split(r"\n\n", text.removesuffix("\n"))
    assert first == "WEBVTT"
    assert note.startswith("NOTE\n") and "-->" not in note
    for block in cues:
        times, *payload = block.split("\n")
        match = _TIMES.fullmatch(times)
        assert match and match[1] < match[2]
        assert payload
        for line in payload:
            assert "-->" not in line and _PAYLOAD.fullmatch(line)


@thorough
@given(documents())
def test_webvtt_py_reads_what_was_written(doc: Document) -> None:
    text = write(doc)
    read = [
        (
            caption.start_in_seconds * 1000 + int(caption.start[-3:]),
            caption.end_in_seconds * 1000 + int(caption.end[-3:]),
            seen(html.unescape(re.sub("<v [^>]*>", "", caption.raw_text))),
        )
        for caption in webvtt.from_string(text).captions
    ]
    assert read == expected(doc)


@thorough
@given(documents())
def test_ffmpeg_reads_what_was_written(doc: Document) -> None:
    with av.open(io.BytesIO(write(doc).encode()), format="webvtt") as opened:
        read = [
            (packet.pts, packet.pts + packet.duration, seen(_text(s.ass)))
            for packet in opened.demux()
            if packet.size
            for s in packet.decode()
        ]
    assert read == expected(doc)


def _text(line: bytes) -> str:
    """FFmpeg's ASS for a WebVTT cue as text: it escapes an opening brace as ``\\{{}``."""
    return line.decode().split(",", 8)[8].replace("\\N", "\n").replace("\\{{}", "{")
