"""Plugins of strangers, one of each kind, driven through the command line."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import pytest
import srt

from tests.strangers.conftest import PLUGINS, Bench

VIDEOS = Path(__file__).parents[2] / "examples" / "videos"
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def texts(path: Path) -> list[str]:
    return [cue.content for cue in srt.parse(path.read_text())]


# Engines.


def test_an_engine_without_word_times_gets_them_spread(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("plain_engine")
    video = bench.video("Film.mkv", (1000, 4000))
    done = bench.run("run", video, "--engine", "plain", "--to", "en,de")
    assert (done.status, done.err) == (0, "")
    assert texts(bench.home / "Film.en.srt") == ["Good", "evening,", "everybody."]
    cues = list(srt.parse((bench.home / "Film.de.srt").read_text()))
    assert [cue.content for cue in cues] == ["Guten", "Abend", "allerseits."]
    assert cues[0].start.total_seconds() == 1.0
    assert cues[-1].end.total_seconds() == 4.0
    assert all(one.end <= other.start for one, other in pairwise(cues))
    lengths = [(cue.end - cue.start).total_seconds() for cue in cues]
    assert lengths[2] > lengths[0]


def test_an_engine_without_word_times_gets_them_from_an_aligner(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("plain_engine", "late_aligner")
    bench.set(aligner='"late"', formats='["json"]')
    video = bench.video("Film.mkv", (1000, 4000))
    done = bench.run("run", video, "--engine", "plain", "--to", "en,de")
    assert (done.status, done.err) == (0, "")
    english = json.loads((bench.home / "Film.en.json").read_text())
    assert [cue["start_ms"] for cue in english["cues"]] == [3000, 3100, 3200]
    german = json.loads((bench.home / "Film.de.json").read_text())
    assert german["cues"][0]["start_ms"] == 1000, "a translation's words are not in the sound"


def test_an_engine_gets_previous_text_glossary_and_its_own_options(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("prompted_engine")
    bench.set(layout='"balanced"')
    video = bench.video("Film.mkv", (0, 5000), (40_000, 45_000))
    done = bench.run(
        "run", video, "--model", "prompted:large", "--glossary", "Emma,Knightley",
        "-o", "engine.prompted.style=formal", "-o", "engine.prompted.folder=mine",
    )  # fmt: skip
    assert (done.status, done.err) == (0, "")
    said = " ".join(" ".join(texts(bench.home / "Film.en.srt")).split())
    assert said == (
        "Film mine/large formal Emma Knightley after-0-words "
        "Film mine/large formal Emma Knightley after-6-words"
    )


def test_an_engine_may_say_nothing_in_white_space(bench: Bench) -> None:
    bench.use_fakes()
    (bench.home / "plugins" / "blank.py").write_text(
        (PLUGINS / "plain_engine.py").read_text().replace("Good evening, everybody.", " \\n ")
    )
    done = bench.run("run", bench.video(), "--engine", "plain", "--to", "en", "--json")
    assert json.loads(done.out)["rule"] == "no-speech"
    assert not (bench.home / "Film.en.srt").exists()


def test_the_engines_own_options_are_listed_and_checked(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("prompted_engine")
    listed = json.loads(bench.run("plugins", "--json").out)["providers"]["engine"]
    (options,) = [one["options"] for one in listed if one["name"] == "prompted"]
    assert set(options) == {"folder", "style"}
    video = bench.video()
    wrong = bench.run("run", video, "--engine", "prompted", "-o", "engine.prompted.stile=x")
    assert wrong.status == 2
    assert "did you mean 'style'?" in wrong.err
    assert len(wrong.err.splitlines()) == 1


def test_two_engines_are_chosen_by_engine_and_by_model(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("plain_engine", "prompted_engine")
    video = bench.video("Film.mkv", (0, 4000))
    for number, (flags, expected) in enumerate(
        (
            (("--engine", "plain"), "Good"),
            (("--engine", "prompted"), "models/small"),
            (("--model", "prompted:large"), "models/large"),
            (("--engine", "prompted", "--model", "large"), "models/large"),
            (("--engine", "plain", "--model", "prompted:large"), "models/large"),
        )
    ):
        out = bench.home / str(number)
        done = bench.run("run", video, *flags, "--out", out, "--to", "en")
        assert (done.status, done.err) == (0, "")
        assert expected in (out / "Film.en.srt").read_text().split()
    listed = bench.run("models")
    assert "prompted" in listed.out
    assert "large" in listed.out


def test_a_pair_that_one_engine_lacks_names_the_other(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("plain_engine", "prompted_engine")
    done = bench.run("run", bench.video(tagged="de"), "--engine", "plain", "--to", "de")
    assert done.status == 2
    assert "plain cannot transcribe de; use --model canary:" in done.err


# Deliveries.


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real video of three seconds, with a picture and a tone, in English."""
    path = tmp_path_factory.mktemp("media") / "Tone.mkv"
    command = [
        FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=3",
        "-f", "lavfi", "-i", "sine=frequency=300:sample_rate=16000:duration=3",
        "-metadata:s:a", "language=eng", "-c:a", "flac", path,
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return path


def streams(path: Path) -> list[tuple[str, str | None]]:
    import av

    with av.open(str(path)) as container:
        return [(one.type, one.metadata.get("title")) for one in container.streams]


def test_a_delivery_puts_all_tracks_of_a_video_into_one_file(bench: Bench, tone: Path) -> None:
    bench.use_fakes()
    bench.install("muxed_delivery")
    bench.set(deliveries='["mux"]')
    before = tone.read_bytes()
    out = bench.home / "out"
    done = bench.run("run", tone, "--to", "en,de", "--out", out)
    assert (done.status, done.err) == (0, "")
    assert done.out.split() == ["Tone.mkv:", str(out / "Tone.subtitled.mkv")]
    made = out / "Tone.subtitled.mkv"
    assert list(out.iterdir()) == [made]
    assert streams(made)[2:] == [("subtitle", "en"), ("subtitle", "de")]
    assert tone.read_bytes() == before

    again = bench.run("run", tone, "--to", "en,de", "--out", out)
    assert again.status == 0
    assert "already there: Tone.subtitled.mkv" in again.out
    more = bench.run("run", tone, "--to", "en,de,fr", "--out", out)
    assert (more.status, more.err) == (0, "")
    assert [title for _, title in streams(made)[2:]] == ["en", "de", "fr"]


def test_two_deliveries_get_their_own_results(bench: Bench, tone: Path) -> None:
    bench.use_fakes()
    bench.install("muxed_delivery")
    bench.set(deliveries='["mux", "sidecar"]', formats='["srt"]')
    out = bench.home / "out"
    assert bench.run("run", tone, "--to", "en", "--out", out).status == 0
    assert sorted(path.name for path in out.iterdir()) == ["Tone.en.srt", "Tone.subtitled.mkv"]


def test_what_a_delivery_cannot_do_costs_only_that_delivery(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("muxed_delivery")
    bench.set(deliveries='["mux", "sidecar"]')
    video = bench.video()  # a fake, which ffmpeg cannot read
    done = bench.run("run", video, "--to", "en")
    assert done.status == 6
    assert "Film.subtitled.mkv" in done.err
    assert (bench.home / "Film.en.srt").is_file()


# Notifiers.


def notes(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_notifier_gets_every_outcome_though_another_fails(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.use_fakes()
    bench.install("failing_notifier", "notifier")
    monkeypatch.setenv("NOTES", str(bench.home / "notes"))
    good, bad = bench.video("Good.mkv"), bench.home / "Bad.mkv"
    bad.write_bytes(b"no video")
    done = bench.run("run", good, bad, "--to", "en,de")
    assert done.status == 3
    assert (bench.home / "Good.de.srt").is_file()
    found = {note["video"]: note for note in notes(bench.home / "notes")}
    assert found["Good.mkv"]["tracks"] == ["en", "de"]
    assert found["Good.mkv"]["delivered"] == ["Good.en.srt", "Good.de.srt"]
    assert found["Good.mkv"]["errors"] == []
    assert "Bad.mkv" in str(found["Bad.mkv"]["errors"])
    assert len(notes(bench.home / "notes")) == 2
    again = bench.run("run", good, "--to", "en,de")
    assert again.status == 0
    assert "already there" in str(notes(bench.home / "notes")[-1]["skip"])


# Formats.


def test_a_format_is_read_and_written(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("tabbed_format")
    video = bench.video("Film.mkv", (0, 1500))
    assert bench.run("run", video, "--format", "tabbed", "--to", "en").status == 0
    made = bench.home / "Film.en.tabs"
    assert made.read_text() == "0\t500\ten0\n500\t1000\ten1\n1000\t1500\ten2\n"
    assert "tabbed" in bench.run("formats").out

    checked = bench.run("check", made)
    assert "3 cues" in checked.out
    assert bench.run("relayout", made, "--to-file", bench.home / "New.tabs").status == 0
    assert (bench.home / "New.tabs").read_text() == made.read_text()
    srt_file = bench.home / "New.en.srt"
    assert bench.run("relayout", made, "--to-file", srt_file).status == 0
    assert texts(srt_file) == ["en0", "en1", "en2"]


def test_a_format_of_two_files_is_delivered_complete(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("paired_format")
    video = bench.video("Film.mkv", (0, 1000))
    assert bench.run("run", video, "--format", "paired", "--to", "en").status == 0
    assert (bench.home / "Film.en.lines").read_text() == "en0\nen1\n"
    assert (bench.home / "Film.en.times").read_text() == "0 500\n500 1000\n"


def test_damage_that_a_reader_reports_is_shown(bench: Bench) -> None:
    bench.install("tabbed_format")
    file = bench.home / "Film.en.tabs"
    file.write_text("0\t1500\tHello there.\nbroken\n")
    done = bench.run("check", file)
    assert done.status == 1
    assert "line 2: not start, end and text" in done.out
    file.write_text("17\n")
    assert "Film.en.tabs: no line has start, end and text" in bench.run("check", file).err


def test_two_readers_of_one_suffix_are_distinguished_by_content(bench: Bench) -> None:
    bench.install("tabbed_format", "tabbed_seconds")
    whole, parts = bench.home / "A.en.tabs", bench.home / "B.en.tabs"
    whole.write_text("1000\t2500\tHello there.\n")
    parts.write_text("1.0\t2.5\tHello there.\n")
    made = []
    for file in (whole, parts):
        target = file.with_suffix(".srt")
        assert bench.run("relayout", file, "--to-file", target).status == 0
        made.append(target.read_text())
    assert made[0] == made[1]
    assert "00:00:01,000 --> 00:00:02,500" in made[0]


# Checks, commands, services, plans.


def test_a_check_takes_part(bench: Bench) -> None:
    bench.install("shouting_check")
    file = bench.home / "Film.en.srt"
    file.write_text("1\n00:00:01,000 --> 00:00:03,000\nHELP ME!\n")
    done = bench.run("check", file, "--json")
    assert done.status == 1
    (report,) = json.loads(done.out)
    assert [finding["rule"] for finding in report["findings"]] == ["shouting"]
    assert bench.run("check", file, "-o", "check.shouting.longest=10").status == 0


def test_a_command_takes_its_place(bench: Bench) -> None:
    bench.install("count_command", "tabbed_format")
    file = bench.home / "Film.en.tabs"
    file.write_text("0\t1500\tHello there.\n")
    done = bench.run("count", file, "--loud")
    assert (done.status, done.out, done.err) == (0, "Film.en.tabs: 1!\n", "")
    assert "count cues" in bench.run("--help").out
    missing = bench.run("count", bench.home / "none.srt")
    assert missing.status == 2
    assert "none.srt" in missing.err


def test_two_plans_compose(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("german_plan", "glossary_plan", "prompted_engine")
    bench.set(layout='"balanced"')
    video = bench.video("Film.mkv", (0, 4000))
    video.with_suffix(".names").write_text("Emma Knightley")
    done = bench.run("run", video, "--to", "en")
    assert (done.status, done.err) == (0, "")
    assert (bench.home / "Film.de.srt").is_file()

    bench.set(disable='["german_plan"]')
    out = bench.home / "out"
    done = bench.run("run", video, "--engine", "prompted", "--glossary", "Box", "--out", out)
    assert (done.status, done.err) == (0, "")
    assert "Box Emma Knightley" in " ".join((out / "Film.en.srt").read_text().split())


def test_a_plan_that_skips_says_why(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("german_plan", "glossary_plan")
    done = bench.run("run", bench.video("Trailer.mkv"), "--json")
    assert json.loads(done.out)["reason"] == "it is a trailer"
    assert json.loads(done.out)["rule"] == "trailer"


def test_a_hook_wrapper_is_refused_when_it_is_loaded(bench: Bench) -> None:
    bench.use_fakes()
    bench.install("wrapping_plan")
    listed = json.loads(bench.run("plugins", "--json").out)["plugins"]
    (broken,) = [plugin for plugin in listed if plugin["broken"]]
    assert broken["name"] == "wrapping_plan"
    assert broken["broken"] == ("canary_subs_plan is a hook wrapper; mark it with plain @hookimpl")
    assert bench.run("run", bench.video(), "--to", "en").status == 0


# With a model.


def test_a_real_video_with_the_demonstration_model(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real speech, through a plan, a check, a format, a delivery and a notifier of strangers."""
    bench.install("german_plan", "muxed_delivery", "notifier", "shouting_check")
    bench.set(deliveries='["mux"]')
    monkeypatch.setenv("NOTES", str(bench.home / "notes"))
    out = bench.home / "out"
    done = bench.run("run", VIDEOS / "english.mp4", "--model", "demo", "--to", "en", "--out", out)
    assert (done.status, done.err) == (0, "")
    made = out / "english.subtitled.mkv"
    assert [title for kind, title in streams(made) if kind == "subtitle"] == ["en", "de"]
    (note,) = notes(bench.home / "notes")
    assert (note["tracks"], note["errors"]) == (["en", "de"], [])
    subtitles = bench.home / "english.en.srt"
    command = [FFMPEG, "-v", "error", "-i", made, "-map", "0:s:0", subtitles]
    subprocess.run(command, check=True)
    said = " ".join(texts(subtitles)).lower().split()
    truth = json.loads((VIDEOS / "english.json").read_text())
    sentences = truth["tracks"][0]["sentences"]
    expected = " ".join(one["text"] for one in sentences).lower().split()
    assert len(set(said) & set(expected)) >= 0.9 * len(set(expected))
