"""Decoding steps recorded as CUDA graphs.

A step of a small batch is many short kernels, and launching each from Python takes longer
than running it. A recorded step is launched at once. A graph serves one state only, as it holds
the addresses of its tensors, so states are kept and used again for batches of the same size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from canary_subs.canary.decode_state import DecodeState, StateSize

if TYPE_CHECKING:
    from canary_subs.canary.decode import Decoder


class CudaGraphs:
    """States of the sizes met so far, each with one recorded step."""

    def __init__(self) -> None:
        self._states: dict[StateSize, DecodeState] = {}
        self._recorded: dict[StateSize, torch.cuda.CUDAGraph | None] = {}

    def state(self, decoder: Decoder, size: StateSize) -> DecodeState:
        """The state of a size, with whatever the last batch left in it."""
        if size not in self._states:
            self._states[size] = DecodeState(decoder, size)
        return self._states[size]

    def step(self, decoder: Decoder, state: DecodeState) -> None:
        """Run one step on a state from `state`: as it is the first time, then recorded."""
        size = state.size
        if size not in self._recorded:
            # Libraries allocate their work space in the first run, which no graph may record.
            self._recorded[size] = None
            decoder.step(state, size.length, same_length=False)
            return
        graph = self._recorded[size]
        if graph is None:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                decoder.step(state, size.length, same_length=False)
            self._recorded[size] = graph
        graph.replay()
