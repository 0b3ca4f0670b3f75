"""The encoder: from samples to the hidden states that the decoder attends to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from canary_subs.canary import precision


class Encoder:
    """Features and encoder of a NeMo model, in a precision and on a device."""

    def __init__(self, model: Any, precision_name: str, device: torch.device) -> None:
        # Features are always computed in fp32: the filter bank is useless in 16 bits.
        self._features = model.preprocessor.float().to(device)
        self._device = device
        parts = nn.ModuleDict({"encoder": model.encoder})
        for name in ("encoder_decoder_proj", "transf_encoder"):
            if isinstance(getattr(model, name, None), nn.Module):
                parts[name] = getattr(model, name)
        moved: Any = precision.apply(parts, precision_name, device)
        self._parts: nn.ModuleDict = moved
        self._dtype = precision.compute_dtype(precision_name, device)

    def state_dict(self) -> dict[str, Any]:
        """The encoder's weights by name."""
        return dict(self._parts.state_dict())

    def parameters(self) -> Iterator[nn.Parameter]:
        """The encoder's weights."""
        return self._parts.parameters()

    @torch.inference_mode()
    def encode(self, clips: Sequence[NDArray[np.float32]]) -> tuple[Tensor, list[int]]:
        """Hidden states (B, T, C) of mono audio at 16 kHz, and how many frames of each are audio.

        B is the number of clips, T the frames of the longest, C the hidden size.
        """
        lengths = [len(samples) for samples in clips]
        batch = torch.zeros(len(clips), max(lengths))  # (B, samples)
        for row, samples in enumerate(clips):
            # A single NaN would spread to the whole batch.
            clean = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
            batch[row, : len(samples)] = torch.from_numpy(clean)
        features, sizes = self._features(
            input_signal=batch.to(self._device), length=torch.tensor(lengths, device=self._device)
        )  # (B, mel bands, feature frames), (B,)
        encoded, frames = self._parts["encoder"](
            audio_signal=features.to(self._dtype), length=sizes
        )  # (B, C, T), (B,)
        states = encoded.transpose(1, 2)  # (B, T, C)
        if "encoder_decoder_proj" in self._parts:
            states = self._parts["encoder_decoder_proj"](states)  # (B, T, C), C of the decoder
        if "transf_encoder" in self._parts:
            mask = torch.arange(states.shape[1], device=self._device) < frames[:, None]  # (B, T)
            states = self._parts["transf_encoder"](
                encoder_states=states, encoder_mask=mask.to(states.dtype)
            )  # (B, T, C)
        return states, [int(n) for n in frames]
