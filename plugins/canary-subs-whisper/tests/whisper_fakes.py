"""Stand-ins for CTranslate2 and faster-whisper, so that no weights are needed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from canary_subs_whisper.models import CODES, LANGUAGES

from canary_subs import AudioClip

#: The first id that is no text.
END = 50_000
SPECIAL = [
    "endoftext", "startoftranscript", *(CODES.get(one, one) for one in LANGUAGES), "translate",
    "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps",
]  # fmt: skip


class FakeTokenizer:
    """Words with the space before them are tokens, and so are bytes of other characters."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def token_to_id(self, token: str) -> int:
        return END + SPECIAL.index(token[2:-2])

    def encode(self, text: str, add_special_tokens: bool = True) -> Any:
        assert not add_special_tokens
        return SimpleNamespace(ids=self.tokens(*re.findall(r" ?\w+| ?[^\w\s]", text)))

    def tokens(self, *pieces: str | bytes) -> list[int]:
        """The ids of these pieces."""
        found = [one if isinstance(one, bytes) else one.encode() for one in pieces]
        self.pieces += [one for one in found if one not in self.pieces]
        return [self.pieces.index(one) for one in found]

    def decode(self, tokens: Sequence[int]) -> str:
        return b"".join(self.pieces[token] for token in tokens).decode(errors="replace")

    def spelled(self, prompt: Sequence[int]) -> str:
        """A prompt as people read it: "<startofprev> Hello. <startoftranscript><en>"."""
        return "".join(
            f"<{SPECIAL[token - END]}>" if token >= END else self.decode([token])
            for token in prompt
        )


class FakeStorage:
    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)

    from_array = classmethod(lambda cls, array: cls(array))

    def to(self, dtype: object) -> FakeStorage:
        return self

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.array, dtype)


@dataclass(frozen=True)
class Said:
    """What the model answers to a prompt."""

    pieces: tuple[str | bytes, ...] = (" Good", " evening", ".")
    log_prob: float = -0.1
    no_speech: float = 0.01


@dataclass
class FakeWhisper:
    """`ctranslate2.models.Whisper`: answers by the clip, the prompt and the temperature."""

    tokenizer: FakeTokenizer
    answer: Callable[[int, str, float], Said]
    compute_type: str = "int8_float32"
    device: str = "cpu"
    is_multilingual: bool = True
    n_mels: int = 80
    #: The clips of each call, and what was asked of them.
    encoded: list[list[int]] = field(default_factory=list)
    generated: list[tuple[list[int], list[str], dict[str, Any]]] = field(default_factory=list)
    aligned: list[tuple[list[int], str]] = field(default_factory=list)
    #: For each clip, what it says of languages.
    languages: dict[int, list[tuple[str, float]]] = field(default_factory=dict)

    def encode(self, features: FakeStorage, to_cpu: bool = False) -> FakeStorage:
        assert to_cpu
        assert features.array.shape[1:] == (80, 3000)
        self.encoded.append(_clips(features.array))
        return FakeStorage(np.repeat(features.array[:, :1, :1], 4, axis=1))

    def generate(self, features: FakeStorage, prompts: list[list[int]], **given: Any) -> list[Any]:
        starts = {prompt.index(END + 1) for prompt in prompts}
        assert len(starts) == 1, "the start stands at another place in each prompt"
        clips = _clips(features.array)
        spelled = [self.tokenizer.spelled(prompt) for prompt in prompts]
        self.generated.append((clips, spelled, given))
        results = []
        for clip, prompt, tokens in zip(clips, spelled, prompts, strict=True):
            said = self.answer(clip, prompt, given.get("sampling_temperature", 0.0))
            ids = self.tokenizer.tokens(*said.pieces)[: given["max_length"] - len(tokens)]
            score = said.log_prob * (len(ids) + 1) / max(1, len(ids))
            results.append(
                SimpleNamespace(sequences_ids=[ids], scores=[score], no_speech_prob=said.no_speech)
            )
        return results

    def align(
        self, features: FakeStorage, start: list[int], texts: list[list[int]], frames: list[int]
    ) -> list[Any]:
        assert all(len(text) for text in texts)
        assert len(texts) == len(frames) == len(features.array)
        self.aligned.append((_clips(features.array), self.tokenizer.spelled(start)))
        return [
            SimpleNamespace(
                # A token every 200 ms, each said in two frames.
                alignments=[
                    (at, frame) for at in range(len(text) + 1) for frame in (10 * at, 10 * at + 1)
                ],
                text_token_probs=[0.5 + 0.1 * (at % 2) for at in range(len(text))],
            )
            for text in texts
        ]

    def detect_language(self, features: FakeStorage) -> list[list[tuple[str, float]]]:
        return [self.languages[clip] for clip in _clips(features.array)]


def _clips(array: Any) -> list[int]:
    return [round(float(value)) for value in array[:, 0, 0]]


def clip(number: int, duration_ms: int = 3000, start_ms: int = 0) -> AudioClip:
    """A clip that the model knows by its number."""
    samples = np.full(16 * duration_ms, number / 1000, np.float32)
    return AudioClip(samples=samples, start_samples=16 * start_ms)


class FakeModels:
    """Stands in for both packages; holds what the models that are loaded answer."""

    def __init__(self) -> None:
        self.answer: Callable[[int, str, float], Said] = lambda number, prompt, temperature: Said()
        self.settings: dict[str, Any] = {}
        self.loaded: list[tuple[Any, ...]] = []
        self.whispers: list[FakeWhisper] = []
        self.error: Exception | None = None
        self.downloads: list[tuple[str, bool]] = []
        self.on_hub: Callable[[str, bool], str] = _unreachable

    @property
    def whisper(self) -> FakeWhisper:
        """The model that was loaded last."""
        return self.whispers[-1]

    def load(
        self, folder: str, device: str, index: int, compute: str, cpu_threads: int
    ) -> SimpleNamespace:
        if self.error is not None:
            raise self.error
        self.loaded.append((folder, device, index, compute, cpu_threads))
        tokenizer = FakeTokenizer()
        made = FakeWhisper(tokenizer, self._answer, **self.settings)
        self.whispers.append(made)

        def features(samples: Any) -> Any:
            return np.full((80, len(samples) // 160 + 1), 1000 * samples[0], np.float32)

        return SimpleNamespace(model=made, hf_tokenizer=tokenizer, feature_extractor=features)

    def _answer(self, number: int, prompt: str, temperature: float) -> Said:
        return self.answer(number, prompt, temperature)

    def download(self, name: str, local_files_only: bool = False) -> str:
        self.downloads.append((name, local_files_only))
        return self.on_hub(name, local_files_only)


def _unreachable(name: str, local: bool) -> str:
    raise OSError("Name or service not known")


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> FakeModels:
    fakes = FakeModels()
    ctranslate2 = ModuleType("ctranslate2")
    ctranslate2.StorageView = FakeStorage  # type: ignore[attr-defined]
    ctranslate2.DataType = SimpleNamespace(float32="float32")  # type: ignore[attr-defined]
    ctranslate2.get_cuda_device_count = lambda: 0  # type: ignore[attr-defined]
    faster_whisper = ModuleType("faster_whisper")
    faster_whisper.WhisperModel = fakes.load  # type: ignore[attr-defined]
    utils = ModuleType("faster_whisper.utils")
    utils.download_model = fakes.download  # type: ignore[attr-defined]
    for module in (ctranslate2, faster_whisper, utils):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return fakes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a multilingual model."""
    made = tmp_path / "some-whisper"
    made.mkdir()
    (made / "config.json").write_text('{"lang_ids": [' + ",".join(map(str, range(99))) + "]}")
    (made / "tokenizer.json").write_text("{}")
    (made / "model.bin").write_bytes(b"weights" * 100)
    return made
