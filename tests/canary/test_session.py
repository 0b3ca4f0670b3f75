"""The engine from audio to timed words, on tiny random models: nonsense, but complete."""

import itertools
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canary_subs.canary import fallback
from canary_subs.canary.aligner import CtcOptions, CtcWordTimer
from canary_subs.canary.batch import Batcher
from canary_subs.canary.beam import beam_search
from canary_subs.canary.detokenize import Detokenizer
from canary_subs.canary.load import load
from canary_subs.canary.options import CanaryRequestOptions
from canary_subs.errors import (
    DeviceTooSmall,
    ModelError,
    PluginUnusable,
    UnknownName,
    UnsupportedPair,
)
from canary_subs.model import Context, Flag, Request, Span, Timing, Utterance, Word
from tests.canary.conftest import clip, engine, opened


def request(
    seconds: float, targets: tuple[str, ...], *, options: object = None, **more: Any
) -> Request:
    return Request(clip=clip(seconds, **more), spoken="en", targets=targets, options=options)


@pytest.fixture(scope="module")
def session(v2_file: Path) -> Iterator[Any]:
    session = opened(v2_file)
    yield session
    session.close()


def check(asked: Request, found: tuple[Utterance, ...]) -> None:
    assert [utterance.language for utterance in found] == list(asked.targets)
    for utterance in found:
        assert " ".join(word.text for word in utterance.words) == utterance.text
        assert utterance.span.start_ms == asked.clip.start_samples // 16
        for word in utterance.words:
            assert utterance.span.start_ms <= word.start_ms <= word.end_ms <= utterance.span.end_ms
            assert word.confidence is None or 0 <= word.confidence <= 1
        for one, other in itertools.pairwise(utterance.words):
            assert one.end_ms <= other.start_ms


def test_requests_of_all_kinds_are_answered_in_order(session: Any) -> None:
    asked = [
        request(2.5, ("en", "de"), start=160_000),
        request(0.02, ("en",)),
        request(0.0, ("fr", "en")),
        request(4.0, ("es",), seed=1, start=16_000),
        request(1.0, ()),
        request(1.3, ("de", "en", "fr", "es"), seed=2),
    ]
    for one, found in zip(asked, session.recognise(asked), strict=True):
        check(one, found)
    silent = session.recognise(asked[1:3])
    assert all(u.text == "" and u.words == () for row in silent for u in row)


def test_transcripts_are_timed_by_ctc_and_translations_by_their_source(session: Any) -> None:
    ((own, other),) = session.recognise_once([request(3.0, ("en", "de"))])
    assert own.words and own.timing is Timing.CTC
    assert other.words and other.timing is Timing.SOURCE
    assert other.words[0].start_ms >= own.words[0].start_ms
    assert other.words[-1].end_ms <= own.words[-1].end_ms


def test_neither_neighbours_nor_other_languages_change_a_text(session: Any) -> None:
    asked = [request(s, ("en", "fr"), seed=i) for i, s in enumerate((3.0, 1.2, 2.1))]
    together = session.recognise_once(asked)
    for one, (first, second) in zip(asked, together, strict=True):
        for target, expected in (("en", first), ("fr", second)):
            alone = Request(clip=one.clip, spoken="en", targets=(target,))
            ((found,),) = session.recognise_once([alone])
            assert found.text == expected.text


def test_texts_equal_those_of_nemo_transcribe(tiny_file: Path, session: Any) -> None:
    ours = opened(tiny_file)
    nemo = load(tiny_file).model
    sounds = [clip(2.0, seed=5), clip(1.1, seed=6)]
    asked = [Request(clip=one, spoken="en", targets=("en", "de")) for one in sounds]
    found = ours.recognise_once(asked)
    for slot, (target, task) in enumerate((("en", "asr"), ("de", "ast"))):
        for at, sound in enumerate(sounds):
            texts = nemo.transcribe(
                audio=[sound.samples],
                batch_size=1,
                verbose=False,
                source_lang="en",
                target_lang=target,
                task=task,
                pnc="yes",
            )
            # What NeMo spells out of special tokens is no text.
            plain = Detokenizer(nemo.tokenizer).detokenize(texts[0].y_sequence.tolist()).text
            # NeMo's beam of one goes one token past the cap.
            assert plain.startswith(found[at][slot].text[:-8]) and found[at][slot].text


@pytest.mark.parametrize("precision", ["bf16", "int8", "int4"])
def test_every_format_runs(v2_file: Path, precision: str) -> None:
    session = opened(v2_file, precision=precision)
    asked = request(1.5, ("en", "de"))
    assert session.precision == precision
    check(asked, session.recognise_once([asked])[0])
    session.close()


def test_one_model_serves_requests_of_different_options(
    session: Any, v2_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vocabulary = list(load(v2_file).model.tokenizer.vocab)
    searches: list[tuple[int | str, ...]] = []

    def note(width: int, requests: Any) -> None:
        prompt = {vocabulary[token] for row in requests for r in row for token in r.prompt}
        searches.append((width, *sorted(prompt & {"<|pnc|>", "<|nopnc|>"})))

    def greedy(encoded: Any, lengths: Any, requests: Any, **more: Any) -> Any:
        note(1, requests)
        return plain_greedy(encoded, lengths, requests, **more)

    def beam(
        decoder: Any, encoded: Any, lengths: Any, requests: Any, width: int, **more: Any
    ) -> Any:
        note(width, requests)
        return beam_search(decoder, encoded, lengths, requests, width, **more)

    plain_greedy = session.decoder.greedy
    monkeypatch.setattr(session.decoder, "greedy", greedy)
    monkeypatch.setattr("canary_subs.canary.session.beam_search", beam)
    for options in (
        None,
        CanaryRequestOptions(punctuation=False),
        CanaryRequestOptions(beam=3),
        CanaryRequestOptions(),
    ):
        asked = request(1.5, ("en", "de"), options=options)
        check(asked, session.recognise_once([asked])[0])
    assert searches == [(1, "<|pnc|>"), (1, "<|nopnc|>"), (3, "<|pnc|>"), (1, "<|pnc|>")]
    with pytest.raises(TypeError, match="takes CanaryRequestOptions, not dict"):
        session.recognise_once([request(1.5, ("en",), options={"beam": 2})])


@pytest.mark.parametrize("beam", [0, 17])
def test_a_beam_has_a_width_that_fits(beam: int) -> None:
    with pytest.raises(ValueError, match="beam must be 1 to 16"):
        CanaryRequestOptions(beam=beam)


def test_samples_that_are_no_numbers_harm_only_their_own_request(session: Any) -> None:
    good, bad = request(1.5, ("en",)), request(1.5, ("en",))
    bad.clip.samples[100:200] = np.nan
    bad.clip.samples[300] = np.inf
    alone = session.recognise_once([good])
    found = session.recognise_once([good, bad])
    assert found[0][0].text == alone[0][0].text
    check(bad, found[1])


def test_a_pair_that_the_model_cannot_do_is_refused_before_any_work(session: Any) -> None:
    encoder, session.encoder = session.encoder, None
    try:
        with pytest.raises(UnsupportedPair, match="from de to fr"):
            session.recognise([Request(clip=clip(1), spoken="de", targets=("de", "fr"))])
        with pytest.raises(UnsupportedPair, match=r"transcribe it; it knows de, en, es, fr$"):
            session.recognise([Request(clip=clip(1), spoken="it", targets=("it",))])
    finally:
        session.encoder = encoder


def test_languages_compete(session: Any) -> None:
    probabilities = session.identify([clip(1.5), clip(2.0, seed=1), clip(0.01)], ["en", "de", "fr"])
    assert list(probabilities) == ["en", "de", "fr"]
    assert sum(probabilities.values()) == pytest.approx(1)
    assert session.identify([], ["en", "de"]) == {"en": 0.5, "de": 0.5}


def test_names_of_precisions_and_devices(v2_file: Path) -> None:
    with pytest.raises(UnknownName, match="fp16"):
        engine(v2_file).open(Context(device="cpu", precision="fp16"))
    with pytest.raises(Exception, match="no device is called"):
        engine(v2_file).open(Context(device="gpu"))


def test_the_cards_say_which_model_knows_what() -> None:
    chosen, *others = engine("canary-1b-flash").models()
    assert chosen.name == "nvidia/canary-1b-flash"
    assert engine("canary-1b-flash").pairs() == chosen.pairs
    assert ("it", "en") not in chosen.pairs
    assert "nvidia/canary-1b-v2" in {card.name for card in others if ("it", "en") in card.pairs}
    assert ("pt", "en") in engine("canary-1b-v2").pairs()
    names = [card.name for card in (chosen, *others)]
    assert len(set(names)) == len(names) == 5


class Memory:
    """A device that bears so many seconds at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.recovered = seconds, 0
        self.batches: list[list[float]] = []

    def work(self, batch: list[float]) -> list[str]:
        if max(batch) * len(batch) > self.seconds:
            raise MemoryError
        self.batches.append(batch)
        return [f"{item:g}" for item in batch]

    def recover(self) -> None:
        self.recovered += 1


def test_batches_of_like_length_come_back_in_order() -> None:
    device = Memory(1000)
    items = [5.0, 30.0, 1.0, 28.0, 6.0]
    found = Batcher(60).run(items, lambda s: s, device.work)
    assert found == ["5", "30", "1", "28", "6"]
    assert device.batches == [[30.0, 28.0], [6.0, 5.0, 1.0]]


def test_out_of_memory_halves_the_batch_and_is_remembered() -> None:
    device = Memory(70)
    batcher = Batcher(1000, device.recover)
    items = [30.0] * 8
    assert batcher.run(items, lambda s: s, device.work) == ["30"] * 8
    assert device.recovered == 2
    assert all(len(batch) == 2 for batch in device.batches)
    batcher.run(items, lambda s: s, device.work)
    assert device.recovered == 2


def test_one_segment_too_much_says_what_to_do_and_bugs_stay_bugs() -> None:
    with pytest.raises(DeviceTooSmall, match="--precision int8"):
        Batcher(1000).run([30.0], lambda s: s, Memory(10).work)

    def broken(batch: list[float]) -> list[str]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Batcher(1000).run([30.0], lambda s: s, broken)


@pytest.mark.parametrize(
    ("text", "seconds", "truncated", "expected"),
    [
        ("all is well here", 3, False, set()),
        ("no no no no", 2, False, set()),
        ("E E E E E E E E", 5, False, {Flag.LOOPING}),
        ("thank you very much thank you very much thank you very much", 9, False, {Flag.LOOPING}),
        ("cut off", 9, True, {Flag.TRUNCATED}),
        (
            "far too many different words for half of a second, honestly " * 2,
            0.5,
            False,
            {Flag.DENSE},
        ),
    ],
)
def test_texts_that_cannot_have_been_said(
    text: str, seconds: float, truncated: bool, expected: set[Flag]
) -> None:
    assert expected <= fallback.faults(text.split(), seconds, truncated=truncated)
    if not expected:
        assert not fallback.faults(text.split(), seconds, truncated=truncated)


def test_an_echo_has_no_time_and_a_repetition_has() -> None:
    def spoken(*lasting_ms: int) -> list[Word]:
        words, at = [], 0
        for text, lasts in zip(
            "On Monday it rains. on Monday it rains".split(), lasting_ms, strict=True
        ):
            words.append(Word(text=text, start_ms=at, end_ms=at + lasts))
            at += lasts
        return words

    assert fallback.echoes(spoken(300, 400, 200, 500, 40, 40, 40, 40))
    assert fallback.echoes(spoken(40, 40, 40, 40, 300, 400, 200, 500))
    assert not fallback.echoes(spoken(300, 400, 200, 500, 320, 350, 180, 550))
    assert not fallback.echoes(spoken(300, 400, 200, 500, 40, 40, 40, 40)[:7])
    assert not fallback.echoes([])


def test_a_segment_is_cut_where_it_is_quietest_and_put_together_again() -> None:
    sound = clip(6.0, start=1600)
    sound.samples[40_000:43_200] = 0
    options = CanaryRequestOptions(beam=2)
    asked = Request(clip=sound, spoken="en", targets=("en", "de"), options=options)
    left, right = fallback.halves(asked, "de")
    assert left.targets == right.targets == ("de",)
    assert left.options is right.options is options
    assert 40_000 <= len(left.clip.samples) <= 43_200
    assert right.clip.start_samples == 1600 + len(left.clip.samples)
    joined = np.concatenate([left.clip.samples, right.clip.samples])
    assert np.array_equal(joined, sound.samples)

    def utterance(text: str, flags: frozenset[Flag] = frozenset()) -> Utterance:
        words = tuple(Word(text=w, start_ms=0, end_ms=1) for w in text.split())
        span = Span(start_ms=0, end_ms=9)
        return Utterance(
            text=text, span=span, language="de", words=words, timing=Timing.SOURCE, flags=flags
        )

    first = utterance("x x x", frozenset({Flag.LOOPING}))
    assert fallback.better(first, [utterance("ein"), utterance("Satz")]).text == "ein Satz"
    still = utterance("y y y", frozenset({Flag.LOOPING}))
    assert fallback.better(first, [utterance("ein"), still]) is first


def test_a_ctc_model_of_its_own_file_times_any_text(v2_file: Path, tmp_path: Path) -> None:
    with pytest.raises(PluginUnusable, match="option model"):
        CtcWordTimer(CtcOptions(), Context())
    path = tmp_path / "ctc.nemo"
    with tarfile.open(v2_file) as both, tarfile.open(path, "w") as part:
        for info in both:
            stream = both.extractfile(info)
            if info.name.startswith("timestamps_asr_model_"):
                info.name = info.name.replace("timestamps_asr_model_", "model_")
            elif info.name.startswith("model_"):
                continue
            part.addfile(info, stream)
    timer = CtcWordTimer(CtcOptions(model=str(path), languages=("en",)), Context(device="cpu"))
    sound = clip(3.0, start=32_000)
    span = Span(start_ms=2000, end_ms=5000)
    words = tuple(Word(text=w, start_ms=2000, end_ms=5000) for w in ("the", "lazy", "Fox,", "§§"))
    spoken = Utterance(text="the lazy Fox, §§", span=span, language="en", words=words)
    timed = timer.align(sound, spoken)
    assert timed.timing is Timing.CTC and timed.text == spoken.text
    assert [word.text for word in timed.words] == [word.text for word in words]
    check(Request(clip=sound, spoken="en", targets=("en",)), (timed,))
    assert len({word.start_ms for word in timed.words}) == 4
    foreign = replace(spoken, language="de")
    assert timer.align(sound, foreign) is foreign
    translated = replace(spoken, timing=Timing.SOURCE)
    assert timer.align(sound, translated) is translated
    with pytest.raises(ModelError, match="not a CTC model"):
        CtcWordTimer(CtcOptions(model=str(v2_file)), Context(device="cpu")).align(sound, spoken)
