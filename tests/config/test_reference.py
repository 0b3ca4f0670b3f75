"""The JSON Schema accepts what the configuration accepts, and refuses what it refuses."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from canary_subs.config.layers import read_file
from canary_subs.config.reference import explain, json_schema
from canary_subs.config.schema import SECTIONS
from canary_subs.errors import ConfigError
from canary_subs.plugin import manager

GOOD = """
targets = ["en", "de+en"]
model = "whisper:base"
timing = "shared"
out = "/results"
[watch]
folders = ["/media"]
settle_s = 3
[service]
log = "json"
[options.format.ass]
font_size = 40
[profiles.mine]
inherits = "bbc"
max_cps = 14
"""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema(manager.load())


def problem(schema: dict[str, Any], text: str) -> str | None:
    jsonschema.Draft202012Validator.check_schema(schema)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(tomllib.loads(text))
    return next((error.message for error in errors), None)


def test_an_example_is_valid(schema: dict[str, Any], tmp_path: Path) -> None:
    assert problem(schema, GOOD) is None
    file = tmp_path / "c.toml"
    file.write_text(GOOD, encoding="utf-8")
    read_file(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('modle = "x"', "modle"),
        ('timing = "mine"', "shared"),
        ('targets = "en"', "array"),
        ("priority = 1.5", "integer"),
        ("[watch]\nsettle = 3", "settle"),
        ('[watch]\nsettle_s = "3"', "number"),
        ("[options.fromat.ass]\nx = 1", "fromat"),
    ],
)
def test_what_the_configuration_refuses_is_invalid(
    schema: dict[str, Any], text: str, said: str, tmp_path: Path
) -> None:
    assert said in str(problem(schema, text))
    file = tmp_path / "c.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError):
        read_file(file)


@pytest.mark.parametrize(
    "text",
    [
        "[options.format.ass]\nfnt_size = 40",
        "[options.format.asss]\nfont_size = 40",
        "[profiles.mine]\nmax_cpss = 14",
        '[profiles.mine]\nname = "x"',
    ],
)
def test_what_providers_and_profiles_refuse_is_invalid(schema: dict[str, Any], text: str) -> None:
    assert problem(schema, text)


def test_every_key_has_a_description_and_its_default(schema: dict[str, Any]) -> None:
    from canary_subs.config.layers import load

    for one in explain(load(environment={})):
        table = schema["properties"][one.section] if one.section else schema
        about = table["properties"][one.key]
        assert about["description"] == one.explanation
        if one.default is None:
            assert "default" not in about
        elif isinstance(one.default, (bool, int, float)):
            assert about["default"] == one.default
    assert {name for name in SECTIONS if name} < set(schema["properties"])
