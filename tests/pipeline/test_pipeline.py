"""The road, driven with fakes: order, resuming, fairness, failures, and what is left behind."""

from __future__ import annotations

import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_subs.errors import (
    CanarySubsError,
    DamagedMedia,
    LanguageUncertain,
    ModelError,
    NotMedia,
    OutputError,
    PluginError,
    PluginUnusable,
    UnknownName,
    UnsupportedPair,
)
from canary_subs.model import (
    SAMPLE_RATE_HZ,
    AudioClip,
    AudioTrack,
    Choice,
    Context,
    Cue,
    MediaInfo,
    Plan,
    Request,
    Skip,
    Span,
    Stage,
    Track,
    Utterance,
)
from canary_subs.pipeline import schedule as pipeline
from canary_subs.pipeline import segments
from canary_subs.pipeline.schedule import follow, process
from canary_subs.pipeline.task import Outcome, Passage, Task
from canary_subs.pipeline.video import NO_SPEECH, WAITING_SEGMENTS
from canary_subs.plugin.hookspecs import LayoutRequest, Provider, hookimpl
from canary_subs.testing import (
    FakeEngine,
    Fakes,
    fake_plan,
    fake_words,
    plugins,
    write_video,
)


class Memory:
    """A `Cache` that remembers, and can be told to fail."""

    def __init__(self) -> None:
        self.pieces: dict[tuple[str, Span, str], Utterance] = {}

    def recall(self, scope: str, span: Span) -> Mapping[str, Utterance]:
        return {
            language: utterance
            for (kept, where, language), utterance in self.pieces.items()
            if (kept, where) == (scope, span)
        }

    def keep(self, scope: str, found: Sequence[tuple[Span, Mapping[str, Utterance]]]) -> None:
        for span, utterances in found:
            for language, utterance in utterances.items():
                assert (scope, span, language) not in self.pieces, "recognised twice"
                self.pieces[scope, span, language] = utterance


def run(fakes: Fakes, *tasks: Task | None) -> list[Outcome]:
    shelf = plugins(fakes)
    return list(process(tasks, shelf))


def one(fakes: Fakes, path: Path, plan: Plan | None = None, **changes: Any) -> Outcome:
    (outcome,) = run(fakes, Task(path=path, plan=plan or fake_plan(), **changes))
    return outcome


def shown(fakes: Fakes, name: str) -> list[str]:
    return fakes.delivery.results[name].decode().split()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def test_every_word_arrives_once_in_order_in_every_language(tmp_path: Path) -> None:
    speech = ((500, 4000), (5000, 27_000), (30_000, 30_500))
    path = write_video(tmp_path / "a.film", *speech)
    fakes = Fakes()
    outcome = one(fakes, path, fake_plan(targets=("original", "de", "en", "fr")))
    assert outcome.errors == ()
    assert outcome.delivered == ("a.en.fake", "a.de.fake", "a.fr.fake")
    for language in ("en", "de", "fr"):
        assert shown(fakes, f"a.{language}.fake") == fake_words(language, *speech)
    assert [d.language for d in outcome.documents] == ["en", "de", "fr"]
    assert outcome.documents[1].transcript.spoken == "en"


def test_a_segment_is_encoded_once_for_all_its_targets(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 5000), (6000, 9000))
    fakes = Fakes()
    one(fakes, path, fake_plan(targets=("en", "de", "fr")))
    asked = [piece for call in fakes.engine.asked for piece in call]
    assert [piece.targets for piece in asked] == [("en", "de", "fr")] * 2


def test_no_segment_is_longer_than_the_model_takes_and_no_batch_much_fuller(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 95_000))
    fakes = Fakes()
    one(fakes, path)
    for call in fakes.engine.asked:
        lengths_ms = [len(piece.clip.samples) * 1000 // SAMPLE_RATE_HZ for piece in call]
        assert max(lengths_ms) <= fakes.engine.max_segment_ms
        assert sum(lengths_ms) - lengths_ms[-1] < fakes.engine.batch_ms


@settings(max_examples=25, deadline=None)
@given(
    gaps=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 23_000)), max_size=6),
    most_ms=st.integers(300, 12_000),
)
def test_segments_hold_exactly_the_sound_of_their_spans(
    gaps: list[tuple[int, int]], most_ms: int
) -> None:
    fakes = Fakes()
    speech, now_ms = [], 0
    for gap_ms, length_ms in gaps:
        speech.append((now_ms + gap_ms + 1, now_ms + gap_ms + 1 + length_ms))
        now_ms = speech[-1][1]
    total = (now_ms + 500) * 16
    sound = np.zeros(total, np.float32)
    for start_ms, end_ms in speech:
        sound[start_ms * 16 : end_ms * 16] = 0.5
    clips = (
        AudioClip(samples=sound[at : at + 7000], start_samples=at) for at in range(0, total, 7000)
    )
    pieces = list(segments.cut(clips, fakes.segmenter, most_ms))
    for piece in pieces:
        assert np.array_equal(piece.samples, sound[piece.start_samples : piece.end_samples])
        assert 0 < len(piece.samples) <= most_ms * 16
    assert sum(len(piece.samples) for piece in pieces) == int((sound != 0).sum())


# Several films.


def test_several_videos_share_batches_and_keep_their_words(tmp_path: Path) -> None:
    films = {f"f{n}": ((0, 2000 + 400 * n), (5000, 6000 + 4000 * n)) for n in range(7)}
    fakes = Fakes()
    tasks = [
        Task(path=write_video(tmp_path / f"{name}.film", *speech), plan=fake_plan())
        for name, speech in films.items()
    ]
    outcomes = run(fakes, *tasks)
    assert sorted(outcome.task.path.stem for outcome in outcomes) == sorted(films)
    for name, speech in films.items():
        assert shown(fakes, f"{name}.en.fake") == fake_words("en", *speech)
    assert fakes.engine.opened == 1
    assert any(len({id(p.clip) for p in call}) > 1 for call in fakes.engine.asked)


def test_a_short_video_is_not_starved_by_long_ones(tmp_path: Path) -> None:
    fakes = Fakes()
    long = [write_video(tmp_path / f"long{n}.film", (0, 600_000)) for n in range(3)]
    short = write_video(tmp_path / "short.film", (0, 4000))
    asked_when_short_ended = 0
    shelf = plugins(fakes)
    tasks = [Task(path=path, plan=fake_plan()) for path in (*long, short)]
    ends = []
    for outcome in process(tasks, shelf):
        ends.append(outcome.task.path.stem)
        if ends == ["short"]:
            asked_when_short_ended = len(fakes.engine.asked)
    assert ends[0] == "short"
    assert asked_when_short_ended < len(fakes.engine.asked) / 4


def test_videos_of_different_models_take_turns(tmp_path: Path) -> None:
    fakes, others = Fakes(), FakeEngine()

    class Second:
        @hookimpl
        def canary_subs_engines(self) -> Iterable[Provider[Any]]:
            return [
                Provider(name="second", summary="another", make=lambda options, context: others)
            ]

    shelf = plugins(fakes, Second())
    first = write_video(tmp_path / "a.film", (0, 200_000))
    second = write_video(tmp_path / "b.film", (0, 10_000))
    tasks = [
        Task(path=first, plan=fake_plan()),
        Task(path=second, plan=fake_plan(engine=Choice(name="second"))),
    ]
    ends = [outcome.task.path.stem for outcome in process(tasks, shelf)]
    assert ends == ["b", "a"]
    assert others.asked and fakes.engine.asked


def test_tasks_are_taken_only_when_a_video_can_be_opened(tmp_path: Path) -> None:
    fakes = Fakes()
    taken, ended = 0, 0

    def tasks() -> Iterator[Task]:
        nonlocal taken
        for number in range(40):
            taken += 1
            # Those that are read, recognised and finished.
            assert taken - ended <= 3 * pipeline.OPEN_VIDEOS
            path = write_video(tmp_path / f"{number}.film", (0, 20_000))
            yield Task(path=path, plan=fake_plan())

    shelf = plugins(fakes)
    for _ in process(tasks(), shelf):
        ended += 1
    assert ended == 40


def test_a_task_that_comes_late_is_still_taken(tmp_path: Path) -> None:
    fakes = Fakes()
    first = Task(path=write_video(tmp_path / "a.film", (0, 300_000)), plan=fake_plan())
    late = Task(path=write_video(tmp_path / "b.film", (0, 1000)), plan=fake_plan())
    outcomes = run(fakes, first, None, None, late)
    assert [outcome.task for outcome in outcomes] == [late, first]


def test_none_with_nothing_open_ends_the_call() -> None:
    assert run(Fakes(), None, None) == []


# Resuming.


def test_what_is_kept_is_never_recognised_again(tmp_path: Path) -> None:
    speech = tuple((n * 10_000, n * 10_000 + 8000) for n in range(30))
    path = write_video(tmp_path / "a.film", *speech)
    memory, first, second = Memory(), Fakes(), Fakes()
    shelf = plugins(first)
    with closing(follow([Task(path=path, plan=fake_plan(), cache=memory)], shelf)) as events:
        for _ in range(7):
            assert isinstance(next(events), Passage)
    done = len(memory.pieces)
    assert 0 < done < 30
    outcome = one(second, path, cache=memory)
    assert outcome.errors == ()
    assert sum(map(len, second.engine.asked)) == 30 - done
    assert shown(second, "a.en.fake") == fake_words("en", *speech)


def test_another_language_later_asks_for_that_language_alone(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 25_000))
    memory, fakes = Memory(), Fakes()
    one(fakes, path, cache=memory)
    fakes.engine.asked.clear()
    outcome = one(fakes, path, fake_plan(targets=("en", "de")), cache=memory)
    assert {piece.targets for call in fakes.engine.asked for piece in call} == {("de",)}
    assert outcome.delivered == ("a.de.fake",)


def test_passages_come_in_order_where_only_some_are_kept(tmp_path: Path) -> None:
    speech = tuple((n * 3000, n * 3000 + 2000) for n in range(20))
    path = write_video(tmp_path / "a.film", *speech)
    memory, fakes = Memory(), Fakes()
    one(fakes, path, cache=memory)
    for number, key in enumerate(list(memory.pieces)):
        if number % 3:
            del memory.pieces[key]
    again = Fakes()
    shelf = plugins(again)
    events = list(follow([Task(path=path, plan=fake_plan(), cache=memory)], shelf))
    starts = [event.span.start_ms for event in events if isinstance(event, Passage)]
    assert starts == [start for start, _ in speech]
    assert shown(again, "a.en.fake") == fake_words("en", *speech)
    assert sum(map(len, again.engine.asked)) == 13


def test_another_model_precision_or_track_recalls_nothing(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 3000))
    memory = Memory()
    one(Fakes(), path, cache=memory)
    other = Fakes()
    other.engine.precision = "int8"
    one(other, path, cache=memory)
    assert len(other.engine.asked) == 1


def test_a_memory_that_fails_is_the_videos_failure(tmp_path: Path) -> None:
    class Full(Memory):
        def keep(self, scope: str, found: Any) -> None:
            raise OutputError("the disk is full")

    outcome = one(Fakes(), write_video(tmp_path / "a.film", (0, 3000)), cache=Full())
    assert [str(error) for error in outcome.errors] == ["the disk is full"]


# What is told.


def test_progress_rises_and_stages_come_in_order(tmp_path: Path) -> None:
    told: list[tuple[Stage, float]] = []
    path = write_video(tmp_path / "a.film", (0, 50_000))
    one(Fakes(), path, on_progress=lambda stage, share: told.append((stage, share)))
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == [
        Stage.PROBE,
        Stage.LOAD,
        Stage.RECOGNISE,
        Stage.LAYOUT,
        Stage.DELIVER,
    ]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[0] >= 0 and shares[-1] == 1.0


def test_the_provenance_names_what_made_the_text(tmp_path: Path) -> None:
    outcome = one(Fakes(), write_video(tmp_path / "a.film", (0, 3000)))
    made = outcome.documents[0].provenance
    assert made["model"] == "fake-1"
    assert made["precision"] == "fp32"
    assert made["spoken"] == "en"


# The language.


def test_the_language_is_found_out_where_nobody_names_it(tmp_path: Path) -> None:
    speech = ((0, 40_000), (60_000, 90_000))
    path = write_video(tmp_path / "a.film", *speech, spoken="fr")
    fakes = Fakes()
    outcome = one(fakes, path, fake_plan(spoken=None, targets=("original", "en")))
    assert outcome.delivered == ("a.fr.fake", "a.en.fake")
    assert shown(fakes, "a.fr.fake") == fake_words("fr", *speech)
    assert {piece.spoken for call in fakes.engine.asked for piece in call} == {"fr"}


def test_the_files_own_mark_is_taken_and_the_plan_is_above_it(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 3000), spoken="fr", tagged="de")
    assert one(Fakes(), path, fake_plan(spoken=None, targets=("original",))).delivered == (
        "a.de.fake",
    )
    assert one(
        Fakes(), write_video(tmp_path / "b.film", (0, 3000)), fake_plan(targets=("original",))
    ).delivered == ("b.en.fake",)


def test_an_unsure_language_stops_and_says_so(tmp_path: Path) -> None:
    speech = tuple((n * 10_000, n * 10_000 + 9000) for n in range(10))
    spoken = ["en"] * 5 + ["de"] * 5
    path = write_video(tmp_path / "a.film", *speech, spoken=spoken)
    fakes = Fakes()
    outcome = one(fakes, path, fake_plan(spoken=None, targets=("original",)))
    (error,) = outcome.errors
    assert isinstance(error, LanguageUncertain)
    assert "a.film" in str(error) and "--from" in str(error)
    assert fakes.engine.asked == [] and fakes.delivery.results == {}


@pytest.mark.parametrize("odds", [{}, {"en": float("nan")}, {"en": 0.79, "de": 0.21}])
def test_odds_that_say_nothing_are_unsure(odds: dict[str, float]) -> None:
    with pytest.raises(LanguageUncertain):
        segments.certain_language(Path("a"), odds)


def test_the_language_is_judged_all_over_the_video() -> None:
    pieces = [
        AudioClip(samples=np.zeros(16_000, np.float32), start_samples=n * 16_000)
        for n in range(100)
    ]
    chosen = segments.sample(pieces, 100_000)
    starts = [clip.start_samples // 16_000 for clip in chosen]
    assert len(starts) == segments.LANGUAGE_SAMPLES
    assert starts[0] < 20 and starts[-1] >= 80
    assert all(10 <= b - a <= 30 for a, b in pairwise(starts))


def test_one_segment_is_enough_to_judge_by() -> None:
    only = AudioClip(samples=np.zeros(16_000, np.float32), start_samples=0)
    assert segments.sample([only], 3_600_000) == (only,)
    assert segments.sample([], 1000) == ()


class Unread(Fakes):
    """Fails the test where any sound is read."""

    def __init__(self) -> None:
        super().__init__()

        def read(media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
            raise AssertionError("sound was read")

        self.source.read = read  # type: ignore[method-assign]


def test_a_pair_that_cannot_be_is_refused_before_any_sound_is_read(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 3000))
    (error,) = one(Unread(), path, fake_plan(targets=("en", "ja"))).errors
    assert isinstance(error, UnsupportedPair)
    assert str(error).startswith(f"{path}: ") and "ja" in str(error)


# Skips.


def test_what_is_already_there_is_left_and_nothing_is_loaded(tmp_path: Path) -> None:
    fakes = Unread()
    fakes.delivery.results["a.en.fake"] = b"the user's own"
    outcome = one(fakes, write_video(tmp_path / "a.film", (0, 3000)))
    assert outcome.skip is not None and outcome.skip.rule == "exists"
    assert "a.en.fake" in outcome.skip.reason
    assert fakes.delivery.results == {"a.en.fake": b"the user's own"}
    assert fakes.engine.opened == 0


def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    fakes = Fakes()
    fakes.delivery.results["a.en.fake"] = b"the user's own"
    outcome = one(
        fakes, write_video(tmp_path / "a.film", (0, 3000)), fake_plan(targets=("en", "de"))
    )
    assert outcome.delivered == ("a.de.fake",)
    assert fakes.delivery.results["a.en.fake"] == b"the user's own"


@pytest.mark.parametrize("source", ["en", None])
def test_no_speech_is_a_skip_with_its_reason(tmp_path: Path, source: str | None) -> None:
    path = write_video(tmp_path / "a.film", duration_ms=30_000)
    fakes = Fakes()
    outcome = one(fakes, path, fake_plan(spoken=source))
    assert outcome.skip == NO_SPEECH
    assert fakes.delivery.results == {}


def test_speech_without_words_is_no_speech(tmp_path: Path) -> None:
    # Shorter than a fake word: the engine hears nothing in it.
    outcome = one(Fakes(), write_video(tmp_path / "a.film", (300, 400)))
    assert outcome.skip == NO_SPEECH


def test_a_decision_may_skip_or_change_the_plan(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 3000))
    skip = Skip(rule="mine", reason="not today")
    assert one(Unread(), path, decide=lambda media, plan: skip).skip == skip
    outcome = one(
        Fakes(), path, decide=lambda media, plan: replace(plan, targets=(Track(("es",)),))
    )
    assert outcome.delivered == ("a.es.fake",)


def test_a_plan_without_deliveries_gives_documents(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 3000))
    outcome = one(Fakes(), path, fake_plan(writers=(), deliveries=(), targets=("en", "de")))
    assert outcome.skip is None and outcome.delivered == ()
    assert [document.language for document in outcome.documents] == ["en", "de"]


# Failures cost what they must and nothing else.


def test_a_broken_video_costs_no_other(tmp_path: Path) -> None:
    good = write_video(tmp_path / "good.film", (0, 30_000))
    alien = tmp_path / "alien.film"
    alien.write_bytes(b"MZ")
    missing = tmp_path / "missing.film"
    fakes = Fakes()
    tasks = [Task(path=path, plan=fake_plan()) for path in (alien, missing, good)]
    outcomes = {outcome.task.path: outcome for outcome in run(fakes, *tasks)}
    assert isinstance(outcomes[alien].errors[0], NotMedia)
    assert str(alien) in str(outcomes[alien].errors[0])
    assert isinstance(outcomes[missing].errors[0], NotMedia)
    assert outcomes[good].delivered == ("good.en.fake",)


def test_a_video_that_breaks_off_fails_with_its_reason(tmp_path: Path) -> None:
    fakes = Fakes()
    whole = fakes.source.read

    def read(media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
        for clip in whole(media, track):
            if media.path.stem == "broken" and clip.start_samples > 20 * SAMPLE_RATE_HZ:
                raise DamagedMedia(f"{media.path}: cannot be read beyond 20 s")
            yield clip

    fakes.source.read = read  # type: ignore[method-assign]
    names = ("broken", "good")
    paths = [write_video(tmp_path / f"{name}.film", (0, 60_000)) for name in names]
    outcomes = run(fakes, *(Task(path=path, plan=fake_plan()) for path in paths))
    by_name = {outcome.task.path.stem: outcome for outcome in outcomes}
    assert isinstance(by_name["broken"].errors[0], DamagedMedia)
    assert by_name["good"].delivered == ("good.en.fake",)
    assert list(fakes.delivery.results) == ["good.en.fake"]


def test_a_poisonous_segment_costs_its_video_alone(tmp_path: Path) -> None:
    fakes = Fakes()
    hear = fakes.engine.recognise

    def recognise(pieces: Sequence[Request]) -> list[tuple[Utterance, ...]]:
        if any(piece.spoken == "de" for piece in pieces):
            raise RuntimeError("CUDA error: device-side assert")
        return hear(pieces)

    fakes.engine.recognise = recognise  # type: ignore[method-assign, assignment]
    bad = write_video(tmp_path / "bad.film", (0, 20_000))
    good = [write_video(tmp_path / f"good{n}.film", (0, 20_000)) for n in range(2)]
    tasks = [Task(path=path, plan=fake_plan()) for path in good]
    tasks.insert(1, Task(path=bad, plan=fake_plan(spoken="de")))
    outcomes = {outcome.task.path: outcome for outcome in run(fakes, *tasks)}
    (error,) = outcomes[bad].errors
    assert isinstance(error, PluginError) and "CUDA error" in str(error)
    assert all(outcomes[path].delivered for path in good)


def test_a_model_that_cannot_be_loaded_fails_the_video_in_one_line(tmp_path: Path) -> None:
    fakes = Fakes()

    def load(context: Context) -> Any:
        raise ModelError("there is no model here")

    fakes.engine.open = load  # type: ignore[method-assign]
    path = write_video(tmp_path / "a.film", (0, 3000))
    for plan in (fake_plan(), fake_plan(spoken=None)):
        (error,) = one(fakes, path, plan).errors
        assert str(error) == "there is no model here"


def test_videos_that_wait_for_their_language_load_one_model(tmp_path: Path) -> None:
    fakes = Fakes()
    paths = [write_video(tmp_path / f"{n}.film", (0, 20_000), spoken="de") for n in range(4)]
    plan = fake_plan(spoken=None, targets=("original",))
    outcomes = run(fakes, *(Task(path=path, plan=plan) for path in paths))
    assert all(len(outcome.delivered) == 1 for outcome in outcomes)
    assert fakes.engine.opened == 1


def boom(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("it went\nwrong")


def nothing(*args: Any, **kwargs: Any) -> None:
    return None


@pytest.mark.parametrize(
    ("part", "method"),
    [
        ("source", "probe"),
        ("source", "read"),
        ("segmenter", "cut"),
        ("engine", "open"),
        ("engine", "recognise"),
        ("engine", "identify"),
        ("engine", "pairs"),
        ("aligner", "align"),
        ("layout", "layout"),
        ("writer", "write"),
        ("delivery", "find"),
        ("delivery", "deliver"),
    ],
)
@pytest.mark.parametrize(
    "wrong",
    [boom, lambda *args, **more: 7, nothing, lambda *args, **more: sys.exit(3)],
    ids=["raises", "gives 7", "gives nothing", "exits"],
)
def test_a_plugin_that_errs_anywhere_is_a_failure_of_its_video(
    tmp_path: Path, part: str, method: str, wrong: Callable[..., Any]
) -> None:
    fakes = Fakes()
    setattr(getattr(fakes, part), method, wrong)
    plan = fake_plan(
        spoken=None if method in ("identify", "pairs") else "en", aligner=Choice(name="fake")
    )
    path = write_video(tmp_path / "a.film", (0, 3000))
    (outcome,) = run(fakes, Task(path=path, plan=plan))
    if wrong is nothing and method == "find":  # it may answer None
        assert outcome.delivered and not outcome.errors
        return
    assert outcome.errors, outcome
    for error in outcome.errors:
        assert isinstance(error, CanarySubsError)
        assert "\n" not in str(error)
    if wrong is boom:
        assert "RuntimeError: it went wrong" in str(outcome.errors[0])
        assert "plugin 1" in str(outcome.errors[0])


class SecondFormat:
    """A writer and a delivery that fail, beside good ones."""

    def __init__(self, **wrong: Any) -> None:
        self.wrong = wrong

    @hookimpl
    def canary_subs_writers(self) -> Iterable[Provider[Any]]:
        def make(options: object, context: Context) -> Any:
            if "make" in self.wrong:
                raise self.wrong["make"]
            return type("Bad", (), {"suffix": ".bad", "write": boom, **self.wrong})()

        return [Provider(name="bad", summary="fails", make=make)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"make": PluginUnusable("bad needs a key; set BAD_KEY")},
        {"make": RuntimeError("no")},
        {"suffix": None},
        {"suffix": 7},
        {"write": lambda self, document: "text"},
        {},
    ],
)
def test_one_format_that_fails_costs_no_other(tmp_path: Path, wrong: dict[str, Any]) -> None:
    fakes = Fakes()
    shelf = plugins(fakes, SecondFormat(**wrong))
    path = write_video(tmp_path / "a.film", (0, 3000))
    plan = fake_plan(writers=(Choice(name="bad"), Choice(name="fake")), targets=("en", "de"))
    (outcome,) = process([Task(path=path, plan=plan)], shelf)
    assert outcome.delivered == ("a.en.fake", "a.de.fake")
    assert outcome.errors
    assert all(isinstance(error, PluginError) for error in outcome.errors)
    if isinstance(wrong.get("make"), PluginUnusable):
        assert [str(error) for error in outcome.errors] == ["bad needs a key; set BAD_KEY"]


def test_where_every_format_fails_nothing_is_recognised(tmp_path: Path) -> None:
    fakes = Unread()
    shelf = plugins(fakes, SecondFormat(make=RuntimeError("no")))
    path = write_video(tmp_path / "a.film", (0, 3000))
    plan = fake_plan(writers=(Choice(name="bad"),))
    (outcome,) = process([Task(path=path, plan=plan)], shelf)
    assert len(outcome.errors) == 1 and outcome.skip is None


@pytest.mark.parametrize(
    "field", ["engine", "segmenter", "layout", "writers", "deliveries", "aligner"]
)
def test_a_name_that_there_is_not_fails_in_one_line(tmp_path: Path, field: str) -> None:
    nobody = Choice(name="fakee")
    plan = fake_plan(**{field: (nobody,) if field.endswith("s") else nobody})
    (error,) = one(Fakes(), write_video(tmp_path / "a.film", (0, 3000)), plan).errors
    assert isinstance(error, UnknownName)
    assert "did you mean 'fake'?" in str(error)


def test_a_layout_that_fails_for_one_language_costs_that_language(tmp_path: Path) -> None:
    fakes = Fakes()
    lay = fakes.layout.layout

    def layout(request: LayoutRequest) -> tuple[Cue, ...]:
        return boom() if request.transcript.language == "de" else lay(request)

    fakes.layout.layout = layout  # type: ignore[method-assign]
    path = write_video(tmp_path / "a.film", (0, 3000))
    outcome = one(fakes, path, fake_plan(targets=("de", "en")))
    assert outcome.delivered == ("a.en.fake",)
    assert len(outcome.errors) == 1


# Segmenters that break their word.


class Spans:
    """A segmenter that hears everything and says what it was told to say."""

    def __init__(self, *spans: tuple[int, int]) -> None:
        self.spans = spans

    def cut(self, clips: Iterable[AudioClip], max_ms: int) -> Iterator[Span]:
        for _ in clips:
            pass
        for start_ms, end_ms in self.spans:
            yield Span(start_ms=start_ms, end_ms=end_ms)


@pytest.mark.parametrize(
    ("spans", "complaint"),
    [
        (((5000, 6000), (1000, 2000)), "rising, disjoint"),
        (((5000, 6000), (5500, 7000)), "rising, disjoint"),
        (((1000, 1000),), "not 1000 to 1000 ms"),
        (((0, 10_001),), "at most 10000 ms"),
        (((21_000, 22_000),), "too early"),
        (((0, 1000),), "too late"),
    ],
)
def test_a_segmenter_that_breaks_its_word_fails_in_one_line(
    tmp_path: Path, spans: tuple[tuple[int, int], ...], complaint: str
) -> None:
    fakes = Fakes()
    fakes.segmenter = Spans(*spans)  # type: ignore[assignment]
    duration_ms = 100_000 if complaint == "too late" else 20_000
    path = write_video(tmp_path / "a.film", (0, 9000), duration_ms=duration_ms)
    (error,) = one(fakes, path).errors
    assert isinstance(error, PluginError)
    assert complaint in str(error)


def test_a_segmenter_that_lags_does_not_make_memory_grow() -> None:
    minute = np.full(60 * SAMPLE_RATE_HZ, 0.5, np.float32)

    def clips(minutes: int) -> Iterator[AudioClip]:
        for n in range(minutes):
            yield AudioClip(samples=minute.copy(), start_samples=n * len(minute))

    def peak(minutes: int) -> int:
        tracemalloc.start()
        with pytest.raises(PluginError, match="too late"):
            list(segments.cut(clips(minutes), Spans((0, 1000)), 10_000))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(60) < peak(12) * 1.1


def test_few_segments_wait_however_slow_the_recogniser_is(tmp_path: Path) -> None:
    fakes = Fakes()
    read = 0
    whole = fakes.source.read

    def counting(media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
        nonlocal read
        for clip in whole(media, track):
            read += 1
            yield clip

    fakes.source.read = counting  # type: ignore[method-assign]
    path = write_video(tmp_path / "a.film", (0, 2_000_000))
    shelf = plugins(fakes)
    with closing(follow([Task(path=path, plan=fake_plan())], shelf)) as events:
        next(events)
        # 1 s a clip, 10 s a piece: those that wait, those of a batch, and what the cutter holds.
        assert not threading.Event().wait(0.3)
        assert read <= (WAITING_SEGMENTS + 2 + 2) * 10 + 1


# Endings.


def test_closed_early_it_leaves_no_thread_and_closes_the_sound(tmp_path: Path) -> None:
    fakes = Fakes()
    opened, closed = [], []
    whole = fakes.source.read

    def read(media: MediaInfo, track: AudioTrack) -> Iterator[AudioClip]:
        opened.append(media.path)
        try:
            yield from whole(media, track)
        finally:
            closed.append(media.path)

    fakes.source.read = read  # type: ignore[method-assign]
    short = write_video(tmp_path / "short.film", (0, 1000))
    longs = [write_video(tmp_path / f"l{n}.film", (0, 900_000)) for n in range(3)]
    quiet = write_video(tmp_path / "quiet.film", duration_ms=36_000_000)
    before = threading.active_count()
    shelf = plugins(fakes)
    tasks = [Task(path=path, plan=fake_plan()) for path in (short, *longs, quiet)]
    outcomes = process(tasks, shelf)
    assert next(outcomes).task.path == short
    assert next(outcomes)  # with the quiet one open, hours of nothing ahead
    outcomes.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert sorted(closed) == sorted(opened)
    assert len(opened) >= 4


# Films in which other languages are spoken too.

MIXED = ((0, 4000), (5000, 8000), (9000, 12_000))
TONGUES = ("en", "de", "en")


def test_a_forced_track_shows_foreign_lines_alone(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", *MIXED, spoken=TONGUES, tagged="en")
    fakes = Fakes()
    outcome = one(fakes, path, fake_plan(targets=("original", "original.forced", "fr")))
    assert outcome.delivered == ("a.en.fake", "a.en.forced.fake", "a.fr.fake")
    assert shown(fakes, "a.en.forced.fake") == fake_words("en", MIXED[1])
    assert shown(fakes, "a.en.fake") == fake_words("en", *MIXED)
    assert shown(fakes, "a.fr.fake") == fake_words("fr", *MIXED)
    assert [str(d.track) for d in outcome.documents] == ["en", "en.forced", "fr"]
    assert {d.language for d in outcome.documents[:2]} == {"en"}
    asked = [(piece.spoken, piece.targets) for call in fakes.engine.asked for piece in call]
    assert asked == [("en", ("en", "fr")), ("de", ("en", "fr")), ("en", ("en", "fr"))]


def test_a_video_in_one_language_has_no_forced_track(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", *MIXED)
    fakes = Fakes()
    assert one(fakes, path, fake_plan(targets=("en", "en.forced"))).delivered == ("a.en.fake",)
    outcome = one(Fakes(), path, fake_plan(targets=("en.forced",)))
    assert outcome.skip is not None and outcome.skip.rule == "no-foreign"


def test_what_a_foreign_language_cannot_become_is_recognised_in_the_videos_own(
    tmp_path: Path,
) -> None:
    class English(FakeEngine):
        def pairs(self) -> frozenset[tuple[str, str]]:
            return frozenset(pair for pair in super().pairs() if "en" in pair or len({*pair}) == 1)

    path = write_video(tmp_path / "a.film", *MIXED, spoken=TONGUES, tagged="en")
    fakes = Fakes()
    fakes.engine = English()
    outcome = one(fakes, path, fake_plan(targets=("fr", "en.forced", "fr.forced")))
    assert outcome.delivered == ("a.fr.fake", "a.en.forced.fake")
    asked = [(piece.spoken, piece.targets) for call in fakes.engine.asked for piece in call]
    assert asked == [("en", ("fr",)), ("en", ("fr",)), ("de", ("en",)), ("en", ("fr",))]


def test_a_forced_track_that_no_language_leads_to_is_refused(tmp_path: Path) -> None:
    class Alone(FakeEngine):
        def pairs(self) -> frozenset[tuple[str, str]]:
            return frozenset((name, name) for name in ("en", "de"))

    path = write_video(tmp_path / "a.film", *MIXED)
    fakes = Fakes()
    fakes.engine = Alone()
    (error,) = one(fakes, path, fake_plan(targets=("en", "en.forced"))).errors
    assert isinstance(error, UnsupportedPair) and "en.forced cannot be made" in str(error)
    assert fakes.engine.asked == []


def test_foreign_segments_are_remembered(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", *MIXED, spoken=TONGUES, tagged="en")
    plan = fake_plan(targets=("en", "en.forced"))
    memory, first, again = Memory(), Fakes(), Fakes()
    one(first, path, plan, cache=memory)
    one(again, path, plan, cache=memory)
    assert again.engine.asked == []
    assert again.delivery.results == first.delivery.results


@pytest.mark.parametrize("source", ["en", None])
def test_cancelled_it_ends_soon_and_writes_nothing(tmp_path: Path, source: str | None) -> None:
    fakes = Fakes()
    path = write_video(tmp_path / "a.film", (0, 5000), duration_ms=36_000_000)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    outcome = one(fakes, path, fake_plan(spoken=source), cancelled=cancelled)
    assert outcome.cancelled and not outcome.errors
    assert fakes.delivery.results == {}


def test_a_bug_is_raised_and_still_leaves_nothing_running(tmp_path: Path) -> None:
    def on_progress(stage: Stage, share: float) -> None:
        if stage is Stage.RECOGNISE:
            raise ZeroDivisionError

    paths = [write_video(tmp_path / f"{n}.film", (0, 600_000)) for n in range(2)]
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        run(
            Fakes(), *(Task(path=path, plan=fake_plan(), on_progress=on_progress) for path in paths)
        )
    assert threading.active_count() == before


def test_sessions_are_kept_between_calls_and_given_back(tmp_path: Path) -> None:
    fakes = Fakes()
    shelf = plugins(fakes)
    for name in ("a", "b"):
        path = write_video(tmp_path / f"{name}.film", (0, 1000))
        list(process([Task(path=path, plan=fake_plan())], shelf))
    assert (fakes.engine.opened, fakes.engine.closed) == (1, 0)
    fakes.layout.close = boom  # type: ignore[attr-defined]
    shelf.close()
    assert fakes.engine.closed == 1
    path = write_video(tmp_path / "c.film", (0, 1000))
    list(process([Task(path=path, plan=fake_plan())], shelf))
    assert fakes.engine.opened == 2
    shelf.close()
    assert fakes.engine.closed == 2


# Plugins that have a say.


class Policy:
    def __init__(self, answer: Callable[[MediaInfo, Plan], Any]) -> None:
        self.answer = answer

    @hookimpl
    def canary_subs_plan(self, media: MediaInfo, plan: Plan) -> Any:
        return self.answer(media, plan)


def test_a_plugin_may_change_the_plan_skip_or_pass(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 3000))
    skip = Skip(rule="trailer", reason="it is a trailer")

    def outcome(*answers: Callable[[MediaInfo, Plan], Any]) -> Outcome:
        shelf = plugins(Fakes(), *(Policy(answer) for answer in answers))
        (only,) = process([Task(path=path, plan=fake_plan())], shelf)
        return only

    assert outcome(lambda media, plan: None).delivered == ("a.en.fake",)
    assert outcome(lambda media, plan: skip).skip == skip
    changed = outcome(
        lambda media, plan: replace(plan, targets=(Track(("es",)),)), lambda media, plan: None
    )
    assert changed.delivered == ("a.es.fake",)
    strings = lambda media, plan: replace(plan, targets=("es",))  # noqa: E731
    for wrong in (boom, lambda media, plan: "no", strings):
        (error,) = outcome(wrong).errors
        assert isinstance(error, PluginError) and "plugin 2" in str(error)


def test_every_ended_video_is_notified_once_with_its_outcome(tmp_path: Path) -> None:
    seen: list[Outcome] = []

    class Notifier:
        @hookimpl
        def canary_subs_video_done(self, outcome: Outcome) -> None:
            seen.append(outcome)
            raise RuntimeError("no network")

    paths = [write_video(tmp_path / f"{n}.film", (0, 3000)) for n in range(3)]
    tasks = [Task(path=path, plan=fake_plan()) for path in paths]
    tasks.append(Task(path=tmp_path / "none.film", plan=fake_plan()))
    shelf = plugins(Fakes(), Notifier())
    outcomes = list(process(tasks, shelf))
    assert seen == outcomes and len(seen) == 4
    assert [bool(one.documents) for one in seen if not one.errors] == [True] * 3


def test_a_failed_video_keeps_what_was_probed(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 3000))
    outcome = one(Fakes(), path, fake_plan(engine=Choice(name="nobody")))
    assert outcome.errors and outcome.media is not None and outcome.media.duration_ms == 4000


def test_words_are_spread_where_the_engine_gives_none(tmp_path: Path) -> None:
    fakes = Fakes()
    recognise = fakes.engine.recognise

    def wordless(requests: Sequence[Request]) -> Any:
        return [[replace(u, words=(), timing=None) for u in us] for us in recognise(requests)]

    fakes.engine.recognise = wordless  # type: ignore[method-assign]
    path = write_video(tmp_path / "a.film", (0, 3000), (5000, 9000))
    (document,) = one(fakes, path).documents
    assert shown(fakes, "a.en.fake") == fake_words("en", (0, 3000), (5000, 9000))
    for utterance in document.transcript.utterances:
        assert utterance.timing == "spread"
        assert utterance.words[0].start_ms == utterance.span.start_ms
        assert utterance.words[-1].end_ms == utterance.span.end_ms


def test_a_request_knows_its_video_and_the_text_before_it(tmp_path: Path) -> None:
    fakes = Fakes()
    fakes.engine.batch_ms = 1
    paths = [write_video(tmp_path / f"{n}.film", (0, 1000), (3000, 4000)) for n in range(2)]
    run(fakes, *(Task(path=path, plan=fake_plan(glossary=("Zebra",))) for path in paths))
    asked = [request for call in fakes.engine.asked for request in call]
    assert {request.glossary for request in asked} == {("Zebra",)}
    for path in paths:
        own = [request.previous for request in asked if request.video == path]
        assert own == ["", "en0 en1"]


def test_a_segment_in_another_language_has_no_text_before_it(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", *MIXED, spoken=TONGUES, tagged="en")
    fakes = Fakes()
    fakes.engine.batch_ms = 1
    one(fakes, path, fake_plan(targets=("original", "original.forced")))
    asked = [(request.spoken, request.previous) for call in fakes.engine.asked for request in call]
    assert [spoken for spoken, _ in asked] == ["en", "de", "en"]
    assert [bool(previous) for _, previous in asked] == [False, False, True]


def test_a_resumed_video_sends_the_text_before_each_segment(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.film", (0, 1000), (3000, 4000), (6000, 7000), (9000, 10_000))
    memory = Memory()
    asked = []
    for kept in (None, 2):
        if kept is not None:  # as if it had been killed after so many segments
            memory.pieces = dict(list(memory.pieces.items())[:kept])
        fakes = Fakes()
        fakes.engine.batch_ms = 1
        run(fakes, Task(path=path, plan=fake_plan(), cache=memory))
        asked.append([request.previous for call in fakes.engine.asked for request in call])
    assert asked[0][2] == "en0 en1 en6 en7"
    assert asked[1] == asked[0][2:]


def test_videos_of_several_folders_share_one_model(tmp_path: Path) -> None:
    fakes = Fakes()
    contexts = [Context(root=tmp_path / name, overwrite=name == "b") for name in ("a", "b", "c")]
    tasks = [
        Task(
            path=write_video(tmp_path / f"{number}.film", (0, 3000)),
            plan=fake_plan(context=replace(context, short_segments=number == 1)),
        )
        for number, context in enumerate(contexts)
    ]
    outcomes = run(fakes, *tasks)
    assert all(outcome.delivered for outcome in outcomes)
    assert fakes.engine.opened == 1
