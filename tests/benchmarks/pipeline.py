"""The pipeline, from video files to subtitle files, against the engine alone.

``python -m tests.benchmarks.pipeline`` subtitles forty short videos of real speech with an engine
of canary-180m-flash sizes (random weights; words at a speaker's pace stand for what it writes). The
same engine then recognises the same segments, already in memory, in batches as full. What is lost
to decoding, speech detection, layout and files may not exceed a tenth. Both run in turn, and the
best of each counts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from canary_subs.media import ffmpeg
from canary_subs.model import SAMPLE_RATE_HZ, Choice, Context, Plan, Request, Track, Utterance, Word
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.segments import cut
from canary_subs.pipeline.task import Task
from canary_subs.plugin import manager
from canary_subs.plugin.hookspecs import Engine, Provider, Session, hookimpl
from canary_subs.workflows.check import sound_of
from tests.benchmarks.engine import endless

EXAMPLE = Path(__file__).parents[2] / "examples" / "videos" / "long.mkv"
VIDEO_COUNT, VIDEO_S = 40, 15
#: Tokens of each text: what is said in ten seconds.
TOKENS = 40
LEAST = 0.9


class RandomSession(Session):
    """Recognises with random weights; what it gives are words at a speaker's pace."""

    model = "random"

    def __init__(self) -> None:
        self._session = endless("canary-180m-flash", TOKENS)
        self.precision = self._session.precision
        self.max_segment_ms, self.batch_ms = self._session.max_segment_ms, self._session.batch_ms

    def recognise(self, requests: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        # Random texts are suspicious; trying each again would be work that real ones do not make.
        self._session.recognise_once(requests)
        return [tuple(_spoken(one, target) for target in one.targets) for one in requests]


class RandomEngine(Engine):
    """Opens a session that is already there."""

    def __init__(self, session: RandomSession) -> None:
        self._session = session

    def pairs(self) -> set[tuple[str, str]]:
        return {("en", "en"), ("en", "de")}

    def open(self, context: Context) -> Session:
        return self._session


def _spoken(request: Request, language: str) -> Utterance:
    """Five words every two seconds: random weights write no words."""
    span = request.clip.span
    words = tuple(
        Word(
            text="word." if at % 4000 == 3600 else "word", start_ms=start_ms, end_ms=start_ms + 300
        )
        for at in range(0, span.duration_ms - 400, 400)
        for start_ms in [span.start_ms + at]
    )
    text = " ".join(word.text for word in words)
    return Utterance(text=text, span=span, language=language, words=words)


class Plugin:
    """Offers the engine."""

    def __init__(self, session: RandomSession) -> None:
        self._session = session

    @hookimpl
    def canary_subs_engines(self) -> list[Provider[Engine]]:
        def make(options: object, context: Context) -> Engine:
            return RandomEngine(self._session)

        return [Provider(name="random", summary="random weights", make=make)]


def main() -> int:
    """Print both times and their ratio; 1 if the pipeline loses too much."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--videos", type=int, default=VIDEO_COUNT)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    session = RandomSession()
    plugins = manager.load()
    plugins.add("random", "benchmark", lambda: Plugin(session))
    with tempfile.TemporaryDirectory() as name:
        videos = list(_videos(Path(name), options.videos))
        requests = [one for path in videos for one in _requests(path, plugins, session)]
        alone_s = pipeline_s = float("inf")
        for number in range(options.rounds):
            alone_s = min(alone_s, _alone(session, requests))
            pipeline_s = min(pipeline_s, _pipeline(videos, plugins, Path(name) / f"out{number}"))
    speech_s = sum(len(one.clip.samples) for one in requests) / SAMPLE_RATE_HZ
    print(
        f"{len(videos)} videos, {len(requests)} segments, {speech_s:.0f} s of speech, 2 languages: "
        f"the engine alone {alone_s:.1f} s, files to files {pipeline_s:.1f} s: "
        f"{alone_s / pipeline_s:.0%} of the engine's speed"
    )
    if alone_s / pipeline_s < LEAST:
        print(f"falls short: {LEAST:.0%} were promised", file=sys.stderr)
        return 1
    return 0


def _videos(folder: Path, count: int) -> Iterator[Path]:
    """Parts of the longest example, each from another moment."""
    for number in range(count):
        path = folder / f"video {number}.mkv"
        cut = ["-ss", str(5 * number), "-t", str(VIDEO_S), "-i", str(EXAMPLE)]
        command = [ffmpeg.find(), "-nostdin", "-v", "error", *cut, "-c", "copy", str(path)]
        subprocess.run(command, check=True)
        yield path


def _plan(out: Path | None = None) -> Plan:
    return Plan(
        spoken="en",
        targets=(Track(("en",)), Track(("de",))),
        engine=Choice(name="random"),
        segmenter=Choice(name="silero"),
        layout=Choice(name="balanced"),
        profile="netflix",
        writers=(Choice(name="srt"),) if out else (),
        deliveries=(Choice(name="sidecar"),) if out else (),
        context=Context(out=out),
    )


def _requests(path: Path, plugins: manager.Plugins, session: RandomSession) -> Iterator[Request]:
    """What the pipeline asks the engine for."""
    cutter = plugins.use("segmenter", _plan().segmenter)
    with sound_of(path, plugins) as clips:
        for clip in cut(clips, cutter, session.max_segment_ms):
            yield Request(clip=clip, spoken="en", targets=("en", "de"))


def _alone(session: RandomSession, requests: Sequence[Request]) -> float:
    begun = time.perf_counter()
    batch: list[Request] = []
    left_ms = session.batch_ms
    for request in requests:
        batch.append(request)
        left_ms -= request.clip.span.duration_ms
        if left_ms <= 0:
            session.recognise(batch)
            batch, left_ms = [], session.batch_ms
    session.recognise(batch)
    return time.perf_counter() - begun


def _pipeline(videos: Sequence[Path], plugins: manager.Plugins, out: Path) -> float:
    begun = time.perf_counter()
    tasks = [Task(path=path, plan=_plan(out)) for path in videos]
    for outcome in process(tasks, plugins):
        if len(outcome.delivered) != 2:
            raise SystemExit(f"{outcome.task.path}: {outcome.errors or outcome.skip}")
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
