"""Shot changes of the picture."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from canary_subs._text import printable
from canary_subs.errors import DamagedMedia
from canary_subs.media.ffmpeg import FFmpegFailed, Run, media_input
from canary_subs.model import AudioTrack, MediaInfo
from canary_subs.time import seconds_to_ms

#: FFmpeg's scene score (0..1) that counts as a cut; ordinary motion mostly stays under 0.1.
CUT_SCORE = 0.3

#: The picture is scaled to this width first: a cut shows at any size.
_WIDTH = 160


def shots_ms(media: MediaInfo, track: AudioTrack | None = None) -> tuple[int, ...]:
    """The start of every shot except the first, rising, on the video's timeline.

    Of the picture that belongs to ``track``, where a file has several.

    Decodes the entire picture, which takes far longer than the audio. Empty without a picture.
    Raises `DamagedMedia` if the picture cannot be decoded.
    """
    if not media.has_picture:
        return ()
    start_ms, picture = media.start_ms, 0
    if track is not None:
        start_ms = start_ms if track.start_ms is None else track.start_ms
        picture = track.picture
    filters = (
        f"setpts=PTS-({Fraction(start_ms, 1000)})/TB,scale={_WIDTH}:-2,"
        "select='gte(scene,0)',metadata=mode=print:key=lavfi.scene_score:file=pipe\\\\:1"
    )
    output = media_input(media.path, copyts=None)[f"V:{picture}"].output(
        "-", format="null", vf=filters
    )
    found = []
    time_ms = 0
    try:
        with Run(output) as running:
            for line in _lines(running):
                # "frame:50   pts:2000    pts_time:2", then "lavfi.scene_score=0.91"
                if line.startswith("frame:"):
                    time_ms = seconds_to_ms(Fraction(line.rpartition("pts_time:")[2]))
                elif float(line.rpartition("=")[2]) >= CUT_SCORE and time_ms > 0:
                    found.append(time_ms)
            running.finish()
    except (FFmpegFailed, ValueError) as error:
        raise DamagedMedia(
            f"the picture of {printable(media.path)} cannot be read: {error}"
        ) from None
    return tuple(sorted(set(found)))


def _lines(running: Run) -> Iterator[str]:
    rest = ""
    while part := running.read(4096):
        *lines, rest = (rest + part.decode("ascii", "replace")).split("\n")
        yield from lines
