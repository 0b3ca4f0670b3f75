"""The values are frozen, keyword-only, and refuse what cannot be."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import Any

import numpy as np
import pytest

from canary_subs import model, testing
from canary_subs.model import AudioClip, Cue, Span, Track

VALUES = [
    value
    for value in vars(model).values()
    if inspect.isclass(value) and dataclasses.is_dataclass(value)
]


@pytest.mark.parametrize("value", VALUES)
def test_values_are_frozen_keyword_only_and_documented(value: Any) -> None:
    assert value.__dataclass_params__.frozen
    # A track is written often, and its first field can be nothing but the languages.
    assert value is Track or all(field.kw_only for field in dataclasses.fields(value))
    assert "__slots__" in vars(value), "a misspelt name must not make a new attribute"
    assert value.__doc__ and not value.__doc__.startswith(f"{value.__name__}(")


@pytest.mark.parametrize("value", VALUES)
def test_times_and_positions_say_their_unit(value: Any) -> None:
    for field in dataclasses.fields(value):
        bare = {"start", "end", "duration", "time", "length", "offset", "begin"}
        assert field.name not in bare, f"{value.__name__}.{field.name} has no unit"
        if field.name.endswith(("_ms", "_samples", "_frames", "_ns", "_bytes", "_hz")):
            # One number, one that may be unknown, or one for each name.
            kinds = ("int", "int | None", "Mapping[str, int]")
            assert field.type in kinds, f"{value.__name__}.{field.name} should be an integer"


def test_a_span_cannot_end_before_it_starts() -> None:
    assert Span(start_ms=5, end_ms=5).duration_ms == 0
    with pytest.raises(ValueError, match="before it starts: 5, 4"):
        Span(start_ms=5, end_ms=4)


def test_a_clip_ends_where_its_samples_do() -> None:
    clip = AudioClip(samples=np.zeros(160, np.float32), start_samples=40)
    assert clip.end_samples == 200


def test_a_cue_shows_its_lines() -> None:
    cue = Cue(start_ms=1000, end_ms=2500, lines=("one", "two"))
    assert (cue.text, cue.duration_ms) == ("one\ntwo", 1500)


def test_values_travel_between_processes() -> None:
    document = testing.document(testing.transcript("Good evening."))
    assert pickle.loads(pickle.dumps(document)) == document
    assert copy.deepcopy(document) == document
    assert document.language == "en"
