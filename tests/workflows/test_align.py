"""Scripts and subtitle files timed to a film whose words are known."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import pytest

from canary_subs import formats
from canary_subs.errors import MediaError, NotSubtitles, UsageError
from canary_subs.formats.vtt import VttOptions, VttWriter
from canary_subs.model import AudioClip, Choice, Plan, Timing, Utterance, Word
from canary_subs.plugin.manager import Plugins
from canary_subs.testing import FAKE_WORD_MS, Fakes, fake_plan, fake_words, plugins, write_video
from canary_subs.workflows.align import align
from tests.workflows.test_check import Listener, srt

SPEECH = ((1000, 9000), (12_000, 30_000), (45_000, 58_000), (60_000, 61_000))
SAID = fake_words("en", *SPEECH)


def starts(word: str) -> int:
    """When the fakes say a word: it carries its half second in its name."""
    return int(word.removeprefix("en")) * FAKE_WORD_MS


@pytest.fixture
def plan() -> Plan:
    return fake_plan(layout=Choice(name="balanced"))


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def on_offer(fakes: Fakes) -> Plugins:
    return plugins(fakes, Listener(), formats)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "film.mkv", *SPEECH)


def test_a_script_gets_the_times_of_what_is_said(
    tmp_path: Path, video: Path, plan: Plan, on_offer: Plugins
) -> None:
    chance = random.Random(8)
    script: list[str] = ["Title", "page."]
    for word in SAID:
        if chance.random() < 0.1:
            script.append("other")  # what the recogniser takes for another word
        elif chance.random() < 0.05:
            script += ["never", "said"]
        elif chance.random() < 0.95:
            script.append(word.capitalize() + chance.choice(["", ",", ".", "!"]))
    text = tmp_path / "script.txt"
    text.write_text(" ".join(script))
    document = align(video, text, plan, on_offer)
    words = [word for cue in document.cues for word in cue.words]
    assert [word.text for word in words] == script
    assert [word for cue in document.cues for word in cue.text.split()] == script
    near = [
        abs(word.start_ms - starts(word.text.lower().strip(",.!")))
        for word in words
        if word.text.startswith("En")
    ]
    assert len(near) > 60
    assert sum(error == 0 for error in near) > 0.9 * len(near)
    for one, other in itertools.pairwise(words):
        assert one.start_ms <= other.start_ms


def drifted(path: Path, scale: float, offset_ms: int, language: str = "en") -> Path:
    cues = []
    for i in range(0, len(SAID) - 4, 4):
        start_ms, end_ms = starts(SAID[i]), starts(SAID[i + 3]) + FAKE_WORD_MS
        text = " ".join(SAID[i : i + 4]).replace("en", language)
        cues.append((round(start_ms * scale) + offset_ms, round(end_ms * scale) + offset_ms, text))
    return srt(path, *cues)


@pytest.mark.parametrize(("scale", "offset_ms"), [(1, 0), (1, 4321), (1.04, 0), (0.96, 2000)])
def test_a_drifted_file_is_repaired_and_keeps_its_texts(
    scale: float, offset_ms: int, tmp_path: Path, video: Path, plan: Plan, on_offer: Plugins
) -> None:
    file = drifted(tmp_path / "film.en.srt", scale, offset_ms)
    document = align(video, file, plan, on_offer)
    assert [cue.text.split() for cue in document.cues] == [
        SAID[i : i + 4] for i in range(0, len(SAID) - 4, 4)
    ]
    for cue in document.cues:
        assert cue.start_ms == starts(cue.text.split()[0])
    for one, other in zip(document.cues, document.cues[1:], strict=False):
        assert one.end_ms <= other.start_ms


def test_the_aligner_has_the_last_word(
    tmp_path: Path, video: Path, plan: Plan, fakes: Fakes, on_offer: Plugins
) -> None:
    class Exact:
        """Places every word a hundredth late; fails on pieces that begin in the first minute."""

        def align(self, clip: AudioClip, utterance: Utterance) -> Utterance:
            words = tuple(
                Word(text=text, start_ms=starts(text) + 10, end_ms=starts(text) + 490)
                for text in utterance.text.split()
            )
            if utterance.span.start_ms < 20_000:
                words = words[1:]
            return replace(utterance, words=words, timing=Timing.CTC)

    fakes.aligner = Exact()  # type: ignore[assignment]
    text = tmp_path / "script.txt"
    text.write_text(" ".join(SAID))
    asked = replace(plan, aligner=Choice(name="fake"))
    document = align(video, text, asked, on_offer)
    words = [word for cue in document.cues for word in cue.words]
    assert [word.text for word in words] == SAID
    late = [word.start_ms - starts(word.text) for word in words]
    first = sum(word.start_ms < 20_000 for word in words)
    assert set(late[:first]) == {0}
    assert late[-20:] == [10] * 20


def test_the_result_says_where_its_words_and_times_are_from(
    tmp_path: Path, video: Path, plan: Plan, on_offer: Plugins
) -> None:
    script = tmp_path / "the script.txt"
    script.write_text(" ".join([*SAID, *["never"] * (len(SAID) // 3)]))
    drift = drifted(tmp_path / "old.en.srt", 1.04, 0)
    aligned = replace(plan, aligner=Choice(name="fake"))
    for text, asked, by, share in (
        (script, plan, "", "75% of its words"),
        (drift, aligned, "fake", "100% of its words"),
    ):
        found = align(video, text, asked, on_offer).provenance
        assert (found["text"], found["aligner"]) == (text.name, by)
        assert found["recognised"] == share
        assert found["times"] == Timing.FRAMES
        assert found["model"] and found["engine"]
    document = align(video, drift, aligned, on_offer)
    assert "text: old.en.srt" in VttWriter(VttOptions()).write(document).decode()


def test_a_file_in_another_language_moves_by_one_shift(
    tmp_path: Path, plan: Plan, on_offer: Plugins
) -> None:
    chance = random.Random(4)
    speech = []
    at = 2000
    for _ in range(60):
        length = chance.randrange(1000, 4000)
        speech.append((at, at + length))
        at += length + chance.randrange(600, 6000)
    video = write_video(tmp_path / "film.mkv", *speech)
    file = srt(
        tmp_path / "film.de.srt",
        *((round(a / 1.04) + 3000, round(b / 1.04) + 3000, f"Satz {a}") for a, b in speech),
    )
    document = align(video, file, plan, on_offer)
    assert [cue.text for cue in document.cues] == [f"Satz {a}" for a, _ in speech]
    assert document.provenance["text"] == "film.de.srt"
    assert document.provenance["clock"].startswith("x1.04")
    off = [abs(cue.start_ms - a) for cue, (a, _) in zip(document.cues, speech, strict=True)]
    assert max(off) <= 5
    stranger = srt(
        tmp_path / "other.de.srt", *((a * 7 % 90_000, a * 7 % 90_000 + 9, "x") for a, _ in speech)
    )
    with pytest.raises(UsageError, match="no offset or speed"):
        align(video, stranger, plan, on_offer)


def test_what_cannot_be_aligned_is_reported(
    tmp_path: Path, video: Path, plan: Plan, on_offer: Plugins
) -> None:
    text = tmp_path / "script.txt"
    text.write_text("quite another film's words " * 20)
    with pytest.raises(UsageError, match="only 0% of its words"):
        align(video, text, plan, on_offer)
    text.write_text(" \n")
    with pytest.raises(NotSubtitles, match="empty"):
        align(video, text, plan, on_offer)
    with pytest.raises(NotSubtitles):
        align(video, tmp_path / "none.txt", plan, on_offer)
    with pytest.raises(MediaError):
        align(text, drifted(tmp_path / "f.en.srt", 1, 0), plan, on_offer)
    silent = write_video(tmp_path / "silent.mkv", duration_ms=5000)
    text.write_text("Hello.")
    with pytest.raises(UsageError, match="speaks"):
        align(silent, text, plan, on_offer)


def test_frames_are_timed_by_the_video(
    tmp_path: Path, video: Path, plan: Plan, on_offer: Plugins
) -> None:
    file = tmp_path / "film.en.sub"
    file.write_text("".join(f"{{{starts(w) // 40}}}{{{starts(w) // 40 + 12}}}{w}\n" for w in SAID))
    document = align(video, file, plan, on_offer)
    assert [cue.start_ms for cue in document.cues] == [starts(word) for word in SAID]


def test_a_file_that_is_damaged_is_not_aligned_silently(
    tmp_path: Path, video: Path, plan: Plan, on_offer: Plugins
) -> None:
    file = drifted(tmp_path / "film.en.srt", 1, 0)
    file.write_text(file.read_text() + "\n99\n00:00:59,0x0 --> 00:01:00,000\nlost\n")
    with pytest.raises(NotSubtitles, match="cannot be read and would be lost"):
        align(video, file, plan, on_offer)
    assert align(video, file, plan, on_offer, force=True).cues
    file = srt(file, *((starts(word), starts(word) - 5, word) for word in SAID))
    assert all(cue.duration_ms > 0 for cue in align(video, file, plan, on_offer).cues)
