"""TTML and its profiles (IMSC, iTT, EBU-TT-D, DFXP): W3C's "Timed Text Markup Language".

Paragraphs and timed spans become cues. A document type declaration is refused: subtitles need
none, and through one a file could make its reader fetch another file or grow without end.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from fractions import Fraction

from canary_subs._text import quoted
from canary_subs.errors import NotSubtitles
from canary_subs.formats.damage import Gathered
from canary_subs.formats.text import tidy
from canary_subs.model import Cue, Subtitles
from canary_subs.plugin.hookspecs import ReadHints
from canary_subs.time import round_half_up

_SIGN = re.compile(r"\s*<(\?xml|!--|([\w-]+:)?tt\b)", re.IGNORECASE)

_XML = "{http://www.w3.org/XML/1998/namespace}"
#: Frames a second where a document states none (TTML2, 7.2.5).
_DEFAULT_FRAME_RATE = Fraction(30)
_MAX_DEPTH = 100

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
                walk.through(element, Fraction(0), None, 0)
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
        self.found = Gathered()

    def through(
        self, element: ET.Element, begin_s: Fraction, end_s: Fraction | None, depth: int
    ) -> None:
        """Gather the cues in an element whose parent is shown from ``begin_s`` to ``end_s``."""
        if depth > _MAX_DEPTH:
            raise NotSubtitles(f"elements are nested more than {_MAX_DEPTH} deep")
        span = self._interval(element, begin_s, end_s)
        if span is None:
            return
        inner = [child for child in element if _tag(child) in ("div", "p", "span")]
        timed = any("begin" in child.attrib for child in element.iter() if child is not element)
        if _tag(element) in ("body", "div") or (timed and inner):
            for child in inner:
                self.through(child, *span, depth + 1)
            return
        lines = tidy(_text(element, depth).split("\n"))
        if span[1] is None:
            if lines:
                self.found.lost(None, f"a cue without an end: {quoted(' '.join(lines))}")
            return
        if lines or _tag(element) == "p":
            self.found.cues.append(
                Cue(
                    start_ms=round_half_up(span[0] * 1000),
                    end_ms=round_half_up(span[1] * 1000),
                    lines=lines,
                )
            )

    def _interval(
        self, element: ET.Element, begin_s: Fraction, end_s: Fraction | None
    ) -> tuple[Fraction, Fraction | None] | None:
        """When an element is shown; None, with the damage noted, where it has no valid times."""
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
        return None


def _text(element: ET.Element, depth: int) -> str:
    """What an element shows: ``br`` is a new line, other white space is a space."""
    if depth > _MAX_DEPTH:
        raise NotSubtitles(f"elements are nested more than {_MAX_DEPTH} deep")
    parts = [_spaces(element.text)]
    for child in element:
        if _tag(child) == "br":
            parts.append("\n")
        elif _tag(child) == "span":
            parts.append(_text(child, depth + 1))
        parts.append(_spaces(child.tail))
    return "".join(parts)


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
