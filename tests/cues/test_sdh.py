"""Sound labels between the cues of a track."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from unicodedata import category, is_normalized

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary_subs.cues.limits import min_gap_ms
from canary_subs.cues.profiles import names, profile_for
from canary_subs.cues.sdh import AGAIN_MS, KINDS, MAX_MS, MIN_MS, add_labels, has_labels
from canary_subs.cues.sound_labels import labels, languages
from canary_subs.cues.width import columns
from canary_subs.model import Cue, Sound
from tests.cues.checking import checked
from tests.cues.streams import thorough

NETFLIX = profile_for("netflix", "en")
#: What the gap of two frames is at 25 a second.
GAP_MS = 80


def cue(start_ms: int, end_ms: int, text: str = "Good evening.") -> Cue:
    return Cue(start_ms=start_ms, end_ms=end_ms, lines=(text,))


def sound(kind: str, start_ms: int, end_ms: int, confidence: float = 0.9) -> Sound:
    return Sound(kind=kind, start_ms=start_ms, end_ms=end_ms, confidence=confidence)


def shown(cues: list[Cue], *sounds: Sound) -> list[tuple[int, int, str]]:
    track = add_labels(cues, sounds, language="en", profile=NETFLIX)
    return [(c.start_ms, c.end_ms, c.text) for c in track if c.text.startswith("[")]


def test_a_label_begins_with_its_sound() -> None:
    speech = [cue(1000, 3000), cue(10_000, 12_000)]
    track = add_labels(speech, [sound("doorbell", 5000, 6500)], language="en", profile=NETFLIX)
    assert track == (
        speech[0],
        Cue(start_ms=5000, end_ms=6500, lines=("[doorbell rings]",)),
        speech[1],
    )


def test_the_label_of_a_short_sound_can_be_read() -> None:
    assert shown([], sound("knocking", 5000, 5300)) == [(5000, 6000, "[knocking]")]


def test_the_label_of_a_long_sound_is_shown_for_three_seconds() -> None:
    assert shown([], sound("music", 0, 600_000)) == [(0, 3000, "[music]")]


def test_a_sound_that_begins_under_a_cue_waits_for_its_end() -> None:
    assert shown([cue(1000, 3000)], sound("rain", 2800, 9000)) == [(3080, 6080, "[rain]")]


def test_a_label_that_does_not_fit_is_left_out() -> None:
    assert shown([cue(1000, 3000), cue(3900, 6000)], sound("applause", 3000, 3900)) == []
    # Over before the cue leaves the screen.
    assert shown([cue(1000, 3000)], sound("applause", 2000, 2900)) == []


def test_a_sound_that_continues_or_soon_returns_has_one_label() -> None:
    music = [sound("music", at, at + 5000) for at in (0, 12_000, 26_000)]
    assert [start for start, _, _ in shown([], *music)] == [0]
    later = sound("music", music[-1].end_ms + AGAIN_MS, music[-1].end_ms + AGAIN_MS + 4000)
    assert [start for start, _, _ in shown([], *music, later)] == [0, later.start_ms]


def test_two_sounds_follow_each_other() -> None:
    found = shown([], sound("knocking", 1000, 2000), sound("dog", 2400, 6000))
    assert found == [(1000, 2320, "[knocking]"), (2400, 5400, "[dog barks]")]


def test_small_gaps_beside_a_label_close() -> None:
    speech = [cue(1000, 3000), cue(6000, 8000)]
    track = add_labels(speech, [sound("siren", 3300, 5700)], language="en", profile=NETFLIX)
    assert [(c.start_ms, c.end_ms) for c in track] == [(1000, 3220), (3300, 5920), (6000, 8000)]


def test_each_language_has_its_words() -> None:
    for language, text in (("de", "[Hund bellt]"), ("de-AT", "[Hund bellt]"), ("ru", "[")):
        profile = profile_for("netflix", language)
        (label,) = add_labels([], [sound("dog", 0, 2000)], language=language, profile=profile)
        assert label.text.startswith(text)
    assert has_labels("pt-BR") and not has_labels("ja")
    assert add_labels([], [sound("dog", 0, 2000)], language="ja", profile=NETFLIX) == ()


@pytest.mark.parametrize("language", sorted(languages()))
def test_labels_can_stand_on_a_screen(language: str) -> None:
    words = labels(language)
    assert set(words) == KINDS and len(set(words.values())) == len(words)
    for text in words.values():
        assert text == text.strip() and is_normalized("NFC", text)
        assert not {category(c) for c in text} & {"Cc", "Cf", "Ps", "Pe"}
        assert 2 <= columns(text) <= 30


stretches = st.lists(st.integers(1, 9000), max_size=24)


@thorough
@given(
    stretches,
    st.lists(
        st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 90_000), st.integers(1, 30_000))
    ),
    st.sampled_from(names()),
    st.sampled_from([Fraction(24000, 1001), Fraction(25), None]),
    st.sampled_from(sorted(languages())),
)
def test_no_cue_is_lost_and_no_rule_broken(
    steps: list[int],
    heard: list[tuple[str, int, int]],
    name: str,
    rate: Fraction | None,
    language: str,
) -> None:
    profile = profile_for(name, language)
    gap_ms = min_gap_ms(profile, rate)
    cues: list[Cue] = []
    now = 0
    for pause, length in zip(steps[::2], steps[1::2], strict=False):
        cues.append(cue(now + pause, now + pause + length, f"Cue {len(cues)}."))
        now = cues[-1].end_ms + gap_ms
    sounds = sorted(
        (sound(kind, at, at + length) for kind, at, length in heard), key=lambda s: s.start_ms
    )
    track = add_labels(cues, sounds, language=language, profile=profile, frame_rate=rate)
    speech = [c for c in track if not c.text.startswith("[")]
    assert [(c.start_ms, c.text) for c in speech] == [(c.start_ms, c.text) for c in cues]
    assert all(after.end_ms >= before.end_ms for before, after in zip(cues, speech, strict=True))
    for a, b in pairwise(track):
        assert b.start_ms - a.end_ms >= gap_ms
    for label in (c for c in track if c.text.startswith("[")):
        assert label.duration_ms >= max(MIN_MS, profile.min_duration_ms)
        assert label.duration_ms <= max(MAX_MS, profile.min_duration_ms) + 2 * 1584
        assert any(s.start_ms <= label.start_ms < s.end_ms for s in sounds)
        assert not checked([label], profile, language=language, frame_rate=rate)
