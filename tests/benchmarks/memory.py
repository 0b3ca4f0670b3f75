"""`make memory`: a 3-hour video may need 300 MB more memory than a 10-minute one, and no more.

Both are the longest example joined to itself, subtitled by the one-shot command with the
demonstration model; the figure is the largest resident set of that process. Besides, what the
alignment of an hour takes, if all of it were aligned at once (the engine does it batch by batch).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np

from canary_subs.canary import align
from canary_subs.media import ffmpeg
from canary_subs.media.probe import probe

LONG = Path(__file__).parents[2] / "examples" / "videos" / "long.mkv"
MOST_EXTRA_MB = 300
MOST_ALIGNMENT_MB = 200


def main() -> int:
    """Print both figures; 1 if the long video needs too much more."""
    with tempfile.TemporaryDirectory() as folder:
        short, long = (_peak_mb(_joined(Path(folder), minutes)) for minutes in (10, 180))
    aligned = _alignment_mb()
    print(f"10 minutes: {short:.0f} MB, 3 hours: {long:.0f} MB, {long - short:+.0f} MB")
    print(f"aligning an hour at once: {aligned:.0f} MB")
    if long - short > MOST_EXTRA_MB or aligned > MOST_ALIGNMENT_MB:
        limits = f"{MOST_EXTRA_MB} MB more and {MOST_ALIGNMENT_MB} MB"
        print(f"falls short: at most {limits} were promised", file=sys.stderr)
        return 1
    return 0


def _alignment_mb() -> float:
    """An hour in segments of 30 s, 12.5 frames and 3.3 tokens a second: scores and paths."""
    frames, tokens = 375, 100
    draw = np.random.default_rng(0)
    tracemalloc.start()
    columns = np.zeros(2 * tokens + 1, dtype=np.int64)
    columns[1::2] = draw.integers(1, 1000, tokens)
    emissions = [draw.standard_normal((frames, len(columns)), dtype=np.float32) for _ in range(120)]
    paths = align.best_paths(emissions, [align.may_skip(columns)] * len(emissions))
    assert all(len(path) == frames for path in paths)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 2**20


def _joined(folder: Path, minutes: int) -> Path:
    """The example, repeated until it lasts so long."""
    known = probe(LONG)
    assert known is not None
    times = -(-minutes * 60_000 // known.duration_ms)
    video = folder / f"{minutes} minutes.mkv"
    command = [ffmpeg.find(), "-nostdin", "-v", "error", "-stream_loop", str(times - 1)]
    subprocess.run([*command, "-i", LONG, "-c", "copy", video], check=True)
    return video


def _peak_mb(video: Path) -> float:
    """Subtitle a video in a process of its own; its largest resident set."""
    own = {"XDG_STATE_HOME": str(video.parent), "XDG_CONFIG_HOME": str(video.parent)}
    command = [sys.executable, "-m", "canary_subs", "run", str(video)]
    running = subprocess.Popen(
        [*command, "--model", "demo", "--to", "original,de"], env={**os.environ, **own}
    )
    _, status, usage = os.wait4(running.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{video.name} was not subtitled")
    return usage.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
