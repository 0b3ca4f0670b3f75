"""Whisper: what is asked of the model, what is believed, and what comes of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import canary_subs_whisper
import numpy as np
import pytest
from canary_subs_whisper import WhisperRequestOptions
from canary_subs_whisper.models import LANGUAGES
from canary_subs_whisper.pauses import without_pauses
from whisper_fakes import FakeModels, FakeTokenizer, Said, clip

from canary_subs import (
    AudioClip,
    Context,
    DeviceTooSmall,
    Flag,
    ModelError,
    PluginUnusable,
    Request,
    Temporary,
    Timing,
    UnknownName,
    UnsupportedPair,
    Utterance,
)
from canary_subs.testing import babble, check_engine, check_plugin, make

(WHISPER,) = check_plugin(canary_subs_whisper)["engine"]

Open = Callable[..., Any]


@pytest.fixture
def opened(fakes: FakeModels, folder: Path) -> Open:
    """Opens a session of the stand-in."""

    def session(precision: str = "auto", device: str = "cpu", **options: Any) -> Any:
        context = Context(model=str(folder), device=device, precision=precision)
        return make(WHISPER, options, context).open(context)

    return session


def request(number: int, video: str | None = "a.mkv", **changes: Any) -> Request:
    given: dict[str, Any] = {"spoken": "en", "targets": ("en",), **changes}
    given.setdefault("clip", clip(number))
    return Request(video=Path(video) if video else None, **given)


def texts(answers: Sequence[Sequence[Utterance]]) -> list[list[str]]:
    return [[utterance.text for utterance in utterances] for utterances in answers]


# The rules.


def test_it_keeps_the_rules(fakes: FakeModels, folder: Path) -> None:
    fakes.settings = {"languages": {1: [("<|en|>", 1.0)]}}
    check_engine(WHISPER, model=str(folder), speech=clip(1, start_ms=12_345))
    check_engine(WHISPER, {"batch": 1}, model=str(folder), speech=clip(1))


def test_models_are_listed_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    cards = {card.name: card for card in make(WHISPER).models()}
    assert next(iter(cards)) == "small"
    assert {card.licence for card in cards.values()} == {"MIT"}
    assert cards["large-v3"].memory_bytes["fp16"] > 3_000_000_000
    assert ("de", "en") in cards["medium"].pairs
    assert ("en", "de") not in cards["medium"].pairs


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(PluginUnusable, match="pip install faster-whisper"):
        make(WHISPER).open(Context())
    with pytest.raises(PluginUnusable, match="pip install faster-whisper"):
        make(WHISPER).fetch(Context())


@pytest.mark.parametrize(
    ("name", "languages", "translates"),
    [
        ("small", 99, True),
        ("large-v2", 99, True),
        ("large-v3", 100, True),
        ("large", 100, True),
        ("turbo", 100, False),
        ("base.en", 1, False),
        ("distil-large-v3", 1, False),
        ("Systran/faster-whisper-tiny.en", 1, False),
        ("Systran/faster-whisper-small", 99, True),
    ],
)
def test_the_name_says_what_a_model_can_do(name: str, languages: int, translates: bool) -> None:
    pairs = set(make(WHISPER, context=Context(model=name)).pairs())
    assert len({spoken for spoken, _ in pairs}) == languages
    assert any(spoken != target for spoken, target in pairs) is translates
    assert {target for spoken, target in pairs if spoken != target} <= {"en"}


@pytest.mark.parametrize(("config", "count"), [('{"lang_ids": [1, 2, 3]}', 3), ("{}", 1)])
def test_a_folder_says_which_languages_it_knows(config: str, count: int, folder: Path) -> None:
    (folder / "config.json").write_text(config)
    pairs = make(WHISPER, context=Context(model=str(folder))).pairs()
    assert {spoken for spoken, _ in pairs} == set(LANGUAGES[:count])


def test_an_unknown_name_is_one_line() -> None:
    with pytest.raises(UnknownName, match=r"no model .smal.*small") as raised:
        make(WHISPER, context=Context(model="smal"))
    assert "\n" not in str(raised.value)


# Loading.


@pytest.mark.parametrize(
    ("device", "precision", "expected"),
    [
        ("cpu", "auto", ("cpu", 0, "int8")),
        ("auto", "auto", ("cpu", 0, "int8")),
        ("cpu", "fp32", ("cpu", 0, "float32")),
        ("cuda", "auto", ("cuda", 0, "float16")),
        ("cuda:1", "int8", ("cuda", 1, "int8_float16")),
        ("cuda", "bf16", ("cuda", 0, "bfloat16")),
        ("cuda", "fp16", ("cuda", 0, "float16")),
    ],
)
def test_the_context_says_where_and_how_it_computes(
    device: str, precision: str, expected: tuple[str, int, str], opened: Open, fakes: FakeModels
) -> None:
    session = opened(precision, device, threads=3)
    assert fakes.loaded[0][1:] == (*expected, 3)
    assert session.precision == "int8"  # what the stand-in says that it computes in


def test_the_model_is_named_by_its_weights(opened: Open, folder: Path) -> None:
    name = opened().model
    assert name.startswith("whisper-some-whisper@")
    assert opened().model == name
    (folder / "model.bin").write_bytes(b"other weights")
    assert opened().model != name


@pytest.mark.parametrize(("precision", "device"), [("int4", "cpu"), ("auto", "mps")])
def test_what_it_cannot_compute_in_is_one_line(precision: str, device: str, opened: Open) -> None:
    with pytest.raises((UnknownName, ModelError), match=f"{precision}|{device}"):
        opened(precision, device)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RuntimeError("Unable to open file 'model.bin'\nat 3"), "some-whisper cannot be loaded"),
        (RuntimeError("CUDA failed with error out of memory"), "does not fit"),
        (ValueError("Requested bfloat16 compute type, but"), "--precision auto"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_one_line(
    error: Exception, message: str, opened: Open, fakes: FakeModels
) -> None:
    fakes.error = error
    with pytest.raises(ModelError, match=message) as raised:
        opened()
    assert "\n" not in str(raised.value)


def test_a_folder_without_all_its_files_is_one_line(
    opened: Open, fakes: FakeModels, folder: Path
) -> None:
    fakes.settings = {"n_mels": 128}
    with pytest.raises(ModelError, match="has no preprocessor_config"):
        opened()
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="has no tokenizer"):
        opened()


def test_a_model_too_large_for_the_memory_is_one_line(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canary_subs_whisper.engine._free_bytes", lambda: 1000)
    with pytest.raises(DeviceTooSmall, match=r"some-whisper needs 0.5 GB.*smaller model"):
        opened()


def test_a_model_out_of_reach_is_tried_again_later(fakes: FakeModels) -> None:
    with pytest.raises(ModelError, match="base is not on this machine") as raised:
        make(WHISPER, context=Context(model="base")).open(Context(device="cpu"))
    assert isinstance(raised.value, Temporary)


def test_an_interrupted_download_is_taken_up(fakes: FakeModels, tmp_path: Path) -> None:
    def download(name: str, local: bool) -> str:
        if not local:
            (tmp_path / "model.bin").write_bytes(b"weights")
        return str(tmp_path)

    fakes.on_hub = download
    engine = make(WHISPER, context=Context(model="turbo"))
    engine.fetch(Context())
    engine.fetch(Context())
    assert fakes.downloads == [
        ("large-v3-turbo", True), ("large-v3-turbo", False), ("large-v3-turbo", True)
    ]  # fmt: skip


# What is asked of the model.


def test_both_texts_come_from_one_encoding(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda number, prompt, _: Said(
        (" Hello", ".") if "translate" in prompt else (" Hallo", ".")
    )
    answers = opened().recognise([request(1, spoken="de", targets=("en", "de"))])
    assert texts(answers) == [["Hello.", "Hallo."]]
    assert [utterance.language for utterance in answers[0]] == ["en", "de"]
    assert fakes.whisper.encoded == [[1]]
    assert [prompts for _, prompts, _ in fakes.whisper.generated] == [
        ["<startoftranscript><de><transcribe><notimestamps>"],
        ["<startoftranscript><de><translate><notimestamps>"],
    ]
    assert [start for _, start in fakes.whisper.aligned] == [
        "<startoftranscript><de><transcribe>", "<startoftranscript><de><translate>"
    ]  # fmt: skip
    assert [one.timing for one in answers[0]] == [Timing.SOURCE, Timing.ATTENTION]


def test_an_english_model_is_asked_for_no_language(opened: Open, fakes: FakeModels) -> None:
    fakes.settings = {"is_multilingual": False}
    session = opened()
    session.recognise([request(1)])
    assert fakes.whisper.generated[0][1] == ["<startoftranscript><notimestamps>"]
    assert session.identify([clip(1)], ["en"]) == {"en": 1.0}


def test_javanese_has_a_code_of_its_own(opened: Open, fakes: FakeModels) -> None:
    opened().recognise([request(1, spoken="jv", targets=("jv",))])
    assert "<jw><transcribe>" in fakes.whisper.generated[0][1][0]


def test_segments_of_several_videos_are_decoded_together(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda number, *_: Said((f" word{number}", "."))
    asked = [request(1, "a"), request(2, "a"), request(3, "b"), request(4, "c"), request(5, "b")]
    answers = opened().recognise(asked)
    assert texts(answers) == [["word1."], ["word2."], ["word3."], ["word4."], ["word5."]]
    assert fakes.whisper.encoded == [[1, 3, 4], [2, 5]]
    assert [clips for clips, _, _ in fakes.whisper.generated] == [[1, 3, 4], [2, 5]]


def test_a_batch_is_as_large_as_the_option_says(opened: Open, fakes: FakeModels) -> None:
    opened(batch=2).recognise([request(number, f"{number}.mkv") for number in range(1, 6)])
    assert fakes.whisper.encoded == [[1, 2], [3, 4], [5]]


def test_the_text_before_is_that_of_the_same_video(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda number, *_: Said((f" word{number}", "."))
    opened().recognise(
        [request(1, "a", previous="Before."), request(2, "b"), request(3, "a"), request(4, "b")]
    )
    prompts = {
        number: prompt
        for numbers, prompts, _ in fakes.whisper.generated
        for number, prompt in zip(numbers, prompts, strict=True)
    }
    assert prompts[1].startswith("<startofprev> Before.<startoftranscript>")
    assert prompts[2].startswith("<startoftranscript>")
    # Both at once: the contexts are as long as the shorter one.
    assert prompts[3].startswith("<startofprev> word1.<startoftranscript>")
    assert prompts[4].startswith("<startofprev> word2.<startoftranscript>")


def test_a_video_in_two_languages_has_two_contexts(opened: Open, fakes: FakeModels) -> None:
    german = request(2, spoken="de", targets=("de",))
    opened().recognise([request(1, previous="Before."), german])
    (clips, prompts, _), *rest = fakes.whisper.generated
    assert "Before" not in "".join(prompts if clips == [2] else rest[0][1])


def test_a_translation_has_no_text_before_it(opened: Open, fakes: FakeModels) -> None:
    opened().recognise([request(1, spoken="de", targets=("en",), previous="Vorher.")])
    assert fakes.whisper.generated[0][1] == ["<startoftranscript><de><translate><notimestamps>"]


def test_without_context_the_segments_of_a_video_are_decoded_together(
    opened: Open, fakes: FakeModels
) -> None:
    options = WhisperRequestOptions(context=False, beam=2)
    opened().recognise(
        [request(number, previous="Before.", options=options) for number in (1, 2, 3)]
    )
    assert fakes.whisper.encoded == [[1, 2, 3]]
    ((_, prompts, given),) = fakes.whisper.generated
    assert not any("startofprev" in prompt for prompt in prompts)
    assert given["beam_size"] == 2


def test_the_glossary_goes_before_the_text_before(opened: Open, fakes: FakeModels) -> None:
    opened().recognise([request(1, glossary=("Emma", "Woodhouse"), previous="Before.")])
    prompt = fakes.whisper.generated[0][1][0]
    assert prompt.startswith("<startofprev> Emma, Woodhouse Before.<startoftranscript>")


def test_a_long_text_before_is_cut_at_its_beginning(opened: Open, fakes: FakeModels) -> None:
    before = " ".join(f"word{number}" for number in range(1000))
    opened().recognise([request(1, glossary=("Emma",), previous=before)])
    prompt = fakes.whisper.generated[0][1][0]
    assert prompt.startswith("<startofprev> Emma word778")
    assert " word999<startoftranscript>" in prompt


def test_an_unknown_pair_is_refused_before_any_work(opened: Open, fakes: FakeModels) -> None:
    with pytest.raises(UnsupportedPair, match="cannot translate en into de"):
        opened().recognise([request(1), request(2, targets=("de",))])
    assert not fakes.whisper.encoded


def test_a_blink_of_sound_is_not_decoded(opened: Open, fakes: FakeModels) -> None:
    assert texts(opened().recognise([request(1, clip=clip(1, 90))])) == [[""]]
    assert not fakes.whisper.encoded


# What is believed.


LOOP = Said((" zu", " tun") * 60)


def test_a_loop_is_decoded_again_without_the_text_before(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda number, prompt, _: LOOP if "startofprev" in prompt else Said()
    ((said,),) = opened().recognise([request(1, previous="zu tun")])
    assert (said.text, said.flags) == ("Good evening.", frozenset())
    assert len(fakes.whisper.generated) == 2


def test_a_doubtful_text_is_decoded_again_at_rising_temperatures(
    opened: Open, fakes: FakeModels
) -> None:
    def answer(number: int, prompt: str, temperature: float) -> Said:
        return Said() if number == 1 or temperature >= 0.4 else Said((" Mumble",), log_prob=-2)

    fakes.answer = answer
    answers = opened().recognise([request(1, "a"), request(2, "b")])
    assert texts(answers) == [["Good evening."], ["Good evening."]]
    calls = [(clips, given.get("sampling_temperature")) for clips, _, given in
             fakes.whisper.generated]  # fmt: skip
    assert calls == [([1, 2], None), ([2], 0.2), ([2], 0.4)]
    assert fakes.whisper.generated[1][2]["num_hypotheses"] == 5


def test_where_nothing_is_believed_the_likeliest_that_is_no_loop_is_taken(
    opened: Open, fakes: FakeModels
) -> None:
    tries = {0.0: LOOP, 0.2: Said((" worse",), -3), 0.4: Said((" bad",), -2)}
    fakes.answer = lambda number, prompt, temperature: tries.get(temperature, tries[0.2])
    assert texts(opened().recognise([request(1)])) == [["bad"]]


def test_a_loop_that_nothing_ends_is_flagged(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda *_: LOOP
    ((said,),) = opened().recognise([request(1)])
    assert said.flags >= {Flag.LOOPING}


def test_what_is_no_speech_has_no_words(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda *_: Said((" Thanks", " for", " watching"), -1.5, no_speech=0.9)
    ((said,),) = opened().recognise([request(1)])
    assert (said.text, said.words) == ("", ())
    assert len(fakes.whisper.generated) == 1


def test_doubt_whether_anybody_speaks_is_flagged(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda *_: Said(no_speech=0.9)
    ((said,),) = opened().recognise([request(1)])
    assert (said.text, said.flags) == ("Good evening.", {Flag.NO_SPEECH})


def test_a_text_that_is_cut_off_is_flagged(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda *_: Said(tuple(f" {number**9:x}" for number in range(900)))
    ((said,),) = opened().recognise([request(1, clip=clip(1, 1000))])
    assert said.flags == {Flag.TRUNCATED, Flag.DENSE}


# Words.


def words_of(*pieces: str | bytes, opened: Open, fakes: FakeModels, language: str) -> list[str]:
    fakes.answer = lambda *_: Said(pieces)
    ((said,),) = opened().recognise([request(1, spoken=language, targets=(language,))])
    assert "".join(said.text.split()) == "".join("".join(w.text for w in said.words).split())
    return [word.text for word in said.words]


@pytest.mark.parametrize(
    ("language", "pieces", "words"),
    [
        ("en", (" Twenty", "-", "five", " boats", ",", " perhaps", "."),
         ["Twenty-five", "boats,", "perhaps."]),
        ("en", (" He", " said", ",", ' "', "No", ".", '"', " Then"),
         ["He", "said,", '"No."', "Then"]),
        ("fr", (" «", " Quoi", " ?", " »", " dit", "-il", "."), ["« Quoi ? »", "dit-il."]),
        ("es", (" ¿", "Qué", "?"), ["¿Qué?"]),
        ("de", (" –", " Ja", ",", " wir", " -"), ["– Ja,", "wir -"]),
        ("ja", ("「", "日", "本", "」", "です", "。"), ["「日", "本」", "です。"]),
        ("zh", (b"\xe4\xb8", b"\xad", "文"), ["中", "文"]),
        ("th", ("ก", "ิ", "น"), ["กิ", "น"]),
    ],
)  # fmt: skip
def test_punctuation_belongs_to_its_word(
    language: str, pieces: tuple[str | bytes, ...], words: list[str], opened: Open,
    fakes: FakeModels,
) -> None:  # fmt: skip
    assert words_of(*pieces, opened=opened, fakes=fakes, language=language) == words


def test_words_have_times_and_confidence(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda *_: Said((" Good", " evening", "."))
    ((said,),) = opened().recognise([request(1, clip=clip(1, 3000, start_ms=12_000))])
    assert said.span == clip(1, 3000, start_ms=12_000).span
    assert [(word.text, word.start_ms, word.end_ms) for word in said.words] == [
        ("Good", 12_000, 12_200), ("evening.", 12_200, 12_600)
    ]  # fmt: skip
    assert [word.confidence for word in said.words] == [0.5, pytest.approx(0.55)]


def test_words_stay_inside_their_clip(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda *_: Said((" one", " two", " three"))
    ((said,),) = opened().recognise([request(1, clip=clip(1, 300))])
    assert [(word.start_ms, word.end_ms) for word in said.words] == [
        (0, 200), (200, 300), (300, 300)
    ]  # fmt: skip


def test_pauses_belong_to_no_word() -> None:
    said = np.zeros(16 * 3000, np.float32)
    said[16 * 300 : 16 * 800] = 0.3 * np.sin(np.arange(16 * 500))
    said[16 * 2000 : 16 * 2700] = 0.3 * np.sin(np.arange(16 * 700))
    assert without_pauses(said, [(0, 2100), (2100, 3000)]) == [(300, 800), (2100, 2700)]
    assert without_pauses(said[:5], [(0, 10)]) == [(0, 10)]
    assert without_pauses(np.zeros(16_000, np.float32), [(100, 900)]) == [(100, 900)]


# Speech that was passed over.


def loud_from(at_ms: int, duration_ms: int = 6000) -> AudioClip:
    """Clip 1; the model knows a part of it that begins where it is loud as clip 300."""
    samples = np.full(16 * duration_ms, 0.001, np.float32)
    samples[16 * at_ms : -16_000] = 0.3
    return AudioClip(samples=samples, start_samples=16_000)


def test_speech_that_was_passed_over_is_decoded_alone(opened: Open, fakes: FakeModels) -> None:
    fakes.answer = lambda number, *_: Said(
        (" And", " so", ".") if number == 300 else (" Well", ",")
    )
    ((said,),) = opened().recognise([request(1, clip=loud_from(300))])
    assert said.text == "Well, And so."
    assert [(word.text, word.start_ms) for word in said.words] == [
        ("Well,", 1300), ("And", 1400), ("so.", 1600)
    ]  # fmt: skip
    assert fakes.whisper.encoded == [[1], [300]]
    assert fakes.whisper.generated[1][1] == [
        "<startofprev> Well,<startoftranscript><en><transcribe><notimestamps>"
    ]


@pytest.mark.parametrize(
    ("more", "at_ms"),
    [
        (Said((" la",) * 60), 300),
        (Said((" Thanks", "."), -0.5, no_speech=0.9), 300),
        (Said((" And", " so", ".")), 4000),  # too short for speech
    ],
    ids=["a loop", "no speech", "quiet"],
)
def test_only_what_is_believed_is_added(
    more: Said, at_ms: int, opened: Open, fakes: FakeModels
) -> None:
    fakes.answer = lambda number, *_: more if number == 300 else Said((" Well", ","))
    ((said,),) = opened().recognise([request(1, clip=loud_from(at_ms))])
    assert said.text == "Well,"


def test_a_translation_is_left_as_it_is(opened: Open, fakes: FakeModels) -> None:
    opened().recognise([request(1, spoken="de", targets=("en",), clip=loud_from(300))])
    assert fakes.whisper.encoded == [[1]]


# Languages.


def test_languages_are_weighed_among_the_candidates(opened: Open, fakes: FakeModels) -> None:
    fakes.settings = {
        "languages": {
            1: [("<|de|>", 0.6), ("<|nl|>", 0.2), ("<|jw|>", 0.2)],
            2: [("<|de|>", 0.2), ("<|nl|>", 0.2), ("<|jw|>", 0.6)],
        }
    }
    session = opened()
    assert session.identify([clip(1), clip(2)], ["de", "nl"]) == pytest.approx(
        {"de": 2 / 3, "nl": 1 / 3}
    )
    assert session.identify([clip(2)], ["de", "jv"]) == pytest.approx({"de": 0.25, "jv": 0.75})
    assert session.identify([clip(1)], ["fr", "es"]) == {"fr": 0.5, "es": 0.5}
    assert session.identify([], ["fr", "es"]) == {"fr": 0.5, "es": 0.5}


def test_a_session_can_be_closed_twice(opened: Open) -> None:
    session = opened()
    session.close()
    session.close()


def test_the_stand_in_spells_prompts() -> None:
    tokenizer = FakeTokenizer()
    prompt = [tokenizer.token_to_id("<|startofprev|>"), *tokenizer.tokens(" Hello", ".")]
    assert tokenizer.spelled(prompt) == "<startofprev> Hello."


# With real weights: CANARY_SUBS_TEST_WHISPER names a folder of a multilingual model.


@pytest.fixture(scope="module")
def weights() -> str:
    folder = os.environ.get("CANARY_SUBS_TEST_WHISPER", "")
    if not folder:
        pytest.skip("CANARY_SUBS_TEST_WHISPER names no folder with a Whisper model")
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    return folder


def test_real_weights_keep_the_rules(weights: str) -> None:
    check_engine(WHISPER, model=weights, speech=babble(2000, start_ms=12_345))


def test_the_languages_stand_in_the_order_of_their_tokens(weights: str) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(weights) / "tokenizer.json"))
    first = tokenizer.token_to_id("<|en|>")
    for at, language in enumerate(LANGUAGES[:99]):
        code = {"jv": "jw"}.get(language, language)
        assert tokenizer.token_to_id(f"<|{code}|>") == first + at


def test_real_weights_write_what_is_said_in_both_languages(weights: str) -> None:
    speech = os.environ.get("CANARY_SUBS_TEST_SPEECH", "")
    if not speech:
        pytest.skip("CANARY_SUBS_TEST_SPEECH names no German recording of a second or more")
    from faster_whisper.audio import decode_audio

    context = Context(model=weights, device="cpu")
    session = make(WHISPER, context=context).open(context)
    sound = AudioClip(samples=decode_audio(speech)[: 30 * 16_000], start_samples=0)
    assert session.identify([sound], ["de", "en", "fr"])["de"] > 0.9
    ((german, english),) = session.recognise(
        [Request(clip=sound, spoken="de", targets=("de", "en"), video=Path(speech))]
    )
    assert {"und", "die", "der", "das"} & set(german.text.lower().split())
    assert {"and", "the", "of"} & set(english.text.lower().split())
    assert all(word.confidence for word in german.words)
