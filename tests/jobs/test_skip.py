"""What is left alone, and why; what would be done; what no longer fits."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from dataclasses import replace
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from canary_subs.config import layers as configuration
from canary_subs.config.layers import Settings, load
from canary_subs.config.schema import Schedule, SkipRules
from canary_subs.errors import ConfigError
from canary_subs.jobs import metrics, schedule, service, stale
from canary_subs.jobs.estimate import estimate
from canary_subs.jobs.identity import Stamp, fingerprint
from canary_subs.jobs.records import Done, Seen
from canary_subs.jobs.skip import Judge
from canary_subs.jobs.store import Store
from canary_subs.jobs.supervisor import Worker
from canary_subs.jobs.why import why
from canary_subs.model import AudioTrack, MediaInfo, Plan, Skip, SubtitleTrack
from canary_subs.plugin import manager
from tests.crash import stage


@pytest.fixture(scope="module")
def plugins() -> manager.Plugins:
    return manager.load(stage.PLUGINS)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "jobs.sqlite")


def media(
    path: Path, *subtitles: SubtitleTrack, language: str | None = "en", **more: Any
) -> MediaInfo:
    track = AudioTrack(index=0, codec="aac", channels=2, sample_rate_hz=48_000, language=language)
    known: dict[str, Any] = {"size_bytes": 1, "mtime_ns": 1, "duration_ms": 60_000, **more}
    return MediaInfo(path=path, audio=(track,), subtitles=subtitles, **known)


def decide(
    info: MediaInfo,
    plugins: manager.Plugins,
    *,
    ours: frozenset[str] = frozenset(),
    renewing: bool = False,
    skip: SkipRules | None = None,
    **flags: Any,
) -> Plan | Skip:
    flags = {"engine": "light", "segmenter": "even", "targets": ["original", "de"], **flags}
    config = load(environment={}, flags=flags).config
    config = replace(config, skip=skip or SkipRules())
    judge = Judge(
        config=config,
        plugins=plugins,
        ours=lambda path: path.name in ours,
        renewing=renewing,
    )
    return judge.decide(info, configuration.plan(config, plugins))


def left(decision: Plan | Skip) -> tuple[str, ...] | str:
    return decision.rule if isinstance(decision, Skip) else decision.targets


def test_a_forced_track_is_had_in_a_forced_file_alone(
    tmp_path: Path, plugins: manager.Plugins
) -> None:
    info = media(tmp_path / "Film.mkv")
    wanted = ["original", "original.forced"]
    (tmp_path / "Film.en.ass").touch()
    assert left(decide(info, plugins, targets=wanted)) == ("original.forced",)
    (tmp_path / "Film.en.forced.ass").touch()
    assert left(decide(info, plugins, targets=wanted)) == "sidecar"
    forced = SubtitleTrack(index=0, codec="subrip", language="en", forced=True)
    info = media(tmp_path / "Other.mkv", forced)
    assert left(decide(info, plugins, targets=wanted)) == ("original",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Film.en.sdh.ass", "sidecar"),  # it holds all lines of a plain track as well
        ("Film.en.cc.vtt", "sidecar"),
        ("Film.en.ass", ("original.sdh",)),
        ("Film.en.forced.ass", ("original", "original.sdh")),
        # What the plan itself makes counts for itself alone.
        ("Film.en.sdh.srt", ("original", "original.sdh")),
    ],
)
def test_a_track_with_sounds_is_had_in_such_a_file_alone(
    tmp_path: Path, plugins: manager.Plugins, name: str, expected: object
) -> None:
    (tmp_path / name).touch()
    info = media(tmp_path / "Film.mkv")
    assert left(decide(info, plugins, targets=["original", "original.sdh"])) == expected


@pytest.mark.parametrize(("sdh", "expected"), [(True, "embedded"), (False, ("original.sdh",))])
def test_an_embedded_track_may_tell_of_sounds(
    tmp_path: Path, plugins: manager.Plugins, sdh: bool, expected: object
) -> None:
    track = SubtitleTrack(index=0, codec="subrip", language="en", hearing_impaired=sdh)
    info = media(tmp_path / "Film.mkv", track)
    assert left(decide(info, plugins, targets=["original", "original.sdh"])) == expected


def test_a_track_of_two_languages_is_no_track_of_either(
    tmp_path: Path, plugins: manager.Plugins
) -> None:
    for language in ("en", "de"):
        (tmp_path / f"Film.{language}.ass").touch()
    info = media(tmp_path / "Film.mkv")
    assert left(decide(info, plugins, targets=["de+original"])) == ("de+original",)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ("original", "de")),
        (["Film.de.ass"], ("original",)),
        (["Film.ger.sdh.SRT"], ("original",)),
        (["Film.DE-at.vtt"], ("original",)),
        (["Film.en.ass", "Film.de.ass"], "sidecar"),
        (["Film.de.forced.ass"], ("original", "de")),
        (["Film.ass"], ("original", "de")),
        (["Film.de.nfo", "Film 2.de.srt", "Filmde.srt"], ("original", "de")),
        (["Film.en.hi.srt"], ("de",)),
        # That very name is seen to format by format, later.
        (["Film.de.srt"], ("original", "de")),
    ],
)
def test_a_sidecar_in_the_language_counts(
    tmp_path: Path, plugins: manager.Plugins, names: list[str], expected: object
) -> None:
    for name in names:
        (tmp_path / name).touch()
    info = media(tmp_path / "Film.mkv")
    assert left(decide(info, plugins)) == expected
    assert left(decide(info, plugins, skip=SkipRules(sidecar=False))) == ("original", "de")
    assert left(decide(info, plugins, overwrite=True)) == ("original", "de")


@pytest.mark.parametrize(
    ("track", "expected"),
    [
        (SubtitleTrack(index=0, codec="subrip", language="de"), ("original",)),
        (SubtitleTrack(index=0, codec="subrip", language="de", forced=True), ("original", "de")),
        (SubtitleTrack(index=0, codec="pgs", language="de", image=True), ("original", "de")),
        (SubtitleTrack(index=0, codec="subrip"), ("original", "de")),
        (SubtitleTrack(index=0, codec="subrip", language="en"), ("de",)),
    ],
)
def test_an_embedded_text_track_counts(
    tmp_path: Path, plugins: manager.Plugins, track: SubtitleTrack, expected: object
) -> None:
    info = media(tmp_path / "Film.mkv", track)
    assert left(decide(info, plugins)) == expected
    assert left(decide(info, plugins, skip=SkipRules(embedded=False))) == ("original", "de")


def test_when_the_spoken_language_is_unknown_nothing_is_said_of_it(
    tmp_path: Path, plugins: manager.Plugins
) -> None:
    (tmp_path / "Film.en.ass").touch()
    info = media(tmp_path / "Film.mkv", language=None)
    assert left(decide(info, plugins)) == ("original", "de")
    assert left(decide(info, plugins, spoken="en")) == ("de",)


@pytest.mark.parametrize(
    ("duration_ms", "rule"), [(999, "too-short"), (40 * 3_600_000, "too-long")]
)
def test_length_counts(
    tmp_path: Path, plugins: manager.Plugins, duration_ms: int, rule: str
) -> None:
    decision = decide(media(tmp_path / "Film.mkv", duration_ms=duration_ms), plugins)
    assert left(decision) == rule
    assert isinstance(decision, Skip)
    assert "[skip]" in decision.reason


def test_spoken_languages_can_be_left_alone(tmp_path: Path, plugins: manager.Plugins) -> None:
    info = media(tmp_path / "Film.mkv", language="pt-BR")
    assert left(decide(info, plugins, skip=SkipRules(spoken=("pt",)))) == "spoken"
    assert left(decide(info, plugins, skip=SkipRules(spoken=("pt-PT",)))) != "spoken"


def test_renewing_replaces_ours_and_nobody_elses(tmp_path: Path, plugins: manager.Plugins) -> None:
    for name in ("Film.en.srt", "Film.de.srt"):
        (tmp_path / name).touch()
    info = media(tmp_path / "Film.mkv")
    plan = decide(info, plugins, renewing=True, ours=frozenset({"Film.en.srt"}))
    assert isinstance(plan, Plan)
    assert plan.targets == ("original",)
    assert plan.deliveries[0].options["overwrite"] is True
    assert left(decide(info, plugins, renewing=True)) == "edited"


# Why.


def ask(path: Path, store: Store, plugins: manager.Plugins, **flags: Any) -> tuple[str, object]:
    settings = stage.settings(path.parent.parent / "state", **flags)
    answer = why(path, settings, plugins, store, [path.parent])
    assert answer.findings
    return answer.decided.rule, answer.decided.verdict


def test_why_tells_which_rule_decides(
    tmp_path: Path, store: Store, plugins: manager.Plugins
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    film = stage.wav(films / "a.wav", 2, 1)
    assert ask(films / "none.wav", store, plugins) == ("file", "fail")
    assert ask(films, store, plugins) == ("file", "skip")
    assert ask(film, store, plugins) == ("queue", "work")
    assert ask(film, store, plugins, watch={"exclude": ["a.*"]}) == ("excluded", "skip")
    assert ask(film, store, plugins, skip={"min_duration_s": 3}) == ("too-short", "skip")
    (films / "b.wav").write_bytes(film.read_bytes()[:9000])
    assert ask(films / "b.wav", store, plugins) == ("complete", "wait")
    (films / "c.wav").write_bytes(b"nonsense" * 100)
    assert ask(films / "c.wav", store, plugins) == ("media", "fail")
    (films / "d.wav.part").touch()
    assert ask(films / "d.wav.part", store, plugins) == ("excluded", "skip")
    for name in ("a.en.srt", "a.en.json", "a.de.srt", "a.de.json"):
        (films / name).touch()
    assert ask(film, store, plugins) == ("exists", "skip")
    outside = stage.wav(tmp_path / "x.wav", 1, 1)
    answer = why(outside, stage.settings(tmp_path / "state"), plugins, store, [films])
    assert (answer.decided.rule, answer.decided.verdict) == ("watch", "skip")
    (films / ".canary-subs.toml").write_text("x = 1")
    assert ask(film, store, plugins) == ("folder", "fail")


def done(store: Store, film: Path, plan: dict[str, str] | None = None) -> None:
    one = Seen(
        path=film, root=film.parent, fingerprint=fingerprint(film), stamp=Stamp.of(film.stat())
    )
    store.arrive([one])
    record = store.lease("me")
    assert record is not None
    store.done(record.job.id, "me", Done(delivered=(), plan=plan or {}))


def test_why_knows_the_queue(tmp_path: Path, store: Store, plugins: manager.Plugins) -> None:
    films = tmp_path / "films"
    films.mkdir()
    film = stage.wav(films / "a.wav", 2, 1)
    done(store, film)
    assert ask(film, store, plugins) == ("queue", "done")


def test_an_estimate_comes_from_measured_speed(
    tmp_path: Path, store: Store, plugins: manager.Plugins
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    stage.wav(films / "a.wav", 4, 1)
    done(store, stage.wav(films / "b.wav", 2, 2))
    (films / "c.txt").touch()
    settings = stage.settings(tmp_path / "state")
    found = estimate([films], settings, plugins, store)
    assert [one.path.name for one in found.work] == ["a.wav"]
    assert len(found.files) == 2
    assert (found.duration_ms, found.work_ms) == (4000, None)
    plan = configuration.plan(settings.config, plugins, root=films)
    store.measured(stale.work(plan), 40_000, 10_000)
    assert estimate([films], settings, plugins, store).work_ms == 1000


# Stale.


def test_only_what_would_be_different_is_stale(
    tmp_path: Path, store: Store, plugins: manager.Plugins
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    before = stage.settings(tmp_path / "state")
    plan = stale.describe(configuration.plan(before.config, plugins, root=films))
    done(store, stage.wav(films / "a.wav", 1, 1), plan)
    assert stale.stale(store, before, plugins) == []
    moved = stage.settings(tmp_path / "state", out=str(tmp_path / "out"), device="cuda")
    assert stale.stale(store, moved, plugins) == []
    after = stage.settings(tmp_path / "state", targets=["en", "fr"], precision="fp32")
    (found,) = stale.stale(store, after, plugins)
    assert found.differences == ("targets: en, de -> en, fr", "precision: auto -> fp32")


# When to rest.


@pytest.mark.parametrize(
    ("hours", "at", "rests"),
    [
        (("22:00-07:00",), "23:30", False),
        (("22:00-07:00",), "06:59", False),
        (("22:00-07:00",), "07:00", True),
        (("22:00-07:00",), "12:00", True),
        (("09:00-12:00", "13:00-17:00"), "12:30", True),
        (("09:00-12:00", "13:00-17:00"), "13:00", False),
        (("09:00-24:00",), "23:59", False),
        (("9:00-9:00",), "03:00", False),
        ((), "12:00", False),
    ],
)
def test_hours(hours: tuple[str, ...], at: str, rests: bool) -> None:
    now = datetime.fromisoformat(f"2026-11-22 {at}")
    assert (schedule.rest(Schedule(hours=hours), now) is not None) == rests


@pytest.mark.parametrize("text", ["22-07", "25:00-07:00", "22:00-24:30", "22:00", "a:b-c:d"])
def test_hours_are_checked(text: str) -> None:
    with pytest.raises(ValueError, match="22:00-07:00"):
        Schedule(hours=(text,))


def test_a_named_process_is_seen() -> None:
    own = Path("/proc/self/comm").read_text().strip()
    assert schedule.rest(Schedule(busy_processes=("no-such-program", own))) == f"{own} is running"
    assert schedule.rest(Schedule(busy_processes=("no-such-program",))) is None


class Answers(BaseHTTPRequestHandler):
    text = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.text.encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("text", "rests"),
    [("busy\n", True), ('{"busy": true}', True), ('{"busy": false}', False), ("free", False),
     ('["busy"]', False), ('{"busy": "no"}', False), ("", False)],
)  # fmt: skip
def test_an_address_that_says_busy_is_obeyed(text: str, rests: bool) -> None:
    handler = type("Handler", (Answers,), {"text": text})
    server = HTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    assert (schedule.rest(Schedule(busy_url=url)) is not None) == rests
    server.shutdown()
    server.server_close()
    assert schedule.rest(Schedule(busy_url=url)) is None  # nobody answers: work goes on


# Seeing it from outside.


def test_metrics_and_health(tmp_path: Path, store: Store) -> None:
    film = stage.wav(tmp_path / "a.wav", 1, 1)
    done(store, film)
    worker = Worker(stage.settings(tmp_path / "state"), store)
    with metrics.serve("127.0.0.1:0", store, worker) as port:

        def get(path: str) -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return str(answer.read().decode())

        lines = get("/metrics").splitlines()
        assert 'canary_subs_jobs{state="done"} 1' in lines
        assert 'canary_subs_jobs{state="queued"} 0' in lines
        for line in lines:
            assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2
        names = {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")}
        assert names == {line.split(" ")[2] for line in lines if line.startswith("# TYPE")}
        assert json.loads(get("/health")) == {"healthy": True, "resting": None}
        store.pause("tea")
        assert json.loads(get("/health"))["resting"] == "tea"
        with pytest.raises(urllib.request.HTTPError, match="404"):
            get("/")
        with (
            pytest.raises(ConfigError, match="choose another port"),
            metrics.serve(f"127.0.0.1:{port}", store, worker),
        ):
            pass


# Service.


def configured(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "canary-subs.toml"
    file.write_text(text)
    return load(file, environment={})


def test_a_unit_may_write_where_results_go_and_nowhere_else(tmp_path: Path) -> None:
    folders = 'watch.folders = ["/films", "/with space/100%"]\n'
    lines = service.unit(configured(tmp_path, folders)).splitlines()
    assert 'ReadWritePaths=/films "/with space/100%%"' in lines
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes"):
        assert line in lines
    assert f"Environment=CANARY_SUBS_CONFIG={tmp_path}/canary-subs.toml" in lines
    out = 'out = "/subs"\nqueue.store = "/var/x/jobs.sqlite"\n' + folders
    lines = service.unit(configured(tmp_path, out)).splitlines()
    assert "ReadWritePaths=/subs /var/x" in lines


@pytest.mark.parametrize("folder", ["/films", "/with space", "/100%", "/it's", '/a"b', "/a\\b"])
def test_systemd_reads_the_unit(tmp_path: Path, folder: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    unit = tmp_path / "canary-subs.service"
    table = f"watch.folders = [{json.dumps(folder)}]\n"
    # A test's interpreter need not have the command beside it.
    text = re.sub(
        "(?m)^ExecStart=.*$", "ExecStart=/bin/true", service.unit(configured(tmp_path, table))
    )
    unit.write_text(text)
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert "canary-subs" not in said.stderr, said.stderr


def test_a_service_needs_a_file_with_folders(tmp_path: Path) -> None:
    for make in (service.unit, partial(service.compose, cuda=False)):
        with pytest.raises(ConfigError, match="folders to watch"):
            make(configured(tmp_path, ""))
        with pytest.raises(ConfigError, match="needs a configuration file"):
            make(load(environment={}, flags={"watch": {"folders": ["/films"]}}))


def test_compose_mounts_what_the_configuration_names(tmp_path: Path) -> None:
    table = 'out = "/subs"\nwatch.folders = ["/a/films", "/b/it\'s $5"]\n'
    settings = configured(tmp_path, table)
    text = service.compose(settings, cuda=True)
    assert "nvidia" in text
    assert "nvidia" not in service.compose(settings, cuda=False)
    mounts = yaml.safe_load(text)["services"]["canary-subs"]["volumes"]
    assert [
        (mount["source"], mount["target"], mount.get("read_only", False)) for mount in mounts[1:]
    ] == [
        (f"{tmp_path}/canary-subs.toml", "/etc/canary-subs.toml", True),
        ("/a/films", "/a/films", False),
        ("/b/it's $$5", "/b/it's $$5", False),
        ("/subs", "/subs", False),
    ]


def test_the_dockerfile_copies_what_the_build_needs() -> None:
    root = Path(service.__file__).parents[2]
    for cuda in (True, False):
        text = service.dockerfile(cuda=cuda)
        copied = [name for line in text.splitlines() if line.startswith("COPY ")
                  for name in line.split()[1:-1]]  # fmt: skip
        assert {"pyproject.toml", "README.md", "LICENSE", "canary_subs"} == set(copied)
        assert all((root / name).exists() for name in copied)
        assert ("whl/cpu" in text) is not cuda
