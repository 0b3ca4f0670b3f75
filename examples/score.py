"""How the subtitles of the example videos compare with what is really said in them, and when."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from canary_subs.cues.check.reference import normal
from canary_subs.cues.sdh import AGAIN_MS
from canary_subs.cues.sound_labels import labels
from canary_subs.formats.reading import read
from canary_subs.model import Cue, Word
from canary_subs.plugin.manager import load

#: What the demonstration promises.
MOST_WORD_ERRORS = 0.02
LEAST_EXACT_TRANSLATIONS = 0.94
MOST_WORD_START_MS = 40.0
MOST_CUE_START_MS = 100.0
#: Of the sounds in all videos; and how far from its begin one may be labelled.
LEAST_SOUNDS = 0.9
MOST_SOUND_START_MS = 1000


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """The truth of one sound track."""

    language: str
    sentences: tuple[str, ...]
    #: Language -> the sentences' translations.
    translations: dict[str, tuple[str, ...]]
    words: tuple[Word, ...]
    #: Kind, start_ms, end_ms of each.
    sounds: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Score:
    """One subtitle track against the truth; None: nothing of that kind to compare."""

    video: str
    language: str
    words: int
    word_errors: float | None = None
    #: Mean size of the difference, and the largest, over words or cues that both have.
    word_start_ms: float | None = None
    cue_start_ms: float | None = None
    worst_cue_ms: int | None = None
    sentences: int = 0
    exact: int = 0
    #: Sounds in the video; those labelled in time; labels of sounds that are not there.
    sounds: int = 0
    labelled: int = 0
    invented: int = 0


def shortfalls(scores: Sequence[Score]) -> Iterator[str]:
    """What falls short of the promise, each in a few words.

    Transcripts and times are promised for every video, exact translations over all sentences.
    """
    for one in scores:
        name = f"{one.video} {one.language}"
        if one.word_errors is not None and one.word_errors > MOST_WORD_ERRORS:
            yield f"{name}: {one.word_errors:.1%} word errors"
        if one.word_start_ms is not None and one.word_start_ms > MOST_WORD_START_MS:
            yield f"{name}: words start {one.word_start_ms:.0f} ms off"
        if one.cue_start_ms is not None and one.cue_start_ms > MOST_CUE_START_MS:
            yield f"{name}: cues start {one.cue_start_ms:.0f} ms off"
    exact, sentences = (sum(getattr(s, part) for s in scores) for part in ("exact", "sentences"))
    if exact < LEAST_EXACT_TRANSLATIONS * sentences:
        yield f"translations: {exact} of {sentences} sentences exact"
    labelled, sounds = (sum(getattr(s, part) for s in scores) for part in ("labelled", "sounds"))
    if labelled < LEAST_SOUNDS * sounds:
        yield f"sounds: {labelled} of {sounds} labelled"
    for one in scores:
        if one.invented:
            yield f"{one.video} {one.language}: {one.invented} sounds that are not there"


def truth(video: Path, track: int = 0) -> Spoken:
    """What is said in one of our example videos, from the file beside it."""
    facts: Any = json.loads(video.with_suffix(".json").read_text(encoding="utf-8"))
    spoken = facts["tracks"][track]
    sentences = spoken["sentences"]
    languages = sentences[0]["translations"]
    return Spoken(
        language=spoken["language"],
        sentences=tuple(sentence["text"] for sentence in sentences),
        translations={
            language: tuple(sentence["translations"][language] for sentence in sentences)
            for language in languages
        },
        words=tuple(
            Word(text=word["text"], start_ms=word["start_ms"], end_ms=word["end_ms"])
            for sentence in sentences
            for word in sentence["words"]
        ),
        sounds=tuple((s["kind"], s["start_ms"], s["end_ms"]) for s in spoken.get("sounds", ())),
    )


def score(video: Path, subtitles: Path, language: str, track: int = 0) -> Score:
    """Compare a JSON subtitle file of ours with the truth of the video's sound track.

    ``language`` may be a track with labels of sounds: "en.sdh".
    """
    spoken = truth(video, track)
    cues = read(subtitles, load()).cues
    if language.endswith(".sdh"):
        return _sounds_score(video, language, cues, spoken)
    words = [word for cue in cues for word in cue.words]
    common: dict[str, Any] = {"video": video.name, "language": language, "words": len(words)}
    if language != spoken.language:
        wanted = spoken.translations[language]
        found = _sentences(" ".join(word.text for word in words))
        same = SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
        return Score(**common, sentences=len(wanted), exact=sum(block.size for block in same))
    pairs = list(_pairs(words, spoken.words))
    starts = [abs(mine.start_ms - theirs.start_ms) for mine, theirs in pairs]
    first = {id(cue.words[0]): cue for cue in cues if cue.words}
    cue_starts = [
        abs(first[id(mine)].start_ms - theirs.start_ms)
        for mine, theirs in pairs
        if id(mine) in first
    ]
    return Score(
        **common,
        word_errors=_word_errors(words, spoken.words),
        word_start_ms=_mean(starts),
        cue_start_ms=_mean(cue_starts),
        worst_cue_ms=max(cue_starts, default=None),
    )


def _sounds_score(video: Path, track: str, cues: Sequence[Cue], spoken: Spoken) -> Score:
    """A sound that comes back soon needs no label of its own, so it counts as the one before."""
    names = labels(track.partition(".")[0])
    shown = [(cue.text.strip("[]"), cue.start_ms) for cue in cues if cue.text.startswith("[")]
    right: set[tuple[str, int]] = set()
    labelled_to_ms: dict[str, int] = {}
    labelled = 0
    for kind, start_ms, end_ms in spoken.sounds:
        close = {
            (text, at_ms)
            for text, at_ms in shown
            if text == names[kind] and abs(at_ms - start_ms) <= MOST_SOUND_START_MS
        }
        right |= close
        if close or start_ms - labelled_to_ms.get(kind, -AGAIN_MS) < AGAIN_MS:
            labelled += 1
            labelled_to_ms[kind] = end_ms
    return Score(
        video=video.name,
        language=track,
        words=sum(len(cue.words) for cue in cues),
        sounds=len(spoken.sounds),
        labelled=labelled,
        invented=len(shown) - len(right),
    )


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in re.findall(r"[^.!?]+[.!?]", text)]


def _pairs(ours: Sequence[Word], theirs: Sequence[Word]) -> Iterator[tuple[Word, Word]]:
    matcher = SequenceMatcher(
        None, [normal(w.text) for w in ours], [normal(w.text) for w in theirs], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        yield from zip(
            ours[block.a : block.a + block.size],
            theirs[block.b : block.b + block.size],
            strict=True,
        )


def _word_errors(ours: Sequence[Word], theirs: Sequence[Word]) -> float:
    import jiwer

    return float(
        jiwer.wer(
            " ".join(normal(word.text) for word in theirs),
            " ".join(normal(word.text) for word in ours),
        )
    )


def _mean(values: Sequence[int]) -> float | None:
    return sum(values) / len(values) if values else None
