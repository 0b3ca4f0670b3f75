"""What layout does with particular words, times and pictures."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from canary_subs.cues import canary_subs_layouts
from canary_subs.cues.layout import Balanced, break_lines, lay_out
from canary_subs.cues.profiles import profile_for
from canary_subs.cues.runs import Runs
from canary_subs.cues.words import TrackWords
from canary_subs.model import Context, Span, Transcript, Utterance, Word
from canary_subs.plugin.hookspecs import LayoutRequest
from tests.cues.streams import transcript

NETFLIX = profile_for("netflix", "en")


def lines(text: str, language: str = "en") -> tuple[str, ...]:
    return break_lines(text, language, profile_for("netflix", language))


def test_the_provider_gives_this_layout() -> None:
    (provider,) = canary_subs_layouts()
    layout = provider.make(provider.options(), Context())
    spoken = transcript("It is a fine day.")
    assert isinstance(layout, Balanced)
    request = LayoutRequest(transcript=spoken, profile=NETFLIX)
    assert layout.layout(request) == lay_out(spoken, NETFLIX)


def test_nothing_said_shows_nothing() -> None:
    empty = replace(transcript("x"), utterances=())
    assert lay_out(empty, NETFLIX) == ()
    assert break_lines(" ", "en", NETFLIX) == ()


def test_a_short_sentence_stays_long_enough_to_be_seen() -> None:
    (cue,) = lay_out(transcript("Yes.", start_ms=2000), NETFLIX)
    assert (cue.start_ms, cue.end_ms, cue.lines) == (2000, 2833, ("Yes.",))


def test_what_fits_one_line_has_one_line() -> None:
    (cue,) = lay_out(transcript("We had everything before us on that day."), NETFLIX)
    assert cue.lines == ("We had everything before us on that day.",)


def test_cues_end_with_sentences() -> None:
    spoken = transcript(
        "The captain came on deck at four o'clock. Nobody had seen the land that morning.",
        pauses_ms={8: 600},
    )
    assert [" ".join(cue.lines) for cue in lay_out(spoken, NETFLIX)] == [
        "The captain came on deck at four o'clock.",
        "Nobody had seen the land that morning.",
    ]


def test_a_long_pause_always_ends_a_cue() -> None:
    spoken = transcript("I think that we", pauses_ms={2: 2000})
    assert [cue.lines for cue in lay_out(spoken, NETFLIX)] == [("I think",), ("that we",)]


def test_another_language_begins_another_cue() -> None:
    first = transcript("Come in.").utterances[0]
    second = transcript("Guten Tag.", language="de", start_ms=first.span.end_ms).utterances[0]
    both = replace(transcript("x"), utterances=(first, second))
    assert [cue.lines for cue in lay_out(both, NETFLIX)] == [("Come in.",), ("Guten Tag.",)]


def with_confidence(spoken: Transcript, *confidences: float | None) -> Transcript:
    """One utterance whose words have these confidences."""
    (utterance,) = spoken.utterances
    words = tuple(
        replace(word, confidence=confidence)
        for word, confidence in zip(utterance.words, confidences, strict=True)
    )
    return replace(spoken, utterances=(replace(utterance, words=words),))


#: Words of one width that nothing ties: too many for one cue, so that only marks and pauses say
#: whether the first has eight or ten of them.
EVEN = ["walkers"] * 18


def words_a_cue(spoken: Transcript) -> list[int]:
    return [len(cue.words) for cue in lay_out(spoken, NETFLIX)]


@pytest.mark.parametrize("doubtful", [7, 8, 9, 10])
def test_a_pause_beside_a_doubtful_word_counts_for_less(doubtful: int) -> None:
    spoken = transcript(" ".join(EVEN), pauses_ms={8: 400, 10: 400})
    doubted = with_confidence(spoken, *(0.1 if i == doubtful else 0.9 for i in range(18)))
    # The other pause ends the first cue.
    assert words_a_cue(doubted) == ([10, 8] if doubtful < 9 else [8, 10])


@pytest.mark.parametrize("mark", [",", "."])
@pytest.mark.parametrize("doubtful", [7, 9])
def test_a_mark_on_a_doubtful_word_counts_for_less(mark: str, doubtful: int) -> None:
    texts = [word + mark if i in (7, 9) else word for i, word in enumerate(EVEN)]
    confidences = [0.1 if i == doubtful else None for i in range(18)]
    doubted = with_confidence(transcript(" ".join(texts)), *confidences)
    assert words_a_cue(doubted) == ([10, 8] if doubtful == 7 else [8, 10])


def test_lines_break_at_the_comma_that_is_sure() -> None:
    texts = [word + "," if i in (3, 4) else word for i, word in enumerate(EVEN[:9])]
    for doubtful, above in ((3, 5), (4, 4)):
        confidences = [0.1 if i == doubtful else 1.0 for i in range(9)]
        (cue,) = lay_out(with_confidence(transcript(" ".join(texts)), *confidences), NETFLIX)
        assert len(cue.lines[0].split()) == above


@pytest.mark.parametrize("nothing", [None, float("nan"), 1.0, 7.0])
def test_a_word_of_unknown_confidence_is_sure(nothing: float | None) -> None:
    text = "It rained. Nobody came, but in the evening, when all was dark, somebody knocked twice."
    plain = transcript(text, pauses_ms={2: 300, 8: 500})
    told = with_confidence(plain, *[nothing] * len(text.split()))
    assert [(cue.start_ms, cue.end_ms, cue.lines) for cue in lay_out(told, NETFLIX)] == [
        (cue.start_ms, cue.end_ms, cue.lines) for cue in lay_out(plain, NETFLIX)
    ]


def test_what_belongs_together_stays_so_in_doubtful_words() -> None:
    text = "Nobody in that town had ever heard of the Duke of Wellington."
    count = len(text.split())
    (cue,) = lay_out(with_confidence(transcript(text), *[0.0] * count), NETFLIX)
    assert cue.lines == ("Nobody in that town had ever heard", "of the Duke of Wellington.")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        # The longer line below, and the article with its noun.
        (
            "en",
            "Nobody in that town had ever heard of the Duke of Wellington.",
            ("Nobody in that town had ever heard", "of the Duke of Wellington."),
        ),
        (
            "en",
            "When the rain stopped, they all went down to the river.",
            ("When the rain stopped,", "they all went down to the river."),
        ),
        (
            "de",
            "Er wollte den Brief, den sie ihm geschrieben hatte, lesen.",
            ("Er wollte den Brief,", "den sie ihm geschrieben hatte, lesen."),
        ),
        (
            "fr",
            "Nous sommes partis très tôt parce que la route était longue.",
            ("Nous sommes partis très tôt", "parce que la route était longue."),
        ),
    ],
)
def test_lines_break_where_sense_does(language: str, text: str, expected: tuple[str, ...]) -> None:
    assert lines(text, language) == expected


def test_japanese_breaks_between_characters_and_never_before_a_stop() -> None:
    text = (
        "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。薄暗い所で泣いていた。"
    )
    broken = lines(text, "ja")
    assert "".join(broken) == text
    assert len(broken) > 1
    assert all(line[0] not in "。、」ー" for line in broken)
    assert all(len(line) <= 23 for line in broken)


def test_a_word_wider_than_a_line_is_not_split() -> None:
    link = "https://example.org/" + "a" * 60
    spoken = transcript(f"See {link} for the rest.")
    shown = [line for cue in lay_out(spoken, NETFLIX) for line in cue.lines]
    assert link in shown
    assert " ".join(shown).split() == ["See", link, "for", "the", "rest."]


def test_a_cut_word_comes_together_again_in_one_cue() -> None:
    profile = profile_for("netflix", "ja")
    word = "東京は日本の首都であり人口が最も多い都市である大きな街です。"
    (cue,) = lay_out(transcript(word, language="ja", each_ms=150), profile)
    assert [w.text for w in cue.words] == [word]
    assert "".join(cue.lines) == word


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60)])
def test_the_minimum_gap_is_two_full_frames(rate: Fraction) -> None:
    spoken = transcript("The sea was calm that day. " * 12)
    cues = lay_out(spoken, NETFLIX, frame_rate=rate)
    gaps = [b.start_ms - a.end_ms for a, b in pairwise(cues)]
    assert len(gaps) > 3
    exact_ms = Fraction(2000) / rate
    assert all(exact_ms <= gap < exact_ms + 1 for gap in gaps)


@pytest.mark.parametrize(("pause_ms", "closed"), [(300, True), (440, True), (1500, False)])
def test_small_gaps_close(pause_ms: int, closed: bool) -> None:
    """Less than 12 frames (480 ms at 25) close to 2 (80 ms); what is longer stays."""
    first = "The captain came on deck at four o'clock in the afternoon with his dog."
    spoken = transcript(f"{first} {first}", each_ms=80, pauses_ms={14: pause_ms})
    cues = lay_out(spoken, NETFLIX, frame_rate=Fraction(25))
    begin = next(i for i, cue in enumerate(cues) if i and cue.lines[0].startswith("The captain"))
    gap_ms = cues[begin].start_ms - cues[begin - 1].end_ms
    assert (gap_ms == 80) is closed
    assert closed or gap_ms >= 480


def test_a_fast_cue_stays_half_a_second_after_speech_and_no_more() -> None:
    spoken = transcript("Everything that he said that night was wrong.", each_ms=25)
    (cue,) = lay_out(spoken, NETFLIX)
    assert cue.end_ms == cue.words[-1].end_ms + 500


def test_a_last_cue_that_comes_late_is_not_a_flash() -> None:
    """It waits for the one before it, and still lasts as long as it must."""
    syllable = "\uac00"
    said = " ".join([*[syllable] * 20, *(syllable * count for count in (4, 5, 7, 9))])
    profile = profile_for("dcmp", "ko")
    spoken = transcript(said, language="ko", start_ms=0, each_ms=45)
    last = lay_out(spoken, profile, frame_rate=Fraction(24000, 1001))[-1]
    assert last.start_ms > last.words[0].start_ms
    assert last.duration_ms >= profile.min_duration_ms


def test_a_cue_stays_only_as_long_as_reading_takes() -> None:
    spoken = transcript("Everything that he said that night was wrong.", each_ms=45)
    (cue,) = lay_out(spoken, NETFLIX)
    assert len(cue.lines) == 2 and cue.end_ms < cue.words[-1].end_ms + 500
    assert cue.duration_ms == 45 * 1000 // 20


@pytest.mark.parametrize(
    ("shot_ms", "start_ms"),
    [(5800, 5800), (5500, 6000), (6200, 6200), (6600, 6000)],
    ids=["before", "too far before", "after", "too far after"],
)
def test_a_start_moves_onto_a_near_shot_change(shot_ms: int, start_ms: int) -> None:
    spoken = transcript("Something moved in the grass.", start_ms=6000, each_ms=90)
    (cue,) = lay_out(spoken, NETFLIX, frame_rate=Fraction(25), shots_ms=[shot_ms])
    assert cue.start_ms == start_ms


def test_a_start_that_cannot_reach_its_shot_change_stays_at_its_word() -> None:
    """The cue before must last to the cut; nobody wants to begin a few ms behind it."""
    rate = Fraction(24000, 1001)
    (short,) = transcript("Look!", start_ms=18_127, each_ms=18).utterances
    # So long a word that no cue can hold both.
    (after,) = transcript("Goooooal!", start_ms=19_117, each_ms=700).utterances
    spoken = replace(transcript("x"), utterances=(short, after))
    first, second = lay_out(spoken, NETFLIX, frame_rate=rate, shots_ms=[19_037])
    assert first.start_ms == 18_127
    assert first.duration_ms >= NETFLIX.min_duration_ms
    assert second.start_ms == 19_117
    assert second.start_ms - first.end_ms == 84


def test_an_end_moves_before_a_near_shot_change() -> None:
    spoken = transcript("Something moved in the grass.", start_ms=6000, each_ms=70)
    (free,) = lay_out(spoken, NETFLIX, frame_rate=Fraction(25))
    shot_ms = free.end_ms + 200
    (cue,) = lay_out(spoken, NETFLIX, frame_rate=Fraction(25), shots_ms=[shot_ms])
    assert cue.end_ms == shot_ms - 80


def test_a_word_that_lasts_too_long_does_not_stand_too_long() -> None:
    word = Word(text="Aaah!", start_ms=1000, end_ms=20_000)
    utterance = Utterance(
        text="Aaah!", span=Span(start_ms=1000, end_ms=20_000), language="en", words=(word,)
    )
    (cue,) = lay_out(replace(transcript("x"), utterances=(utterance,)), NETFLIX)
    assert cue.duration_ms == NETFLIX.max_duration_ms


def test_text_without_word_times_is_spread_over_its_span() -> None:
    utterance = Utterance(
        text="This was said. Nobody knows quite when each word was said, or by whom it was.",
        span=Span(start_ms=10_000, end_ms=16_000),
        language="en",
    )
    cues = lay_out(replace(transcript("x"), utterances=(utterance,)), NETFLIX)
    assert " ".join(line for cue in cues for line in cue.lines) == utterance.text
    assert cues[0].start_ms == 10_000
    assert cues[-1].end_ms >= 16_000


def test_a_looping_text_costs_no_more_than_its_words() -> None:
    """Thirty words in no time at all: cues rise, and none lasts less than a frame."""
    words = tuple(Word(text="again", start_ms=5000, end_ms=5000) for _ in range(300))
    span = Span(start_ms=5000, end_ms=5000)
    utterance = Utterance(text="again", span=span, language="en", words=words)
    spoken = replace(transcript("x"), utterances=(utterance,))
    cues = lay_out(spoken, NETFLIX, frame_rate=Fraction(25))
    assert sum(len(cue.words) for cue in cues) == 300
    assert all(cue.duration_ms >= 40 for cue in cues)
    assert all(b.start_ms - a.end_ms >= 80 for a, b in pairwise(cues))


def test_layout_grows_no_faster_than_its_words() -> None:
    """Twice the words, twice the runs of words."""

    def runs(repeat: int) -> int:
        spoken = transcript("It was the best of times, it was the worst of times. " * repeat)
        words = TrackWords.of(spoken.utterances, 42)
        return len(Runs(words, NETFLIX, np.full(len(words), len(words))).first)

    assert runs(200) < 2.1 * runs(100)


def said(spoken: Transcript) -> list[str]:
    return [word.text for utterance in spoken.utterances for word in utterance.words]


def test_three_lines_where_the_profile_has_them() -> None:
    profile = replace(profile_for("vertical-video", "en"), max_lines=3, max_duration_ms=7000)
    spoken = transcript("Nobody had seen that great dark island from the deck before.")
    cues = lay_out(spoken, profile)
    assert max(len(cue.lines) for cue in cues) == 3
    assert " ".join(line for cue in cues for line in cue.lines).split() == said(spoken)
