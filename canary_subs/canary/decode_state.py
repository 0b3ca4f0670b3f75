"""What the decoder is asked for, what it returns, and the state of a batch in between.

Dimensions, as comments beside tensors name them:

    B  segments in the batch
    S  slots of a segment: the texts that are decoded from it
    R  rows, R = B * S: row b * S + s is slot s of segment b
    T  frames of encoded audio
    L  text positions in the state
    Q  positions fed in one forward pass: all of the prompt, then 1
    C  hidden size, C = H * D, in H attention heads of D each
    N  decoder layers
    V  vocabulary
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from canary_subs.canary.decode import Decoder

#: For each row the (segment, slot) that it decodes; None for a row that decodes nothing.
Owners = list[tuple[int, int] | None]


@dataclass(frozen=True, kw_only=True)
class DecodeRequest:
    """A text to decode from a segment: its prompt, and the most tokens that may follow it."""

    prompt: tuple[int, ...]
    max_tokens: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """A decoded text, without its end token."""

    tokens: tuple[int, ...]
    #: Natural log of the probability of each token, given those before it.
    log_probs: tuple[float, ...]
    #: Log probability of the end token after the text; None where the text was cut off.
    end_log_prob: float | None
    #: Probability of an empty text: that the segment holds no speech.
    no_speech: float
    #: float32 (tokens, T): the cross-attention of each token; None unless it was asked for.
    cross_attention: NDArray[np.float32] | None = None

    @property
    def truncated(self) -> bool:
        """Whether the length cap cut the text off."""
        return self.end_log_prob is None

    @property
    def mean_log_prob(self) -> float:
        """Mean log probability of the tokens, the end token included."""
        scores = [*self.log_probs, *([] if self.end_log_prob is None else [self.end_log_prob])]
        return sum(scores) / len(scores) if scores else 0.0


@dataclass(frozen=True, kw_only=True)
class StateSize:
    """How much a state holds, in the dimensions above."""

    segments: int  #: B
    slots: int  #: S
    frames: int  #: T
    length: int  #: L
    #: Whether the cross-attention of every token is kept.
    cross_attention: bool

    @property
    def rows(self) -> int:
        """R."""
        return self.segments * self.slots


class DecodeState:
    """A batch that is being decoded; shapes and addresses stay fixed while it lives.

    Fixed addresses are what lets a CUDA graph replay a step on it.
    """

    def __init__(self, decoder: Decoder, size: StateSize) -> None:
        self.size = size
        heads, width, layers = decoder.heads, decoder.head_size, len(decoder.layers)
        segments, rows, frames, length = size.segments, size.rows, size.frames, size.length

        def zeros(*shape: int, dtype: torch.dtype = torch.long) -> Tensor:
            return torch.zeros(*shape, device=decoder.device, dtype=dtype)

        # Keys and values of the audio, computed once and shared by the slots of a segment.
        self.cross_kv = zeros(
            layers, 2, segments, heads, frames, width, dtype=decoder.dtype
        )  # (N, 2, B, H, T, D)
        self.cross_mask = zeros(segments, 1, 1, frames, dtype=torch.bool)  # (B, 1, 1, T)
        # Keys and values of the text so far.
        self.self_kv = zeros(
            layers, 2, rows, heads, length, width, dtype=decoder.dtype
        )  # (N, 2, R, H, L, D)
        self.rows = torch.arange(rows, device=decoder.device)  # (R,)
        self.columns = torch.arange(length, device=decoder.device)  # (L,)
        #: The last token of each row, and the position in its text, prompt included.
        self.token = zeros(rows)  # (R,)
        self.position = zeros(rows)  # (R,)
        self.done = ~zeros(rows, dtype=torch.bool)  # (R,)
        self.max_tokens = zeros(rows)  # (R,)
        #: How many tokens have been generated; one number, as all rows begin together.
        self.step = zeros(1)  # (1,)
        self.tokens = zeros(rows, length)  # (R, L)
        self.log_probs = zeros(rows, length, dtype=torch.float32)  # (R, L)
        self.cross_attention = (
            zeros(rows, length, frames, dtype=decoder.dtype) if size.cross_attention else None
        )  # (R, L, T)

    def per_row(self) -> list[Tensor]:
        """Everything that belongs to a row but its keys and values, as (R, 1 or L, ...)."""
        single = [self.token, self.position, self.done, self.max_tokens]
        kept = [] if self.cross_attention is None else [self.cross_attention]
        return [*(tensor[:, None] for tensor in single), self.tokens, self.log_probs, *kept]

    def load_audio(self, layer: int, kv: Tensor, segments: int, frames: int) -> None:
        """Set one layer's keys and values of the audio from ``kv`` (2, B, H, T, D)."""
        self.cross_kv[layer, :, :segments, :, :frames] = kv

    def load_lengths(self, lengths: Sequence[int]) -> None:
        """Hide the padding behind the first ``lengths`` frames of each segment."""
        audible = torch.ones(self.size.segments, dtype=torch.long)  # (B,)
        audible[: len(lengths)] = torch.tensor([max(1, n) for n in lengths])
        mask = torch.arange(self.size.frames) < audible[:, None]  # (B, T)
        self.cross_mask.copy_(mask[:, None, None, :].to(self.cross_mask.device))

    def load_prompts(self, lengths: Sequence[int], max_tokens: Sequence[int]) -> None:
        """Begin texts after prompts of these lengths, one for each row."""
        caps = torch.tensor(max_tokens)  # (R,)
        self.position.copy_(torch.tensor(lengths) - 1)
        self.max_tokens.copy_(caps)
        self.done.copy_(caps <= 0)
        self.step.zero_()

    def copy_rows(self, other: DecodeState, rows: Sequence[int]) -> None:
        """Take over ``rows`` of another state, one for each row of this, in order.

        The rows of a segment here come from one segment there.
        """
        index = torch.tensor(rows, device=self.rows.device)  # (R,)
        segments = index[:: self.size.slots] // other.size.slots  # (B,)
        self.cross_kv.copy_(other.cross_kv[:, :, segments])
        self.cross_mask.copy_(other.cross_mask[segments])
        self.self_kv[:, :, :, :, : other.size.length] = other.self_kv[:, :, index]
        self.step.copy_(other.step)
        for mine, theirs in zip(self.per_row(), other.per_row(), strict=True):
            mine[:, : theirs.shape[1]] = theirs[index]

    def reorder(self, rows: Tensor) -> None:
        """Let each row go on with the text of another row of its segment; ``rows`` is (R,)."""
        for tensor in self.per_row():
            tensor.copy_(tensor[rows].clone())
        self.self_kv.copy_(self.self_kv[:, :, rows].clone())

    def read(
        self,
        rows: Sequence[int],
        max_tokens: Sequence[int],
        no_speech: Sequence[float],
        end: int,
    ) -> list[Decoded]:
        """Copy the texts of some rows to the host; ``end`` is the end token."""
        if not rows:
            return []
        index, reach = torch.tensor(rows, device=self.rows.device), int(self.step)
        tokens = self.tokens[index, :reach].cpu().numpy()
        log_probs = self.log_probs[index, :reach].cpu().numpy()
        attention = None
        if self.cross_attention is not None:
            attention = self.cross_attention[index, :reach].float().cpu().numpy()
        audible = self.cross_mask[:, 0, 0].sum(-1).tolist()  # (B,)
        texts = []
        for at, row in enumerate(rows):
            cap = min(max_tokens[at], reach)
            ends = np.flatnonzero(tokens[at, :cap] == end)
            count = int(ends[0]) if len(ends) else cap
            frames = int(audible[row // self.size.slots])
            texts.append(
                Decoded(
                    tokens=tuple(tokens[at, :count].tolist()),
                    log_probs=tuple(log_probs[at, :count].tolist()),
                    end_log_prob=float(log_probs[at, count]) if len(ends) else None,
                    no_speech=no_speech[at],
                    cross_attention=(
                        None if attention is None else attention[at, :count, :frames].copy()
                    ),
                )
            )
        return texts
