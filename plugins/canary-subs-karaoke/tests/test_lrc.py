"""LRC as other programs read it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import av
import canary_subs_karaoke
import pytest
from canary_subs_karaoke import LrcOptions, LrcWriter

from canary_subs.model import Cue, Document, Timing
from canary_subs.testing import (
    HOSTILE_TEXTS,
    check_plugin,
    check_text_writer,
    document,
    media_info,
    transcript,
)


def write(what: Document, **options: bool) -> str:
    return LrcWriter(LrcOptions(**options)).write(what).decode()


def song(*cues: Cue) -> Document:
    return replace(document(transcript("x")), cues=cues)


def cue(start_ms: int, end_ms: int, *lines: str) -> Cue:
    return Cue(start_ms=start_ms, end_ms=end_ms, lines=lines)


def read_by_ffmpeg(text: str) -> list[tuple[int, str]]:
    """(start in ms, text) of every line, as FFmpeg's own LRC reader sees them."""
    with av.open(io.BytesIO(text.encode()), format="lrc") as container:
        stream = container.streams[0]
        return [
            (round(packet.pts * stream.time_base * 1000), bytes(packet).decode().rstrip("\n"))
            for packet in container.demux(stream)
            if packet.pts is not None
        ]


def test_it_keeps_the_rules_of_the_house() -> None:
    (provider,) = check_plugin(canary_subs_karaoke)["format"]
    for words in (False, True):
        check_text_writer(provider, {"words": words})


def test_lines() -> None:
    lines = song(cue(0, 1500, "one", "two"), cue(1500, 2000, "three"), cue(61_239, 62_000, "four"))
    assert write(lines) == (
        "[ti:Example]\n[la:en]\n[length:01:00]\n[re:canary-subs]\n"
        "[00:00.00]one two\n[00:01.50]three\n[00:02.00]\n[01:01.23]four\n[01:02.00]\n"
    )
    assert "[00:02.00]" not in write(lines, clear=False)


def test_ffmpeg_reads_the_same_lines_and_times() -> None:
    lines = song(
        cue(10, 900, "Where the river bends"),
        cue(1000, 5990, "über Straßen, 日本語"),
        cue(5_999_990, 6_000_000, "an hour and forty minutes"),
    )
    shown = [(start, text) for start, text in read_by_ffmpeg(write(lines)) if text.strip()]
    assert shown == [(one.start_ms, one.text) for one in lines.cues]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_no_text_becomes_a_time_a_tag_or_a_line(text: str) -> None:
    lines = song(cue(1000, 2000, text), cue(2000, 3000, "after"))
    read = [(start, shown) for start, shown in read_by_ffmpeg(write(lines)) if shown]
    assert [start for start, _ in read] == [1000, 2000]
    assert read[-1] == (2000, "after")


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_no_word_becomes_a_time(text: str) -> None:
    said = transcript("Hello.", start_ms=1000)
    (spoken,) = said.utterances
    word = replace(spoken.words[0], text=text)
    said = replace(said, utterances=(replace(spoken, words=(word,), text=text),))
    line = write(document(said), words=True).splitlines()[4]
    assert re.findall(r"<[\d:.]+>", line) == ["<00:01.00>", "<00:01.28>"]


def test_words_light_up_when_they_are_said() -> None:
    said = transcript("Red boats sail.", start_ms=2000)
    assert write(document(said), words=True).splitlines()[4:] == [
        "[00:02.00]<00:02.00>Red <00:02.30>boats <00:02.60>sail.<00:02.88>",
        "[00:02.88]",
    ]


def test_words_whose_times_are_guessed_have_none() -> None:
    said = transcript("Rote Boote segeln.", language="de")
    guessed = replace(
        said, utterances=tuple(replace(one, timing=Timing.SOURCE) for one in said.utterances)
    )
    assert "<" not in write(document(guessed), words=True)


def test_times_of_words_rise_within_the_file() -> None:
    said = transcript(*(f"line {number} of a song." for number in range(200)))
    text = write(document(said), words=True)
    times = [
        (int(m) * 60 + int(s)) * 100 + int(c)
        for m, s, c in re.findall(r"[\[<](\d+):(\d\d)\.(\d\d)[\]>]", text)
    ]
    assert len(times) > 1000
    assert times == sorted(times)


def test_a_title_cannot_end_its_tag_early() -> None:
    odd = replace(song(), media=media_info(Path("/m/a]b [x:y].mkv")))
    assert write(odd).splitlines()[0].count("]") == 1
