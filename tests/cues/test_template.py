"""Shared timing: translations on the source's cue times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary_subs.cues.layout import Balanced, lay_out
from canary_subs.cues.profiles import profile_for
from canary_subs.cues.template import lay_on_template
from canary_subs.model import Cue, Span, Timing, Transcript, Utterance
from canary_subs.plugin.hookspecs import LayoutRequest
from tests.cues.streams import transcript

ENGLISH, GERMAN = profile_for("netflix", "en"), profile_for("netflix", "de")


def translated(*texts: tuple[str, int, int]) -> Transcript:
    """Utterances without word times: what a translation knows of itself."""
    return replace(
        transcript("x", language="de"),
        utterances=tuple(
            Utterance(
                text=text,
                span=Span(start_ms=start_ms, end_ms=end_ms),
                language="de",
                timing=Timing.SOURCE,
            )
            for text, start_ms, end_ms in texts
        ),
    )


def cue(start_ms: int, end_ms: int, *lines: str) -> Cue:
    return Cue(start_ms=start_ms, end_ms=end_ms, lines=lines)


def shown(cues: tuple[Cue, ...]) -> list[tuple[int, int, str]]:
    return [(c.start_ms, c.end_ms, " ".join(c.lines)) for c in cues]


def test_clauses_fall_into_the_cues_of_their_sense() -> None:
    source = transcript(
        "When the rain stopped at last, they all went down to the river. Nobody spoke that day.",
        pauses_ms={6: 900, 13: 900},
    )
    template = lay_out(source, ENGLISH)
    assert len(template) == 3
    end_ms = source.utterances[0].span.end_ms
    target = translated(
        (
            "Als der Regen endlich aufhörte, gingen sie alle hinunter zum Fluss. "
            "Niemand sprach an diesem Tag.",
            1000,
            end_ms,
        )
    )
    request = LayoutRequest(transcript=target, profile=GERMAN, template=template)
    cues = Balanced().layout(request)
    times = [(c.start_ms, c.end_ms) for c in template]
    texts = [
        "Als der Regen endlich aufhörte,",
        "gingen sie alle hinunter zum Fluss.",
        "Niemand sprach an diesem Tag.",
    ]
    assert shown(cues) == [(*span, text) for span, text in zip(times, texts, strict=True)]


def test_each_utterance_keeps_to_its_own_cues() -> None:
    template = [cue(1000, 3000, "One."), cue(9000, 11_000, "Two.")]
    target = translated(("Eins.", 1000, 2000), ("Zwei und noch etwas mehr.", 9000, 11_000))
    assert shown(lay_on_template(target, GERMAN, template)) == [
        (1000, 3000, "Eins."),
        (9000, 11_000, "Zwei und noch etwas mehr."),
    ]


def test_a_cue_that_the_translation_does_not_need_is_left_out() -> None:
    template = [cue(1000, 2000, "Well."), cue(2100, 4000, "Go."), cue(20_000, 21_000, "Ah.")]
    target = translated(("Geh!", 2100, 4000))
    assert shown(lay_on_template(target, GERMAN, template)) == [(2100, 4000, "Geh!")]


def test_text_where_the_template_has_none_gets_its_own_cue() -> None:
    template = [cue(1000, 3000, "One."), cue(9000, 11_000, "Three.")]
    target = translated(("Eins.", 1000, 2000), ("Zwei.", 5000, 6000), ("Drei.", 9000, 10_000))
    cues = lay_on_template(target, GERMAN, template)
    assert shown(cues) == [
        (1000, 3000, "Eins."),
        (5000, 6000, "Zwei."),
        (9000, 11_000, "Drei."),
    ]


def test_its_own_cue_ends_before_the_template() -> None:
    template = [cue(5500, 8000, "Next.")]
    target = translated(("Ja.", 5000, 5300), ("Weiter.", 5500, 6000))
    first, second = lay_on_template(target, GERMAN, template)
    assert (first.start_ms, second.start_ms, second.end_ms) == (5000, 5500, 8000)
    assert first.end_ms == 5500 - 80


def test_text_that_is_too_long_splits_its_cue_inside_its_times() -> None:
    long = "Das ist ein langer Satz, der in zwei Zeilen niemals Platz hat. " * 3
    cues = lay_on_template(translated((long, 1000, 9000)), GERMAN, [cue(1000, 9000, "Long.")])
    assert " ".join(text for *_, text in shown(cues)).split() == long.split()
    assert (cues[0].start_ms, cues[-1].end_ms) == (1000, 9000)
    assert len(cues) == 3
    assert all(len(c.lines) <= 2 and max(map(len, c.lines)) <= 42 for c in cues)


@pytest.mark.parametrize("template", [[], [cue(0, 500, "Elsewhere.")]])
def test_without_cues_to_share_it_is_laid_out_freely(template: list[Cue]) -> None:
    spoken = transcript("Guten Tag. Wie geht es Ihnen?", language="de")
    assert lay_on_template(spoken, GERMAN, template) == lay_out(spoken, GERMAN)


def test_nothing_said_shows_nothing() -> None:
    assert lay_on_template(translated(), GERMAN, [cue(0, 500, "Ah.")]) == ()
    assert lay_on_template(translated(("", 0, 500)), GERMAN, [cue(0, 500, "Ah.")]) == ()
