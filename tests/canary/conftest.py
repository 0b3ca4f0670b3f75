"""Tiny Canaries with random weights, and NeMo's own search over them, as an oracle."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canary_subs.canary.engine import CanaryEngine
from canary_subs.model import AudioClip, Context
from canary_subs.plugin.hookspecs import NoOptions
from tests.benchmarks.random_models import SHAPES, build

TINY = SHAPES["tiny"]
VARIANTS = {
    "canary": replace(TINY, prompt="canary"),
    "canary2": TINY,
    "one tokenizer": replace(TINY, aggregate=False, vocabulary=700),
    "norm after": replace(TINY, pre_norm=False),
}


@cache
def tiny(variant: str, ending: float = 1.5) -> Any:
    """A tiny random model whose texts vary; the more ``ending``, the sooner they end."""
    model = build(VARIANTS[variant], seed=3)
    for layer in model.transf_decoder.decoder.layers:
        for weight in layer.parameters():
            weight.data.mul_(2.5)
    head = model.log_softmax.mlp.layer0
    head.weight.data.mul_(2.0)
    head.bias.data[model.tokenizer.eos] += ending
    return model


@pytest.fixture(params=list(VARIANTS))
def variant(request: pytest.FixtureRequest) -> Any:
    return tiny(request.param)


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model as a `.nemo` file."""
    from tests.benchmarks.random_models import save

    path = tmp_path_factory.mktemp("models") / "tiny.nemo"
    save("tiny", path)
    return path


def nemo_greedy(
    model: Any, encoded: Any, lengths: list[int], delta: int = 50
) -> Callable[..., Any]:
    """NeMo's greedy search over one batch with one prompt: ids after the prompt, end included."""
    import torch
    from nemo.collections.asr.modules.transformer.transformer_generators import (
        GreedySequenceGenerator,
    )

    search = GreedySequenceGenerator(
        embedding=model.transf_decoder.embedding,
        decoder=model.transf_decoder.decoder,
        classifier=model.log_softmax,
        pad=model.tokenizer.pad,
        bos=model.tokenizer.bos,
        eos=model.tokenizer.eos,
        max_sequence_length=model.transf_decoder.max_sequence_length,
        max_delta_length=delta,
    )
    mask = (torch.arange(encoded.shape[1]) < torch.tensor(lengths)[:, None]).float()

    def run(prompt: tuple[int, ...]) -> list[list[int]]:
        ids = torch.tensor([prompt] * len(lengths))
        found = search(
            decoder_input_ids=ids, encoder_hidden_states=encoded, encoder_input_mask=mask
        )[0]
        return found[:, len(prompt) :].tolist()

    return run


def until_end(ids: list[int], end: int) -> tuple[tuple[int, ...], bool]:
    """The tokens before the end token, and whether there was none."""
    return (tuple(ids[: ids.index(end)]), False) if end in ids else (tuple(ids), True)


@pytest.fixture(scope="session")
def v2_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model built as canary-1b-v2 is, with a CTC model packed in."""
    from tests.benchmarks.random_models import save

    path = tmp_path_factory.mktemp("models") / "v2.nemo"
    save("tiny-v2", path)
    return path


def engine(model: Path | str, **more: Any) -> CanaryEngine:
    """The engine for a model; ``more`` are fields of its context."""
    return CanaryEngine(NoOptions(), Context(model=str(model), **more))


def opened(model: Path | str, *, precision: str = "fp32") -> Any:
    """A session of a model on a CPU."""
    return engine(model).open(Context(model=str(model), device="cpu", precision=precision))


def clip(seconds: float, start: int = 0, seed: int = 0) -> AudioClip:
    """Noise of a length, beginning at a sample of the video."""
    draw = np.random.default_rng(seed)
    samples = draw.standard_normal(int(seconds * 16_000)).astype(np.float32) * 0.1
    return AudioClip(samples=samples, start_samples=start)
