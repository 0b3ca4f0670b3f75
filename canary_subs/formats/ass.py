"""Advanced SubStation Alpha (.ass), written with pysubs2; what karaoke and burn-in use.

Times are centiseconds, and the format ends at 9:59:59.99: a later cue is refused rather than moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canary_subs.errors import UsageError
from canary_subs.formats.text import (
    measured_words,
    plain,
    plain_lines,
    without_overrides,
    words_in_lines,
)
from canary_subs.model import Cue, Document

if TYPE_CHECKING:
    import pysubs2

_LAST_MS = 35_999_990


@dataclass(frozen=True, kw_only=True)
class AssOptions:
    """``width`` and ``height`` are the script's own pixels, which players scale to the picture.

    ``font_size`` is in those pixels. ``karaoke``: words fill as they are said, where their times
    were measured.
    """

    font: str = "Arial"
    font_size: int = 64
    width: int = 1920
    height: int = 1080
    karaoke: bool = False


class AssWriter:
    """`hookspecs.Writer` for ASS."""

    suffix = ".ass"

    def __init__(self, options: AssOptions) -> None:
        self._options = options

    def write(self, document: Document) -> bytes:
        """The whole file, UTF-8 without a byte order mark, lines ending in CRLF.

        Raises `UsageError` for a track that goes on after the format's last time.
        """
        import pysubs2

        if document.cues and document.cues[-1].end_ms > _LAST_MS:
            raise UsageError(
                f"{document.media.path}: ASS ends at 9:59:59.99 and this track goes on; "
                "write srt or vtt"
            )
        script = pysubs2.SSAFile()
        script.info = {
            "Title": plain(document.media.path.stem),
            "ScriptType": "v4.00+",
            "WrapStyle": "0",
            "ScaledBorderAndShadow": "yes",
            "PlayResX": str(self._options.width),
            "PlayResY": str(self._options.height),
            "Language": plain(document.language),
        }
        script.styles = {"Default": self._style()}
        timed = measured_words(document) if self._options.karaoke else frozenset()
        for cue in document.cues:
            text = _filled(cue) if timed and timed.issuperset(cue.words) else None
            if text is None:
                text = r"\N".join(without_overrides(line) for line in plain_lines(cue))
            if text:
                script.append(
                    pysubs2.SSAEvent(
                        start=cue.start_ms,
                        end=cue.end_ms,
                        text=text,
                        name=plain(cue.speaker or "").replace(",", " "),
                    )
                )
        written: str = script.to_string("ass", header_notice="")
        return written.replace("\n", "\r\n").encode()

    def _style(self) -> pysubs2.SSAStyle:
        import pysubs2

        options = self._options
        margin = options.height // 20
        return pysubs2.SSAStyle(
            fontname=plain(options.font).replace(",", " "),
            fontsize=options.font_size,
            primarycolor=pysubs2.Color(255, 255, 255),
            # Before its time a word of karaoke is grey.
            secondarycolor=pysubs2.Color(160, 160, 160),
            outlinecolor=pysubs2.Color(0, 0, 0),
            backcolor=pysubs2.Color(0, 0, 0, 128),
            outline=max(1, options.font_size / 20),
            shadow=0,
            marginl=margin,
            marginr=margin,
            marginv=margin,
            alignment=pysubs2.Alignment.BOTTOM_CENTER,
        )


def _filled(cue: Cue) -> str | None:
    r"""The cue's text with ``\k`` before each word: the centiseconds until the next one begins."""
    lines = words_in_lines(cue)
    if lines is None:
        return None
    words = [word for line in lines for _, word in line]
    starts = [min(max(word.start_ms, cue.start_ms), cue.end_ms) for word in words]
    bounds = [(ms - cue.start_ms + 5) // 10 for ms in [*starts, cue.end_ms]]
    text = f"{{\\k{bounds[0]}}}" if bounds and bounds[0] else ""
    index = 0
    for number, line in enumerate(lines):
        text += r"\N" if number else ""
        for shown, _ in line:
            length = max(0, bounds[index + 1] - bounds[index])
            text += f"{{\\k{length}}}{without_overrides(shown)}"
            index += 1
    return text
