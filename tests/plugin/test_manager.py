"""Plugins are found, checked and contained; what is built in keeps the rules that strangers do."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
import textwrap
import wave
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canary_subs import testing
from canary_subs.cues.profiles import profile_for
from canary_subs.errors import ConfigError, PluginError, PluginUnusable, Temporary, UnknownName
from canary_subs.model import AudioClip, Choice, Context, Job, JobState, Plan, Rendered, Track
from canary_subs.plugin import hookspecs
from canary_subs.plugin.contain import contained
from canary_subs.plugin.hookspecs import Provider, Writer, hookimpl
from canary_subs.plugin.manager import BUILTINS, HOOKS, KINDS, Entry, Plugins, load
from canary_subs.testing import (
    FakeWriter,
    check_check,
    check_delivery,
    check_engine,
    check_layout,
    check_plugin,
    check_segmenter,
    check_text_writer,
    check_writer,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
BUILT_IN = load()


def built_in(kind: str) -> pytest.MarkDecorator:
    providers = [entry.provider for entry in BUILT_IN.providers(kind)]
    assert providers or kind == "aligner", f"nothing of the kind {kind} is built in"
    return pytest.mark.parametrize("provider", providers, ids=lambda provider: provider.name)


# What is built in.


def test_every_built_in_package_is_loaded() -> None:
    broken = {plugin.name: plugin.broken for plugin in BUILT_IN.plugins if plugin.broken}
    assert broken == {}
    assert [plugin.name for plugin in BUILT_IN.plugins][: len(BUILTINS)] == list(BUILTINS)


@pytest.mark.parametrize("room", BUILTINS)
def test_a_package_offers_what_can_be_listed_and_made(room: str) -> None:
    offers = check_plugin(import_module(f"canary_subs.{room}"))
    assert any(offers.values())


@built_in("format")
def test_formats_keep_the_rules(provider: Provider[Writer]) -> None:
    check_text_writer(provider)


@built_in("segmenter")
def test_segmenters_keep_the_rules(provider: Provider[Any]) -> None:
    check_segmenter(provider)


@pytest.mark.parametrize("profile", ["netflix", "bbc"])
@built_in("layout")
def test_layouts_keep_the_rules(provider: Provider[Any], profile: str) -> None:
    check_layout(provider, profile_for(profile, "en"))


@built_in("check")
def test_checks_keep_the_rules(provider: Provider[Any]) -> None:
    check_check(provider)


@built_in("delivery")
def test_deliveries_keep_the_rules(provider: Provider[Any], tmp_path: Path) -> None:
    film = tmp_path / "Film.mkv"
    film.write_bytes(b"a film")
    check_delivery(provider, testing.media_info(film))


@built_in("source")
def test_sources_keep_the_rules(provider: Provider[Any], tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    sound = testing.babble(3000).samples
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    testing.check_source(provider, path)


# The fakes keep the rules as well: they stand for the real things.


def test_the_fakes_keep_the_rules(tmp_path: Path) -> None:
    offers = check_plugin(testing.Fakes())
    (engine,), (segmenter,), (layout,) = offers["engine"], offers["segmenter"], offers["layout"]
    check_engine(engine)
    check_segmenter(segmenter)
    check_layout(layout, profile_for("netflix", "en"))
    check_writer(offers["format"][0])
    film = testing.write_video(tmp_path / "a.film", (100, 2000), (3000, 9000))
    testing.check_source(offers["source"][0], film)
    check_delivery(offers["delivery"][0], testing.media_info(film))
    said = testing.transcript("One two.").utterances[0]
    testing.check_aligner(offers["aligner"][0], testing.babble(2000), said)
    bell = np.full(16_000, 0.05, np.float32)
    clips = [AudioClip(samples=bell, start_samples=start) for start in (0, 16_000, 64_000)]
    testing.check_tagger(offers["tagger"][0], clips, ["bell"])


# The checks find what they are for.


def writer(write: Any, suffix: Any = ".x", **more: Any) -> Provider[Any]:
    thing = type("Made", (), {"suffix": suffix, "write": staticmethod(write)})
    return Provider(**{"name": "x", "summary": "made up", "make": lambda *_: thing(), **more})


def text(document: Any) -> bytes:
    return FakeWriter().write(document)


COUNT = iter(range(10**6))


@dataclass(frozen=True)
class Broken:
    size: int = 0

    def __post_init__(self) -> None:
        raise ValueError("size must be at least 1")


@pytest.mark.parametrize(
    ("provider", "complaint"),
    [
        (writer(lambda document: "text"), "a writer gives bytes, not str"),
        (writer(lambda document: str(next(COUNT)).encode()), "written twice"),
        (writer(lambda document: b"%d" % (1 / len(document.cues))), "a track without cues"),
        (writer(text, suffix="x"), "begins with a dot"),
        (writer(text, suffix="./x"), "could not stand in a file name"),
        (writer(lambda document: b""), "lacks the word 'Good'"),
        (writer(lambda document: b"\xef\xbb\xbf" + text(document)), "byte order mark"),
        (writer(lambda document: text(document).decode().encode("utf-16")), "lacks|decode|UTF"),
        (writer(text, name="X"), "lower case"),
        (writer(text, name="a/b"), "flags"),
        (writer(text, summary="two\nlines"), "one line"),
        (writer(text, summary=""), "one line"),
        (writer(text, options=Broken), "no usable defaults"),
    ],
)
def test_a_bad_writer_is_found_out(provider: Provider[Any], complaint: str) -> None:
    with pytest.raises((AssertionError, UnicodeDecodeError), match=complaint):
        check_text_writer(provider)


def changed(part: str, method: str, change: Any) -> Provider[Any]:
    """A fake with one method whose answer is changed."""
    fake = getattr(testing.Fakes(), part)
    right = getattr(fake, method)
    setattr(fake, method, lambda *args, **more: change(right(*args, **more)))
    return Provider(name="x", summary="made up", make=lambda *_: fake)


@pytest.mark.parametrize(
    ("part", "method", "change", "complaint"),
    [
        ("engine", "pairs", lambda pairs: frozenset(), "at least one pair"),
        ("engine", "recognise", lambda found: found[:-1], "answers"),
        ("engine", "recognise", lambda found: [one[::-1] for one in found], "asked for"),
        ("engine", "identify", lambda odds: {}, "judged"),
        ("engine", "identify", lambda odds: dict.fromkeys(odds, 1.0), "sum to"),
        ("layout", "layout", lambda cues: cues[1:], "not those that were said"),
        ("layout", "layout", lambda cues: cues[::-1], "too early"),
        ("segmenter", "cut", lambda spans: list(spans)[::-1], "begins before"),
        ("segmenter", "cut", lambda spans: iter([]), "no speech was found"),
        ("segmenter", "cut", lambda spans: iter(list(spans)), "its sound is gone"),
    ],
)
def test_a_bad_part_is_found_out(part: str, method: str, change: Any, complaint: str) -> None:
    checks: dict[str, Callable[[Provider[Any]], None]] = {
        "engine": check_engine,
        "layout": check_layout,
        "segmenter": check_segmenter,
    }
    with pytest.raises(AssertionError, match=complaint):
        checks[part](changed(part, method, change))


def test_a_delivery_that_touches_the_video_is_found_out(tmp_path: Path) -> None:
    film = tmp_path / "Film.mkv"
    film.write_bytes(b"a film")

    class Greedy(testing.FakeDelivery):
        def deliver(self, media: Any, rendered: Sequence[Rendered]) -> Iterator[str]:
            media.path.write_bytes(b"changed")
            yield from super().deliver(media, rendered)

    greedy = Greedy()
    with pytest.raises(AssertionError, match="delivering changed"):
        check_delivery(
            Provider(name="x", summary="x", make=lambda *_: greedy), testing.media_info(film)
        )


# Finding plugins.


def drop_in(folder: Path, name: str, source: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.py"
    file.write_text(textwrap.dedent(source))
    return file


GOOD = """
    from canary_subs import Provider, hookimpl

    @hookimpl
    def canary_subs_writers():
        return [Provider(name="good", summary="good", make=lambda options, context: None)]
"""


def test_the_example_in_the_plugin_folder_is_found_and_keeps_the_rules(tmp_path: Path) -> None:
    example = EXAMPLES / "plugin_in_15_lines.py"
    assert sum(bool(line.strip()) for line in example.read_text().splitlines()) <= 15
    shutil.copy(example, tmp_path)
    plugins = load(tmp_path)
    entry = plugins.provider("format", "sbv")
    assert entry.plugin == "plugin_in_15_lines"
    check_text_writer(entry.provider)
    written = plugins.use("format", Choice(name="sbv")).write(
        testing.document(testing.transcript("Hello there.", "Good night."))
    )
    assert written == (
        b"00:00:00.000,00:00:00.580\nHello there.\n\n00:00:01.200,00:00:01.780\nGood night.\n"
    )


def test_files_with_a_dot_or_an_underscore_are_no_plugins(tmp_path: Path) -> None:
    for name in (".hidden", "_helper", "good"):
        drop_in(tmp_path, name, GOOD)
    (tmp_path / "notes.txt").write_text("no plugin")
    found = [plugin.name for plugin in load(tmp_path).plugins]
    assert "good" in found
    assert not {".hidden", "_helper", "notes"} & set(found)


def test_a_folder_that_is_not_there_is_no_plugins(tmp_path: Path) -> None:
    assert len(load(tmp_path / "none").plugins) == len(BUILT_IN.plugins)


def test_a_disabled_plugin_is_not_even_imported(tmp_path: Path) -> None:
    drop_in(tmp_path, "bad", f"open({str(tmp_path / 'ran')!r}, 'w')")
    load(tmp_path, disabled=("bad",))
    assert not (tmp_path / "ran").exists()


def installed(site: Path, name: str, source: str, value: str) -> None:
    """What pip leaves of a distribution with one module and one entry point."""
    site.mkdir(exist_ok=True)
    module = value.partition(":")[0]
    (site / f"{module}.py").write_text(textwrap.dedent(source))
    info = site / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[canary_subs]\n{name} = {value}\n")


def test_installed_plugins_are_found_by_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "ep-good", GOOD, "ep_good_module")
    installed(tmp_path, "ep-missing", "", "ep_missing_module:thing")
    installed(tmp_path, "ep-broken", "import nowhere_to_be_found", "ep_broken_module")
    monkeypatch.syspath_prepend(tmp_path)
    plugins = load()
    found = {plugin.name: plugin for plugin in plugins.plugins}
    assert found["ep-good"].origin == "ep-good 1.2"
    assert found["ep-good"].hooks == ("canary_subs_writers",)
    assert plugins.provider("format", "good").plugin == "ep-good"
    assert "AttributeError" in (found["ep-missing"].broken or "")
    assert found["ep-broken"].broken == (
        "ModuleNotFoundError: No module named 'nowhere_to_be_found'"
    )
    assert plugins.provider("format", "srt")


def test_a_distribution_with_broken_metadata_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "ep-well", GOOD, "ep_well_module")
    installed(tmp_path, "ep-ill", "", "ep_ill_module")
    entry_points = tmp_path / "ep_ill-1.2.dist-info" / "entry_points.txt"
    entry_points.write_text("[canary_subs]\nno equals sign\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert load().provider("format", "good").plugin == "ep-well"


def test_an_installed_plugin_is_taken_once_however_often_it_is_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("one", "two"):
        installed(tmp_path / folder, "ep-twice", GOOD, "ep_twice_module")
        monkeypatch.syspath_prepend(tmp_path / folder)
    found = [plugin.broken for plugin in load().plugins if plugin.name == "ep-twice"]
    assert found == [None]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def f(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import sys; sys.exit('bye\\nbye')", "SystemExit: bye bye"),
        (
            "from canary_subs.errors import PluginUnusable\nraise PluginUnusable('set KEY')",
            "set KEY",
        ),
        ("x = 1", "answers no hook; mark its functions with @hookimpl"),
        (GOOD.replace("writers", "writerz"), "did you mean 'canary_subs_writers'?"),
        (GOOD.replace("canary_subs_writers()", "canary_subs_writers(color)"), "PluginValidation"),
        (GOOD.replace("return [", "return 7 #"), "must give Providers, not 7"),
        (GOOD.replace("return [", "return #"), "must give Providers, not None"),
        (GOOD.replace("return [", "return [7, "), "must give Providers, not 7"),
        (GOOD.replace('name="good"', "name=[]"), "one word"),
        (GOOD.replace('name="good"', 'name=""'), "one word"),
        (GOOD.replace('name="good"', 'name="a b"'), "one word"),
        (GOOD.replace('summary="good"', "summary=7"), "summary"),
        (GOOD.replace("make=lambda options, context: None", "make=7"), "cannot be called"),
        (GOOD.replace("make=", "options=dict, make="), "dataclass"),
        (GOOD.replace("name=", "nmae="), "TypeError"),
        (GOOD.replace("return [", "yield 1 / 0 #"), "ZeroDivisionError"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_listed_with_its_reason(
    tmp_path: Path, source: str, reason: str
) -> None:
    drop_in(tmp_path, "aaa_bad", source)
    drop_in(tmp_path, "good", GOOD)
    plugins = load(tmp_path)
    (bad,) = (plugin for plugin in plugins.plugins if plugin.name == "aaa_bad")
    assert bad.broken is not None and reason in bad.broken
    assert "\n" not in bad.broken
    assert bad.hooks == ()
    assert plugins.provider("format", "good").plugin == "good"
    assert [entry.plugin for entry in plugins.providers("format")].count("aaa_bad") == 0


def test_options_without_defaults_are_refused(tmp_path: Path) -> None:
    source = textwrap.dedent(GOOD).replace("make=", "options=Options, make=")
    options = "from dataclasses import dataclass\n@dataclass\nclass Options:\n    key: str\n"
    drop_in(tmp_path, "bad", options + source)
    bad = load(tmp_path).plugins[-1]
    assert bad.broken == "the option 'key' of 'good' must have a default"


def test_a_broken_hook_of_a_plugin_takes_its_other_hooks_out_of_use() -> None:
    class Half:
        called = False

        @hookimpl
        def canary_subs_writers(self) -> Any:
            return 7

        @hookimpl
        def canary_subs_job_changed(self, job: Job) -> None:
            Half.called = True

    plugins = Plugins()
    plugins.add("half", "test", Half)
    plugins.job_changed(job())
    assert not Half.called


# Names.


def itself(name: str, options: object) -> str:
    return name


@dataclass(frozen=True)
class Named(FakeWriter):
    name: str


def offer(*names: str) -> object:
    class Offers:
        @hookimpl
        def canary_subs_writers(self) -> Iterable[Provider[Any]]:
            return [
                Provider(name=name, summary="x", make=lambda _, __, name=name: Named(name))  # type: ignore[misc]
                for name in names
            ]

    return Offers()


def test_two_of_one_name_are_an_error_that_names_both() -> None:
    plugins = Plugins()
    plugins.add("one", "test", lambda: offer("x"))
    plugins.add("two", "test", lambda: offer("x", "y"))
    with pytest.raises(UnknownName) as caught:
        plugins.provider("format", "x")
    assert str(caught.value) == (
        "two plugins offer a format named 'x': 'one' and 'two'; remove or disable one"
    )
    assert plugins.use("format", Choice(name="y")).name == "y"
    assert [(e.provider.name, e.plugin) for e in plugins.providers("format")] == [
        ("x", "one"),
        ("x", "two"),
        ("y", "two"),
    ]


def test_two_plugins_of_one_name_leave_the_first_in_use() -> None:
    heard = []

    class Ears:
        @hookimpl
        def canary_subs_job_changed(self, job: Job) -> None:
            heard.append(job.id)

    plugins = Plugins()
    plugins.add("same", "first", Ears)
    plugins.add("same", "second", lambda: offer("x"))
    assert [plugin.broken for plugin in plugins.plugins] == [
        None,
        "a plugin named 'same' is already loaded; rename this one",
    ]
    plugins.job_changed(job())
    assert heard == [7]
    with pytest.raises(UnknownName):
        plugins.provider("format", "x")


def test_one_object_under_two_names_is_loaded_once() -> None:
    same = offer("x")
    plugins = Plugins()
    plugins.add("one", "test", lambda: same)
    plugins.add("two", "test", lambda: same)
    assert plugins.plugins[0].broken is None
    assert plugins.plugins[1].broken is not None
    assert plugins.use("format", Choice(name="x")).name == "x"


def test_an_unknown_name_is_answered_with_the_nearest_or_all() -> None:
    with pytest.raises(UnknownName, match="no format named 'srr'; did you mean 'srt'"):
        BUILT_IN.provider("format", "srr")
    with pytest.raises(UnknownName, match="there are: ass, json, "):
        BUILT_IN.provider("format", "qqqqqqq")


# Making and using.


@dataclass(frozen=True)
class Picky(FakeWriter):
    size: int = 1


def test_options_reach_make_and_wrong_ones_do_not() -> None:
    class Sized:
        @hookimpl
        def canary_subs_writers(self) -> Iterable[Provider[Any]]:
            return [Provider(name="x", summary="x", make=lambda options, _: options, options=Picky)]

    plugins = testing.plugins(Sized())
    assert plugins.use("format", Choice(name="x", options={"size": 3})).size == 3
    with pytest.raises(ConfigError, match="format x knows no 'sise'; did you mean 'size'"):
        plugins.use("format", Choice(name="x", options={"sise": 3}))
    with pytest.raises(ConfigError, match="format x: size is a whole number, not 'big'"):
        plugins.use("format", Choice(name="x", options={"size": "big"}))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PluginUnusable("deepl needs a key; set DEEPL_KEY"), "deepl needs a key; set DEEPL_KEY"),
        (RuntimeError("a\nb"), "plugin 'plugin 1' failed: RuntimeError: a b"),
        (SystemExit(2), "plugin 'plugin 1' failed: SystemExit: 2"),
    ],
)
def test_what_make_raises_is_one_line(error: BaseException, message: str) -> None:
    def make(options: object, context: Context) -> Any:
        raise error

    class Bad:
        @hookimpl
        def canary_subs_writers(self) -> Iterable[Provider[Any]]:
            return [Provider(name="x", summary="x", make=make)]

    with pytest.raises(PluginError) as caught:
        testing.plugins(Bad()).use("format", Choice(name="x"))
    assert str(caught.value).startswith(message)
    assert isinstance(error, PluginUnusable) or "(test_manager.py, line " in str(caught.value)


def counted(made: list[Any], **more: Any) -> object:
    """A plugin whose format is counted as it is made."""

    class Made:
        def __init__(self, options: Any, context: Context) -> None:
            self.options, self.context, self.closed = options, context, 0
            made.append(self)

        def write(self, document: object) -> Any:
            return more["write"]()

        def close(self) -> None:
            self.closed += 1

    class Counted:
        @hookimpl
        def canary_subs_writers(self) -> Iterable[Provider[Any]]:
            return [Provider(name="x", summary="x", make=Made, options=Picky)]

    return Counted()


def test_a_provider_is_made_once_for_each_set_of_options_and_closed() -> None:
    made: list[Any] = []
    plugins = testing.plugins(counted(made))
    small, large = Choice(name="x"), Choice(name="x", options={"size": 3})
    for choice in (small, large, small, large):
        plugins.use("format", choice)
        plugins.use("format", choice, Context(device="cuda"))
    assert [(one.options.size, one.context.device) for one in made] == [
        (1, "auto"), (1, "cuda"), (3, "auto"), (3, "cuda"),
    ]  # fmt: skip
    plugins.close()
    assert [one.closed for one in made] == [1] * 4
    plugins.use("format", small)
    assert len(made) == 5


def test_the_context_carries_the_choices_own_model() -> None:
    made: list[Any] = []
    plugins = testing.plugins(counted(made))
    plugins.use("format", Choice(name="x"), Context(model="another's"))
    plugins.use("format", Choice(name="x", model="mine"), Context(model="another's"))
    assert [one.context.model for one in made] == [None, "mine"]


def test_an_iterator_is_contained_while_it_runs_and_closed() -> None:
    closed = []

    def items() -> Iterator[int]:
        try:
            yield 1
            raise RuntimeError("halfway")
        finally:
            closed.append(True)

    written = testing.plugins(counted([], write=items)).use("format", Choice(name="x")).write(None)
    assert next(written) == 1
    with pytest.raises(PluginError, match=r"plugin 1.*RuntimeError: halfway \(test_manager\.py"):
        next(written)
    assert closed == [True]


@pytest.mark.parametrize("error", [TimeoutError("slow"), ConnectionResetError("gone")])
def test_a_lost_connection_is_temporary(error: Exception) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(PluginError) as caught:
        testing.plugins(counted([], write=fail)).use("format", Choice(name="x")).write(None)
    assert isinstance(caught.value, Temporary)


def test_the_version_is_the_distributions_or_the_files_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "site", "ep-good", GOOD, "ep_versioned_module")
    monkeypatch.syspath_prepend(tmp_path / "site")
    mine = GOOD.replace('name="good"', 'name="mine"')
    drop_in(tmp_path, "mine", mine)
    plugins = load(tmp_path)
    first = plugins.version("format", "mine")
    assert plugins.version("format", "good") == "1.2"
    assert re.fullmatch("[0-9a-f]{12}", first)
    assert plugins.described("format", Choice(name="mine")) == f"mine {first}"
    drop_in(tmp_path, "mine", mine + "    # changed")
    assert load(tmp_path).version("format", "mine") != first


def test_a_hook_wrapper_is_refused_when_it_is_loaded() -> None:
    class Wrapper:
        @hookimpl(wrapper=True)
        def canary_subs_plan(self, media: object, plan: object) -> Any:
            return (yield)

    plugins = Plugins()
    plugins.add("wrapper", "test", Wrapper)
    assert plugins.plugins[0].broken == (
        "canary_subs_plan is a hook wrapper; mark it with plain @hookimpl"
    )


def test_two_plugins_change_the_plan_in_turn() -> None:
    def policy(track: str) -> object:
        class Policy:
            @hookimpl
            def canary_subs_plan(self, media: object, plan: Plan) -> Plan:
                return replace(plan, targets=(*plan.targets, Track.parse(track)))

        return Policy()

    plugins = testing.plugins(policy("de"), policy("fr"))
    changed = plugins.plan(testing.media_info(), testing.fake_plan())
    assert isinstance(changed, Plan)
    assert list(map(str, changed.targets)) == ["en", "de", "fr"]


def test_control_c_is_not_contained() -> None:
    with pytest.raises(KeyboardInterrupt), contained("x"):
        raise KeyboardInterrupt


def job() -> Job:
    return Job(id=7, path=Path("a"), fingerprint="f", state=JobState.DONE)


def test_every_listener_hears_of_a_job_though_others_fail(caplog: Any) -> None:
    heard: list[str] = []

    def listener(name: str, error: BaseException | None) -> object:
        class Listener:
            @hookimpl
            def canary_subs_job_changed(self, job: Job) -> None:
                heard.append(name)
                if error is not None:
                    raise error

        return Listener()

    class Deaf:
        @hookimpl
        def canary_subs_job_changed(self) -> None:
            heard.append("deaf")

    plugins = testing.plugins(
        listener("a", None), listener("b", OSError("no net")), listener("c", SystemExit(1)), Deaf()
    )
    plugins.job_changed(job())
    assert sorted(heard) == ["a", "b", "c", "deaf"]
    assert "plugin 2 failed" in caplog.text and "plugin 3 failed" in caplog.text


# The page of hooks.


def hook_functions() -> dict[str, Any]:
    return {
        name: function
        for name, function in vars(hookspecs).items()
        if inspect.isfunction(function) and hasattr(function, f"{hookspecs.PROJECT}_spec")
    }


def test_the_list_of_hooks_is_complete() -> None:
    assert set(HOOKS) == set(hook_functions())
    assert set(KINDS.values()) == {
        name
        for name, function in hook_functions().items()
        if "Provider" in str(inspect.signature(function))
    }


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_and_tested(hook: str) -> None:
    function = hook_functions()[hook]
    assert len((function.__doc__ or "").split()) >= 2, f"{hook} says nothing of what it is for"
    used = [
        file.name
        for file in Path(__file__).parents[1].rglob("test_*.py")
        if re.search(rf"def {hook}\b", file.read_text())
    ]
    fakes = inspect.getsource(testing.Fakes)
    assert used or hook in fakes, f"no test answers {hook}"


@pytest.mark.parametrize(
    "protocol",
    [
        value
        for value in vars(hookspecs).values()
        if inspect.isclass(value)
        and getattr(value, "_is_protocol", False)
        and value.__module__ == hookspecs.__name__
    ],
)
def test_everything_a_plugin_must_write_is_documented(protocol: type) -> None:
    assert protocol.__doc__
    for name, member in vars(protocol).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            assert member.__doc__, f"{protocol.__name__}.{name} says nothing of what it is for"


def test_an_entry_names_its_plugin() -> None:
    entry = BUILT_IN.provider("format", "srt")
    assert isinstance(entry, Entry) and entry.plugin == "formats"


def test_a_broken_plugin_costs_a_command_nothing(tmp_path: Path) -> None:
    """Seen from outside, in a process of its own."""
    drop_in(tmp_path, "bad", "raise SystemExit(9)")
    code = (
        "import sys; from pathlib import Path; from canary_subs.plugin.manager import load;"
        "c = load(Path(sys.argv[1])); print(c.plugins[-1].broken); c.provider('format', 'srt')"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "SystemExit: 9\n"
