"""The published rules, and profiles of the user's own."""

from __future__ import annotations

import tomllib

import pytest

from canary_subs.cues.profiles import names, profile_for
from canary_subs.errors import ConfigError, UnknownName
from canary_subs.model import Profile


@pytest.mark.parametrize(
    ("name", "language", "cps", "columns"),
    [
        # The figures of the brief's table, which are Netflix's.
        ("netflix", "en", 20, 42),
        ("netflix", "en-GB", 20, 42),
        ("netflix", "de", 17, 42),
        ("netflix", "fr", 17, 42),
        ("netflix", "ar", 20, 42),
        ("netflix", "hi", 22, 42),
        ("netflix", "ko", 12, 32),
        ("netflix", "zh-Hant", 9, 32),
        ("netflix", "ja", 4, 46),
        ("netflix", "th", 17, 35),
        ("netflix-children", "en", 17, 42),
        ("netflix-children", "de", 13, 42),
    ],
)
def test_netflix_by_language(name: str, language: str, cps: float, columns: int) -> None:
    profile = profile_for(name, language)
    assert (profile.max_cps, profile.max_columns, profile.max_lines) == (cps, columns, 2)
    assert (profile.min_duration_ms, profile.max_duration_ms) == (833, 7000)
    assert (profile.min_gap_frames, profile.close_gap_frames) == (2, 12)


@pytest.mark.parametrize("language", ["en", "de", "ja", "xx", "pt_BR"])
def test_all_are_sensible_everywhere(language: str) -> None:
    assert {"netflix", "netflix-children", "bbc", "ebu", "dcmp", "youtube", "vertical-video"} == {
        *names()
    }
    for name in names():
        profile = profile_for(name, language)
        assert profile.name == name
        assert 0 < profile.min_duration_ms < profile.max_duration_ms
        assert profile.min_gap_frames <= profile.close_gap_frames


def own(toml: str, name: str = "mine", language: str = "en") -> Profile:
    return profile_for(name, language, tomllib.loads(toml))


def test_own_profiles_inherit() -> None:
    toml = """
    [mine]
    inherits = "house"
    max_cps = 15
    [house]
    inherits = "bbc"
    max_lines = 3
    """
    mine, bbc = own(toml), profile_for("bbc", "en")
    assert (mine.name, mine.max_cps, mine.max_lines) == ("mine", 15.0, 3)
    assert isinstance(mine.max_cps, float)
    assert (mine.max_columns, mine.min_duration_ms) == (bbc.max_columns, bbc.min_duration_ms)


def test_own_profiles_inherit_netflix_in_the_track_s_language() -> None:
    assert own("[mine]\nmax_lines = 1", language="ko").max_cps == 12
    assert own("[mine]\nmax_lines = 1", language="ko").max_lines == 1


@pytest.mark.parametrize(
    ("toml", "error", "words"),
    [
        ("[mine]\nmax_colums = 40", ConfigError, ["mine", "max_colums", "'max_columns'"]),
        ("[mine]\nname = 'x'", ConfigError, ["no rule 'name'"]),
        ("[mine]\nmax_lines = 2.5", ConfigError, ["max_lines", "whole number", "2.5"]),
        ("[mine]\nmax_lines = true", ConfigError, ["max_lines", "whole number"]),
        ("[mine]\nmax_cps = 'fast'", ConfigError, ["max_cps", "a number", "'fast'"]),
        ("[mine]\nmax_cps = nan", ConfigError, ["max_cps", "1 to 100"]),
        ("[mine]\nmax_columns = 0", ConfigError, ["max_columns", "8 to 200"]),
        ("[mine]\nmin_duration_ms = 8000", ConfigError, ["8000", "above", "7000"]),
        ("[mine]\ninherits = 'netflx'", UnknownName, ["'netflx'", "'netflix'"]),
        ("[mine]\ninherits = 3", ConfigError, ["inherits", "3"]),
        ("[mine]\ninherits = 'mine'", ConfigError, ["itself", "mine -> mine"]),
        (
            "[mine]\ninherits = 'b'\n[b]\ninherits = 'mine'",
            ConfigError,
            ["itself", "mine -> b -> mine"],
        ),
        ("mine = 3", ConfigError, ["mine", "table"]),
        ("", UnknownName, ["'mine'", "netflix", "vertical-video"]),
    ],
)
def test_mistakes_are_named(toml: str, error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        own(toml)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)
