"""`make bench`, second half: the whole road, files to files, against the engine alone.

Forty short films of real speech go from video files to subtitle files by an engine of
canary-180m-flash sizes (random weights; words at a speaker's pace stand for what it writes). The
rival is that engine with nothing around it: the same pieces, already in memory, in batches as
full. What is lost to decoding, speech detection, layout and files may not exceed a tenth. Both run
in turn, and each one's best counts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from canary_subs.canary.bench import endless
from canary_subs.media import ffmpeg
from canary_subs.model import Choice, Plan, Request, Utterance, Word
from canary_subs.pipeline import steps as film
from canary_subs.pipeline.schedule import Sessions, Task, process
from canary_subs.plugin import manager
from canary_subs.plugin.hookspecs import Engine, Provider, Session, hookimpl
from canary_subs.workflows.check import sound_of

VIDEOS = Path(__file__).parents[2] / "examples" / "videos"
FILMS, FILM_S = 40, 15
#: Tokens of each text: what is said in ten seconds.
TOKENS = 40
LEAST = 0.9


class Bare:
    """An engine of random weights as `hookspecs.Engine` and its session."""

    model = "random"

    def __init__(self) -> None:
        self._session = endless("canary-180m-flash", TOKENS)
        self.precision = self._session.precision
        self.max_clip_ms, self.batch_ms = self._session.max_clip_ms, self._session.batch_ms

    def pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset({("en", "en"), ("en", "de")})

    def refuse(self, source: str, target: str) -> str | None:
        return None if (source, target) in self.pairs() else "random"

    def open(self, device: str, precision: str) -> Session:
        return self

    def recognise(self, pieces: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        # Random texts are suspicious; trying each again would be work that real ones do not make.
        self._session.recognise_once(pieces)
        return [tuple(_spoken(piece, target) for target in piece.targets) for piece in pieces]

    def identify(self, clips: object, candidates: Sequence[str]) -> dict[str, float]:
        return dict.fromkeys(candidates, 1 / len(candidates))

    def close(self) -> None:
        pass


def _spoken(piece: Request, language: str) -> Utterance:
    """Five words every two seconds: what random weights write has no words in it."""
    span = film.span_of(piece.clip)
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
    """Offers one engine that is already there."""

    def __init__(self, engine: Bare) -> None:
        self._engine = engine

    @hookimpl
    def canary_subs_engines(self) -> list[Provider[Engine]]:
        return [Provider(name="bare", summary="random weights", make=lambda _: self._engine)]


def main() -> int:
    """Print both times and their ratio; 1 where the road loses too much."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--films", type=int, default=FILMS)
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    engine = Bare()
    plugins = manager.load()
    plugins.add("bare", "benchmark", lambda: Plugin(engine))
    with tempfile.TemporaryDirectory() as name:
        films = list(_films(Path(name), options.films))
        pieces = [piece for path in films for piece in _pieces(path, plugins, engine)]
        bests = [float("inf"), float("inf")]
        for turn in range(options.turns):
            bests[0] = min(bests[0], _alone(engine, pieces))
            bests[1] = min(bests[1], _road(films, plugins, Path(name) / f"out{turn}"))
    alone_s, road_s = bests
    sound_s = sum(len(piece.clip.samples) for piece in pieces) / 16_000
    print(
        f"{len(films)} films, {len(pieces)} pieces, {sound_s:.0f} s of speech into 2 languages: "
        f"the engine alone {alone_s:.1f} s, files to files {road_s:.1f} s: "
        f"{alone_s / road_s:.0%} of the engine's speed"
    )
    if alone_s / road_s < LEAST:
        print(f"falls short: {LEAST:.0%} were promised", file=sys.stderr)
        return 1
    return 0


def _films(folder: Path, count: int) -> Iterator[Path]:
    """Stretches of the longest example, each from another moment."""
    for number in range(count):
        path = folder / f"film {number}.mkv"
        cut = ["-ss", str(5 * number), "-t", str(FILM_S), "-i", str(VIDEOS / "long.mkv")]
        command = [ffmpeg.find(), "-nostdin", "-v", "error", *cut, "-c", "copy", str(path)]
        subprocess.run(command, check=True)
        yield path


def _plan(out: Path | None = None) -> Plan:
    return Plan(
        source="en",
        targets=("en", "de"),
        engine=Choice(name="bare"),
        segmenter=Choice(name="silero"),
        layout=Choice(name="balanced"),
        profile="netflix",
        writers=(Choice(name="srt"),) if out else (),
        deliveries=(Choice(name="sidecar", options={"out": out}),) if out else (),
    )


def _pieces(path: Path, plugins: manager.Plugins, engine: Bare) -> Iterator[Request]:
    """What the road asks the engine for."""
    cutter = plugins.make("segmenter", _plan().segmenter)
    with sound_of(path, plugins) as clips:
        for clip in film.cut(clips, cutter, engine.max_clip_ms):
            yield Request(clip=clip, source="en", targets=("en", "de"))


def _alone(engine: Bare, pieces: Sequence[Request]) -> float:
    begun = time.perf_counter()
    batch: list[Request] = []
    room_ms = engine.batch_ms
    for piece in pieces:
        batch.append(piece)
        room_ms -= film.span_of(piece.clip).duration_ms
        if room_ms <= 0:
            engine.recognise(batch)
            batch, room_ms = [], engine.batch_ms
    engine.recognise(batch)
    return time.perf_counter() - begun


def _road(films: Sequence[Path], plugins: manager.Plugins, out: Path) -> float:
    begun = time.perf_counter()
    tasks = [Task(path=path, plan=_plan(out)) for path in films]
    for outcome in process(tasks, plugins, Sessions(plugins)):
        if len(outcome.delivered) != 2:
            raise SystemExit(f"{outcome.task.path}: {outcome.errors or outcome.skip}")
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
