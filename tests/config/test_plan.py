"""A configuration becomes a plan, or one line that says what is not installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from canary_subs.config.layers import load
from canary_subs.config.plan import check_providers, plan
from canary_subs.config.schema import Config
from canary_subs.errors import ConfigError, UnknownName
from canary_subs.model import ORIGINAL, Context, Track
from canary_subs.plugin import manager
from canary_subs.plugin.manager import Plugins
from canary_subs.testing import Fakes
from canary_subs.testing import plugins as offering


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return manager.load()


def options_of(kind: str, name: str, **values: Any) -> dict[str, object]:
    return {"options": {kind: {name: values}}}


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "c.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_defaults_are_on_offer(plugins: Plugins) -> None:
    check_providers(load(environment={}), plugins)
    assert Config().targets == (ORIGINAL,)


def test_a_plan_carries_what_providers_share(tmp_path: Path, plugins: Plugins) -> None:
    flags = {
        "targets": ["en", "de+EN"], "out": str(tmp_path), "model": "demo", "overwrite": True,
        "device": "cpu", "precision": "int8", "commercial": True, "glossary": ["Ada", "Turing"],
        "spoken": "ger", "audio_track": 2,
    }  # fmt: skip
    made = plan(load(environment={}, flags=flags).config, plugins, root=Path("/videos"))
    assert made.engine.model == "demo"
    assert made.targets == (Track(("en",)), Track(("de", "en")))
    assert (made.spoken, made.audio_track) == ("de", 2)
    assert made.glossary == ("Ada", "Turing")
    assert made.context == Context(
        device="cpu", precision="int8", out=tmp_path, root=Path("/videos"),
        within=Path("/videos"), overwrite=True, commercial=True,
    )  # fmt: skip


def test_without_a_model_the_engine_chooses(plugins: Plugins) -> None:
    made = plan(load(environment={}, flags={"targets": ["en.sdh"]}).config, plugins)
    assert made.engine.model is None
    assert made.tagger is not None and made.tagger.model is None
    named = {"targets": ["en.sdh"], "sound_model": "demo"}
    tagger = plan(load(environment={}, flags=named).config, plugins).tagger
    assert tagger is not None and tagger.model == "demo"


def test_results_lie_beside_each_other_without_mirror(tmp_path: Path, plugins: Plugins) -> None:
    chosen = load(environment={}, flags={"out": str(tmp_path), "mirror": False}).config
    assert plan(chosen, plugins, root=Path("/videos")).context.root is None


@pytest.mark.parametrize(
    ("model", "engine", "name"),
    [
        ("fake:base", "fake", "base"),
        ("nvidia/canary-1b", "canary", "nvidia/canary-1b"),
        # Not the name of an engine: a path with a colon in it.
        ("C:/models/own.nemo", "canary", "C:/models/own.nemo"),
    ],
)
def test_a_models_name_may_choose_the_engine(model: str, engine: str, name: str) -> None:
    on_offer = manager.load()
    on_offer.add("fakes", "test", Fakes)
    flags = {"model": model}
    for settings in (
        load(environment={}, flags=flags),
        load(environment={"CANARY_SUBS_MODEL": model}),
    ):
        made = plan(settings.config, on_offer)
        assert (made.engine.name, made.engine.model) == (engine, name)
        check_providers(settings, on_offer)


def test_every_choice_carries_the_options_of_its_provider(plugins: Plugins) -> None:
    flags = {
        "formats": ["ASS", "srt"],
        "options": {
            "engine": {"canary": {"punctuation": False}},
            "format": {"ass": {"font_size": 11}},
            "layout": {"balanced": {}},
        },
    }
    settings = load(environment={}, flags=flags)
    check_providers(settings, plugins)
    made = plan(settings.config, plugins)
    assert dict(made.engine.options) == {"punctuation": False}
    assert [(one.name, dict(one.options)) for one in made.writers] == [
        ("ass", {"font_size": 11}),
        ("srt", {}),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n[options.format.ass]\nfontsize = 3\n", "knows no 'fontsize'; did you mean 'font_size'"),
        ("\n[options.format.ass]\nfont_size = true\n", "font_size is a whole number"),
        ("\n[options.engine.canary]\npunctuation = 3\n", "punctuation is true or false"),
        ("\n[options.engine.canary]\npunctuated = true\n", "did you mean 'punctuation'"),
    ],
)
def test_a_wrong_option_is_reported_with_its_line(
    tmp_path: Path, plugins: Plugins, text: str, said: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError, match=said) as caught:
        check_providers(load(file, environment={}), plugins)
    assert str(caught.value).startswith(f"{file}:3: [options.")


@pytest.mark.parametrize(
    "flags",
    [
        {"formats": ["srtt"]},
        {"engine": "x"},
        {"service": {"run": ["x"]}},
        {"profile": "x"},
        options_of("format", "x", y=1),
    ],
)
def test_a_name_that_is_not_installed_is_reported(
    plugins: Plugins, flags: dict[str, object]
) -> None:
    with pytest.raises(UnknownName):
        check_providers(load(environment={}, flags=flags), plugins)


def test_plugins_may_replace_every_default() -> None:
    fakes = offering(Fakes())
    names = {"engine": "fake", "segmenter": "fake", "layout": "fake", "deliveries": ["fake"]}
    chosen = load(environment={}, flags={**names, "formats": ["fake"]}).config
    assert plan(chosen, fakes).segmenter.name == "fake"
