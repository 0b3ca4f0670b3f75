"""Numeric formats: which one fits a device, and how a model gets into it.

bf16 halves the weights of fp32; int8 and int4 keep matrices in 8 or 4 bits with a scale for each
row or group of 64, and multiply in the wider format. fp16 is not offered: Canary overflows in it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from canary_subs._device import free_bytes
from canary_subs.canary.models import BYTES_PER_PARAMETER, CanaryCard
from canary_subs.errors import DeviceTooSmall, UnknownName

#: Weights of one scale in int4.
_GROUP = 64

#: Rows that packed weights are laid out for; they serve one row and a thousand as well.
_PACKED_ROWS = 64

#: What torch's own compiler uses; not every build has it.
_CAN_PACK: bool = torch.backends.mkldnn.is_available() and all(  # type: ignore[no-untyped-call]
    hasattr(torch.ops.mkldnn, name) for name in ("_reorder_linear_weight", "_linear_pointwise")
)


def choose(precision: str, card: CanaryCard, device: torch.device) -> str:
    """The format to use: the one asked for, or with "auto" the best that fits.

    Raises `UnknownName` for an unknown format, and `DeviceTooSmall` if the one asked for, or with
    "auto" any, does not fit in free memory.
    """
    if precision not in ("auto", *BYTES_PER_PARAMETER):
        raise UnknownName(
            f"no precision is called {precision!r}; use auto, {', '.join(BYTES_PER_PARAMETER)}"
        )
    best_first = ["bf16", "int8", "int4"] if device.type == "cuda" else ["fp32", "int8", "int4"]
    wanted = best_first if precision == "auto" else [precision]
    free = free_bytes(device)
    for name in wanted:
        if card.memory_bytes(name) <= free:
            return name
    needed = card.memory_bytes(wanted[-1]) / 1e9
    smaller = "a smaller model (nvidia/canary-180m-flash)"
    if precision != "auto" and precision != "int4":
        smaller = "--precision auto, or " + smaller
    raise DeviceTooSmall(
        f"{card.name} needs {needed:.1f} GB in {wanted[-1]}, and {device} has {free / 1e9:.1f} GB "
        f"free; close what else uses it, or use {smaller}"
    )


def compute_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The type of activations of a model in a format."""
    wide = precision == "fp32" or (device.type == "cpu" and precision != "bf16")
    return torch.float32 if wide else torch.bfloat16


def apply(module: nn.Module, precision: str, device: torch.device) -> nn.Module:
    """Put a module into a format and onto a device; returns the module to use instead."""
    if precision == "fp32":
        module = module.to(device)
        if device.type == "cpu" and _CAN_PACK:
            for parent, name, linear in list(_linears(module)):
                setattr(parent, name, _Packed(linear))
        return module
    if precision == "bf16":
        return module.to(torch.bfloat16).to(device)
    if precision == "int8" and device.type == "cpu":
        quantize_dynamic: Any = torch.ao.quantization.quantize_dynamic
        with warnings.catch_warnings():  # torch.ao is deprecated; users cannot do anything about it
            warnings.simplefilter("ignore")
            quantised: nn.Module = quantize_dynamic(
                module, {nn.Linear}, dtype=torch.qint8, inplace=True
            )
        return quantised
    wide = compute_dtype(precision, device)
    for parent, name, linear in list(_linears(module)):
        if linear.in_features % _GROUP == 0:
            setattr(parent, name, _Narrow(linear, bits=8 if precision == "int8" else 4, wide=wide))
    return module.to(wide).to(device)


def _linears(module: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    for parent in module.modules():
        for name, child in parent.named_children():
            if type(child) is nn.Linear:
                yield parent, name, child


class _Packed(nn.Module):
    """A linear layer for CPUs whose weights are kept in the layout in which oneDNN multiplies.

    PyTorch's own linear layer converts them for every product, which costs more than the product
    itself when a few rows meet a large matrix, as in each step of a decoder. It is what makes
    decoding of one language faster than transformers: with these layers in both, they are even
    (0.91). Products of 750 rows reach 105 GFLOP/s on one thread and 210 on two, instead of 90
    and 160.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach()
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, _PACKED_ROWS)  # opaque layout
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) -> (..., outputs)."""
        y: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
        return y


class _Narrow(nn.Module):
    """A linear layer whose weights are integers with a scale, widened for every product."""

    scale: Tensor
    packed: Tensor

    def __init__(self, linear: nn.Linear, *, bits: int, wide: torch.dtype) -> None:
        super().__init__()
        self.bits, self.wide = bits, wide
        self.in_features, self.out_features = linear.in_features, linear.out_features
        weight = linear.weight.detach().float()  # (outputs, inputs)
        # (outputs, groups, inputs of a group): one group a row in int8.
        groups = weight.view(self.out_features, -1, self.in_features if bits == 8 else _GROUP)
        largest = 2 ** (bits - 1) - 1
        scale = (
            groups.abs().amax(-1, keepdim=True).clamp(min=1e-12) / largest
        )  # (outputs, groups, 1)
        integers = (groups / scale).round().clamp(-largest - 1, largest).to(torch.int8)
        self.register_buffer("scale", scale.to(wide))
        if bits == 4:
            # Two weights to a byte: (outputs, inputs / 2).
            pairs = (integers + 8).to(torch.uint8).view(self.out_features, -1, 2)
            packed = pairs[..., 0] | (pairs[..., 1] << 4)
        else:
            packed = integers.view(self.out_features, self.in_features)
        self.register_buffer("packed", packed)
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) -> (..., outputs)."""
        return F.linear(x, self._weight(), self.bias)

    def _weight(self) -> Tensor:
        """(outputs, inputs) in the wide format."""
        packed = self.packed
        if self.bits == 4:
            packed = torch.stack([packed & 15, packed >> 4], -1).to(self.wide) - 8
        groups = packed.to(self.wide).view(self.out_features, self.scale.shape[1], -1)
        weight: Tensor = (groups * self.scale).view(self.out_features, self.in_features)
        return weight
