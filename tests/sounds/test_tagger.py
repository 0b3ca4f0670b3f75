"""From audio to sound events, and models that cannot be used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import huggingface_hub.constants
import numpy as np
import pytest
import torch

from canary_subs import _hub as hub
from canary_subs.cues.sdh import KINDS
from canary_subs.demo import TAGGER_PATH
from canary_subs.errors import ConfigError, ModelError, Temporary, UnknownName
from canary_subs.model import SAMPLE_RATE_HZ, AudioClip, Choice, Context, Sound
from canary_subs.plugin.manager import load
from canary_subs.sounds import audioset, tagger
from canary_subs.sounds.tagger import AudioSetOptions, AudioSetTagger

DEMO = Context(model="demo")

# Of the large models' 128 bands the lowest are narrower than a frequency bin.
pytestmark = pytest.mark.filterwarnings("ignore:At least one mel filter")


def clip(start_ms: int, *parts: tuple[float, int]) -> AudioClip:
    """Parts of (loudness, ms), one after the other, as square waves."""
    samples = [np.resize([x, -x], ms * SAMPLE_RATE_HZ // 1000) for x, ms in parts]
    return AudioClip(
        samples=np.concatenate(samples).astype(np.float32),
        start_samples=start_ms * SAMPLE_RATE_HZ // 1000,
    )


class FakeNetwork:
    """Finds a dog in windows louder than 0.5, and rain above 0.01."""

    def __init__(self) -> None:
        self.windows: list[tuple[int, int]] = []

    def classify(
        self, windows: Iterable[AudioClip]
    ) -> Iterator[tuple[AudioClip, dict[str, float]]]:
        for window in windows:
            self.windows.append((window.start_samples // 16, window.end_samples // 16))
            loudest = float(np.abs(window.samples).max())
            yield window, {"dog": 0.9 * (loudest > 0.5), "rain": 0.7 * (loudest > 0.01)}


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> FakeNetwork:
    made = FakeNetwork()
    monkeypatch.setattr(tagger, "_network", lambda name, device: made)
    return made


def tagged(*clips: AudioClip, **options: Any) -> set[tuple[str, int, int]]:
    made = AudioSetTagger(AudioSetOptions(**options), DEMO)
    return {(s.kind, s.start_ms, s.end_ms) for s in made.tag(iter(clips))}


def test_clips_are_classified_in_windows(network: FakeNetwork) -> None:
    clips = [clip(1000 * n, (0.1, 1000)) for n in range(16)]
    assert tagged(*clips) == {("rain", 0, 16_000)}
    assert network.windows == [(0, 5000), (5000, 10_000), (10_000, 15_000), (15_000, 16_000)]


def test_what_is_found_in_consecutive_windows_is_one_sound(network: FakeNetwork) -> None:
    dog = clip(0, (0.1, 5000), (0.1, 4000), (0.8, 4000), (0.1, 7000))
    assert tagged(dog) == {("rain", 0, 20_000), ("dog", 9000, 13_000)}


def test_clips_apart_are_classified_apart(network: FakeNetwork) -> None:
    found = tagged(clip(0, (0.1, 2000)), clip(2000, (0.1, 1500)), clip(9000, (0.1, 3000)))
    assert found == {("rain", 0, 3500), ("rain", 9000, 12_000)}
    assert network.windows == [(0, 3500), (9000, 12_000)]


def test_a_sound_begins_where_it_rises_from_what_is_around_it(network: FakeNetwork) -> None:
    assert tagged(clip(0, (0.0, 2000), (0.1, 1000), (0.0, 1000))) == {("rain", 2000, 3000)}
    noisy = clip(0, (0.02, 2000), (0.1, 1000), (0.02, 1000))
    assert tagged(noisy) == {("rain", 2000, 3000)}


def test_less_than_a_second_alone_is_not_classified(network: FakeNetwork) -> None:
    assert tagged(clip(0, (0.1, 900)), clip(2000, (0.1, 1100))) == {("rain", 2000, 3100)}
    assert network.windows == [(2000, 3100)]


def test_silence_and_uncertain_sounds_are_nothing(network: FakeNetwork) -> None:
    assert tagged(clip(0, (0.0, 4000))) == set()
    assert tagged(clip(0, (0.0005, 4000))) == set()
    assert tagged(clip(0, (0.1, 4000)), certainty=0.8) == set()


def test_broken_samples_break_nothing(network: FakeNetwork) -> None:
    broken = clip(0, (0.1, 3000))
    broken.samples[100:2000] = np.nan
    broken.samples[3000] = np.inf
    for sound in AudioSetTagger(AudioSetOptions(), DEMO).tag([broken]):
        assert 0 <= sound.start_ms < sound.end_ms <= 3000


def test_an_hour_of_sound_needs_little_memory(network: FakeNetwork) -> None:
    held = np.full(60 * SAMPLE_RATE_HZ, 0.1, np.float32)

    def day() -> Iterator[AudioClip]:
        for minute in range(60):
            yield AudioClip(samples=held, start_samples=minute * len(held))

    assert tagged(*day()) == {("rain", 0, 3_600_000)}
    assert max(end - start for start, end in network.windows) <= 6000


def test_every_kind_has_a_label() -> None:
    assert set(audioset.kinds().values()) == KINDS


def test_certainty_is_a_probability() -> None:
    for wrong in (0.0, 1.5):
        with pytest.raises((ConfigError, ValueError), match="certainty"):
            AudioSetOptions(certainty=wrong)
    with pytest.raises(ConfigError, match="certainty"):
        load().use("tagger", Choice(name="audioset", options={"certainty": 2.0}))


# Models.


def tagged_by(model: Path | str, *clips: AudioClip) -> list[Sound]:
    made = AudioSetTagger(AudioSetOptions(certainty=0.001), Context(model=str(model), device="cpu"))
    return list(made.tag(iter(clips)))


def own_model(folder: Path, labels: list[str]) -> Path:
    """A network of the size of AudioSet's input, and nothing learned."""
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    torch.manual_seed(3)
    config = ASTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        id2label=dict(enumerate(labels)),
        label2id={name: number for number, name in enumerate(labels)},
    )
    ASTForAudioClassification(config).save_pretrained(folder)
    ASTFeatureExtractor().save_pretrained(folder)
    return folder


SOME = clip(0, (0.1, 7000))


def test_a_model_in_audiosets_own_shape_is_used_as_it_is(tmp_path: Path) -> None:
    model = own_model(tmp_path / "large", ["Speech", "Dog", "Bark", "Field recording"])
    (sound,) = tagged_by(model, SOME)
    assert (sound.kind, sound.start_ms, sound.end_ms) == ("dog", 0, 7000)
    # Dog and Bark are one kind, as probable as the more probable one of them.
    from transformers import ASTFeatureExtractor, ASTForAudioClassification

    features = ASTFeatureExtractor.from_pretrained(model)(
        [SOME.samples[: 5 * SAMPLE_RATE_HZ], SOME.samples[5 * SAMPLE_RATE_HZ :]],
        sampling_rate=SAMPLE_RATE_HZ,
        return_tensors="pt",
    ).input_values
    with torch.inference_mode():
        probabilities = (
            ASTForAudioClassification.from_pretrained(model).eval()(features).logits.sigmoid()
        )
    assert sound.confidence == pytest.approx(float(probabilities[:, 1:3].max()), abs=1e-6)


def test_a_model_of_other_classes_names_nothing(tmp_path: Path) -> None:
    model = own_model(tmp_path / "other", ["yes", "no"])
    with pytest.raises(ModelError, match="none of AudioSet's classes"):
        tagged_by(model, SOME)


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["gone", "empty", "torn"])
def test_a_damaged_model_is_named(tmp_path: Path, file: str, damage: str) -> None:
    folder = own_model(tmp_path / damage / file, ["Dog"])
    if damage == "gone":
        (folder / file).unlink()
    else:
        data = (folder / file).read_bytes()
        (folder / file).write_bytes(data[: len(data) // 2] if damage == "torn" else b"")
    with pytest.raises(ModelError) as caught:
        tagged_by(folder, SOME)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


def test_weights_that_could_run_code_are_not_read(tmp_path: Path) -> None:
    folder = own_model(tmp_path / "pickled", ["Dog"])
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        tagged_by(folder, SOME)
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModelForAudioClassification": "evil.Model"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text("raise SystemExit('run')")
    (folder / "pytorch_model.bin").rename(folder / "model.safetensors")
    assert tagged_by(folder, SOME), "code beside a model is never run"


def test_names_are_checked_without_a_request() -> None:
    with pytest.raises(UnknownName, match="no sound model is named 'dmo'"):
        AudioSetTagger(AudioSetOptions(), Context(model="dmo"))
    with pytest.raises(ModelError, match="no such folder"):
        AudioSetTagger(AudioSetOptions(), Context(model="./nowhere/model"))
    with pytest.raises(UnknownName):
        AudioSetTagger(AudioSetOptions(), Context(model="x" * 5000))


def test_a_model_of_the_hub_is_fetched_file_by_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = own_model(tmp_path / "model", ["Dog"])
    asked: list[str] = []

    def download(name: str, file: str, *, local_files_only: bool = False) -> str:
        if local_files_only:
            raise OSError("not here")
        asked.append(f"{name}/{file}")
        return str(model / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    assert tagged_by("somebody/sounds", SOME)
    assert asked == [f"somebody/sounds/{file}" for file in tagger._FILES]


def test_a_hub_out_of_reach_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "_out_of_reach", {})

    def away(*args: object, local_files_only: bool = False) -> str:
        raise ConnectionError("refused")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", away)
    with pytest.raises(ModelError, match="give its path as sound_model") as caught:
        tagged_by("somebody/other-sounds", SOME)
    assert isinstance(caught.value, Temporary) and "\n" not in str(caught.value)


# The demonstration tagger.


def test_its_files_do_not_name_the_machine_they_were_made_on() -> None:
    for file in tagger._FILES:
        data = (TAGGER_PATH / file).read_bytes()
        assert b"/root" not in data and b"/home" not in data and b"/work" not in data


def test_it_can_be_copied_and_used_from_a_folder(tmp_path: Path) -> None:
    shutil.copytree(TAGGER_PATH, tmp_path / "tagger")
    assert not tagged_by(tmp_path / "tagger", clip(0, (0.0, 3000)))
