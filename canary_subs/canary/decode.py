"""Canary's text decoder, arranged for generation.

The weights are NeMo's; the loop is not. NeMo projects all of the text and every frame of audio
again at each step, and decodes each target language by itself. Here

- the keys and values of the audio are computed once for a segment, and every language reads them;
- those of the text are kept in place, never copied to grow by one;
- rows that have ended are dropped, and the host asks only now and then whether any has.

`make bench` requires that this is at least 4 times as fast as NeMo for one language and 9 times
for four, on a CPU with the sizes of canary-180m. In fp32 the tokens are those of NeMo's greedy
search.

Dimensions are named in `decode_state`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from canary_subs.canary.cuda_graphs import CudaGraphs
from canary_subs.canary.decode_state import Decoded, DecodeRequest, DecodeState, Owners, StateSize
from canary_subs.canary.layers import DecoderLayer

#: Steps between two checks for rows that have ended: a check makes the host wait for a GPU, and
#: costs nothing on a CPU.
_POLL_STEPS = {"cpu": 1}
_POLL_STEPS_ELSEWHERE = 8

#: A state is made smaller once this share of its rows has ended: fewer copies, still few rows.
_COMPACT_SHARE = 0.25

#: Text positions of a new state; doubled whenever they run out.
_FIRST_LENGTH = 64

#: On CUDA, frames are rounded up to a multiple of this, so that few graphs serve all batches.
_FRAMES_STEP = 64


class Decoder(nn.Module):
    """The decoder of an `EncDecMultiTaskModel`, whose weights it shares."""

    embedding: nn.Embedding
    positions: Tensor
    embedding_norm: nn.LayerNorm
    final_norm: nn.LayerNorm | None
    head: nn.Module

    def __init__(self, model: Any) -> None:
        super().__init__()
        stack, embedding = model.transf_decoder.decoder, model.transf_decoder.embedding
        positions = embedding.position_embedding
        table = positions.weight if hasattr(positions, "weight") else positions.pos_enc
        self.embedding = embedding.token_embedding
        self.register_buffer("positions", table.detach(), persistent=False)
        self.embedding_norm = embedding.layer_norm
        self.layers = nn.ModuleList([DecoderLayer(block) for block in stack.layers])
        self.final_norm = stack.final_layer_norm
        self.head = model.log_softmax.mlp
        model.log_softmax.mlp.log_softmax = False
        self.heads = int(stack.layers[0].first_sub_layer.num_attention_heads)
        self.hidden = int(self.embedding.embedding_dim)
        self.head_size = self.hidden // self.heads
        self.end, self.pad = int(model.tokenizer.eos), int(model.tokenizer.pad)
        self.max_length = int(model.transf_decoder.max_sequence_length)
        #: The layer whose cross-attention times tokens: the last but one follows the audio best.
        self.timing_layer = max(0, len(self.layers) - 2)
        self._graphs = CudaGraphs()
        self.eval().requires_grad_(False)

    @property
    def device(self) -> torch.device:
        return self.positions.device

    @property
    def dtype(self) -> torch.dtype:
        return self.positions.dtype

    @property
    def uses_graphs(self) -> bool:
        """Whether steps are recorded as CUDA graphs, in states that are used again."""
        return self.device.type == "cuda"

    def max_tokens(self, prompt: Sequence[int], frames: int, delta: int) -> int:
        """NeMo's length cap: the most tokens that may follow a prompt over so many frames."""
        total = self.max_length if delta < 0 else min(self.max_length, frames + delta)
        return max(0, total - len(prompt))

    @torch.inference_mode()
    def greedy(
        self,
        encoded: Tensor,
        lengths: Sequence[int],
        requests: Sequence[Sequence[DecodeRequest]],
        *,
        attention: bool = False,
    ) -> list[list[Decoded]]:
        """For each segment, a text for each request, always taking the likeliest token.

        ``encoded`` is (B, T, C), of which the first ``lengths`` frames are audio; ``attention``
        asks for the cross-attention of every token.
        """
        slots = max((len(row) for row in requests), default=0)
        if slots == 0:
            return [[] for _ in requests]
        state, owners = self.begin(encoded, lengths, requests, slots, attention=attention)
        logits = self.prefill(state, _requests_of(owners, requests))  # (R, V)
        no_speech = torch.softmax(logits.float(), -1)[:, self.end].tolist()
        self._advance(state, logits)
        return self._generate(state, requests, owners, no_speech)

    def begin(
        self,
        encoded: Tensor,
        lengths: Sequence[int],
        requests: Sequence[Sequence[DecodeRequest]],
        slots: int,
        *,
        attention: bool,
    ) -> tuple[DecodeState, Owners]:
        """A state for a batch of encoded audio (B, T, C), and what each of its rows decodes."""
        segments, frames = encoded.shape[:2]
        longest = max(len(request.prompt) for row in requests for request in row)
        size = StateSize(
            segments=segments,
            slots=slots,
            frames=frames,
            length=max(_FIRST_LENGTH, longest + 1),
            cross_attention=attention,
        )
        state = self._new_state(size)
        for index, layer in enumerate(self.layers):
            kv: Tensor = layer.get_submodule("cross_kv")(encoded)  # (B, T, 2 C)
            kv = kv.view(segments, frames, 2, self.heads, self.head_size)  # (B, T, 2, H, D)
            state.load_audio(index, kv.permute(2, 0, 3, 1, 4), segments, frames)
        state.load_lengths(lengths)
        owners: Owners = [None] * state.size.rows
        for segment, row in enumerate(requests):
            for slot in range(len(row)):
                owners[segment * slots + slot] = (segment, slot)
        return state, owners

    def prefill(self, state: DecodeState, requests: Sequence[DecodeRequest | None]) -> Tensor:
        """Run the prompt of each row; returns the scores (R, V) of its first token.

        Shorter prompts are padded at their end, where causal attention keeps the padding out of
        the rows' own positions.
        """
        stand_in = next(request for request in requests if request)
        prompts = [(request or stand_in).prompt for request in requests]
        rows, longest = len(prompts), max(map(len, prompts))  # R, Q
        ids = torch.tensor([(*p, *(p[-1:] * (longest - len(p)))) for p in prompts])  # (R, Q)
        state.load_prompts(
            [len(prompt) for prompt in prompts],
            [request.max_tokens if request else 0 for request in requests],
        )
        x = self._embed(ids.to(self.device), torch.arange(longest, device=self.device))  # (R, Q, C)

        for index, layer in enumerate(self.layers):

            def self_attention(qkv: Tensor, index: int = index) -> Tensor:
                qkv = qkv.view(rows, longest, 3, self.heads, self.head_size)  # (R, Q, 3, H, D)
                q, k, v = qkv.permute(2, 0, 3, 1, 4)  # (R, H, Q, D) each
                state.self_kv[index, 0, :, :, :longest] = k
                state.self_kv[index, 1, :, :, :longest] = v
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (R, H, Q, D)
                return y.transpose(1, 2).reshape(rows, longest, self.hidden)  # (R, Q, C)

            def cross_attention(q: Tensor, index: int = index) -> Tensor:
                return self._cross_attention(state, q, index, state.position)

            x = layer(x, self_attention, cross_attention)  # (R, Q, C)
        return self._logits(x[state.rows, state.position])  # (R, V)

    def _generate(
        self,
        state: DecodeState,
        requests: Sequence[Sequence[DecodeRequest]],
        owners: Owners,
        no_speech: list[float],
    ) -> list[list[Decoded]]:
        """Step until every row has ended; drop those that have ended along the way."""
        texts: list[list[Decoded | None]] = [[None] * len(row) for row in requests]
        poll = _POLL_STEPS.get(self.device.type, _POLL_STEPS_ELSEWHERE)
        lengths = {len(request.prompt) for row in requests for request in row}
        longest, same_length = max(lengths), len(lengths) == 1
        taken = 1
        while True:
            full = longest + taken > state.size.length
            if taken == 1 or taken % poll == 0 or full:
                alive = ~state.done.cpu().numpy()  # (R,)
                waiting = sum(owner is not None for owner in owners)
                if full or alive.sum() <= (1 - _COMPACT_SHARE) * waiting:
                    self._collect(state, requests, owners, no_speech, ~alive, texts)
                    if not alive.any():
                        break
                    length = state.size.length * (2 if full else 1)
                    state, owners, no_speech = self._compact(
                        state, owners, no_speech, alive, length
                    )
            if self.uses_graphs:
                self._graphs.step(self, state)
            else:
                self.step(state, longest + taken, same_length=same_length)
            taken += 1
        return [[text for text in row if text is not None] for row in texts]

    def step(self, state: DecodeState, limit: int, *, same_length: bool) -> None:
        """Feed every row its last token and take the likeliest next one."""
        self._advance(state, self.forward(state, limit, same_length=same_length))

    def forward(self, state: DecodeState, limit: int, *, same_length: bool) -> Tensor:
        """Feed every row its last token; returns the scores (R, V) of the next one.

        ``limit`` is an upper bound of the rows' text lengths, below called L'. ``same_length``
        says that all rows have one length, so that no position needs to be masked.
        """
        x = self._embed(state.token[:, None], state.position[:, None])  # (R, 1, C)
        rows = x.shape[0]
        mask = None
        if not same_length:
            mask = state.columns[:limit] <= state.position[:, None]  # (R, L')
            mask = mask[:, None, None, :]  # (R, 1, 1, L')

        for index, layer in enumerate(self.layers):

            def self_attention(qkv: Tensor, index: int = index) -> Tensor:
                qkv = qkv.view(rows, 3, self.heads, self.head_size)  # (R, 3, H, D)
                q, k, v = qkv.unbind(1)  # (R, H, D) each
                keys, values = state.self_kv[index]  # (R, H, L, D) each
                keys[state.rows, :, state.position] = k
                values[state.rows, :, state.position] = v
                y = F.scaled_dot_product_attention(
                    q[:, :, None], keys[:, :, :limit], values[:, :, :limit], attn_mask=mask
                )  # (R, H, 1, D)
                return y.view(rows, 1, self.hidden)  # (R, 1, C)

            def cross_attention(q: Tensor, index: int = index) -> Tensor:
                return self._cross_attention(state, q, index, None)

            x = layer(x, self_attention, cross_attention)  # (R, 1, C)
        return self._logits(x[:, 0])  # (R, V)

    def _cross_attention(
        self, state: DecodeState, q: Tensor, index: int, last: Tensor | None
    ) -> Tensor:
        """(R, Q, C) -> (R, Q, C): all slots of a segment read its audio in one product.

        In the timing layer, also keep the weights of the query that gives the next token:
        query ``last`` (R,) of each row, or the only one where ``last`` is None.
        """
        rows, length, hidden = q.shape  # R, Q, C
        size = state.size
        q = q.view(size.segments, size.slots * length, self.heads, self.head_size)
        q = q.transpose(1, 2)  # (B, H, S Q, D)
        keys, values = state.cross_kv[index]  # (B, H, T, D) each
        if state.cross_attention is None or index != self.timing_layer:
            y = F.scaled_dot_product_attention(
                q, keys, values, attn_mask=state.cross_mask
            )  # (B, H, S Q, D)
        else:
            scores = (q @ keys.transpose(-1, -2)) * self.head_size**-0.5  # (B, H, S Q, T)
            weights = scores.masked_fill(~state.cross_mask, float("-inf")).softmax(-1)
            y = weights @ values  # (B, H, S Q, D)
            mean = weights.mean(1).view(rows, length, size.frames)  # (R, Q, T)
            now = mean[:, 0] if last is None else mean[state.rows, last]  # (R, T)
            state.cross_attention.index_copy_(
                1, state.step, now[:, None].to(state.cross_attention.dtype)
            )
        return y.transpose(1, 2).reshape(rows, length, hidden)  # (R, Q, C)

    def _embed(self, ids: Tensor, positions: Tensor) -> Tensor:
        """Token ids (R, Q) at positions (R, Q) or (Q,) -> (R, Q, C)."""
        embedded: Tensor = self.embedding_norm(self.embedding(ids) + self.positions[positions])
        return embedded

    def _logits(self, x: Tensor) -> Tensor:
        """(R, C) -> (R, V)."""
        logits: Tensor = self.head(x if self.final_norm is None else self.final_norm(x))
        return logits

    def _advance(self, state: DecodeState, logits: Tensor) -> None:
        """Take the likeliest token of each row from ``logits`` (R, V), all in place."""
        scores, best = logits.float().max(-1)  # (R,) each
        best = best.masked_fill(state.done, self.pad)
        log_probs = scores - logits.float().logsumexp(-1)  # (R,)
        state.tokens.index_copy_(1, state.step, best[:, None])
        state.log_probs.index_copy_(1, state.step, log_probs[:, None])
        state.step += 1
        state.token.copy_(best)
        state.position.add_(1).clamp_(max=len(self.positions) - 1)
        state.done |= (best == self.end) | (state.step >= state.max_tokens)

    def _collect(
        self,
        state: DecodeState,
        requests: Sequence[Sequence[DecodeRequest]],
        owners: Owners,
        no_speech: Sequence[float],
        ended: NDArray[np.bool_],
        texts: list[list[Decoded | None]],
    ) -> None:
        """Put the texts of rows that have ``ended`` (R,) into ``texts``; those rows own nothing."""
        done = {row: o for row, o in enumerate(owners) if o is not None and ended[row]}
        caps = [requests[segment][slot].max_tokens for segment, slot in done.values()]
        found = state.read(list(done), caps, [no_speech[row] for row in done], self.end)
        for (row, (segment, slot)), text in zip(done.items(), found, strict=True):
            texts[segment][slot] = text
            owners[row] = None

    def _compact(
        self,
        state: DecodeState,
        owners: Owners,
        no_speech: list[float],
        alive: NDArray[np.bool_],
        length: int,
    ) -> tuple[DecodeState, Owners, list[float]]:
        """Move the rows that are ``alive`` (R,) to a state of fewer rows or of another length.

        The state stays as it is where that would save less than `_COMPACT_SHARE` of its rows.
        """
        slots_alive = alive.reshape(state.size.segments, state.size.slots)  # (B, S)
        keep = np.flatnonzero(slots_alive.any(1))
        slots = int(slots_alive.sum(1).max())
        segments = self._round_segments(len(keep))
        if (
            length == state.size.length
            and segments * slots > (1 - _COMPACT_SHARE) * state.size.rows
        ):
            return state, owners, no_speech
        # Segments need not have equally many rows left, nor do those that are kept always fill the
        # new state: such holes get a copy of another row, which counts as ended.
        rows, real = [], []
        for at, segment in enumerate([*keep, *([keep[0]] * (segments - len(keep)))]):
            running = np.flatnonzero(slots_alive[segment])
            for slot in range(slots):
                picked = running[min(slot, len(running) - 1)]
                rows.append(int(segment * state.size.slots + picked))
                real.append(slot < len(running) and at < len(keep))
        size = replace(state.size, segments=segments, slots=slots, length=length)
        new = self._new_state(size)
        new.copy_rows(state, rows)
        new.done |= ~torch.tensor(real, device=self.device)
        return (
            new,
            [owners[row] if is_real else None for row, is_real in zip(rows, real, strict=True)],
            [no_speech[row] for row in rows],
        )

    def lengthened(self, state: DecodeState) -> DecodeState:
        """The same rows in a state with twice the text positions."""
        new = self._new_state(replace(state.size, length=2 * state.size.length))
        new.copy_rows(state, range(state.size.rows))
        return new

    def _new_state(self, size: StateSize) -> DecodeState:
        """A state of at least this size: a fresh one on a CPU, one with a graph on a GPU."""
        if not self.uses_graphs:
            return DecodeState(self, size)
        frames = -(-size.frames // _FRAMES_STEP) * _FRAMES_STEP
        segments = self._round_segments(size.segments)
        return self._graphs.state(self, replace(size, segments=segments, frames=frames))

    def _round_segments(self, segments: int) -> int:
        """Up to a power of two on CUDA, so that few graphs serve all batches."""
        return 1 << (segments - 1).bit_length() if self.uses_graphs else segments

    def forget(self) -> None:
        """Free the memory of recorded CUDA graphs and their states."""
        self._graphs = CudaGraphs()


def _requests_of(
    owners: Owners, requests: Sequence[Sequence[DecodeRequest]]
) -> list[DecodeRequest | None]:
    """The request that each row decodes."""
    return [requests[owner[0]][owner[1]] if owner else None for owner in owners]
