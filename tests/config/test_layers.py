"""Files, environment and flags become one configuration, or one line that says what is wrong."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from canary_subs.config.layers import FOLDER_FILE, load, merge, read_option
from canary_subs.config.reference import explain
from canary_subs.config.schema import SECTIONS, Config
from canary_subs.errors import ConfigError
from canary_subs.plugin.options import kinds


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def written(tmp_path: Path, text: str, name: str = "c.toml") -> Path:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_nothing_said_is_all_defaults() -> None:
    assert load(environment={}).config == Config()


def test_later_layers_win_key_by_key(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        'targets = ["en", "de"]\nmodel = "a"\nprecision = "fp32"\n'
        '[watch]\nsettle_s = 1\nrescan_s = 9\n[options.format.ass]\nfont = "X"\nsize = 3\n',
    )
    chosen = load(
        file,
        environment={"CANARY_SUBS_MODEL": "b", "CANARY_SUBS_WATCH_SETTLE_S": "2", "HOME": "/"},
        flags={"model": "c", "options": {"format": {"ass": {"size": 4}}}},
    ).config
    assert chosen.targets == ("en", "de")
    assert (chosen.model, chosen.precision) == ("c", "fp32")
    assert (chosen.watch.settle_s, chosen.watch.rescan_s) == (2.0, 9.0)
    assert chosen.options == {"format": {"ass": {"font": "X", "size": 4}}}


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, 'model = "named"\n')
    assert load(environment={"CANARY_SUBS_CONFIG": str(file)}).config.model == "named"


def test_the_users_own_file_is_read_where_none_is_named(tmp_path: Path) -> None:
    written(tmp_path, 'model = "own"\n', "home/canary-subs/config.toml")
    assert load(environment={}).config.model == "own"


def test_languages_are_written_as_bcp_47_does() -> None:
    chosen = load(environment={}, flags={"targets": ["EN", "ger", "pt-br", "en"], "spoken": "fra"})
    assert chosen.config.targets == ("en", "de", "pt-BR")
    assert chosen.config.spoken == "fr"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('model = "x"\nmodle = "y"\n', 2, "knows no 'modle'; did you mean 'model'?"),
        ("\n[watch]\n\nsetle_s = 1\n", 4, "[watch] knows no 'setle_s'; did you mean 'settle_s'?"),
        ('[watch]\nsettle_s = "1"\n', 2, "settle_s is a number, not '1'"),
        ("[watch]\nsettle_s = -1\n", 2, "settle_s cannot be negative"),
        ("watch.settle_s = true\n", 1, "settle_s is a number, not True"),
        ("model = 3\n", 1, "model is a text, not 3"),
        ("watch = 3\n", 1, "watch is a table"),
        ('targets = ["english"]\n', 1, "'english' is not a language tag; did you mean 'en'?"),
        ('targets = ["Deutsch"]\n', 1, "'Deutsch' is not a language tag; did you mean 'de'?"),
        ('targets = ["日本語+EN"]\n', 1, "'日本語' is not a language tag; did you mean 'ja'?"),
        ("priority = 1" + "0" * 23 + "\n", 1, "priority is at most"),
        ("audio_track = -1\n", 1, "audio_track is counted from 0"),
        ('spoken = "??"\n', 1, "'??' is not a language tag; write it as en, de or pt-BR"),
        ('note = """\n[watch]\nmodel = 3\n"""\n', 1, "knows no 'note'"),
        ('profile = """\nmodel = 3\n"""\nmodel = 3\n', 4, "model is a text"),
        ('a = 1\nb = [\nc = "x\n', 3, "is not TOML"),
        ("[options.fromat.ass]\nx = 1\n", 1, "knows no 'fromat'; did you mean 'format'?"),
        ("[options.format]\nass = 1\n", 1, "write options as [options.format.NAME]"),
        ('[schedule]\nhours = ["25:00-07:00"]\n', 2, "hours are written as"),
        ('[service]\nmetrics = "0.0.0.0:1"\n', 2, "loopback"),
        ("[queue]\nattempts = 0\n", 2, "at least 1"),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(file, environment={})
    message = str(caught.value)
    assert said in message
    assert message.startswith(f"{file}:{line}:")
    assert "\n" not in message


def test_text_that_is_not_utf_8_is_reported_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(b'model = "x"\nspoken = "\xff"\n')
    with pytest.raises(ConfigError, match=re.escape(f"{file}:2: is not UTF-8")):
        load(file, environment={})


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        load(tmp_path / "none.toml", environment={})


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a configuration file"):
        load(Path("/dev/zero"), environment={})


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"CANARY_SUBS_WATCH_SETTLE_S": "soon"}, "CANARY_SUBS_WATCH_SETTLE_S is a number"),
        ({"CANARY_SUBS_TARGETS": "klingonish"}, "not a language tag"),
    ],
)
def test_the_environment_is_checked_too(variables: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(environment=variables)


def test_an_unknown_variable_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    variables = {
        "CANARY_SUBS_MODLE": "x",
        # What Kubernetes sets in every pod beside a service named canary-subs.
        "CANARY_SUBS_SERVICE_HOST": "10.0.0.1",
        "CANARY_SUBS_PORT_80_TCP_PROTO": "tcp",
    }
    assert load(environment=variables).config == Config()
    said = caplog.messages
    assert len(said) == 3
    assert "CANARY_SUBS_MODLE is not known; did you mean CANARY_SUBS_MODEL?" in said[0]


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "9" * 5000,
        "[" + " " * 15_000,
        "a" + ".a" * 8000 + "=1",
        "watch.include" + ".a" * 7000 + " = 1",
        "watch.include = " + "[" * 8000 + "]" * 8000,
        "skip.min_duration_s = " + "9" * 400,
        "skip.min_duration_s = " + "9" * 5000,
        "priority = " + "9" * 24,
        "priority = " + "9" * 400,
        "skip.min_duration_s = nan",
        "targets = [" + '"en", ' * 100 + '"' + "a-" * 7000 + '"]',
        'targets = ["' + "x" * 16_000 + '"]',
        "k" * 16_000 + " = 1",
        '"""' * 5000,
    ],
)
def test_a_hostile_folders_file_is_refused_at_once(tmp_path: Path, text: str) -> None:
    import time

    written(tmp_path, text, FOLDER_FILE)
    began = time.perf_counter()
    with pytest.raises(ConfigError):
        load(environment={}).at(tmp_path, tmp_path)
    assert time.perf_counter() - began < 2


def fifo(file: Path) -> None:
    os.mkfifo(file)


def long_link(file: Path) -> None:
    file.symlink_to("x" * 250 + "/" + "y" * 300)


def device(file: Path) -> None:
    file.symlink_to("/dev/zero")


def private_link(file: Path) -> None:
    secret = file.parent / "secret"
    secret.write_text("hunter2")
    file.symlink_to(secret)


def loop(file: Path) -> None:
    file.symlink_to(file)


@pytest.mark.parametrize("make", [fifo, long_link, device, private_link, loop, Path.mkdir])
def test_a_folders_file_is_a_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / FOLDER_FILE)
    settings = load(environment={})
    for _ in range(2):
        with pytest.raises(ConfigError, match=FOLDER_FILE) as caught:
            settings.at(tmp_path, tmp_path)
        assert "hunter2" not in str(caught.value)
    assert settings.at(tmp_path.parent, tmp_path.parent) == settings.config


def test_settings_travel_without_what_folders_say(tmp_path: Path) -> None:
    written(tmp_path, "glossary = [" + '"term", ' * 1000 + "]", FOLDER_FILE)
    settings = load(environment={})
    small = len(pickle.dumps(settings))
    assert len(settings.at(tmp_path, tmp_path).glossary) == 1000
    assert len(pickle.dumps(settings)) <= small


def test_a_folders_file_is_small(tmp_path: Path) -> None:
    written(tmp_path, "#" * 20_000, FOLDER_FILE)
    with pytest.raises(ConfigError, match="larger than 16384 bytes"):
        load(environment={}).at(tmp_path, tmp_path)


@pytest.mark.parametrize("flags", [{"modle": 1}, {"watch": {"x": 1}}, {"targets": []}])
def test_flags_are_checked_too(flags: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        load(environment={}, flags=flags)


def test_a_folder_may_choose_for_its_videos(tmp_path: Path) -> None:
    root = tmp_path / "videos"
    written(root, 'targets = ["fr"]\npriority = 3\n', FOLDER_FILE)
    written(root, 'targets = ["es"]\n[skip]\nembedded = false\n', f"a/{FOLDER_FILE}")
    file = written(tmp_path, 'targets = ["de"]\nmodel = "x"\n')
    settings = load(file, environment={})
    below = settings.at(root / "a" / "b", root)
    assert (below.targets, below.priority, below.model) == (("es",), 3, "x")
    assert not below.skip.embedded
    assert settings.at(root, root).targets == ("fr",)
    assert settings.config.targets == ("de",)
    assert load(file, environment={}, flags={"targets": ["it"]}).at(root, root).targets == ("it",)


def test_a_folders_file_that_changed_counts_at_once(tmp_path: Path) -> None:
    file = written(tmp_path, 'targets = ["fr"]\n', FOLDER_FILE)
    settings = load(environment={})
    assert settings.at(tmp_path, tmp_path).targets == ("fr",)
    file.write_text('targets = ["es"]\n')
    os.utime(file, ns=(1, 1))
    assert settings.at(tmp_path, tmp_path).targets == ("es",)
    file.unlink()
    assert settings.at(tmp_path, tmp_path).targets == ("original",)


@pytest.mark.parametrize(
    "text",
    [
        'model = "/evil.nemo"\n',
        'out = "/etc"\n',
        'plugins = "/tmp"\n',
        'deliveries = ["x"]\n',
        "[options.engine.canary]\nx = 1\n",
        '[schedule]\nbusy_url = "http://x"\n',
        '[queue]\nstore = "/x"\n',
    ],
)
def test_a_folder_may_not_reach_beyond_itself(tmp_path: Path, text: str) -> None:
    written(tmp_path, text, FOLDER_FILE)
    with pytest.raises(ConfigError, match="cannot be set by a folder"):
        load(environment={}).at(tmp_path, tmp_path)


def test_every_key_is_explained_once_and_says_where_its_value_is_from(tmp_path: Path) -> None:
    file = written(tmp_path, '\nmodel = "x"\n[watch]\nsettle_s = 3\n')
    settings = load(file, environment={"CANARY_SUBS_DEVICE": "cpu"}, flags={"precision": "fp32"})
    found = {(one.section, one.key): one for one in explain(settings)}
    assert all(one.explanation.endswith((".", "…")) for one in found.values())
    assert found["", "model"].origin == f"{file}:2"
    assert found["watch", "settle_s"].origin == f"{file}:4"
    assert found["", "device"].origin == "the environment"
    assert found["", "precision"].origin == "the command line"
    assert found["", "audio_track"].origin == "default"
    tables = {"watch", "skip", "queue", "schedule", "service", "options", "profiles"}
    assert len(found) == sum(len(kinds(cls)) for cls in SECTIONS.values()) - len(tables)


@pytest.mark.parametrize(
    ("text", "value"),
    [("format.ass.size=40", 40), ("format.ass.size=Inter", "Inter"), ("format.ass.size=[1]", [1])],
)
def test_an_option_flag_is_a_table(text: str, value: object) -> None:
    assert read_option(text) == {"options": {"format": {"ass": {"size": value}}}}


@pytest.mark.parametrize("text", ["ass", "ass=1", "format.ass=1", "format..x=1", "=1"])
def test_a_wrong_option_flag_shows_how(text: str) -> None:
    with pytest.raises(ConfigError, match=r"format\.ass\.font_size=40"):
        read_option(text)


def test_merging_goes_to_every_depth() -> None:
    below = {"a": {"b": {"c": 1, "d": 2}}, "e": [1]}
    assert merge(below, {"a": {"b": {"c": 3}}, "e": [2]}) == {
        "a": {"b": {"c": 3, "d": 2}},
        "e": [2],
    }
    assert below == {"a": {"b": {"c": 1, "d": 2}}, "e": [1]}
