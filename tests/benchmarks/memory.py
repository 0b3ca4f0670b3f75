"""`make memory`: a 3-hour film must not need more memory than a 10-minute one (400 MB at most).

Both are the longest example joined to itself, subtitled by the one-shot command with the
demonstration model; the figure is the largest resident set of that process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from canary_subs.media import ffmpeg
from canary_subs.media.probe import probe

LONG = Path(__file__).parents[2] / "examples" / "videos" / "long.mkv"
MOST_EXTRA_MB = 400


def main() -> int:
    """Print both figures; 1 where the long film needs too much more."""
    with tempfile.TemporaryDirectory() as folder:
        short, long = (_peak_mb(_joined(Path(folder), minutes)) for minutes in (10, 180))
    print(f"10 minutes: {short:.0f} MB, 3 hours: {long:.0f} MB, {long - short:+.0f} MB")
    if long - short > MOST_EXTRA_MB:
        print(f"falls short: at most {MOST_EXTRA_MB} MB more were promised", file=sys.stderr)
        return 1
    return 0


def _joined(folder: Path, minutes: int) -> Path:
    """The example, repeated until it lasts so long."""
    known = probe(LONG)
    assert known is not None
    times = -(-minutes * 60_000 // known.duration_ms)
    film = folder / f"{minutes} minutes.mkv"
    command = [ffmpeg.find(), "-nostdin", "-v", "error", "-stream_loop", str(times - 1)]
    subprocess.run([*command, "-i", LONG, "-c", "copy", film], check=True)
    return film


def _peak_mb(film: Path) -> float:
    """Subtitle a film in a process of its own; its largest resident set."""
    own = {"XDG_STATE_HOME": str(film.parent), "XDG_CONFIG_HOME": str(film.parent)}
    command = [sys.executable, "-m", "canary_subs", "run", str(film)]
    running = subprocess.Popen(
        [*command, "--model", "demo", "--to", "original,de"], env={**os.environ, **own}
    )
    _, status, usage = os.wait4(running.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{film.name} was not subtitled")
    return usage.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
