"""Whatever a plugin's object does, it costs its own video one line, and no other video."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from canary_subs.errors import ConfigError, PluginError
from canary_subs.model import Choice, Context
from canary_subs.pipeline.schedule import process
from canary_subs.pipeline.task import Task
from canary_subs.plugin.hookspecs import Provider, hookimpl
from canary_subs.plugin.manager import Plugins
from canary_subs.plugin.options import build
from canary_subs.testing import Fakes, fake_plan, plugins, write_video


class BadRepr:
    def __repr__(self) -> str:
        raise ValueError("no repr")


class BreaksOff:
    def __iter__(self) -> Iterator[Any]:
        raise KeyError("breaks off")


class Attributes:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")


class BadText(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


METHODS = [
    ("source", "probe"),
    ("source", "read"),
    ("segmenter", "cut"),
    ("engine", "pairs"),
    ("engine", "open"),
    ("engine", "identify"),
    ("engine", "recognise"),
    ("aligner", "align"),
    ("tagger", "tag"),
    ("layout", "layout"),
    ("writer", "write"),
    ("delivery", "find"),
    ("delivery", "deliver"),
]
ANSWERS = [BadRepr(), [BadRepr()], BreaksOff(), Attributes(), [Attributes()]]
ERRORS = [BadText(), asyncio.CancelledError(), BaseException("base"), SystemExit(3)]


def errors_with(fakes: Fakes, tmp_path: Path) -> str:
    """What a video's outcome says of these fakes; the call itself raises nothing."""
    video = write_video(tmp_path / "a.mkv", (0, 4000), bells=[(4000, 6000)])
    fake = Choice(name="fake")
    plan = fake_plan(spoken=None, targets=["en", "en.sdh"], aligner=fake, tagger=fake)
    (outcome,) = process([Task(path=video, plan=plan)], plugins(fakes))
    assert all(isinstance(error, PluginError) for error in outcome.errors)
    return "".join(map(str, outcome.errors))


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
@pytest.mark.parametrize(("part", "method"), METHODS)
def test_an_odd_answer_is_one_line(part: str, method: str, answer: Any, tmp_path: Path) -> None:
    fakes = Fakes()
    setattr(getattr(fakes, part), method, lambda *args: answer)
    assert "plugin " in errors_with(fakes, tmp_path)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(("part", "method"), METHODS)
def test_an_odd_exception_is_one_line(
    part: str, method: str, error: BaseException, tmp_path: Path
) -> None:
    def fail(*args: object) -> None:
        raise error

    fakes = Fakes()
    setattr(getattr(fakes, part), method, fail)
    assert type(error).__name__ in errors_with(fakes, tmp_path)


@pytest.mark.parametrize(
    ("part", "method"),
    # The session of the fakes calls these two of the engine.
    [one for one in METHODS if one[1] not in ("identify", "recognise")],
)
def test_what_is_not_a_method_is_named(part: str, method: str, tmp_path: Path) -> None:
    fakes = Fakes()
    setattr(getattr(fakes, part), method, None)
    assert f"has no method {method}" in errors_with(fakes, tmp_path)


@pytest.mark.parametrize("name", ["model", "precision", "max_segment_ms", "batch_ms"])
@pytest.mark.parametrize("value", [None, b"x", BadRepr()], ids=["none", "bytes", "repr"])
def test_a_session_states_what_it_must(name: str, value: object, tmp_path: Path) -> None:
    fakes = Fakes()
    setattr(fakes.engine, name, value)
    assert f"a session's {name} is" in errors_with(fakes, tmp_path)


class Ends:
    """A layout whose ``close`` raises."""

    def __init__(self, error: BaseException, closed: list[BaseException]) -> None:
        self._error = error
        self._closed = closed

    def layout(self, request: object) -> tuple[()]:
        return ()

    def close(self) -> None:
        self._closed.append(self._error)
        raise self._error


@dataclass(frozen=True)
class Secret:
    key: str = field(default="", repr=False)


class Layouts:
    def __init__(self) -> None:
        self.errors = iter([ValueError("x"), SystemExit(3), asyncio.CancelledError()])
        self.closed: list[BaseException] = []

    @hookimpl
    def canary_subs_layouts(self) -> list[Provider[Any]]:
        def make(options: Secret, context: Context) -> Ends:
            return Ends(next(self.errors), self.closed)

        return [Provider(name="ends", summary="It ends.", make=make, options=Secret)]


def test_what_close_raises_costs_no_other_object_its_end() -> None:
    layouts = Layouts()
    found = plugins(layouts)
    for key in ("a", "b", "c"):
        found.use("layout", Choice(name="ends", options={"key": key}))
    found.close()
    assert len(layouts.closed) == 3


def test_choices_are_told_apart_by_options_that_repr_leaves_out() -> None:
    found = plugins(Layouts())
    one, other = (Choice(name="ends", options={"key": key}) for key in ("a", "b"))
    assert found.use("layout", one) is not found.use("layout", other)
    assert found.use("layout", one) is found.use("layout", one)


@dataclass(frozen=True)
class Table:
    terms: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Either:
    size: int | str = 1


@dataclass(frozen=True)
class Unknown:
    size: "Missing" = None  # type: ignore[name-defined]  # noqa: F821, UP037


@pytest.mark.parametrize("options", [Table, Either, Unknown])
def test_options_that_no_configuration_holds_are_refused(options: type[Any]) -> None:
    class Offers:
        @hookimpl
        def canary_subs_layouts(self) -> list[Provider[Any]]:
            def make(options: object, context: Context) -> None: ...

            return [Provider(name="odd", summary="It is odd.", make=make, options=options)]

    found = Plugins()
    found.add("odd", "test", Offers)
    assert "of 'odd'" in str(found.plugins[0].broken)


@dataclass(frozen=True)
class Refuses:
    def __post_init__(self) -> None:
        raise KeyError("region")


def test_options_may_refuse_themselves_in_any_manner() -> None:
    with pytest.raises(ConfigError, match="odd: 'region'"):
        build(Refuses, {}, "odd")
