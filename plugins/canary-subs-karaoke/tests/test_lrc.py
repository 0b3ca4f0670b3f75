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
from hypothesis import given
from hypothesis import strategies as st

from canary_subs.errors import NotSubtitles
from canary_subs.formats.reading import parse, suffixes
from canary_subs.model import Cue, Document, Subtitles, Timing
from canary_subs.testing import (
    HOSTILE_TEXTS,
    check_plugin,
    check_reader,
    check_text_writer,
    document,
    media_info,
    plugins,
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


def test_it_keeps_the_rules() -> None:
    offers = check_plugin(canary_subs_karaoke)
    (writer,), (reader,) = offers["format"], offers["reader"]
    for words in (False, True):
        check_text_writer(writer, {"words": words})
    song = b"[ti:A song]\n[00:01.00]<00:01.00>Red <00:01.50>boats<00:02.00>\n[00:02.00]\n"
    check_reader(reader, song, b"[00:01]Red\r\n[00:02][00:05]boats\r\n")


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


# Reading.


def read(text: str, name: str = "song.lrc") -> Subtitles:
    return parse(text.encode(), plugins(canary_subs_karaoke), name=name)


def rows(found: Subtitles) -> list[tuple[int, int, str]]:
    return [(one.start_ms, one.end_ms, one.text) for one in found.cues]


def test_a_line_ends_when_the_next_one_begins() -> None:
    found = read(
        "[ti:A song]\r\n[la:fr]\r\n[length:01:04]\r\n\r\n"
        "[00:12.00]Au clair de la lune\r\n[00:14.5]mon ami\r\n[00:15.250]\r\n[01:02]Pierrot\r\n"
    )
    assert rows(found) == [
        (12_000, 14_500, "Au clair de la lune"),
        (14_500, 15_250, "mon ami"),
        (62_000, 64_000, "Pierrot"),
    ]
    assert found.language == "fr"
    assert found.damage == ()


def test_a_line_that_is_sung_again_has_several_times() -> None:
    found = read("[00:01.00][00:05.00]Again\n[00:03.00]In between\n[00:07.00]\n")
    assert rows(found) == [
        (1000, 3000, "Again"),
        (3000, 5000, "In between"),
        (5000, 7000, "Again"),
    ]


def test_a_positive_offset_brings_lines_sooner() -> None:
    assert rows(read("[offset:+500]\n[00:00.20]a\n[00:02.00]b\n[00:03.00]\n")) == [
        (0, 1500, "a"),
        (1500, 2500, "b"),
    ]
    assert rows(read("[offset:-500]\n[00:00.00]a\n[00:02.00]\n")) == [(500, 2500, "a")]


def test_what_has_no_time_is_reported() -> None:
    found = read("by hand\n[00:01.00]sung\n[00:0x.00]lost\n")
    assert rows(found) == [(1000, 6000, "sung")]
    assert [str(one) for one in found.damage] == [
        "line 1: no time before 'by hand'",
        "line 3: no time before '[00:0x.00]lost'",
    ]


def test_words_keep_their_times() -> None:
    said = transcript("Red boats sail.", "They are small.", start_ms=2000)
    found = read(write(document(said), words=True))
    assert [(w.text, w.start_ms, w.end_ms) for cue in found.cues for w in cue.words] == [
        ("Red", 2000, 2300),
        ("boats", 2300, 2600),
        ("sail.", 2600, 2880),
        ("They", 3500, 3800),
        ("are", 3800, 4100),
        ("small.", 4100, 4380),
    ]
    assert [cue.text for cue in found.cues] == ["Red boats sail.", "They are small."]


@pytest.mark.parametrize(
    "line",
    [
        "[00:01.00]<00:01.00>Red <00:00.50>boats",  # falling
        "[00:01.00]<00:00.50>Red <00:01.50>boats",  # before the line
        "[00:01.00]<00:01.20>Red boats <00:01.50>sail",  # two words with one time
        "[00:01.00]Red <00:01.50>boats",
        "[00:01.00][00:04.00]<00:01.00>Red <00:01.50>boats",
    ],
)
def test_words_without_times_of_their_own_are_left_out(line: str) -> None:
    found = read(f"{line}\n[00:02.00]\n")
    assert found.cues and not any(cue.words for cue in found.cues)
    assert found.cues[0].text.startswith("Red boats")


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
@pytest.mark.parametrize("words", [False, True])
def test_what_was_written_is_read(text: str, words: bool) -> None:
    written = write(song(cue(1000, 2000, text), cue(2000, 3000, "after")), words=words)
    first, last = read(written).cues
    unseen = dict.fromkeys(map(ord, "\u2060\ufeff\x85"))
    assert first.text.split() == text.translate(unseen).split()
    assert (first.start_ms, first.end_ms, last.text) == (1000, 2000, "after")


@given(st.text("[]<>:.0123456789ab \n\r\t", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read(text)
    except NotSubtitles as error:
        assert "\n" not in str(error)
        return
    for one in found.cues:
        assert 0 <= one.start_ms < one.end_ms and one.text.strip()
        assert all(one.start_ms <= w.start_ms <= w.end_ms <= one.end_ms for w in one.words)


def test_it_is_asked_about_files_of_any_name() -> None:
    assert suffixes(plugins(canary_subs_karaoke)) == {".lrc"}
    assert rows(read("[00:01.00]sung\n", "lyrics.txt")) == [(1000, 6000, "sung")]
    with pytest.raises(NotSubtitles, match="not in a known format"):
        read("[Chorus]\nsung\n")
