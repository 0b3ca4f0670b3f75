"""Tables of options become dataclasses, or one line that says what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pytest

from canary_subs.errors import ConfigError
from canary_subs.plugin.options import build, describe, kinds, parse


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, kw_only=True)
class Options:
    font_size: int = 40
    bold: bool = False
    scale: float = 1.0
    font: str = "Inter"
    folder: Path = Path()
    colour: Colour = Colour.RED
    align: Literal["left", "right"] = "left"
    styles: tuple[str, ...] = ()
    margins: tuple[int, ...] = ()
    limit: int | None = None
    colours: tuple[Colour, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.font_size < 1:
            raise ValueError("font_size must be at least 1")


def test_every_kind_of_value_arrives_as_annotated() -> None:
    made = build(
        Options,
        {
            "font_size": 12, "bold": True, "scale": 2, "folder": "~/x", "colour": "green",
            "align": "right", "styles": ["a", "b"], "margins": [1], "limit": 3, "colours": ["red"],
        },
        "t",
    )  # fmt: skip
    assert made == Options(
        font_size=12, bold=True, scale=2.0, folder=Path.home() / "x", colour=Colour.GREEN,
        align="right", styles=("a", "b"), margins=(1,), limit=3, colours=(Colour.RED,),
    )  # fmt: skip
    assert isinstance(made.scale, float)
    assert isinstance(made.colour, Colour)


def test_nothing_given_is_all_defaults() -> None:
    assert build(Options, {}, "t") == Options()


def test_an_unknown_key_names_its_place_and_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        build(Options, {"fnt_size": 3}, "canary-subs.toml: [formats.ass]")
    assert str(caught.value) == (
        "canary-subs.toml: [formats.ass] knows no 'fnt_size'; did you mean 'font_size'?"
    )


def test_an_unknown_key_near_none_lists_them_all() -> None:
    with pytest.raises(ConfigError, match="it knows align, bold"):
        build(Options, {"zzzzz": 3}, "t")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("font_size", "12", "a whole number"),
        ("font_size", 1.5, "a whole number"),
        ("font_size", True, "a whole number"),
        ("bold", 1, "true or false"),
        ("bold", "yes", "true or false"),
        ("scale", "1", "a number"),
        ("scale", True, "a number"),
        ("scale", float("nan"), "a number"),
        ("font", 3, "a text"),
        ("folder", 3, "a path"),
        ("folder", "", "a path"),
        ("folder", "a\0b", "a path"),
        ("colour", "blue", "one of: red, green"),
        ("align", "lft", "did you mean 'left'"),
        ("styles", "a", "a list, each a text"),
        ("styles", [1], "a text"),
        ("limit", "x", "a whole number"),
        ("font_size", None, "a whole number"),
        ("font_size", 0, "at least 1"),
    ],
)
def test_a_wrong_value_says_what_was_expected(key: str, value: object, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        build(Options, {key: value}, "file: [t]")
    assert str(caught.value).startswith("file: [t]")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("bold", "yes", True),
        ("bold", "0", False),
        ("font_size", "7", 7),
        ("scale", "0.5", 0.5),
        ("styles", "a, b,", ("a", "b")),
        ("margins", "1,2", (1, 2)),
        ("limit", "", None),
        ("limit", "4", 4),
        ("colour", "green", Colour.GREEN),
        ("font", "1", "1"),
        ("folder", "/x y", Path("/x y")),
    ],
)
def test_text_is_read_as_the_annotation_wants(key: str, text: str, value: object) -> None:
    assert parse(kinds(Options)[key], text, key) == value


@pytest.mark.parametrize(
    ("key", "text"), [("bold", "perhaps"), ("font_size", "1.5"), ("scale", "inf")]
)
def test_text_that_is_no_such_value_is_refused(key: str, text: str) -> None:
    with pytest.raises(ConfigError, match=key):
        parse(kinds(Options)[key], text, key)


def test_every_annotation_has_words() -> None:
    for kind in kinds(Options).values():
        assert describe(kind)
    assert describe(int | None) == "a whole number, or left out"
