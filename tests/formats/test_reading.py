"""Subtitle files from anywhere, and files that are something else."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import time
from fractions import Fraction
from pathlib import Path

import pysubs2
import pytest
import srt
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_subs import formats
from canary_subs.errors import NotSubtitles
from canary_subs.formats.reading import MAX_BYTES, parse, read
from canary_subs.model import Cue
from canary_subs.testing import plugins

#: The built-in readers alone.
BUILT_IN = plugins(formats)

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i> there,
{\\an8}Anna.

2
00:00:03,000 --> 00:00:04,000 X1:10 X2:20
a < b & <script>alert(1)</script>
"""


def rows(cues: tuple[Cue, ...]) -> list[tuple[int, int, str]]:
    return [(cue.start_ms, cue.end_ms, cue.text) for cue in cues]


def of(text: str | bytes, **options: object) -> list[tuple[int, int, str]]:
    data = text.encode() if isinstance(text, str) else text
    return rows(parse(data, BUILT_IN, name="video.x", **options).cues)  # type: ignore[arg-type]


def refusal(data: str | bytes, **options: object) -> str:
    with pytest.raises(NotSubtitles) as caught:
        of(data, **options)
    message = str(caught.value)
    assert message.startswith("video.x: ")
    assert "\n" not in message
    return message


def test_subrip_keeps_text_and_drops_styling() -> None:
    assert of(SRT) == [
        (1000, 2500, "Hello there,\nAnna."),
        (3000, 4000, "a < b & <script>alert(1)</script>"),
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_in_every_form(ending: str, encoding: str) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nÇa va ? Да. はい\n".replace("\n", ending)
    assert of(text.encode(encoding)) == [(1000, 2000, "Ça va ? Да. はい")]


LEGACY = [
    ("fr", "cp1252", "Où étais-tu ? Je t'avais dit que ça va, hélas."),
    ("pt", "cp1252", "Não sei o que fazer, irmão. Você não podia."),
    ("de", "cp1252", "Über den Fluss, schöne Grüße. Wo wärst du?"),
    ("cs", "cp1250", "Říkal jsem ti, že přijdeš pozdě. Můžeme jít domů?"),
    ("pl", "cp1250", "Mówiłem ci, że się spóźnisz. Możemy iść do domu?"),
    ("hu", "cp1250", "Hazamehetünk? Már túl késő van, őszintén."),
    ("ru", "cp1251", "Где ты был? Я говорил тебе, что опоздаешь."),
    ("ru", "koi8-r", "Где ты был? Я говорил тебе, что опоздаешь."),
    ("bg", "cp1251", "Къде беше? Казах ти, че ще закъснееш."),
    ("el", "cp1253", "Πού ήσουν; Σου είπα ότι θα αργήσεις."),
    ("lt", "cp1257", "Sakiau, kad pavėluosi. Nežinau, ką daryti."),
]


@pytest.mark.parametrize(("language", "encoding", "line"), LEGACY)
def test_legacy_code_pages_are_recognised(language: str, encoding: str, line: str) -> None:
    text = f"1\n00:00:01,000 --> 00:00:02,000\n{line}\n"
    assert of(text.encode(encoding)) == [(1000, 2000, line)]


@pytest.mark.parametrize(
    ("language", "encoding", "line"),
    [
        *(row for row in LEGACY if row[1] != "koi8-r"),
        ("tr-TR", "cp1254", "Sana geç kalacağını söylemiştim, şimdi değil."),
        ("et", "cp1257", "Õhtul läheme šokolaadi ja žurnaali tooma."),
        ("ja", "cp932", "どこにいたの？"),
        ("zh", "gb18030", "你去哪儿了？"),
        ("ko", "cp949", "어디 있었어?"),
    ],
)
def test_a_known_language_decides_the_code_page(language: str, encoding: str, line: str) -> None:
    text = f"1\n00:00:01,000 --> 00:00:02,000\n{line}\n"
    assert of(text.encode(encoding), language=language) == [(1000, 2000, line)]


def test_damaged_subrip_costs_only_the_damaged_cue() -> None:
    text = (
        "\n\n00:00:01.5 --> 00:00:02,000\nno number\n2\n"  # no empty line either
        "00:00:03,000 --> 00:00:0x,000\nlost\n\n"
        "3\n00:00:05,000-->00:00:06,000\nfirst\n\nafter an empty line\n\n"
        "4\n--> 00:00:08,000\nlost too\n\n"
        "01:00 --> 01:02\nno hours, no fraction\n7"
    )
    found = parse(text.encode(), BUILT_IN, name="video.srt")
    assert rows(found.cues) == [
        (1500, 2000, "no number"),
        (5000, 6000, "first\nafter an empty line"),
        (60_000, 62_000, "no hours, no fraction\n7"),
    ]
    lines = text.split("\n")
    assert [damage.line for damage in found.damage] == [
        lines.index("00:00:03,000 --> 00:00:0x,000") + 1,
        lines.index("--> 00:00:08,000") + 1,
    ]


def test_webvtt() -> None:
    text = (
        "WEBVTT - a title\nKind: captions\n\n"
        "NOTE\n00:00 --> 00:01 is not a cue\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.000 --> 00:02.000 align:start\n"
        "<v.loud Anna B.>a &lt; b &amp; <c.x>c</c><00:01.500> d</v>\n\n"
        "01:00:00.000 --> 01:00:01.000\n<v A>one\n<v B>two\n\nstray\n"
    )
    found = parse(text.encode(), BUILT_IN, name="x")
    assert rows(found.cues) == [
        (1000, 2000, "a < b & c d"),
        (3_600_000, 3_601_000, "one\ntwo"),
    ]
    assert [cue.speaker for cue in found.cues] == ["Anna B.", None]


def test_ass_is_read_by_its_own_columns_and_sorted() -> None:
    text = (
        "[Script Info]\nTitle: x\n\n[Events]\n"
        "Format: Start, End, Name, Text\n"
        "Dialogue: 0:00:05.00,0:00:06.00,,second, with commas\n"
        "Dialogue: 0:00:01.25,0:00:02.00,Anna,{\\i1}Hi{\\i0} {a note}\\Nyou\\hthere \\{x\\}\n"
        "Dialogue: 0:00:03.00,0:00:04.00,,{\\p1}m 0 0 l 1 1\n"
        "Comment: 0:00:03.00,0:00:04.00,,never shown\n"
        "Dialogue: 0:00:0z.00,0:00:04.00,,lost\n"
    )
    found = parse(text.encode(), BUILT_IN, name="x")
    assert rows(found.cues) == [
        (1250, 2000, "Hi\nyou there {x}"),
        (5000, 6000, "second, with commas"),
    ]
    assert found.cues[0].speaker == "Anna"
    assert [damage.line for damage in found.damage] == [10]


def test_microdvd_counts_frames() -> None:
    assert of("{1}{1}23.976\n{24}{48}{y:i}Hello|there\n") == [(1001, 2002, "Hello\nthere")]
    assert of("{25}{50}Hello\n", frame_rate=Fraction(25)) == [(1000, 2000, "Hello")]
    assert "line 1" in refusal("{25}{50}Hello\n")


def test_sbv() -> None:
    text = "0:00:01.000,0:00:02.000\nHello\nthere\n\n0:00:03.000,0:00:04.000\nYou\n"
    assert of(text) == [(1000, 2000, "Hello\nthere"), (3000, 4000, "You")]


TT = 'xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"'


def test_ttml_times_of_every_kind() -> None:
    text = f"""<?xml version="1.0" encoding="UTF-16"?>
<tt {TT} xml:lang="de" ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001" ttp:tickRate="10">
 <head><metadata>none</metadata></head>
 <body><div begin="10s">
  <p begin="00:00:01:12" end="00:00:02:00">frames<br/>and
    a <span>span</span></p>
  <p begin="20t" dur="500ms">ticks</p>
  <p begin="48f" end="1m">48 frames</p>
  <p begin="2h"><span begin="1s" end="2s">timed</span> <span begin="2s" end="3s">spans</span></p>
 </div></body></tt>"""
    found = parse(text.encode(), BUILT_IN, name="x")
    assert rows(found.cues) == [
        (11_501, 12_000, "frames\nand a span"),  # 12 frames at 23.976: 500.5 ms, half up
        (12_000, 12_500, "ticks"),
        (12_002, 70_000, "48 frames"),
        (7_211_000, 7_212_000, "timed"),
        (7_212_000, 7_213_000, "spans"),
    ]
    assert found.language == "de"


def test_ttml_that_swells_or_fetches_is_refused() -> None:
    bomb = f'<!DOCTYPE tt [<!ENTITY a "aaa">]><tt {TT}><body/></tt>'
    assert "document type" in refusal('<?xml version="1.0"?>' + bomb)
    deep = f"<tt {TT}><body>" + "<div>" * 5000 + "</div>" * 5000 + "</body></tt>"
    assert "deep" in refusal(deep)
    assert "line 2" in refusal(f"<tt {TT}>\n<body><p></body></tt>")
    assert "timed text" in refusal('<?xml version="1.0"?><html/>')


def test_own_json_gives_words_back_to_their_cues() -> None:
    words = [
        {"text": text, "start_ms": at, "end_ms": at + 400, "confidence": confidence}
        for text, at, confidence in [("Hello", 0, 0.9), ("there,", 500, None), ("Anna.", 2000, 0.1)]
    ]
    document = {
        "format": "canary-subs",
        "version": 1,
        "language": "en",
        "utterances": [{"words": words}],
        "cues": [
            {"start_ms": 0, "end_ms": 1500, "lines": ["Hello", "there,"], "speaker": None},
            {"start_ms": 2000, "end_ms": 3000, "lines": ["Anna."], "speaker": "Bo"},
        ],
    }
    found = parse(json.dumps(document, indent=1).encode(), BUILT_IN, name="x")
    assert rows(found.cues) == [(0, 1500, "Hello\nthere,"), (2000, 3000, "Anna.")]
    assert [[w.confidence for w in cue.words] for cue in found.cues] == [[0.9, None], [0.1]]
    assert found.language == "en"
    document["version"] = 2
    assert "version 2" in refusal(json.dumps(document))
    assert "line 1" in refusal('{"format": "canary-subs", ')
    assert "not canary-subs" in refusal('{"events": []}')
    document.update(version=1, cues=[{"start_ms": -5, "end_ms": 0, "lines": [], "speaker": None}])
    assert "outside" in refusal(json.dumps(document))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "not text"),
        (b"\x00\x00\x01\xba" + b"\x44" * 100, "VobSub"),
        (b"PG" + bytes(8) + b"\x16" + bytes(20), "PGS"),
        (b"Dear diary,\n\ntoday nothing happened.\n", "known format"),
        (b"1\n00:00:0x,000 --> 00:00:02,000\nlost\n", "line 2"),
        (b"\xff\xfe1\x00\n\x00\x00\xd8\x00\xd8", "line 2"),
    ],
)
def test_what_is_not_a_subtitle_file_is_refused_in_one_line(data: bytes, why: str) -> None:
    assert why in refusal(data)


def test_paths_that_are_not_files(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.srt"):
        with pytest.raises(NotSubtitles, match=str(path)):
            read(path, BUILT_IN)
    pipe = tmp_path / "pipe.srt"
    os.mkfifo(pipe)
    with pytest.raises(NotSubtitles, match="not a file"):
        read(pipe, BUILT_IN)
    odd = tmp_path / "a b\u202e-\n.srt"
    odd.write_text(SRT)
    assert len(read(odd, BUILT_IN).cues) == 2
    huge = tmp_path / "huge.srt"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(NotSubtitles, match="larger than"):
        read(huge, BUILT_IN)


@pytest.mark.parametrize(
    "text",
    [
        "1" * 2_000_000 + "-->",
        "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<v" + " " * 1_000_000,
        "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,0,0,0,," + "{" * 1_000_000,
        "\n" * 1_000_000 + "x",
        "1\n" + "1:" * 500_000 + "! --> 00:00:02,000\nx\n",
        "{1}{2}" + "{y:" * 300_000,
        "<sami><sync start=1>" + "<p " * 300_000,
        "<sami><sync start=1>" + "<!--" * 300_000,
        "<sami>" + ".a{" * 300_000,
        f"<tt {TT}><body><p end='1h'>"
        + "".join(f"<span begin='{i}ms'>x</span>" for i in range(20_000))
        + "</p></body></tt>",
        "1\n00:00:01,000 --> 00:00:02,000\n" + "<font " * 300_000,
        "\n".join(f"{i}\n00:00:01,000 --> 00:00:02,000\nx\n" for i in range(20_000)),
    ],
    ids="digits voice braces newlines clock styles tags comments classes spans fonts many".split(),
)
def test_hostile_files_cost_little_time(text: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(NotSubtitles):
        parse(text.encode(), BUILT_IN, name="x", frame_rate=Fraction(25))
    assert time.process_time() - begun < 10


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for head in (b"", b"WEBVTT\n\n", b"[Events]\n", b"<tt>", b"1\n00:00:01,000 --> 00:00:02,000\n"):
        try:
            found = parse(head + data, BUILT_IN, name="x")
        except NotSubtitles:
            continue
        assert all(line.strip() for cue in found.cues for line in cue.lines)


LINE = st.text("abc dé.,!?♪<>&'\"-", min_size=1, max_size=30).map(
    lambda t: re.sub(r"<(?=/?b)", "< ", f"x{t}x")  # bold would not be text
)
EVENTS = st.lists(
    st.tuples(st.integers(0, 10**7), st.integers(0, 10**5), st.lists(LINE, min_size=1, max_size=3)),
    min_size=1,
    max_size=20,
)


@given(EVENTS)
@settings(max_examples=100, deadline=None)
def test_what_the_srt_library_writes_is_read(events: list[tuple[int, int, list[str]]]) -> None:
    written = srt.compose(
        [
            srt.Subtitle(
                index=i,
                start=srt.timedelta(milliseconds=start),
                end=srt.timedelta(milliseconds=start + length),
                content="\n".join(lines).replace("-->", "->"),
            )
            for i, (start, length, lines) in enumerate(events, 1)
        ],
        reindex=False,
    )
    wanted = [
        (start, start + length, "\n".join(lines).replace("-->", "->"))
        for start, length, lines in events
    ]
    assert of(written) == wanted


@pytest.mark.parametrize("format_name", ["srt", "ass", "ssa", "vtt", "ttml", "microdvd"])
def test_what_pysubs2_writes_is_read(format_name: str) -> None:
    random_ = random.Random(5)
    script = pysubs2.SSAFile()
    at = 0
    for i in range(200):
        at += random_.randrange(1000, 5000, 40)
        lines = [f"Line {i}, é — {n}" for n in range(random_.randint(1, 3))]
        script.append(pysubs2.SSAEvent(start=at, end=at + 800, text="\\N".join(lines)))
    text = script.to_string(format_name, fps=25)
    wanted = [(e.start, e.end, e.plaintext) for e in script]
    assert of(text) == wanted


CUE = "1\n00:00:01,000 --> 00:00:02,000\n"


def test_an_arrow_in_a_text_is_text() -> None:
    for text in (
        "The score went 2 --> 3.",
        "a --> b and 00:00:01,000 --> 00:00:02,000",
        "At 10:30 --> we go",
    ):
        assert of(CUE + text) == [(1000, 2000, text)]
        assert of(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n") == [(1000, 2000, text)]


@pytest.mark.parametrize(
    ("times", "start_ms", "end_ms"),
    [
        ("0:0:1,5 --> 0:0:2,25", 1500, 2250),
        ("00:00:03.500-->00:00:04.250", 3500, 4250),
        ("00:00:05:500 -> 00:00:06:250", 5500, 6250),
        ("00:00:05,500 –> 00:00:06,250", 5500, 6250),
        ("00:01:07,500 --> 00:01:8,250 ", 67_500, 68_250),
        ("00:00:09 --> 00:00:10", 9000, 10_000),
    ],
)
def test_subrip_times_that_hands_wrote(times: str, start_ms: int, end_ms: int) -> None:
    assert of(f"{CUE}before\n\n2\n{times}\nafter\n") == [
        (1000, 2000, "before"),
        (start_ms, end_ms, "after"),
    ]


def test_subrip_shows_what_players_show() -> None:
    assert of(CUE + r"\h\hIndented by ffmpeg\hcaptions") == [
        (1000, 2000, "Indented by ffmpeg captions")
    ]
    assert of(CUE + "one<br>two<BR />three\\Nfour") == [(1000, 2000, "one\ntwo\nthree\nfour")]


def test_webvtt_shows_what_browsers_show() -> None:
    text = (
        "WEBVTT\n\n"
        "NOTE no empty line follows\n00:00:01.000 --> 00:00:03.000\nshown\n\n"
        "STYLE\n00:00:04.000 --> 00:00:06.000\nand this one\n\n"
        "NOTE a comment of\nthree lines\n00:07.000 --> 00:08.000 align:start\nends at the times\n\n"
        "NOTE times without a fraction are none\n00:00:08 --> 00:00:09\n\n"
        '00:10.000 --> 00:11.000\n<font color="#ffff00">Yellow</font> and <s>struck</s>{\\an8}\n\n'
        "00:12.000 --> 00:13.000\none<br>two, 3 < 4 > 2\n"
    )
    found = parse(text.encode(), BUILT_IN, name="x")
    assert rows(found.cues) == [
        (1000, 3000, "shown"),
        (4000, 6000, "and this one"),
        (7000, 8000, "ends at the times"),
        (10_000, 11_000, "Yellow and struck"),
        (12_000, 13_000, "one\ntwo, 3 < 4 > 2"),
    ]
    assert not found.damage


SAMI = """<SAMI>
<HEAD><STYLE TYPE="text/css"><!--
P { font-size: 20pt; }
.KRCC { Name: Korean; lang: ko-KR; SAMIType: CC; }
.ENCC { Name: English; lang: en-US; }
--></STYLE></HEAD>
<BODY>
<SYNC Start=1000><P Class=KRCC>\uc548\ub155<br>\uc5ec\ub7ec\ubd84
<P Class=ENCC><font color="#fff">Hello &amp;<br>welcome --> all</font>
<SYNC Start=2500><P Class=KRCC>&nbsp;<P Class=ENCC>&nbsp;
<SYNC Start=now><P Class=ENCC>lost
<SYNC Start=3000><P Class=ENCC>Bye
</BODY></SAMI>"""


def test_sami_is_not_taken_for_subrip() -> None:
    found = parse(SAMI.encode(), BUILT_IN, name="video.smi")
    assert found.language == "ko-KR"
    assert rows(found.cues) == [(1000, 2500, "\uc548\ub155\n\uc5ec\ub7ec\ubd84")]
    assert [damage.line for damage in found.damage] == [11]
    found = parse(SAMI.encode(), BUILT_IN, name="video.srt", language="en")
    assert rows(found.cues) == [
        (1000, 2500, "Hello &\nwelcome --> all"),
        (3000, 8000, "Bye"),
    ]
    plain = "<SAMI><BODY><SYNC Start=0>one<SYNC Start=900>two<SYNC Start=1800>&nbsp;"
    assert of(plain) == [(0, 900, "one"), (900, 1800, "two")]
    assert "without a SYNC" in refusal("<SAMI><BODY>a --> b</BODY></SAMI>")


def test_subviewer() -> None:
    text = (
        "[INFORMATION]\n[TITLE]A title\n[AUTHOR]\n[END INFORMATION]\n[SUBTITLE]\n"
        "[COLF]&HFFFFFF,[STYLE]bd,[SIZE]18,[FONT]Arial\n"
        "00:02:17.44,00:02:20.38\nSenator, we're making[br]our <i>final</i> approach.\n\n"
        "00:02:21.00,00:02:22.5\nVery good.\n\nstray\n"
    )
    found = parse(text.encode(), BUILT_IN, name="video.sub")
    assert rows(found.cues) == [
        (137_440, 140_380, "Senator, we're making\nour final approach."),
        (141_000, 142_500, "Very good."),
    ]
    assert [damage.line for damage in found.damage] == [13]
    assert of("00:02:17.44,00:02:20.38\none[br]two\n") == [(137_440, 140_380, "one\ntwo")]


def test_ass_drawings_are_not_text() -> None:
    texts = [
        r"{\p1}m 0 0 l 100 0{\p0}Text after",
        r"Text before{\an8\p2}m 0 0{\c&H0&} l 1 1",
        r"{\p1}m 0 0 l 1 1{\p0}",
        r"{\pos(1,2)}place \{x\}",
    ]
    script = "[Events]\n" + "".join(
        f"Dialogue: 0,0:00:0{i}.00,0:00:09.00,Default,,0,0,0,,{text}\n"
        for i, text in enumerate(texts)
    )
    assert [text for *_, text in of(script)] == ["Text after", "Text before", "place {x}"]


def test_ttml_keeps_the_text_beside_timed_spans() -> None:
    text = (
        f'<tt {TT}><body><div><p begin="1s" end="4s">These words stay '
        '<span begin="1s" end="2s">and these go.</span></p></div></body></tt>'
    )
    assert of(text) == [
        (1000, 2000, "These words stay"),
        (2000, 3000, "These words stay and these go."),
        (3000, 4000, "These words stay"),
    ]


def test_ttml_elements_in_sequence() -> None:
    text = (
        f'<tt {TT}><body timeContainer="seq"><div dur="10s"><p begin="1s" end="4s">one</p></div>'
        '<div timeContainer="seq"><p dur="2s">two</p><p begin="1s" dur="3:58,640">three</p></div>'
        "</body></tt>"
    )
    assert of(text) == [
        (1000, 4000, "one"),
        (10_000, 12_000, "two"),
        (13_000, 251_640, "three"),
    ]


def test_ttml_rubies_stand_in_brackets() -> None:
    text = (
        f'<tt {TT} xmlns:tts="http://www.w3.org/ns/ttml#styling"><head><styling>'
        '<style xml:id="r" tts:ruby="text"/></styling></head><body><div><p begin="1s" end="2s">'
        '<span tts:ruby="container"><span tts:ruby="base">東京</span>'
        '<span tts:ruby="delimiter">(</span><span tts:ruby="text">とうきょう</span>'
        '<span tts:ruby="delimiter">)</span></span>と'
        '<span>京都</span><span style="r">きょうと</span></p></div></body></tt>'
    )
    assert of(text) == [(1000, 2000, "東京（とうきょう）と京都（きょうと）")]


def test_an_odd_time_in_ttml_costs_that_element_alone() -> None:
    text = (
        f'<tt {TT}><body><div begin="soon"><p begin="00:00:01,500" end="00:00:02,000">one</p>'
        '<p begin="oops" end="3s">lost</p><p begin="3s" end="4s">two <span begin="x">lost</span>'
        "</p></div></body></tt>"
    )
    found = parse(text.encode(), BUILT_IN, name="x")
    assert rows(found.cues) == [(1500, 2000, "one"), (3000, 4000, "two")]
    assert [damage.what.split("'")[1] for damage in found.damage] == ["soon", "oops", "x"]
