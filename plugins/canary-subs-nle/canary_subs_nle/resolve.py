"""DaVinci Resolve: timeline markers as an EDL, as Resolve exports and imports them.

An event of one frame (CMX 3600), then a line ``note |C:colour |M:name |D:frames``.
"""

from __future__ import annotations

from collections.abc import Iterator

from canary_subs.model import Document
from canary_subs_nle.timeline import Placed, Timeline, TimelineOptions, place, plain, timeline


class ResolveMarkersWriter:
    """A marker for each cue, as long as the cue, named by language and number."""

    suffix = ".markers.edl"

    def __init__(self, options: TimelineOptions) -> None:
        self._options = options

    def write(self, document: Document) -> bytes:
        """The file, in UTF-8. Raises `UsageError` for what no timeline can hold."""
        line = timeline(document, self._options)
        title = plain(document.media.path.stem)
        counting = "DROP FRAME" if line.dropped else "NON-DROP FRAME"
        lines = [f"TITLE: {title}", f"FCM: {counting}", ""]
        for number, cue in enumerate(place(document, line), 1):
            lines += _event(number, cue, line, document.language)
        return "".join(f"{text}\n" for text in lines).encode()


def _event(number: int, cue: Placed, line: Timeline, language: str) -> Iterator[str]:
    first, after = line.timecode(cue.start_frames), line.timecode(cue.start_frames + 1)
    note = " ".join(cue.lines).replace("|", "\u00a6")  # the bar ends a field
    yield f"{number:03}  001      V     C        {first} {after} {first} {after}"
    yield (
        f" {note} |C:ResolveColorBlue |M:{language} {number} |D:{cue.end_frames - cue.start_frames}"
    )
    yield ""
