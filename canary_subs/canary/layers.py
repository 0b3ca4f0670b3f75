"""One block of Canary's text decoder, with NeMo's weights and fewer matrix products.

Dimensions are named in `decode_state`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention and feed-forward of one NeMo block.

    Query, key and value are projected in one product instead of three. How attention reads and
    writes its caches is left to the caller.
    """

    def __init__(self, block: Any) -> None:
        super().__init__()
        self_, cross, dense = block.first_sub_layer, block.second_sub_layer, block.third_sub_layer
        self.pre_norm = bool(block.pre_ln)
        self.norms = nn.ModuleList([block.layer_norm_1, block.layer_norm_2, block.layer_norm_3])
        self.self_qkv = _fused(self_.query_net, self_.key_net, self_.value_net)
        self.self_out = self_.out_projection
        self.cross_q = cross.query_net
        self.cross_kv = _fused(cross.key_net, cross.value_net)
        self.cross_out = cross.out_projection
        self.dense_in, self.dense_out = dense.dense_in, dense.dense_out
        self.activation: Callable[[Tensor], Tensor] = dense.act_fn

    def forward(
        self,
        x: Tensor,
        self_attention: Callable[[Tensor], Tensor],
        cross_attention: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """(R, Q, C) -> (R, Q, C).

        ``self_attention`` maps queries, keys and values (R, Q, 3 C) to (R, Q, C), and
        ``cross_attention`` maps queries (R, Q, C) to (R, Q, C).
        """
        norm_1, norm_2, norm_3 = self.norms
        if self.pre_norm:
            x = x + self.self_out(self_attention(self.self_qkv(norm_1(x))))
            x = x + self.cross_out(cross_attention(self.cross_q(norm_2(x))))
            added: Tensor = x + self._feed_forward(norm_3(x))
            return added
        x = norm_1(x + self.self_out(self_attention(self.self_qkv(x))))
        x = norm_2(x + self.cross_out(cross_attention(self.cross_q(x))))
        normed: Tensor = norm_3(x + self._feed_forward(x))
        return normed

    def _feed_forward(self, x: Tensor) -> Tensor:
        """(R, Q, C) -> (R, Q, C)."""
        y: Tensor = self.dense_out(self.activation(self.dense_in(x)))
        return y


def _fused(*parts: nn.Linear) -> nn.Linear:
    """One projection that gives what several of the same input give, side by side.

    The parts become views of it, so that the weights are held once.
    """
    first = parts[0]
    size = sum(part.out_features for part in parts)
    fused = nn.Linear(first.in_features, size, device="meta")
    fused.weight = nn.Parameter(torch.cat([part.weight.detach() for part in parts]), False)
    fused.bias = nn.Parameter(torch.cat([part.bias.detach() for part in parts]), False)
    start = 0
    for part in parts:
        end = start + part.out_features
        part.weight = nn.Parameter(fused.weight.detach()[start:end], False)
        part.bias = nn.Parameter(fused.bias.detach()[start:end], False)
        start = end
    return fused
