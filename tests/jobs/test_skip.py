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

from canary_subs.config.layers import Settings, load
from canary_subs.config.plan import plan as plan_for
from canary_subs.config.schema import Schedule, SkipRules
from canary_subs.errors import ConfigError
from canary_subs.jobs import metrics, schedule, service, skip, stale
from canary_subs.jobs.estimate import estimate
from canary_subs.jobs.identity import Stamp, fingerprint
from canary_subs.jobs.records import Done, Seen
from canary_subs.jobs.store import Store
from canary_subs.jobs.supervisor import Supervisor
from canary_subs.jobs.why import why
from canary_subs.model import AudioTrack, MediaInfo, Plan, Skip, SubtitleTrack, Track
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
    redo: bool = False,
    rules: SkipRules | None = None,
    **flags: Any,
) -> Plan | Skip:
    flags = {"engine": "light", "segmenter": "even", "targets": ["original", "de"], **flags}
    config = load(environment={}, flags=flags).config
    config = replace(config, skip=rules or SkipRules())
    facts = skip.gather(
        info,
        plan_for(config, plugins),
        config.skip,
        plugins,
        is_ours=lambda path: path.name in ours,
        redo=redo,
    )
    return skip.decide(facts, skip.findings(facts))


def left(decision: Plan | Skip) -> tuple[str, ...] | str:
    if isinstance(decision, Skip):
        return decision.rule
    return tuple(map(str, decision.targets))


def test_a_forced_track_exists_in_a_forced_file_alone(
    tmp_path: Path, plugins: manager.Plugins
) -> None:
    info = media(tmp_path / "Video.mkv")
    wanted = ["original", "original.forced"]
    (tmp_path / "Video.en.ass").touch()
    assert left(decide(info, plugins, targets=wanted)) == ("original.forced",)
    (tmp_path / "Video.en.forced.ass").touch()
    assert left(decide(info, plugins, targets=wanted)) == "sidecar"
    forced = SubtitleTrack(index=0, codec="subrip", language="en", forced=True)
    info = media(tmp_path / "Other.mkv", forced)
    assert left(decide(info, plugins, targets=wanted)) == ("original",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Video.en.sdh.ass", "sidecar"),  # it holds all lines of a plain track as well
        ("Video.en.cc.vtt", "sidecar"),
        ("Video.en.ass", ("original.sdh",)),
        ("Video.en.forced.ass", ("original", "original.sdh")),
        # What the plan itself makes counts for itself alone.
        ("Video.en.sdh.srt", ("original", "original.sdh")),
    ],
)
def test_a_track_with_sounds_exists_in_such_a_file_alone(
    tmp_path: Path, plugins: manager.Plugins, name: str, expected: object
) -> None:
    (tmp_path / name).touch()
    info = media(tmp_path / "Video.mkv")
    assert left(decide(info, plugins, targets=["original", "original.sdh"])) == expected


@pytest.mark.parametrize(("sdh", "expected"), [(True, "embedded"), (False, ("original.sdh",))])
def test_an_embedded_track_may_describe_sounds(
    tmp_path: Path, plugins: manager.Plugins, sdh: bool, expected: object
) -> None:
    track = SubtitleTrack(index=0, codec="subrip", language="en", hearing_impaired=sdh)
    info = media(tmp_path / "Video.mkv", track)
    assert left(decide(info, plugins, targets=["original", "original.sdh"])) == expected


def test_a_track_of_two_languages_is_no_track_of_either(
    tmp_path: Path, plugins: manager.Plugins
) -> None:
    for language in ("en", "de"):
        (tmp_path / f"Video.{language}.ass").touch()
    info = media(tmp_path / "Video.mkv")
    assert left(decide(info, plugins, targets=["de+original"])) == ("de+original",)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ("original", "de")),
        (["Video.de.ass"], ("original",)),
        (["Video.ger.sdh.SRT"], ("original",)),
        (["Video.DE-at.vtt"], ("original",)),
        (["Video.en.ass", "Video.de.ass"], "sidecar"),
        (["Video.de.forced.ass"], ("original", "de")),
        (["Video.ass"], ("original", "de")),
        (["Video.de.nfo", "Video 2.de.srt", "Videode.srt"], ("original", "de")),
        (["Video.en.hi.srt"], ("de",)),
        # Another video's, or as likely another's as this one's.
        (["Video.3.de.ass"], ("original", "de")),
        (["Video.Resurrection.de.ass"], ("original", "de")),
        (["Video.srt.de.ass", "Video.srt.mkv"], ("original", "de")),
        (["Video.fr.mkv", "Video.fr.de.ass"], ("original", "de")),
        (["Video.fr.MP4", "Video.fr.de.ass", "Video.de.ass"], ("original",)),
        (["Video.fr.nfo", "Video.de.forced.sdh.ass", "Video.de.default.ass"], ("original",)),
        # That very name is seen to format by format, later.
        (["Video.de.srt"], ("original", "de")),
    ],
)
def test_a_sidecar_in_the_language_counts(
    tmp_path: Path, plugins: manager.Plugins, names: list[str], expected: object
) -> None:
    for name in names:
        (tmp_path / name).touch()
    info = media(tmp_path / "Video.mkv")
    assert left(decide(info, plugins)) == expected
    assert left(decide(info, plugins, rules=SkipRules(sidecar=False))) == ("original", "de")
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
    info = media(tmp_path / "Video.mkv", track)
    assert left(decide(info, plugins)) == expected
    assert left(decide(info, plugins, rules=SkipRules(embedded=False))) == ("original", "de")


def test_when_the_spoken_language_is_unknown_nothing_is_said_of_it(
    tmp_path: Path, plugins: manager.Plugins
) -> None:
    (tmp_path / "Video.en.ass").touch()
    info = media(tmp_path / "Video.mkv", language=None)
    assert left(decide(info, plugins)) == ("original", "de")
    assert left(decide(info, plugins, spoken="en")) == ("de",)


@pytest.mark.parametrize(
    ("duration_ms", "rule"), [(999, "too-short"), (40 * 3_600_000, "too-long")]
)
def test_length_counts(
    tmp_path: Path, plugins: manager.Plugins, duration_ms: int, rule: str
) -> None:
    decision = decide(media(tmp_path / "Video.mkv", duration_ms=duration_ms), plugins)
    assert left(decision) == rule
    assert isinstance(decision, Skip)
    assert "[skip]" in decision.reason


def test_spoken_languages_can_be_left_alone(tmp_path: Path, plugins: manager.Plugins) -> None:
    info = media(tmp_path / "Video.mkv", language="pt-BR")
    assert left(decide(info, plugins, rules=SkipRules(spoken=("pt",)))) == "spoken"
    assert left(decide(info, plugins, rules=SkipRules(spoken=("pt-PT",)))) != "spoken"


def test_redo_replaces_only_our_own_results(tmp_path: Path, plugins: manager.Plugins) -> None:
    for name in ("Video.en.srt", "Video.de.srt"):
        (tmp_path / name).touch()
    info = media(tmp_path / "Video.mkv")
    plan = decide(info, plugins, redo=True, ours=frozenset({"Video.en.srt"}))
    assert isinstance(plan, Plan)
    assert plan.targets == (Track.parse("original"),)
    assert plan.context.overwrite is True
    assert left(decide(info, plugins, redo=True)) == "edited"


# Why.


def ask(path: Path, store: Store, plugins: manager.Plugins, **flags: Any) -> tuple[str, object]:
    watch = {"settle_s": 0.0, **flags.pop("watch", {})}
    settings = stage.settings(path.parent.parent / "state", watch=watch, **flags)
    answer = why(path, settings, plugins, store, [path.parent])
    assert answer.findings
    return answer.decided.rule, answer.decided.verdict


def test_why_tells_which_rule_decides(
    tmp_path: Path, store: Store, plugins: manager.Plugins
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    video = stage.wav(folder / "a.wav", 2, 1)
    assert ask(folder / "none.wav", store, plugins) == ("file", "fail")
    assert ask(folder, store, plugins) == ("file", "skip")
    assert ask(video, store, plugins) == ("queue", "work")
    assert ask(video, store, plugins, watch={"exclude": ["a.*"]}) == ("excluded", "skip")
    assert ask(video, store, plugins, skip={"min_duration_s": 3}) == ("too-short", "skip")
    (folder / "b.wav").write_bytes(video.read_bytes()[:9000])
    assert ask(folder / "b.wav", store, plugins) == ("complete", "wait")
    # The same rule as the watcher's: not before the settle time, and not longer than the patience.
    assert ask(video, store, plugins, watch={"settle_s": 60}) == ("complete", "wait")
    impatient = {"patience_s": 0.0}
    assert ask(folder / "b.wav", store, plugins, watch=impatient) != ("complete", "wait")
    (folder / "e.wav").touch()
    assert ask(folder / "e.wav", store, plugins, watch=impatient) == ("complete", "wait")
    (folder / "c.wav").write_bytes(b"nonsense" * 100)
    assert ask(folder / "c.wav", store, plugins) == ("media", "fail")
    (folder / "d.wav.part").touch()
    assert ask(folder / "d.wav.part", store, plugins) == ("excluded", "skip")
    for name in ("a.en.srt", "a.en.json", "a.de.srt", "a.de.json"):
        (folder / name).touch()
    assert ask(video, store, plugins) == ("exists", "skip")
    outside = stage.wav(tmp_path / "x.wav", 1, 1)
    answer = why(outside, stage.settings(tmp_path / "state"), plugins, store, [folder])
    assert (answer.decided.rule, answer.decided.verdict) == ("watch", "skip")
    (folder / ".canary-subs.toml").write_text("x = 1")
    assert ask(video, store, plugins) == ("folder", "fail")


def test_why_shows_every_rule_that_the_worker_goes_by(
    tmp_path: Path, store: Store, plugins: manager.Plugins
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    video = stage.wav(folder / "a.wav", 2, 1)
    (folder / "a.de.ass").touch()
    settings = stage.settings(
        tmp_path / "state", watch={"settle_s": 0.0}, skip={"min_duration_s": 3, "spoken": ["en"]}
    )
    answer = why(video, settings, plugins, store, [folder])
    verdicts = {one.rule: one.verdict for one in answer.findings}
    assert {rule: verdicts[rule] for rule in ("too-short", "spoken", "sidecar")} == {
        "too-short": "skip", "spoken": "skip", "sidecar": "skip"
    }  # fmt: skip
    assert answer.decided.rule == "too-short"
    # A rule that leaves out one track of two is shown, and the rest is worked on.
    settings = stage.settings(tmp_path / "state", watch={"settle_s": 0.0})
    answer = why(video, settings, plugins, store, [folder])
    found = {one.rule: (one.verdict, one.detail) for one in answer.findings}
    assert found["sidecar"] == (None, "a.de.ass is there in 'de'")
    assert found["tracks"] == (None, "would be written: en")
    assert answer.decided.verdict == "work"


def test_why_survives_a_delivery_that_fails(
    tmp_path: Path, store: Store, plugins: manager.Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHT_FOLDER", str(tmp_path))
    folder = tmp_path / "videos"
    folder.mkdir()
    video = stage.wav(folder / "a.wav", 2, 1)
    (tmp_path / "lost").write_text("a.wav")
    assert ask(video, store, plugins, deliveries=["archive"]) == ("plugins", "fail")
    assert ask(video, store, plugins, deliveries=["archive", "sidecar"]) == ("queue", "work")


def test_what_the_plan_would_write_elsewhere_does_not_hide_a_sidecar(
    tmp_path: Path, plugins: manager.Plugins
) -> None:
    (tmp_path / "Video.de.srt").touch()
    info = media(tmp_path / "Video.mkv")
    assert left(decide(info, plugins, out=str(tmp_path / "out"))) == ("original",)


def done(store: Store, video: Path, plan: dict[str, str] | None = None) -> None:
    one = Seen(
        path=video, root=video.parent, fingerprint=fingerprint(video), stamp=Stamp.of(video.stat())
    )
    store.queue.arrive([one])
    record = store.leases.take("me")
    assert record is not None
    store.leases.done(record.job.id, "me", Done(delivered=(), plan=plan or {}))


def test_why_knows_the_queue(tmp_path: Path, store: Store, plugins: manager.Plugins) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    video = stage.wav(folder / "a.wav", 2, 1)
    done(store, video)
    assert ask(video, store, plugins) == ("queue", "done")


def test_an_estimate_comes_from_measured_speed(
    tmp_path: Path, store: Store, plugins: manager.Plugins
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    stage.wav(folder / "a.wav", 4, 1)
    done(store, stage.wav(folder / "b.wav", 2, 2))
    (folder / "c.txt").touch()
    settings = stage.settings(tmp_path / "state")
    found = estimate([folder], settings, plugins, store)
    assert [one.path.name for one in found.work] == ["a.wav"]
    assert len(found.files) == 2
    assert (found.duration_ms, found.work_ms) == (4000, None)
    plan = plan_for(settings.config, plugins, root=folder)
    store.speeds.add(stale.workload(plan), 40_000, 10_000)
    assert estimate([folder], settings, plugins, store).work_ms == 1000


# Stale.


def test_only_what_would_be_different_is_stale(
    tmp_path: Path, store: Store, plugins: manager.Plugins
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    before = stage.settings(tmp_path / "state")
    plan = stale.describe(plan_for(before.config, plugins, root=folder), plugins)
    done(store, stage.wav(folder / "a.wav", 1, 1), plan)
    assert stale.stale(store, before, plugins) == []
    moved = stage.settings(tmp_path / "state", out=str(tmp_path / "out"), device="cuda")
    assert stale.stale(store, moved, plugins) == []
    after = stage.settings(tmp_path / "state", targets=["en", "fr"], precision="fp32")
    (found,) = stale.stale(store, after, plugins)
    assert found.differences == ("targets: en, de -> en, fr", "precision: auto -> fp32")


def test_a_changed_plugin_makes_its_results_stale(tmp_path: Path, store: Store) -> None:
    folder, code = tmp_path / "videos", tmp_path / "plugins"
    folder.mkdir()
    shutil.copytree(stage.PLUGINS, code, ignore=shutil.ignore_patterns("__pycache__"))
    settings = stage.settings(tmp_path / "state")
    before = manager.load(code)
    plan = plan_for(settings.config, before, root=folder)
    done(store, stage.wav(folder / "a.wav", 1, 1), stale.describe(plan, before))
    assert stale.stale(store, settings, manager.load(code)) == []
    with (code / "light.py").open("a") as file:
        file.write("# changed\n")
    (found,) = stale.stale(store, settings, manager.load(code))
    assert [difference.partition(":")[0] for difference in found.differences] == [
        "engine", "segmenter"
    ]  # fmt: skip


# When to pause.


@pytest.mark.parametrize(
    ("hours", "at", "pauses"),
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
def test_hours(hours: tuple[str, ...], at: str, pauses: bool) -> None:
    now = datetime.fromisoformat(f"2026-11-22 {at}")
    assert (schedule.pause_reason(Schedule(hours=hours), now) is not None) == pauses


@pytest.mark.parametrize("text", ["22-07", "25:00-07:00", "22:00-24:30", "22:00", "a:b-c:d"])
def test_hours_are_checked(text: str) -> None:
    with pytest.raises(ValueError, match="22:00-07:00"):
        Schedule(hours=(text,))


def test_a_named_process_is_seen() -> None:
    own = Path("/proc/self/comm").read_text().strip()
    assert (
        schedule.pause_reason(Schedule(busy_processes=("no-such-program", own)))
        == f"{own} is running"
    )
    assert schedule.pause_reason(Schedule(busy_processes=("no-such-program",))) is None


class Answers(BaseHTTPRequestHandler):
    text = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.text.encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("text", "pauses"),
    [("busy\n", True), ('{"busy": true}', True), ('{"busy": false}', False), ("free", False),
     ('["busy"]', False), ('{"busy": "no"}', False), ("", False)],
)  # fmt: skip
def test_an_address_that_says_busy_is_obeyed(text: str, pauses: bool) -> None:
    handler = type("Handler", (Answers,), {"text": text})
    server = HTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    assert (schedule.pause_reason(Schedule(busy_url=url)) is not None) == pauses
    server.shutdown()
    server.server_close()
    assert schedule.pause_reason(Schedule(busy_url=url)) is None  # nobody answers: work goes on


# Seeing it from outside.


def test_metrics_and_health(tmp_path: Path, store: Store) -> None:
    video = stage.wav(tmp_path / "a.wav", 1, 1)
    done(store, video)
    supervisor = Supervisor(stage.settings(tmp_path / "state"), store)
    with metrics.serve("127.0.0.1:0", store, supervisor) as port:

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
        assert json.loads(get("/health")) == {"healthy": True, "paused": None}
        store.queue.pause("tea")
        assert json.loads(get("/health"))["paused"] == "tea"
        with pytest.raises(urllib.request.HTTPError, match="404"):
            get("/")
        with (
            pytest.raises(ConfigError, match="choose another port"),
            metrics.serve(f"127.0.0.1:{port}", store, supervisor),
        ):
            pass


# Service.


def configured(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "canary-subs.toml"
    file.write_text(text)
    return load(file, environment={})


def test_a_unit_may_write_where_results_go_and_nowhere_else(tmp_path: Path) -> None:
    folders = 'watch.folders = ["/videos", "/with space/100%"]\n'
    lines = service.unit(configured(tmp_path, folders)).splitlines()
    assert 'ReadWritePaths=/videos "/with space/100%%"' in lines
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes"):
        assert line in lines
    assert f"Environment=CANARY_SUBS_CONFIG={tmp_path}/canary-subs.toml" in lines
    out = 'out = "/subs"\nqueue.store = "/var/x/jobs.sqlite"\n' + folders
    lines = service.unit(configured(tmp_path, out)).splitlines()
    assert "ReadWritePaths=/subs /var/x" in lines


@pytest.mark.parametrize("folder", ["/videos", "/with space", "/100%", "/it's", '/a"b', "/a\\b"])
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
            make(load(environment={}, flags={"watch": {"folders": ["/videos"]}}))


def test_compose_mounts_what_the_configuration_names(tmp_path: Path) -> None:
    table = 'out = "/subs"\nwatch.folders = ["/a/videos", "/b/it\'s $5"]\n'
    settings = configured(tmp_path, table)
    text = service.compose(settings, cuda=True)
    assert "nvidia" in text
    assert "nvidia" not in service.compose(settings, cuda=False)
    mounts = yaml.safe_load(text)["services"]["canary-subs"]["volumes"]
    assert [
        (mount["source"], mount["target"], mount.get("read_only", False)) for mount in mounts[1:]
    ] == [
        (f"{tmp_path}/canary-subs.toml", "/etc/canary-subs.toml", True),
        ("/a/videos", "/a/videos", False),
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
