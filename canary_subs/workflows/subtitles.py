"""Read a subtitle file to make another one of it, so that nothing is lost silently."""

from __future__ import annotations

import logging
from fractions import Fraction
from pathlib import Path

from canary_subs.errors import NotSubtitles
from canary_subs.formats.reading import read
from canary_subs.model import Subtitles
from canary_subs.plugin.manager import Plugins
from canary_subs.time import clock

log = logging.getLogger(__name__)


def read_intact(
    path: Path,
    plugins: Plugins,
    *,
    language: str | None,
    frame_rate: Fraction | None,
    force: bool,
) -> Subtitles:
    """The cues of a file that is to be written anew.

    With ``force``, what cannot be read is left out with a warning. Cues that end before they start
    are kept, with a warning. Raises `NotSubtitles`, also for a file without cues, and, without
    ``force``, for one of which a part cannot be read.
    """
    found = read(path, plugins, language=language, frame_rate=frame_rate)
    if not found.cues:
        raise NotSubtitles(f"{path}: there is no cue in it")
    if found.damage and not force:
        more = f", and {len(found.damage) - 1} more" if len(found.damage) > 1 else ""
        raise NotSubtitles(
            f"{path}: a part of it cannot be read and would be lost ({found.damage[0]}{more}); "
            "mend the file, or go on without that part with --force"
        )
    for damage in found.damage:
        log.warning("%s: %s", path, damage)
    backwards = [clock(cue.start_ms) for cue in found.cues if cue.end_ms < cue.start_ms]
    if backwards:
        shown = ", ".join(backwards[:3]) + (" ..." if len(backwards) > 3 else "")
        log.warning("%s: ends before it starts, so gets the time of its words: %s", path, shown)
    return found
