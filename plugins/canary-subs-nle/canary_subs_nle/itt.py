"""iTT, Apple's profile of TTML (https://help.apple.com/itc/filmspec/, "iTunes Timed Text").

Times are SMPTE without drop, so that they count frames; frames are those of the video.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from canary_subs.model import Document
from canary_subs_nle.timeline import TimelineOptions, place, timeline_for

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" \
xmlns:tts="http://www.w3.org/ns/ttml#styling" xml:lang={language} ttp:timeBase="smpte" \
ttp:frameRate="{nominal}" ttp:frameRateMultiplier="{multiplier}" ttp:dropMode="nonDrop">
  <head>
    <styling>
      <style xml:id="normal" tts:fontFamily="sansSerif" tts:fontWeight="normal" \
tts:fontStyle="normal" tts:color="white" tts:fontSize="100%"/>
    </styling>
    <layout>
      <region xml:id="bottom" tts:origin="0% 85%" tts:extent="100% 15%" \
tts:textAlign="center" tts:displayAlign="after"/>
    </layout>
  </head>
  <body region="bottom" style="normal">
    <div>
"""
_TAIL = """\
    </div>
  </body>
</tt>
"""


@dataclass(frozen=True, kw_only=True)
class IttOptions(TimelineOptions):
    start: str = "00:00:00:00"


class IttWriter:
    """Final Cut Pro imports it as captions."""

    suffix = ".itt"

    def __init__(self, options: IttOptions) -> None:
        self._options = options

    def write(self, document: Document) -> bytes:
        """The file, in UTF-8. Raises `UsageError` for what no timeline can hold."""
        line = timeline_for(document, self._options)
        multiplier = "1000 1001" if line.rate.denominator == 1001 else "1 1"
        head = _HEAD.format(
            language=quoteattr(document.language), nominal=line.nominal, multiplier=multiplier
        )
        cues = "".join(
            f'      <p begin="{line.timecode(cue.start_frames)}" '
            f'end="{line.timecode(cue.end_frames)}">{"<br/>".join(map(escape, cue.lines))}</p>\n'
            for cue in place(document, line)
        )
        return (head + cues + _TAIL).encode()
