"""Make the example videos and their truth: python -m examples.make_examples.

Needs espeak-ng and DejaVu Sans.

Every video is synthesised speech of the demonstration model's language, in sentences and voices
that the model never met, over a moving test picture that shows the sentence. Beside each stands its
truth as JSON: what is said, when, and what it means in the other languages. Times are integer
milliseconds on the video's timeline, 0 being the first instant that a player shows.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

from examples.demo_model import events, sound
from examples.demo_model.corpus import utter
from examples.demo_model.grammar import LANGUAGES, Sentence, draw
from examples.demo_model.speech import HELD_OUT_VARIANTS, SAMPLE_RATE_HZ, Samples, Voice, speak

FOLDER = Path(__file__).with_name("videos")

#: All videos together.
MOST_BYTES = 4_000_000

#: How far sound may lie from where the truth has it.
MOST_SHIFT_MS = 8.0

ISO_639_2 = {"en": "eng", "de": "deu", "fr": "fra", "es": "spa"}


@dataclass(kw_only=True)
class Track:
    """One sound track: samples, and what is in it with times from the track's own start."""

    language: str
    samples: Samples
    sentences: list[dict[str, Any]]
    #: What SDH subtitles should label: kind, start_ms, end_ms.
    sounds: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A video to make.

    sound_codec: ffmpeg's arguments. late_ms: how long after the picture the sound starts.
    """

    name: str
    tracks: Callable[[], list[Track]]
    sound_codec: tuple[str, ...] = ("-c:a", "aac", "-b:a", "32k")
    late_ms: int = 0
    chapters: int = 0
    options: tuple[str, ...] = field(default=())


# Sound --------------------------------------------------------------------------------------------


def sentences(seed: int) -> Iterator[Sentence]:
    """Held-out sentences whose every word espeak-ng times in all four languages."""
    for sentence in draw(seed, held_out=True):
        if all(
            speak(sentence.text(language), Voice(language=language)).exact for language in LANGUAGES
        ):
            yield sentence


def _voice(rng: random.Random, language: str, variant: str) -> Voice:
    return Voice(
        language=language,
        variant=variant,
        rate_wpm=rng.randint(140, 175),
        pitch=rng.randint(40, 60),
    )


def spoken(
    language: str, chosen: list[Sentence], seed: int, *, gaps_ms: tuple[int, int] = (600, 1600)
) -> Track:
    """Sentences one after the other, two voices taking turns, with pauses."""
    rng = random.Random(seed)
    voices = rng.sample(HELD_OUT_VARIANTS, 2)
    parts: list[Samples] = []
    truth: list[dict[str, Any]] = []
    position = 0

    def pause(length_ms: int) -> None:
        nonlocal position
        parts.append(np.zeros(length_ms * SAMPLE_RATE_HZ // 1000, np.float32))
        position += len(parts[-1])

    pause(rng.randint(900, 1500))
    for index, sentence in enumerate(chosen):
        while True:
            one = utter(sentence, _voice(rng, language, voices[index // 2 % 2]))
            if all(word.exact for word in one.words):
                break
        start_ms = position * 1000 / SAMPLE_RATE_HZ
        words = [
            {
                "text": w.text,
                "start_ms": round(start_ms + w.start_ms),
                "end_ms": round(start_ms + w.end_ms),
            }
            for w in one.words
        ]
        truth.append(
            {
                "text": sentence.text(language),
                "start_ms": words[0]["start_ms"],
                "end_ms": words[-1]["end_ms"],
                "translations": {
                    other: sentence.text(other) for other in LANGUAGES if other != language
                },
                "words": words,
            }
        )
        parts.append(one.sound)
        position += len(one.samples)
        pause(rng.randint(*gaps_ms))
    return Track(language=language, samples=np.concatenate(parts), sentences=truth)


def _take(seed: int, count: int) -> list[Sentence]:
    stream = sentences(seed)
    return [next(stream) for _ in range(count)]


def one_language(language: str, seed: int, count: int) -> list[Track]:
    """A plain track over a little hiss."""
    track = spoken(language, _take(seed, count), seed)
    rng = np.random.default_rng(seed)
    track.samples = track.samples + sound.noise(rng, len(track.samples)) * np.float32(0.01)
    return [track]


def two_languages(seed: int, count: int) -> list[Track]:
    """The same sentences in English and in German."""
    chosen = _take(seed, count)
    return [spoken("en", chosen, seed), spoken("de", chosen, seed + 1)]


def noise_and_music(seed: int, count: int) -> list[Track]:
    """Speech over noise, with music and other sounds in long pauses."""
    track = spoken("en", _take(seed, count), seed, gaps_ms=(3500, 4500))
    rng = np.random.default_rng(seed)
    loudness = sound.level(track.samples) / 0.1
    samples = track.samples + sound.noise(rng, len(track.samples)) * np.float32(0.08 * loudness)
    makers = (sound.chords, sound.drums, sound.arpeggio, sound.noise, sound.band, sound.tone)
    kinds = cycle(("music" if maker in sound.MUSIC else None, maker) for maker in makers)
    track.samples = _filled(track, samples, kinds, margin_ms=500, gain=0.7 * loudness, rng=rng)
    return [track]


def sounds(seed: int) -> list[Track]:
    """Speech, and in each pause a sound that SDH subtitles label."""
    labelled = {
        "knocking": events.knocks,
        "doorbell": events.doorbell,
        "telephone": events.telephone,
        "applause": events.applause,
        "siren": events.siren,
        "engine": events.engine,
        "bell": events.bell,
        "music": events.tune,
    }
    track = spoken("en", _take(seed, len(labelled) + 1), seed, gaps_ms=(4500, 6000))
    rng = np.random.default_rng(seed)
    loudness = sound.level(track.samples) / 0.1
    samples = track.samples + sound.noise(rng, len(track.samples)) * np.float32(0.01)
    track.samples = _filled(
        track, samples, labelled.items(), margin_ms=800, gain=0.7 * loudness, rng=rng
    )
    return [track]


def _filled(
    track: Track,
    samples: Samples,
    makers: Iterable[tuple[str | None, sound.Maker]],
    *,
    margin_ms: int,
    gain: float,
    rng: sound.Rng,
) -> Samples:
    """The samples with a sound in each pause, ``margin_ms`` from speech; those with a kind go into
    the track's truth.
    """
    for (before, after), (kind, maker) in zip(pairwise(track.sentences), makers, strict=False):
        begin_ms, end_ms = before["end_ms"] + margin_ms, after["start_ms"] - margin_ms
        begin, end = begin_ms * 16, end_ms * 16
        samples[begin:end] += maker(rng, end - begin) * np.float32(gain)
        if kind is not None:
            track.sounds.append({"kind": kind, "start_ms": begin_ms, "end_ms": end_ms})
    return samples


EXAMPLES = (
    Example(name="english.mp4", tracks=lambda: one_language("en", 101, 10)),
    Example(
        name="german.mkv",
        tracks=lambda: one_language("de", 102, 10),
        sound_codec=("-c:a", "libopus", "-b:a", "28k"),
    ),
    Example(name="french.mp4", tracks=lambda: one_language("fr", 103, 10)),
    Example(
        name="spanish.mkv",
        tracks=lambda: one_language("es", 104, 10),
        sound_codec=("-c:a", "libmp3lame", "-b:a", "32k"),
    ),
    Example(name="two_languages.mkv", tracks=lambda: two_languages(105, 9), chapters=3),
    Example(
        name="late_audio.ts",
        tracks=lambda: one_language("en", 106, 8),
        late_ms=1200,
        options=("-muxdelay", "0"),
    ),
    Example(name="noise_and_music.mkv", tracks=lambda: noise_and_music(107, 8)),
    Example(name="sounds.mkv", tracks=lambda: sounds(109)),
    Example(
        name="long.mkv",
        tracks=lambda: one_language("en", 108, 76),
        sound_codec=("-c:a", "libopus", "-b:a", "20k"),
    ),
)


# Picture and file ---------------------------------------------------------------------------------


def make(example: Example, folder: Path) -> None:
    """Write one video and its truth."""
    tracks = example.tracks()
    duration_s = (
        max(len(track.samples) for track in tracks) / SAMPLE_RATE_HZ + example.late_ms / 1000 + 0.5
    )
    video = folder / example.name
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        truth = _truth(example, tracks)
        (work / "text.ass").write_text(_drawn(truth["tracks"][0]["sentences"]), encoding="utf-8")
        (work / "chapters.txt").write_text(_chapters(truth["chapters"]), encoding="utf-8")
        command = ["-f", "lavfi", "-i", f"testsrc=s=256x144:r=8:d={duration_s:.3f}"]
        for index, track in enumerate(tracks):
            _write_wave(work / f"{index}.wav", track.samples)
            command += ["-itsoffset", str(example.late_ms / 1000), "-i", f"{index}.wav"]
        if truth["chapters"]:
            command += ["-i", "chapters.txt", "-map_chapters", str(len(tracks) + 1)]
        command += ["-map", "0:v"]
        for index, track in enumerate(tracks):
            command += [
                "-map",
                f"{index + 1}:a",
                f"-metadata:s:a:{index}",
                f"language={ISO_639_2[track.language]}",
            ]
        command += [
            "-vf", f"ass=text.ass:fontsdir={_escaped(_fonts())}", "-c:v", "libx264",
            "-preset", "veryslow", "-crf", "42", "-bf", "0", "-g", "80", "-pix_fmt", "yuv420p",
            "-threads", "1", *example.sound_codec, "-ac", "1",
            "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact",
            *example.options, str(video.resolve()),
        ]  # fmt: skip
        _ffmpeg(command, work)
    video.with_suffix(".json").write_text(
        json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    for index, track in enumerate(tracks):
        if (shift_ms := abs(_shift_ms(video, index, track, example.late_ms))) > MOST_SHIFT_MS:
            sys.exit(
                f"{video}: the sound of track {index} lies {shift_ms:.0f} ms "
                "from where the truth has it"
            )


def _truth(example: Example, tracks: list[Track]) -> dict[str, Any]:
    def moved(item: dict[str, Any]) -> dict[str, Any]:
        times = {key: item[key] + example.late_ms for key in ("start_ms", "end_ms")}
        return {
            **item,
            **times,
            **({"words": [moved(word) for word in item["words"]]} if "words" in item else {}),
        }

    listed: list[dict[str, Any]] = [
        {
            "index": index,
            "language": track.language,
            "sentences": [moved(sentence) for sentence in track.sentences],
            "sounds": [moved(one) for one in track.sounds],
        }
        for index, track in enumerate(tracks)
    ]
    chapters = []
    if example.chapters:
        said = listed[0]["sentences"]
        step = len(said) // example.chapters
        starts_ms = [0, *(said[index]["start_ms"] - 200 for index in range(step, len(said), step))]
        chapters = [
            {"title": f"Part {number + 1}", "start_ms": start}
            for number, start in enumerate(starts_ms)
        ]
    return {"video": example.name, "chapters": chapters, "tracks": listed}


def _drawn(said: list[dict[str, Any]]) -> str:
    """The sentences of the first track as an ASS script that draws them into the picture."""

    def clock(time_ms: int) -> str:
        seconds, centis = divmod(time_ms // 10, 100)
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{centis:02}"

    lines = [
        f"Dialogue: 0,{clock(s['start_ms'])},{clock(s['end_ms'] + 300)},Text,,0,0,0,,{s['text']}"
        for s in said
    ]
    return "\n".join(
        [
            "[Script Info]", "ScriptType: v4.00+", "PlayResX: 256", "PlayResY: 144", "[V4+ Styles]",
            "Format: Name, Fontname, Fontsize, PrimaryColour, BackColour, BorderStyle, Outline, "
            "Alignment, MarginV, MarginL, MarginR",
            "Style: Text,DejaVu Sans,13,&H00FFFFFF,&H00000000,3,2,2,10,8,8",
            "[Events]",
            "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
            *lines, "",
        ]
    )  # fmt: skip


def _chapters(chapters: list[dict[str, Any]]) -> str:
    ends = [chapter["start_ms"] for chapter in chapters[1:]] + [10**7]
    blocks = [
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={chapter['start_ms']}\nEND={end}\n"
        f"title={chapter['title']}\n"
        for chapter, end in zip(chapters, ends, strict=False)
    ]
    return "\n".join([";FFMETADATA1", *blocks])


def _fonts() -> Path:
    """The folder of an installed DejaVu Sans."""
    for root in (
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "/Library/Fonts",
        str(Path.home() / ".fonts"),
    ):
        for found in sorted(Path(root).rglob("DejaVuSans.ttf")):
            return found.parent
    sys.exit("no DejaVu Sans to write with (Debian: apt install fonts-dejavu-core)")


def _escaped(path: Path) -> str:
    """A path as an argument of a filter."""
    return str(path).replace("\\", "/").replace(":", "\\:").replace("'", "\\'")


def _write_wave(path: Path, samples: Samples) -> None:
    peak = max(0.9, float(np.abs(samples).max()))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE_HZ)
        out.writeframes((samples / peak * 0.9 * 32767).astype("<i2").tobytes())


def _ffmpeg(arguments: list[str], folder: Path | None = None) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode())
    return done.stdout


def _shift_ms(video: Path, index: int, track: Track, late_ms: int) -> float:
    """How much later than the truth the sound of the finished file is, on the video's timeline."""
    import av

    with av.open(str(video)) as container:
        start_s = (container.start_time or 0) / 1e6
    resampled = f"aresample={SAMPLE_RATE_HZ}:async=1:min_hard_comp=0.01:first_pts=0"
    timeline = f"asetpts=PTS-({start_s})/TB,{resampled}"
    raw = _ffmpeg(
        [
            "-copyts",
            "-i",
            str(video),
            "-map",
            f"0:a:{index}",
            "-af",
            timeline,
            "-ac",
            "1",
            "-f",
            "s16le",
            "pipe:",
        ]
    )
    decoded = np.frombuffer(raw, "<i2").astype(np.float32)
    wanted = np.concatenate([np.zeros(late_ms * SAMPLE_RATE_HZ // 1000, np.float32), track.samples])
    size = 1 << (max(len(decoded), len(wanted)) * 2).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(wanted, size)), size)
    lag = int(likeness.argmax())
    return (lag - size if lag > size // 2 else lag) * 1000 / SAMPLE_RATE_HZ


def main() -> None:
    """Make all of them, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    for example in EXAMPLES:
        if not sys.argv[1:] or example.name in sys.argv[1:]:
            make(example, FOLDER)
            print(f"{example.name}: {(FOLDER / example.name).stat().st_size / 1000:.0f} kB")
    if (total := sum(path.stat().st_size for path in FOLDER.iterdir())) > MOST_BYTES:
        sys.exit(f"the videos weigh {total / 1e6:.1f} MB, more than {MOST_BYTES / 1e6:.0f}")


if __name__ == "__main__":
    main()
