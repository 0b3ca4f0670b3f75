"""Silero VAD: the probability of speech in every 32 ms.

Runs the network of the silero-vad package, in its form for many frames at once, with onnxruntime
alone: importing the package would import torch and set its number of threads to one.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from canary_subs.errors import PluginUnusable

_CONTEXT_SAMPLES = 64
_STATE_SHAPE = (1, 1, 128)


class Silero:
    """The `regions.Detector` of one recording, fed in order."""

    frame_samples = 512

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # The network is a chain of small steps: more threads would only wait for each other.
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(_network()), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._hidden = np.zeros(_STATE_SHAPE, np.float32)
        self._cell = np.zeros(_STATE_SHAPE, np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def probabilities(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next ``frames`` (n, 512) -> probability of speech (n,) in 0..1."""
        contexts = np.vstack([self._context, frames[:-1, -_CONTEXT_SAMPLES:]])
        self._context = frames[-1, -_CONTEXT_SAMPLES:].copy()
        found, self._hidden, self._cell = self._session.run(
            ["speech_probs", "hn", "cn"],
            {"input": np.hstack([contexts, frames]), "h": self._hidden, "c": self._cell},
        )
        return np.asarray(found, np.float32).reshape(-1)


def _network() -> Path:
    package = importlib.util.find_spec("silero_vad")
    if package is None or package.origin is None:
        raise PluginUnusable("the package silero-vad is not installed: pip install silero-vad")
    network = Path(package.origin).parent / "data" / "silero_vad_16k_sequence.onnx"
    if not network.is_file():
        raise PluginUnusable(
            "this silero-vad is too old, its sequence network is missing:"
            " pip install 'silero-vad>=6.2'"
        )
    return network
