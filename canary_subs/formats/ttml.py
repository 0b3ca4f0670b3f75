"""TTML and its profiles (IMSC, iTT, EBU-TT-D, DFXP): W3C's "Timed Text Markup Language".

Paragraphs become cues, several where timed spans in them come and go. A document type declaration
is refused: subtitles need none, and through one a file could make its reader fetch another file or
grow without end.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from canary_subs._text import quoted
from canary_subs.errors import NotSubtitles
from canary_subs.formats.damage import Gathered
from canary_subs.formats.text import tidy
from canary_subs.formats.timestamps import clock_ms
from canary_subs.model import Cue, Subtitles
from canary_subs.plugin.hookspecs import ReadHints
from canary_subs.time import round_half_up

_SIGN = re.compile(r"\s*<(\?xml|!--|([\w-]+:)?tt\b)", re.IGNORECASE)

_XML = "{http://www.w3.org/XML/1998/namespace}"
#: Frames a second where a document states none (TTML2, 7.2.5).
_DEFAULT_FRAME_RATE = Fraction(30)
_MAX_DEPTH = 100
#: Of one paragraph: each is compared with the times of all others.
_MAX_SPANS = 2000

#: When an element is shown, in seconds; without an end, as long as the video.
_Interval: TypeAlias = tuple[Fraction, Fraction | None]

_CLOCK = re.compile(r"(\d{2,4}):(\d\d):(\d\d)(?:(\.\d{1,9})|[:;](\d{2,3})(?:\.\d{1,9})?)?")
_OFFSET = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(ms|h|m|s|f|t)")
_SECONDS = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}


class TtmlReader:
    """`hookspecs.Reader` for TTML."""

    suffixes = (".ttml", ".dfxp", ".itt")

    def sniff(self, data: bytes, hints: ReadHints) -> bool:
        return _SIGN.match(hints.text) is not None

    def read(self, data: bytes, hints: ReadHints) -> Subtitles:
        """Cues in the order of their starts. Raises `NotSubtitles`."""
        root = _root(hints.text)
        walk = _Walk(root)
        for element in root:
            if _tag(element) == "body":
                walk.through(element, (Fraction(0), None), 0)
        walk.found.sort()
        return walk.found.subtitles(root.get(f"{_XML}lang") or None)


def _root(text: str) -> ET.Element:
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise NotSubtitles("it declares a document type, which no subtitle file needs")
    # The text is decoded already: what the declaration says of an encoding holds no longer.
    body = re.sub(r"^\s*<\?xml[^>]*\?>", lambda match: "\n" * match.group().count("\n"), text)
    try:
        root = ET.fromstring(body)
    except ET.ParseError as error:
        reason = str(error).split(":")[0]
        raise NotSubtitles(f"line {error.position[0]}: broken XML ({reason})") from None
    if _tag(root) != "tt":
        raise NotSubtitles(f"XML, but not timed text: its root is {quoted(_tag(root))}")
    return root


class _Walk:
    """A walk through the elements of a document, which gathers their cues."""

    def __init__(self, root: ET.Element) -> None:
        stated = {_local(name): value for name, value in root.attrib.items()}
        rate = _positive(stated.get("frameRate")) or _DEFAULT_FRAME_RATE
        factors = re.fullmatch(
            r"(\d{1,9})\s(\d{1,9})", stated.get("frameRateMultiplier", "").strip()
        )
        if factors and int(factors[1]) and int(factors[2]):
            rate *= Fraction(int(factors[1]), int(factors[2]))
        self._rate = rate
        # TTML2, 7.2.21: frames and subframes where there is a frame rate, else 1.
        implied = rate if "frameRate" in stated else Fraction(1)
        self._ticks = _positive(stated.get("tickRate")) or implied
        self._rubies = {
            element.get(f"{_XML}id", ""): value
            for element in root.iter()
            if _tag(element) == "style"
            for name, value in element.items()
            if _local(name) == "ruby"
        }
        self.found = Gathered()

    def through(self, element: ET.Element, parent: _Interval, depth: int) -> _Interval:
        """Gather the cues in a body, a division or a paragraph; give when it is shown."""
        if depth > _MAX_DEPTH:
            raise NotSubtitles(f"elements are nested more than {_MAX_DEPTH} deep")
        shown = self._interval(element, parent)
        if shown is None:
            if _tag(element) == "p":
                return parent
            shown = parent  # an odd time of a container is not its children's loss
        if _tag(element) == "p":
            parts: list[tuple[_Interval, str]] = []
            self._parts(element, shown, depth, parts)
            self._add_cues(shown, parts)
            return shown
        inside = shown
        for child in element:
            if _tag(child) in ("div", "p"):
                ended = self.through(child, inside, depth + 1)
                inside = self._after(element, inside, ended)
        return shown

    def _parts(
        self,
        element: ET.Element,
        shown: _Interval,
        depth: int,
        parts: list[tuple[_Interval, str]],
    ) -> None:
        """Append the texts in an element, each with when it is shown: "\\n" for a ``br``."""
        if depth > _MAX_DEPTH:
            raise NotSubtitles(f"elements are nested more than {_MAX_DEPTH} deep")
        # Bare text has no duration in a sequence (TTML2, 12.2.2).
        in_turn = _in_turn(element)
        inside = shown
        if not in_turn:
            parts.append((shown, _spaces(element.text)))
        for child in element:
            ruby = self._ruby(child)
            if _tag(child) == "br":
                parts.append((inside, "\n"))
            elif _tag(child) == "span" and ruby != "delimiter":
                span = self._interval(child, inside)
                if span is not None:
                    if ruby == "text":
                        parts.append((span, "（"))
                    self._parts(child, span, depth + 1, parts)
                    if ruby == "text":
                        parts.append((span, "）"))
                    inside = self._after(element, inside, span)
            if not in_turn:
                parts.append((shown, _spaces(child.tail)))

    def _add_cues(self, shown: _Interval, parts: Sequence[tuple[_Interval, str]]) -> None:
        """A cue for each stretch of time in which a paragraph shows the same text."""
        edges = {edge for interval, text in parts if text.strip() for edge in interval}
        times = sorted(edge for edge in edges if edge is not None)
        if len(times) * len(parts) > _MAX_SPANS**2:
            raise NotSubtitles(f"a paragraph of more than {_MAX_SPANS} timed spans")
        for begin_s, end_s in pairwise([*times, None]):
            if begin_s is None:
                break
            text = "".join(
                text
                for (start_s, stop_s), text in parts
                if start_s <= begin_s and (stop_s is None or begin_s < stop_s)
            )
            lines = tidy([" ".join(line.split()) for line in text.split("\n")])
            if end_s is None:
                if lines:
                    self.found.lost(None, f"a cue without an end: {quoted(' '.join(lines))}")
            elif lines:
                self._add(begin_s, end_s, lines)
        if not times and shown[1] is not None:
            self._add(shown[0], shown[1], ())

    def _add(self, begin_s: Fraction, end_s: Fraction, lines: tuple[str, ...]) -> None:
        self.found.cues.append(
            Cue(
                start_ms=round_half_up(begin_s * 1000),
                end_ms=round_half_up(end_s * 1000),
                lines=lines,
            )
        )

    def _after(self, element: ET.Element, inside: _Interval, child: _Interval) -> _Interval:
        """Where the next child of an element is timed from."""
        if not _in_turn(element) or child[1] is None:
            return inside
        return child[1], inside[1]

    def _ruby(self, element: ET.Element) -> str | None:
        """The part of a ruby that an element is, by itself or by its style (TTML2, 10.2.35)."""
        own = next((value for name, value in element.items() if _local(name) == "ruby"), None)
        named = (self._rubies.get(name) for name in element.get("style", "").split())
        return own or next(filter(None, named), None)

    def _interval(self, element: ET.Element, parent: _Interval) -> _Interval | None:
        """When an element is shown; None, with the damage noted, where it has no valid times."""
        begin_s, end_s = parent
        seconds: dict[str, Fraction | None] = {"begin": Fraction(0), "end": None, "dur": None}
        for name in seconds:
            if (value := element.get(name)) is not None:
                time = self._seconds(value.strip())
                if time is None:
                    self.found.lost(None, f"not a time: {name}={quoted(value)}")
                    return None
                seconds[name] = time
        start = begin_s + (seconds["begin"] or 0)
        ends = [end_s] if end_s is not None else []
        if seconds["end"] is not None:
            ends.append(begin_s + seconds["end"])
        if seconds["dur"] is not None:
            ends.append(start + seconds["dur"])
        return start, min(ends) if ends else None

    def _seconds(self, value: str) -> Fraction | None:
        value = value.replace(",", ".")
        if match := _CLOCK.fullmatch(value):
            hours, minutes, seconds, fraction, frames = match.groups()
            time_s = Fraction(int(hours) * 3600 + int(minutes) * 60 + int(seconds))
            return (
                time_s + Fraction(f"0{fraction or '.0'}") + Fraction(int(frames or 0)) / self._rate
            )
        if match := _OFFSET.fullmatch(value):
            number, unit = Fraction(match[1]), match[2]
            if unit == "f":
                return number / self._rate
            return number / self._ticks if unit == "t" else number * _SECONDS[unit]
        # Not TTML's, but written: "3:58.640".
        time_ms = clock_ms(value)
        return None if time_ms is None else Fraction(time_ms, 1000)


def _in_turn(element: ET.Element) -> bool:
    """Whether the children of an element are shown one after the other."""
    return element.get("timeContainer") == "seq"


def _spaces(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def _tag(element: ET.Element) -> str:
    return _local(element.tag) if isinstance(element.tag, str) else ""


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _positive(value: str | None) -> Fraction | None:
    if value is None or not re.fullmatch(r"\d{1,9}", value.strip()):
        return None
    return Fraction(int(value)) or None
