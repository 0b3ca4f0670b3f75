"""Documents to write: usual ones, and ones whose text would like to be more than text."""

from __future__ import annotations

import os
import unicodedata
from fractions import Fraction
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

from canary_subs.model import (
    Cue,
    Document,
    Flag,
    MediaInfo,
    Span,
    Timing,
    Track,
    Transcript,
    Utterance,
    Word,
)

thorough = settings(max_examples=int(os.environ.get("EXAMPLES", "60")), deadline=None)


def word(text: str, start_ms: int, end_ms: int, confidence: float | None = None) -> Word:
    return Word(text=text, start_ms=start_ms, end_ms=end_ms, confidence=confidence)


def cue(start_ms: int, end_ms: int, *lines: str, speaker: str | None = None) -> Cue:
    return Cue(start_ms=start_ms, end_ms=end_ms, lines=lines, speaker=speaker)


def utterance(*words: Word, timing: Timing = Timing.CTC, text: str | None = None) -> Utterance:
    return Utterance(
        text=" ".join(w.text for w in words) if text is None else text,
        span=Span(start_ms=words[0].start_ms, end_ms=words[-1].end_ms),
        language="en",
        words=words,
        timing=timing,
        flags=frozenset({Flag.LOOPING, Flag.DENSE}),
    )


def document(
    *cues: Cue,
    utterances: tuple[Utterance, ...] = (),
    name: str = "video.mkv",
    provenance: dict[str, str] | None = None,
) -> Document:
    return Document(
        media=MediaInfo(
            path=Path("/videos") / name,
            size_bytes=1,
            mtime_ns=1,
            duration_ms=60_000,
            audio=(),
            frame_rate=Fraction(24000, 1001),
        ),
        transcript=Transcript(
            language="de",
            spoken="en",
            engine="canary",
            model="demo",
            utterances=utterances,
        ),
        track=Track(("de",)),
        cues=cues,
        provenance=provenance or {},
    )


#: Two cues with words that were timed.
HELLO = (word("Guten", 1000, 1400, 0.98765), word("Tag.", 1500, 2000, None))
BYE = (word("Bis", 3000, 3200), word("dann", 3250, 3600), word("mal.", 3700, 4000))
USUAL = document(
    Cue(start_ms=1000, end_ms=2500, lines=("Guten Tag.",), words=HELLO),
    Cue(start_ms=3000, end_ms=4230, lines=("Bis dann", "mal."), words=BYE),
    utterances=(utterance(*HELLO), utterance(*BYE, timing=Timing.SOURCE)),
)

_DANGERS = (
    *(
        "<b>",
        "</i>",
        "<script>alert(1)</script>",
        "<font color=red>",
        "<",
        ">",
        "<1",
        "a<b",
        "<v X>",
    ),
    *("{\\an8}", "{", "}", "{y:i}", "\\N", "\\n", "\\h", "C:\\New", "{=0}", "\\"),
    *("-->", "00:00:01,000 --> 00:00:02,000", "00:01.000 --> 00:02.000", "--", "- "),
    *("&", "&amp;", "&lt;b&gt;", "&#60;", "&nbsp;", "WEBVTT", "NOTE", "STYLE", "REGION", "1", "12"),
    *("\n\n", "\r\n", "\t", "\x00", "\x0b", "\x0c", "\x1b[31m", "\x85", "\u2028", "\ufeff"),
    *("\u202e", "\u202b", "\u202c", "\u2067", "\u2069", "\ud800", "\u200f", "\u2060"),
    *(
        "שלום",
        "日本語",
        "é",
        "e\u0301",
        "👩\u200d👧",
        "Dialogue: 0,0:00:00.00,",
        "[Events]",
        ",",
        "  ",
    ),
)
hostile_text = st.lists(
    st.one_of(st.sampled_from(_DANGERS), st.text(max_size=6), st.just("word")), max_size=7
).map("".join)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Rising cues, up to four lines each, of any text."""
    now = 0
    cues: list[Cue] = []
    for _ in range(draw(st.integers(0, 6))):
        start_ms = now + draw(st.integers(0, 5000))
        now = start_ms + draw(st.integers(20, 7000))
        lines = draw(st.lists(hostile_text, max_size=4))
        speaker = draw(st.one_of(st.none(), hostile_text))
        cues.append(cue(start_ms, now, *lines, speaker=speaker))
        now += draw(st.sampled_from([0, 80]))
    return document(*cues, provenance={"prompt": draw(hostile_text)})


def seen(text: str) -> str:
    """What a viewer sees of a text: no invisible characters, white space as one space, braces of
    either width alike."""
    text = text.replace("\uff5b", "{").replace("\uff5d", "}")
    visible = [" " if _is_white(char) else char for char in text if not _is_hidden(char)]
    return " ".join("".join(visible).split())


def _is_white(char: str) -> bool:
    return char.isspace() or char in "\x85\u2028\u2029"


def _is_hidden(char: str) -> bool:
    hidden = unicodedata.category(char) in ("Cc", "Cf", "Cs") and not _is_white(char)
    return hidden or char in "\ufffe\uffff" or "\ufdd0" <= char <= "\ufdef"


def expected(doc: Document) -> list[tuple[int, int, str]]:
    """Times and visible text of the cues that show anything."""
    rows = [(c.start_ms, c.end_ms, seen("\n".join(c.lines))) for c in doc.cues]
    return [row for row in rows if row[2]]
