"""Reads formats with a cue on a line (ASS/SSA, MicroDVD) or under one (SBV).

ASS: libass' "ASS File Format Guide"; MicroDVD: frames in braces, ``|`` for a new line, the frame
rate in a first cue ``{1}{1}``; SBV: YouTube's captions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from canary_subs.model import Cue
from canary_subs.time import frames_to_ms, seconds_to_ms


class Unreadable(Exception):
    """Why nothing can be read, in one line without the file's name."""


@dataclass(kw_only=True, slots=True)
class Found:
    """What a reader has gathered."""

    cues: list[Cue] = field(default_factory=list)
    #: "line N: what is wrong", for what could not be read.
    damage: list[str] = field(default_factory=list)
    language: str | None = None

    def missed(self, line: int, what: str) -> None:
        """Note that line ``line`` (from 1) could not be read."""
        self.damage.append(f"line {line}: {what}")


def split_lines(text: str) -> list[str]:
    """Lines at LF, CR and CRLF alone; Unicode knows more line ends than subtitle formats do."""
    return re.split(r"\r\n|\r|\n", text)


def shown(text: str) -> str:
    """At most 40 characters of a line, printable, in quotes."""
    return ascii(text[:40]) if not text.isprintable() else repr(text[:40])


#: What our own writers put into a text so that nothing in it acts (`formats.text`).
_JOINER = "\u2060"


def tidy(lines: list[str]) -> tuple[str, ...]:
    """The lines that show anything, without the white space around them."""
    stripped = (line.replace(_JOINER, "").strip() for line in lines)
    return tuple(line for line in stripped if line)


_CLOCK = re.compile(r"\s*(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,:](\d{1,6}))?\s*")


def clock_ms(text: str) -> int | None:
    """``[H:]MM:SS[.fraction]`` in milliseconds, None where it is no such time."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole * 1000 + seconds_to_ms(Fraction(f"0.{fraction or 0}"))


# ASS and SSA.

_DRAWING = re.compile(r"\\p[1-9]")
_ASS_ESCAPES = {r"\N": "\n", r"\n": "\n", r"\h": " ", r"\{": "{", r"\}": "}"}
_ASS_ESCAPE = re.compile(r"\\[Nnh{}]")


def read_ass(text: str, frame_rate: Fraction | None) -> Found:
    """Dialogue in the order of its starts, as its order in the file says nothing; no drawings."""
    found = Found()
    columns: list[str] = []
    in_events = False
    for number, raw in enumerate(split_lines(text), 1):
        line = raw.strip()
        if re.fullmatch(r"\[[^\]]*\]", line):
            in_events = line.lower() == "[events]"
        if not in_events:
            continue
        kind, _, rest = line.partition(":")
        if kind == "Format":
            columns = [column.strip().lower() for column in rest.split(",")]
            if not {"start", "end", "text"} <= set(columns):
                raise Unreadable(f"line {number}: the events' format lacks start, end or text")
        elif kind == "Dialogue":
            _add_dialogue(found, number, rest, columns or list(_ASS_COLUMNS))
    found.cues.sort(key=lambda cue: cue.start_ms)
    return found


_ASS_COLUMNS = (
    *("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect"),
    "text",
)


def _add_dialogue(found: Found, number: int, rest: str, columns: list[str]) -> None:
    values = rest.split(",", len(columns) - 1)
    if len(values) < len(columns):
        found.missed(number, f"{len(values)} values instead of {len(columns)}")
        return
    event = dict(zip(columns, values, strict=True))
    start_ms, end_ms = clock_ms(event["start"]), clock_ms(event["end"])
    if start_ms is None or end_ms is None:
        found.missed(number, f"not a time: {shown(event['start'] + ' to ' + event['end'])}")
        return
    plain, overrides = _without_overrides(event["text"])
    if _DRAWING.search(overrides):
        return
    plain = _ASS_ESCAPE.sub(lambda match: _ASS_ESCAPES[match.group()], plain)
    found.cues.append(
        Cue(
            start_ms=start_ms,
            end_ms=end_ms,
            lines=tidy(plain.split("\n")),
            speaker=event.get("name", "").strip() or None,
        )
    )


def _without_overrides(text: str) -> tuple[str, str]:
    """What is shown of a text, and what stands in its braces."""
    shown_parts: list[str] = []
    overrides: list[str] = []
    at = 0
    while (begin := text.find("{", at)) >= 0 and (end := text.find("}", begin)) >= 0:
        if text[begin - 1 : begin] == "\\":  # an escaped brace is text
            shown_parts.append(text[at : begin + 1])
            at = begin + 1
        else:
            shown_parts.append(text[at:begin])
            overrides.append(text[begin : end + 1])
            at = end + 1
    return "".join(shown_parts) + text[at:], "".join(overrides)


# MicroDVD.

_MICRODVD = re.compile(r"\{(\d{1,9})\}\{(\d{0,9})\}(.*)")
_MICRODVD_STYLE = re.compile(r"\{[A-Za-z]:[^{}]*\}")
#: How long a cue without an end stays; players keep it until the next one, at most so long.
_OPEN_END_MS = 5000


def read_microdvd(text: str, frame_rate: Fraction | None) -> Found:
    """Times by the rate in the file's first cue, else by ``frame_rate``. Raises `Unreadable`."""
    found = Found()
    rate = frame_rate
    for number, line in enumerate(split_lines(text), 1):
        match = _MICRODVD.match(line)
        if match is None:
            if line.strip():
                found.missed(number, f"no frames in braces: {shown(line)}")
            continue
        first, last, body = match.groups()
        stated = _stated_rate(body) if first == last and int(first) <= 1 else None
        if stated is not None and not found.cues:
            rate = stated
            continue
        if rate is None:
            raise Unreadable(
                f"line {number}: times are in frames and the file states no frame rate; "
                "name the film too"
            )
        start_ms = frames_to_ms(int(first), rate)
        found.cues.append(
            Cue(
                start_ms=start_ms,
                end_ms=frames_to_ms(int(last), rate) if last else start_ms + _OPEN_END_MS,
                lines=tidy(_MICRODVD_STYLE.sub("", body).split("|")),
            )
        )
    return found


def _stated_rate(body: str) -> Fraction | None:
    if not re.fullmatch(r"\s*\d{1,3}([.,]\d{1,6})?\s*", body):
        return None
    rate = Fraction(body.strip().replace(",", "."))
    if not 1 <= rate <= 240:
        return None
    # 23.976 is how files write 24000/1001.
    film = Fraction(round(rate) * 1000, 1001)
    return film if abs(film - rate) < Fraction(1, 200) else rate


# SBV.

_SBV_TIMES = re.compile(r"\s*(\d{1,4}:\d\d:\d\d\.\d{1,6}),(\d{1,4}:\d\d:\d\d\.\d{1,6})\s*")


def read_sbv(text: str, frame_rate: Fraction | None) -> Found:
    """Times on a line, text under it up to an empty line."""
    found = Found()
    lines = split_lines(text)
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        match = _SBV_TIMES.fullmatch(line)
        if match is None:
            if line.strip():
                found.missed(number, f"not a time: {shown(line)}")
            continue
        body: list[str] = []
        while number < len(lines) and lines[number].strip():
            body.append(lines[number])
            number += 1
        start_ms, end_ms = (clock_ms(part) or 0 for part in match.groups())  # they are times
        found.cues.append(Cue(start_ms=start_ms, end_ms=end_ms, lines=tidy(body)))
    return found
