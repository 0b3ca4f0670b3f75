"""Word errors of the pipeline with Whisper on recordings whose words are known.

    python measure.py SPEECH_FOLDER MODEL [--ids ID,ID] [--option ENGINE_OPTION=VALUE ...]

SPEECH_FOLDER holds `manifest.json`: a list of {id, file, seconds, language, kind, truth, text} and,
optionally, words: [[word, start_s, end_s], ...]. MODEL is a size or a folder, as after "whisper:".
Every recording is subtitled by ``canary-subs run`` with the default segmenter, all of a language in
one call; the words are read back from the subtitle files. Needs jiwer and whisper-normalizer
(`pip install canary-subs-whisper[measure]`). Recordings without known words are left out; of those
without speech (kind "no-speech") the words that were invented are counted.
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
    report(clips)
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


def report(clips: Sequence[Clip]) -> None:
    """Print a row for each language and kind, and one for all."""
    print("| language | kind | recordings | words | WER % | lost | invented | changed |")
    print("|---|---|---|---|---|---|---|---|")
    spoken = [clip for clip in clips if clip["kind"] != "no-speech"]
    for (language, kind), group in _by(spoken, "language", "kind").items():
        print(_row(language, kind, group))
    print(_row("all", "", spoken))
    silent = [clip for clip in clips if clip["kind"] == "no-speech"]
    words = [word for clip in silent for cue in clip["cues"] for word in cue.text.split()]
    if silent:
        print(f"\nWithout speech: {len(silent)} recordings, {len(words)} words invented")
    late = [one for clip in spoken if clip.get("words") for one in _late_ms(clip)]
    if len(late) > 1:
        at_most = quantiles([abs(one) for one in late], n=10)[-1]
        print(
            f"\nCue starts against the true starts of their first words ({len(late)} cues): median "
            f"{median(late):+.0f} ms, 90 % within {at_most:.0f} ms"
        )


def _row(language: str, kind: str, clips: Sequence[Clip]) -> str:
    total = [0, 0, 0, 0]
    for clip in clips:
        clean: Any = EnglishTextNormalizer() if clip["language"] == "en" else BasicTextNormalizer()
        said = clean(" ".join(" ".join(cue.lines) for cue in clip["cues"]))
        counts = jiwer.process_words(clean(clip["text"]), said or "")
        true = counts.hits + counts.substitutions + counts.deletions
        for at, count in enumerate(
            (true, counts.deletions, counts.insertions, counts.substitutions)
        ):
            total[at] += count
    words, lost, invented, changed = total
    wer = 100 * (lost + invented + changed) / words
    values = (len(clips), words, f"{wer:.1f}", lost, invented, changed)
    return f"| {language} | {kind} | {' | '.join(map(str, values))} |"


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
