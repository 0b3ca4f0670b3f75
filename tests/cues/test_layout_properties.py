"""What holds for every transcript, in every script, however odd its words and times."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, zip_longest

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from canary_subs.cues.layout import lay_out
from canary_subs.cues.profiles import names, profile_for
from canary_subs.cues.runs import Runs, cheapest
from canary_subs.cues.template import lay_on_template
from canary_subs.cues.words import TrackWords
from canary_subs.model import Cue, Profile, Transcript
from tests.cues.streams import thorough, transcripts

RATES = (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(50), None)
profiles = st.sampled_from(names())
rates = st.sampled_from(RATES)


def letters(text: str) -> str:
    return "".join(text.split())


def said(transcript: Transcript) -> str:
    return "".join(letters(w.text) for u in transcript.utterances for w in u.words)


def gap_limit(profile: Profile, rate: Fraction | None) -> Fraction:
    """The minimum gap in exact milliseconds."""
    return Fraction(1000 * profile.min_gap_frames) / (rate or 25)


def assert_sound(
    cues: tuple[Cue, ...], transcript: Transcript, profile: Profile, rate: Fraction | None
) -> None:
    assert "".join(letters("".join(cue.lines)) for cue in cues) == said(transcript)
    assert "".join(letters(w.text) for cue in cues for w in cue.words) == said(transcript)
    for cue in cues:
        assert 0 <= cue.start_ms < cue.end_ms
        assert cue.lines
        assert letters("".join(cue.lines)) == letters("".join(w.text for w in cue.words))
        assert len(cue.lines) <= profile.max_lines
        for line in cue.lines:
            assert line == line.strip() and line
            one_word = any(letters(line) == letters(word.text) for word in cue.words)
            assert wcswidth(line) <= profile.max_columns or one_word
    for a, b in pairwise(cues):
        assert b.start_ms - a.end_ms >= gap_limit(profile, rate)


@thorough
@given(transcripts(human=False), profiles, rates)
def test_no_words_or_times_are_too_odd(
    transcript: Transcript, name: str, rate: Fraction | None
) -> None:
    profile = profile_for(name, transcript.language)
    cues = lay_out(transcript, profile, frame_rate=rate)
    assert_sound(cues, transcript, profile, rate)
    assert cues == lay_out(transcript, profile, frame_rate=rate)


@thorough
@given(transcripts(human=True), profiles, rates)
def test_speech_is_laid_out_by_all_rules(
    transcript: Transcript, name: str, rate: Fraction | None
) -> None:
    profile = profile_for(name, transcript.language)
    cues = lay_out(transcript, profile, frame_rate=rate)
    assert_sound(cues, transcript, profile, rate)
    for cue, following in zip_longest(cues, cues[1:]):
        last = cue.words[-1]
        assert cue.duration_ms <= profile.max_duration_ms
        if cue.duration_ms < profile.min_duration_ms:
            # Only the next words may have taken the time.
            assert following is not None
            assert following.start_ms - cue.end_ms <= gap_limit(profile, rate) + 1
        linger = max(profile.max_linger_ms, profile.min_duration_ms)
        close = Fraction(1000 * profile.close_gap_frames) / (rate or 25)
        assert cue.end_ms <= last.end_ms + linger + close + 1
        if len(cue.words) > 1:
            # Nothing that is still being said leaves the screen, but for the gap.
            allowed = gap_limit(profile, rate) + 1 if following else 0
            assert cue.end_ms >= last.end_ms - allowed
    for before, cue in pairwise(cues):
        # A cue begins with its first word; a few come late to save the one before.
        late_ms = cue.start_ms - cue.words[0].start_ms
        assert late_ms == 0 or (late_ms <= 200 and before.duration_ms <= profile.min_duration_ms)


@thorough
@given(transcripts(human=True), profiles, st.lists(st.integers(0, 60_000), max_size=40), rates)
def test_shot_changes_break_no_rule(
    transcript: Transcript, name: str, shots: list[int], rate: Fraction | None
) -> None:
    profile = profile_for(name, transcript.language)
    cues = lay_out(transcript, profile, frame_rate=rate, shots_ms=shots)
    assert_sound(cues, transcript, profile, rate)
    assert all(cue.duration_ms <= profile.max_duration_ms for cue in cues)
    moved = Fraction(1000 * profile.snap_frames) / (rate or 25) + 1
    for cue in cues:
        if cue.words[0].start_ms - cue.start_ms > 0:
            assert cue.start_ms in shots
            assert cue.words[0].start_ms - cue.start_ms <= moved


@thorough
@given(transcripts(human=False), transcripts(human=False), profiles, rates)
def test_a_template_takes_any_text(
    source: Transcript, target: Transcript, name: str, rate: Fraction | None
) -> None:
    profile = profile_for(name, target.language)
    template = lay_out(source, profile_for(name, source.language), frame_rate=rate)
    cues = lay_on_template(target, profile, template, frame_rate=rate)
    assert_sound(cues, target, profile, rate)


@thorough
@given(transcripts(human=True), profiles, rates)
def test_a_track_fits_its_own_template(
    source: Transcript, name: str, rate: Fraction | None
) -> None:
    profile = profile_for(name, source.language)
    template = lay_out(source, profile, frame_rate=rate)
    cues = lay_on_template(source, profile, template, frame_rate=rate)
    assert {(c.start_ms, c.end_ms) for c in cues} <= {(c.start_ms, c.end_ms) for c in template}


@thorough
@given(transcripts(human=True), st.integers(1, 3), st.data())
def test_the_cheapest_cut_is_found(transcript: Transcript, lines: int, data: st.DataObject) -> None:
    """Against all cuts of a few words, at random prices."""
    profile = replace(profile_for("netflix", transcript.language), max_lines=lines)
    words = TrackWords.of(transcript.utterances, profile.max_columns)
    n = min(9, len(words))
    if not n:
        return
    runs = Runs(words, profile, np.full(len(words), len(words)))
    seed = data.draw(st.integers(0, 2**32 - 1))
    prices = np.random.default_rng(seed).random(len(runs.first)) * 10
    price = {
        (int(a), int(b)): float(cost)
        for a, b, cost in zip(runs.first, runs.last, prices, strict=True)
    }

    def least(begin: int) -> float:
        if begin == n:
            return 0.0
        ends = [end for end in range(begin, n) if (begin, end) in price]
        return min(price[begin, end] + least(end + 1) for end in ends)

    chosen = cheapest(runs, prices, 0, n)
    assert [int(runs.first[r]) for r in chosen] == [
        0,
        *(int(runs.last[r]) + 1 for r in chosen[:-1]),
    ]
    assert abs(sum(float(prices[r]) for r in chosen) - least(0)) < 1e-9
