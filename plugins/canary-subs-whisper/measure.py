"""Word errors of the pipeline with Whisper on recordings whose words are known.

    python measure.py SPEECH_FOLDER MODEL [--beside] [--ids ID,ID] [--option OPTION=VALUE ...]

SPEECH_FOLDER holds `manifest.json`: a list of {id, file, seconds, language, kind, truth, text} and,
optionally, words: [[word, start_s, end_s], ...]. MODEL is a size or a folder, as after "whisper:".
Every recording is subtitled by ``canary-subs run`` with the default segmenter, all of a language in
one call; the words are read back from the subtitle files. Needs jiwer and whisper-normalizer
(`pip install canary-subs-whisper[measure]`). Recordings without known words are left out; of those
without speech (kind "no-speech") the words that were invented are counted. ``--beside`` has
faster-whisper transcribe the same recordings in the same process, without and with its detector.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import jiwer
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

import canary_subs

Clip = Mapping[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("model")
    parser.add_argument("--ids", default="", help="only these recordings")
    parser.add_argument("--option", action="append", default=[], help="as beam=1")
    parser.add_argument("--beside", action="store_true", help="faster-whisper's own texts as well")
    parser.add_argument("--out", type=Path, help="keep the subtitle files here")
    args = parser.parse_args()
    clips = json.loads((args.folder / "manifest.json").read_text(encoding="utf-8"))
    ids = set(filter(None, args.ids.split(",")))
    clips = [clip for clip in clips if clip["truth"] != "none" and (not ids or clip["id"] in ids)]
    with tempfile.TemporaryDirectory() as made:
        out = args.out or Path(made)
        started, cpu = time.monotonic(), _cpu_s()
        for language, group in _by(clips, "language").items():
            files = [str(args.folder / clip["file"]) for clip in group]
            run(files, language, args.model, args.option, out, Path(made))
        took, cpu = time.monotonic() - started, _cpu_s() - cpu
        for clip in clips:
            clip["cues"] = cues(out, clip)
            clip["texts"] = [" ".join(" ".join(cue.lines) for cue in clip["cues"])]
    own: Any = [beside(args.folder, clips, args.model, vad) for vad in (False, True) if args.beside]
    report(clips)
    for vad, seconds in zip(("without", "with"), own, strict=False):
        print(f"\nfaster-whisper {vad} its detector: {seconds:.0f} s of CPU, loading included")
    seconds = sum(clip["seconds"] for clip in clips)
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("canary-subs", "faster-whisper", "ctranslate2")
    ]
    print(
        f"\n{len(clips)} recordings, {seconds:.0f} s of sound; {took:.0f} s on {os.cpu_count()} "
        f"cores, {cpu:.0f} s of CPU, loading the model for each language included; "
        f"{', '.join(versions)}"
    )


def run(
    files: Sequence[str], language: str, model: str, options: Iterable[str], out: Path, state: Path
) -> None:
    """Subtitle some recordings of a language. Ends the program where that fails."""
    spoken = "en" if language == "none" else language
    command = [
        sys.executable, "-m", "canary_subs", "run", *files, "--model", f"whisper:{model}",
        "--from", spoken, "--to", spoken, "--format", "srt", "--out", str(out), "--overwrite",
    ]  # fmt: skip
    for option in options:
        command += ["--option", f"engine.whisper.{option}"]
    # A store of its own: texts that an earlier run kept are not measured.
    environment = {**os.environ, "XDG_STATE_HOME": str(state)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    nothing_said = language == "none" and done.returncode == 3
    if done.returncode and not nothing_said:
        sys.exit(done.stderr or done.stdout)


def cues(out: Path, clip: Clip) -> Sequence[canary_subs.Cue]:
    """The cues of a recording; none where nobody was found to speak."""
    found = list(out.rglob(f"{Path(clip['file']).stem}.*.srt"))
    return canary_subs.read(found[0]).cues if found else ()


def beside(folder: Path, clips: Sequence[Clip], model: str, vad: bool) -> float:
    """Add faster-whisper's own text to each recording; returns the seconds of CPU that it took."""
    from faster_whisper import WhisperModel

    started = time.process_time()
    whisper = WhisperModel(model, compute_type="int8")
    for clip in clips:
        language = "en" if clip["language"] == "none" else clip["language"]
        segments, _ = whisper.transcribe(
            str(folder / clip["file"]), language=language, beam_size=5, vad_filter=vad,
            word_timestamps=True,
        )  # fmt: skip
        clip["texts"].append("".join(segment.text for segment in segments))
    return time.process_time() - started


def report(clips: Sequence[Clip]) -> None:
    """Print a row for each language and kind, and one for all."""
    peers = ("faster-whisper", "with its detector")[: len(clips[0]["texts"]) - 1]
    heads = ("language", "kind", "recordings", "words", "lost", "invented", "changed", "WER %")
    print(f"| {' | '.join((*heads, *peers))} |")
    print("|---" * (len(heads) + len(peers)) + "|")
    spoken = [clip for clip in clips if clip["kind"] != "no-speech"]
    for (language, kind), group in _by(spoken, "language", "kind").items():
        print(_row(language, kind, group))
    print(_row("all", "", spoken))
    silent = [clip for clip in clips if clip["kind"] == "no-speech"]
    if silent:
        words = [
            sum(len(clip["texts"][at].split()) for clip in silent) for at in range(len(peers) + 1)
        ]
        print(f"\nWords invented in {len(silent)} recordings without speech:", *words)
    late = [one for clip in spoken if clip.get("words") for one in _late_ms(clip)]
    if len(late) > 1:
        at_most = quantiles([abs(one) for one in late], n=10, method="inclusive")[-1]
        print(
            f"\nCue starts against the true starts of their first words ({len(late)} cues): median "
            f"{median(late):+.0f} ms, 90 % within {at_most:.0f} ms"
        )


def _row(language: str, kind: str, clips: Sequence[Clip]) -> str:
    counts = [_errors(clips, at) for at in range(len(clips[0]["texts"]))]
    words, lost, invented, changed = counts[0]
    wers = [f"{100 * sum(errors) / words:.1f}" for _, *errors in counts]
    values = (language, kind, len(clips), words, lost, invented, changed, *wers)
    return f"| {' | '.join(map(str, values))} |"


def _errors(clips: Sequence[Clip], at: int) -> tuple[int, int, int, int]:
    """(true words, lost, invented, changed) of the texts with a number."""
    words = lost = invented = changed = 0
    for clip in clips:
        clean: Any = EnglishTextNormalizer() if clip["language"] == "en" else BasicTextNormalizer()
        found = jiwer.process_words(clean(clip["text"]), clean(clip["texts"][at]))
        words += found.hits + found.substitutions + found.deletions
        lost += found.deletions
        invented += found.insertions
        changed += found.substitutions
    return words, lost, invented, changed


def _late_ms(clip: Clip) -> Iterable[float]:
    """How late each cue begins whose first word is found among the true words near it."""
    clean = BasicTextNormalizer()
    for cue in clip["cues"]:
        first = clean(cue.text).split()[:1]
        true = [1000 * start for word, start, _ in clip["words"] if clean(word).split() == first]
        near = [cue.start_ms - start for start in true if abs(cue.start_ms - start) < 1500]
        if near:
            yield min(near, key=abs)


def _by(clips: Iterable[Clip], *keys: str) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for clip in clips:
        groups[clip[keys[0]] if len(keys) == 1 else tuple(clip[key] for key in keys)].append(clip)
    return dict(sorted(groups.items()))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
