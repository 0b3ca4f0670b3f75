"""The main job on the example videos, as ``make demo`` runs it: a watched folder, four languages.

Copies the videos into ``build/demo/videos``, lets the daemon drain that folder with the
demonstration model, compares what it wrote with what is really said, and shows where it lies.
Ends with status 1 where a figure falls short of what the project promises.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from canary_subs.workflows.review_index import write_index
from examples.score import Score, score, shortfalls, truth

HERE = Path(__file__).resolve().parent
VIDEOS = HERE.parent / "build" / "demo" / "videos"
MOST_SECONDS = 60.0

#: Canary translates to and from English: English videos get all four languages, the others two.
TARGETS = {True: ("en", "de", "fr", "es", "en.sdh"), False: ("original", "en")}


def main() -> int:
    """Run the demonstration; 0 where every figure holds."""
    videos = sorted(path for path in (HERE / "videos").iterdir() if path.suffix != ".json")
    shutil.rmtree(VIDEOS.parent, ignore_errors=True)
    for video in videos:
        english = truth(video).language == "en"
        folder = VIDEOS / ("english" if english else "others")
        folder.mkdir(parents=True, exist_ok=True)
        targets = ", ".join(f'"{target}"' for target in TARGETS[english])
        (folder / ".canary-subs.toml").write_text(f"targets = [{targets}]\nreview = true\n")
        shutil.copy(video, folder)
    seconds = _drain()
    scores = [found for video in videos for found in _scores(video)]
    _show(scores)
    exact, sentences = (sum(getattr(s, part) for s in scores) for part in ("exact", "sentences"))
    print(f"translations: {exact} of {sentences} sentences exact ({exact / sentences:.1%})")
    labelled, sounds = (sum(getattr(s, part) for s in scores) for part in ("labelled", "sounds"))
    print(f"sounds: {labelled} of {sounds} labelled, {sum(s.invented for s in scores)} invented")
    short = list(shortfalls(scores))
    if seconds > MOST_SECONDS:
        short.append(f"the main job took {seconds:.0f} s")
    made = sorted(VIDEOS.rglob("*.srt"))
    print(f"\n{len(videos)} videos, {len(made)} subtitle tracks in {seconds:.0f} s. One of them:\n")
    print("\n".join(made[0].read_text(encoding="utf-8").splitlines()[:8]))
    print("\nWhat a person should look at:")
    for report in sorted(VIDEOS.rglob("*.check.json")):
        print(f"  {report.stem.removesuffix('.check')}: {_findings(report)}")
    page = next(VIDEOS.rglob("*.proof.html"))
    print(f"\nAll of it is in {VIDEOS}")
    print(f"Open this in a browser to watch and correct: {page}")
    print(f"And this leads to all of them, worst first: {write_index(VIDEOS)}")
    for text in short:
        print(f"falls short: {text}", file=sys.stderr)
    return int(bool(short))


def _drain() -> float:
    """Let the daemon work until nothing is left; seconds that it took."""
    own = {
        "XDG_STATE_HOME": str(VIDEOS.parent / "state"),
        "XDG_CONFIG_HOME": str(VIDEOS.parent / "config"),
        "CANARY_SUBS_WATCH_SETTLE_S": "1",
    }
    command = [sys.executable, "-m", "canary_subs", "watch", str(VIDEOS), "--drain"]
    begun = time.monotonic()
    subprocess.run(
        [*command, "--model", "demo", "--sound-model", "demo", "--format", "srt,vtt,json"],
        env={**os.environ, **own},
        check=True,
    )
    return time.monotonic() - begun


def _findings(report: Path) -> str:
    """How often each rule of the check was broken in a video's tracks."""
    tracks = json.loads(report.read_text(encoding="utf-8"))["tracks"]
    counts: Counter[str] = Counter()
    for track in tracks:
        counts.update(track["counts"])
    return ", ".join(f"{rule} {count}" for rule, count in counts.most_common()) or "nothing"


def _scores(video: Path) -> list[Score]:
    spoken = truth(video).language
    folder = VIDEOS / ("english" if spoken == "en" else "others")
    languages = [spoken if t == "original" else t for t in TARGETS[spoken == "en"]]
    return [score(video, folder / f"{video.stem}.{x}.json", x) for x in languages]


def _show(scores: list[Score]) -> None:
    print(
        f"{'video':<24}{'track':<8}{'words':>6}{'WER':>8}{'word start':>12}{'cue start':>11}  exact"
    )
    for one in scores:
        errors = "" if one.word_errors is None else f"{one.word_errors:.1%}"
        words = "" if one.word_start_ms is None else f"{one.word_start_ms:.0f} ms"
        cues = "" if one.cue_start_ms is None else f"{one.cue_start_ms:.0f} ms"
        exact = f"{one.exact} of {one.sentences} sentences" if one.sentences else ""
        exact = f"{one.labelled} of {one.sounds} sounds" if one.sounds else exact
        print(
            f"{one.video:<24}{one.language:<8}{one.words:>6}{errors:>8}"
            f"{words:>12}{cues:>11}  {exact}"
        )


if __name__ == "__main__":
    sys.exit(main())
