"""200 files with and without a fault: every fault is found, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from canary_subs.cues.check import RULES
from canary_subs.cues.profiles import profile_for
from canary_subs.model import Cue, Finding, Span, Word
from tests.cues.checking import checked

ENGLISH_GERMAN = [
    ("I have no idea where he went.", "Ich habe keine Ahnung, wo er ist."),
    ("We must be there before it gets dark.", "Wir müssen vor der Dunkelheit da sein."),
    ("No.", "Nein."),
    ("Thank you.", "Danke."),
    ("She said that you would come at {n}.", "Sie sagte, dass du um {n} kommst."),
    ("The house was built in {y}.", "Das Haus wurde {y} gebaut."),
    ("Did you see the man with the dog?", "Hast du den Mann mit dem Hund gesehen?"),
    ("It is not what you think.", "Es ist nicht, was du denkst."),
    ("Anna, wait for me at the station!", "Anna, warte am Bahnhof auf mich!"),
    ("There were {n} people in the room.", "Es waren {n} Leute im Zimmer."),
    ("That will cost you {t} dollars.", "Das kostet dich {u} Dollar."),
    ("Come on, come on, we are late!", "Komm schon, wir sind zu spät!"),
    ("Why does nobody ever listen to me?", "Warum hört mir nie jemand zu?"),
    ("My brother lives in New York City.", "Mein Bruder lebt in New York City."),
    ("He does not want to talk about it.", "Er will nicht darüber reden."),
    ("Two of them are still out there.", "2 von ihnen sind noch da draußen."),
    ("I will see you tomorrow, then.", "Dann sehen wir uns morgen."),
    ("Please close the door behind you.", "Bitte mach die Tür hinter dir zu."),
    ("[door slams]", "[Tür knallt]"),
    ("No, no, no, you cannot do that.", "Nein, nein, das kannst du nicht tun."),
]
RATE = Fraction(24000, 1001)
PROFILE = profile_for("netflix", "de")


@dataclass(frozen=True, kw_only=True)
class File:
    cues: tuple[Cue, ...]
    original: tuple[Cue, ...]
    speech: tuple[Span, ...]
    duration_ms: int

    def findings(self) -> tuple[Finding, ...]:
        return checked(
            self.cues,
            PROFILE,
            language="de",
            frame_rate=RATE,
            duration_ms=self.duration_ms,
            speech=self.speech,
            original=self.original,
        )


def clean(seed: int) -> File:
    """A German track, its English original, and the speech under both, as a good file has them."""
    chance = random.Random(seed)
    cues: list[Cue] = []
    original: list[Cue] = []
    speech: list[Span] = []
    now = chance.randint(500, 20_000)
    pair = ENGLISH_GERMAN[0]
    for _ in range(chance.randint(40, 120)):
        pair = chance.choice([other for other in ENGLISH_GERMAN if other is not pair])
        english, german = pair
        number = {
            "n": chance.randint(2, 99),
            "y": chance.randint(1800, 2020),
            "t": (thousand := f"{chance.randint(1, 9)},{chance.randint(100, 999)}"),
            "u": thousand.replace(",", "."),
        }
        english, german = english.format(**number), german.format(**number)
        spoken = int(len(english) * chance.uniform(50, 75))
        length = max(spoken + chance.randint(0, 400), len(german) * 1000 // 17 + 20, 900)
        if not english.startswith("["):
            speech.append(Span(start_ms=now + chance.randint(-60, 60), end_ms=now + spoken))
        lines: tuple[str, ...] = (german,)
        if len(german) > 30:
            cut = german.index(" ", len(german) // 2)
            lines = (german[:cut], german[cut + 1 :])
        words = tuple(
            Word(text=w, start_ms=now, end_ms=now + 1, confidence=chance.uniform(0.6, 1))
            for w in german.split()
        )
        cues.append(Cue(start_ms=now, end_ms=now + length, lines=lines, words=words))
        original.append(Cue(start_ms=now, end_ms=now + length, lines=(english,)))
        now += length + chance.choice([84, 84, 500, 1000, 3000, chance.randint(84, 20_000)])
    return File(
        cues=tuple(cues),
        original=tuple(original),
        speech=tuple(speech),
        duration_ms=now + 5000,
    )


Plant = Callable[[File, int, random.Random], File]


def change(**fields: object) -> Plant:
    """Other values for one cue's fields; a function gets the cue."""

    def plant(file: File, at: int, chance: random.Random) -> File:
        cue = file.cues[at]
        values = {k: v(cue, file, at) if callable(v) else v for k, v in fields.items()}
        changed = replace(cue, **values)  # type: ignore[arg-type]
        return replace(file, cues=(*file.cues[:at], changed, *file.cues[at + 1 :]))

    return plant


def text(*lines: str) -> Plant:
    return change(lines=lines, words=())


def swapped(file: File, at: int, chance: random.Random) -> File:
    cues = list(file.cues)
    cues[at - 1], cues[at] = cues[at], cues[at - 1]
    return replace(file, cues=tuple(cues))


def missing(file: File, at: int, chance: random.Random) -> File:
    return replace(file, cues=file.cues[:at] + file.cues[at + 1 :])


def silent(file: File, at: int, chance: random.Random) -> File:
    cue = file.cues[at]
    return replace(
        file,
        speech=tuple(
            span
            for span in file.speech
            if span.end_ms < cue.start_ms - 300 or span.start_ms > cue.end_ms + 300
        ),
    )


def ended(file: File, at: int, chance: random.Random) -> File:
    return replace(file, duration_ms=file.cues[-1].start_ms - chance.randint(0, 500))


def doubled(file: File, at: int, chance: random.Random) -> File:
    said = file.cues[at - 1].lines
    cues, original = list(file.cues), list(file.original)
    for i in range(at - 1, at + 2):
        cues[i] = replace(cues[i], lines=said)
        original[i] = replace(original[i], lines=file.original[at - 1].lines)
    return replace(file, cues=tuple(cues), original=tuple(original))


def moved(file: File, at: int, chance: random.Random) -> File:
    speed = chance.choice([1.0, 25 / 24, 1.001, 0.96])
    offset = chance.choice([-1, 1]) * chance.randint(700, 8000) if abs(speed - 1) < 0.01 else 0
    cues = [
        replace(
            cue,
            start_ms=max(0, round(cue.start_ms * speed) + offset),
            end_ms=max(1, round(cue.end_ms * speed) + offset),
        )
        for cue in file.cues
    ]
    return replace(file, cues=tuple(cues))


def doubted(cue: Cue, file: File, at: int) -> tuple[Word, ...]:
    return tuple(replace(word, confidence=0.3) for word in cue.words)


PLANTS: dict[str, Plant] = {
    "empty": text(""),
    "backwards": change(end_ms=lambda cue, file, at: cue.start_ms - 200),
    "order": swapped,
    "overlap": change(end_ms=lambda cue, file, at: file.cues[at + 1].start_ms + 250),
    "beyond-end": ended,
    "lines": text("Das", "ist", "nicht gut."),
    "line-width": text("Es ist nicht gut, dass er jetzt noch da ist."),
    "reading-speed": text(
        "Ich habe nicht gewusst, dass er noch", "heute mit dem Zug aus Rom kommt."
    ),
    "flash": change(end_ms=lambda cue, file, at: cue.start_ms + 280, lines=("Was?",)),
    "too-short": change(end_ms=lambda cue, file, at: cue.start_ms + 700, lines=("Was ist?",)),
    "too-long": change(end_ms=lambda cue, file, at: cue.start_ms + 7500),
    "gap": change(end_ms=lambda cue, file, at: file.cues[at + 1].start_ms - 20),
    "unsubtitled": missing,
    "no-speech": silent,
    "sync": moved,
    "repeated": doubled,
    "language": text("Je ne sais pas pourquoi", "il est parti sans nous."),
    "low-confidence": change(words=doubted),
    "untranslated": change(lines=lambda cue, file, at: file.original[at].lines),
    "numbers": text("Im Jahr 1503."),
}


def test_every_rule_has_its_fault() -> None:
    assert set(PLANTS) == {name for rules in RULES.values() for name in rules}


def place(file: File, rule: str, chance: random.Random) -> int:
    """A cue that the fault fits: with speech, and with enough time after it."""
    fits = [
        i
        for i in range(2, len(file.cues) - 3)
        if not any(c.text.startswith("[") for c in file.cues[i - 1 : i + 2])
        and len(file.original[i].text.split()) > 5
        and not any(c.isdigit() for c in file.original[i].text + file.cues[i].text)
        and "New York" not in file.original[i].text
        and (rule != "too-long" or file.cues[i + 1].start_ms > file.cues[i].start_ms + 7600)
        and (rule != "unsubtitled" or file.cues[i].duration_ms > 2100)
    ]
    return chance.choice(fits)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("rule", PLANTS)
def test_a_planted_fault_is_found_and_nothing_without_it(rule: str, seed: int) -> None:
    chance = random.Random(f"{rule} {seed}")
    while True:
        file = clean(chance.randrange(10**6))
        try:
            at = place(file, rule, chance)
        except IndexError:
            continue
        if rule != "unsubtitled" or any(
            s.start_ms >= file.cues[at].start_ms - 60
            and s.end_ms <= file.cues[at].end_ms
            and s.duration_ms > 2200
            for s in file.speech
        ):
            break
    assert file.findings() == ()
    broken = PLANTS[rule](file, at, chance)
    found = broken.findings()
    assert rule in {finding.rule for finding in found}
    if rule == "sync":  # a moved track breaks much else
        return
    about = broken.cues[-3:] if rule == "beyond-end" else file.cues[at - 1 : at + 3]
    start = min(cue.start_ms for cue in about) - 3000
    end = max(cue.end_ms for cue in about) + 3000
    for finding in found:
        assert start <= finding.start_ms <= end, finding
