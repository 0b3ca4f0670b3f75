"""SAMI (.smi), the captions of Windows Media, which Korean sites still use: HTML with times.

A ``SYNC`` shows its text until the next one of its class; one that holds only a space clears it.
The format is described in Microsoft's "Understanding SAMI 1.0".
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass

from canary_subs._text import quoted
from canary_subs.errors import NotSubtitles
from canary_subs.formats.damage import Gathered
from canary_subs.formats.text import tidy
from canary_subs.model import Cue, Subtitles, primary
from canary_subs.plugin.hookspecs import ReadHints

_SIGN = re.compile(r"\s*(?:<!--.{0,2000}?-->\s*)?<sami\b", re.IGNORECASE | re.DOTALL)
#: A class of the style sheet and its language: ".ENCC { Name: English; lang: en-US; }".
_CLASS = re.compile(r"\.(\w{1,40})\s{0,9}\{([^{}]{0,2000})\}")
_LANG = re.compile(r"\blang\s{0,9}:\s{0,9}([\w-]{2,20})", re.IGNORECASE)
_TAG = re.compile(r"<(/?[a-z]+)((?:\s[^<>]*)?)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z]{1,20})\s{0,9}=\s{0,9}[\"']?([^\s\"'>]{1,80})", re.IGNORECASE)
#: How long a text stays that nothing ends.
_OPEN_END_MS = 5000


class SamiReader:
    """`hookspecs.Reader` for SAMI."""

    suffixes = (".smi", ".sami")

    def sniff(self, data: bytes, hints: ReadHints) -> bool:
        return _SIGN.match(hints.text) is not None

    def read(self, data: bytes, hints: ReadHints) -> Subtitles:
        """The cues of one language: that of the hints if the file has it, else the first.

        Raises `NotSubtitles`.
        """
        page = _Page(_without_comments(hints.text))
        if not page.shown:
            raise NotSubtitles("SAMI without a SYNC")
        languages = {
            name.lower(): lang[1]
            for name, body in _CLASS.findall(hints.text)
            if (lang := _LANG.search(body))
        }
        chosen = _chosen(page.shown, languages, hints.language)
        found = Gathered()
        for line, value in page.odd:
            found.lost(line, f"not a time: Start={quoted(value)}")
        texts = sorted(
            (one for one in page.shown if one.of in (chosen, "")), key=lambda one: one.start_ms
        )
        for i, one in enumerate(texts):
            later = (two.start_ms for two in texts[i + 1 :] if two.start_ms > one.start_ms)
            if lines := tidy("".join(one.parts).replace("\xa0", " ").split("\n")):
                end_ms = next(later, one.start_ms + _OPEN_END_MS)
                found.cues.append(Cue(start_ms=one.start_ms, end_ms=end_ms, lines=lines))
        return found.subtitles(languages.get(chosen))


def _chosen(shown: list[_Shown], languages: dict[str, str], language: str | None) -> str:
    """The class to read, in small letters; empty where the file has none."""
    used = Counter(one.of for one in shown if one.of)
    fitting = [
        name for name in used if primary(languages.get(name, "")) == primary(language or "?")
    ]
    return next(iter([*fitting, *used]), "")


@dataclass(kw_only=True, slots=True)
class _Shown:
    """What is shown of one class from one time on."""

    start_ms: int
    of: str
    parts: list[str]


class _Page:
    """The texts of a document; its tags need no ends, and mostly have none."""

    def __init__(self, text: str) -> None:
        self.shown: list[_Shown] = []
        #: Line and value of each time that cannot be read.
        self.odd: list[tuple[int, str]] = []
        self._start_ms: int | None = None
        #: Whether a text belongs to what was begun last.
        self._open = False
        at = 0
        for match in _TAG.finditer(text):
            self._text(text[at : match.start()])
            at = match.end()
            self._tag(match[1].lower(), match[2], text, match.start())
        self._text(text[at:])

    def _tag(self, tag: str, attributes: str, text: str, at: int) -> None:
        given = {name.lower(): value for name, value in _ATTRIBUTE.findall(attributes)}
        if tag == "sync":
            start = re.fullmatch(r"(\d{1,9})(?:ms)?", given.get("start", ""))
            self._start_ms = int(start[1]) if start else None
            self._open = False
            if start is None:
                self.odd.append((text.count("\n", 0, at) + 1, given.get("start", "")))
        elif tag == "p":
            self._begin(given.get("class", "").lower())
        elif tag == "br" and self._open:
            self.shown[-1].parts.append("\n")
        elif tag in ("/sync", "/body", "/sami"):
            self._open = False

    def _text(self, text: str) -> None:
        if not self._open and text.strip(" \t\r\n"):
            self._begin("")
        if self._open:
            self.shown[-1].parts.append(html.unescape(re.sub(r"[ \t\r\n]+", " ", text)))

    def _begin(self, of: str) -> None:
        self._open = self._start_ms is not None
        if self._start_ms is not None:
            self.shown.append(_Shown(start_ms=self._start_ms, of=of, parts=[]))


def _without_comments(text: str) -> str:
    """The text with nothing but its new lines in place of each comment."""
    parts: list[str] = []
    at = 0
    while (begin := text.find("<!--", at)) >= 0 and (end := text.find("-->", begin)) >= 0:
        parts += [text[at:begin], "\n" * text.count("\n", begin, end)]
        at = end + 3
    return "".join(parts) + text[at:]
