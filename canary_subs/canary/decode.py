"""Canary's text decoder, arranged for generation.

The weights are NeMo's; the loop is not. The keys and values that a piece of sound offers are
computed once and shared by every language wanted from it, those of the text are kept in place,
finished rows are dropped, and the host asks for the end only now and then. In fp32 the tokens are
those of NeMo's greedy search.

Rows of a batch stand in a grid of pieces x slots: the slots of a piece are its wanted texts, and
they look at the piece's sound together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

#: Steps between two looks at the end flag: a look makes the host wait for a GPU, not for a CPU.
_POLL_STEPS = {"cpu": 1}
_POLL_STEPS_ELSEWHERE = 8

#: A grid is rebuilt smaller once this share of its rows is finished: the copies stay cheap.
_COMPACT_SHARE = 0.25

#: Places for text in a new grid; doubled whenever they run out.
_FIRST_LENGTH = 64

#: On CUDA, frames are rounded up to a multiple of this, so that few graphs serve all batches.
_FRAMES_STEP = 64


@dataclass(frozen=True, kw_only=True)
class DecodeRequest:
    """A text wanted from a piece of sound: its prompt, and at most so many tokens after it."""

    prompt: tuple[int, ...]
    max_tokens: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """A text that was generated, without its end token."""

    tokens: tuple[int, ...]
    #: Natural log of the probability of each token, those before it given.
    log_probs: tuple[float, ...]
    #: Log probability of the end token after the text; None where it was cut off.
    end_log_prob: float | None
    #: Probability that the text ends before it begins: that nobody speaks.
    no_speech: float
    #: float32 (tokens, frames): where each token looked; only where it was asked for.
    attention: NDArray[np.float32] | None = None

    @property
    def truncated(self) -> bool:
        """Whether the length cap cut it off."""
        return self.end_log_prob is None

    @property
    def mean_log_prob(self) -> float:
        """Mean log probability of its tokens, its end counted."""
        scores = [*self.log_probs, *([] if self.end_log_prob is None else [self.end_log_prob])]
        return sum(scores) / len(scores) if scores else 0.0


class _Layer(nn.Module):
    """One decoder block with query, key and value projected at once."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        text, sound, dense = block.first_sub_layer, block.second_sub_layer, block.third_sub_layer
        self.pre_norm = bool(block.pre_ln)
        self.heads = int(text.num_attention_heads)
        self.norms = nn.ModuleList([block.layer_norm_1, block.layer_norm_2, block.layer_norm_3])
        self.text_qkv = _fused(text.query_net, text.key_net, text.value_net)
        self.text_out = text.out_projection
        self.sound_q = sound.query_net
        self.sound_kv = _fused(sound.key_net, sound.value_net)
        self.sound_out = sound.out_projection
        self.dense_in, self.dense_out = dense.dense_in, dense.dense_out
        self.activation: Callable[[Tensor], Tensor] = dense.act_fn

    def forward(
        self,
        x: Tensor,
        attend_text: Callable[[Tensor], Tensor],
        attend_sound: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """(rows, length, hidden) to the same; the two functions attend and return that shape."""
        norm_1, norm_2, norm_3 = self.norms
        if self.pre_norm:
            x = x + self.text_out(attend_text(self.text_qkv(norm_1(x))))
            x = x + self.sound_out(attend_sound(self.sound_q(norm_2(x))))
            wide: Tensor = x + self._dense(norm_3(x))
            return wide
        x = norm_1(x + self.text_out(attend_text(self.text_qkv(x))))
        x = norm_2(x + self.sound_out(attend_sound(self.sound_q(x))))
        normed: Tensor = norm_3(x + self._dense(x))
        return normed

    def _dense(self, x: Tensor) -> Tensor:
        inner: Tensor = self.dense_out(self.activation(self.dense_in(x)))
        return inner


def _fused(*parts: nn.Linear) -> nn.Linear:
    """One projection for several of the same input; the parts become views of it."""
    first = parts[0]
    size = sum(part.out_features for part in parts)
    whole = nn.Linear(first.in_features, size, device="meta")
    whole.weight = nn.Parameter(torch.cat([part.weight.detach() for part in parts]), False)
    whole.bias = nn.Parameter(torch.cat([part.bias.detach() for part in parts]), False)
    start = 0
    for part in parts:
        end = start + part.out_features
        part.weight = nn.Parameter(whole.weight.detach()[start:end], False)
        part.bias = nn.Parameter(whole.bias.detach()[start:end], False)
        start = end
    return whole


class _Grid:
    """The state of one batch in flight; shapes and addresses stay fixed while it lives."""

    def __init__(
        self,
        decoder: Decoder,
        pieces: int,
        slots: int,
        frames: int,
        length: int,
        *,
        attention: bool,
    ) -> None:
        rows, device, dtype = pieces * slots, decoder.device, decoder.dtype
        layers, heads, width = len(decoder.layers), decoder.heads, decoder.head_size
        self.pieces, self.slots, self.frames, self.length = pieces, slots, frames, length
        self.sound = torch.zeros(
            layers, 2, pieces, heads, frames, width, device=device, dtype=dtype
        )
        self.text = torch.zeros(layers, 2, rows, heads, length, width, device=device, dtype=dtype)
        self.audible = torch.zeros(pieces, 1, 1, frames, device=device, dtype=torch.bool)
        self.rows = torch.arange(rows, device=device)
        self.columns = torch.arange(length, device=device)
        self.token = torch.zeros(rows, device=device, dtype=torch.long)
        self.position = torch.zeros(rows, device=device, dtype=torch.long)
        self.done = torch.ones(rows, device=device, dtype=torch.bool)
        self.cap = torch.zeros(rows, device=device, dtype=torch.long)
        #: How many tokens have been generated; one number, as all rows begin together.
        self.step = torch.zeros(1, device=device, dtype=torch.long)
        self.tokens = torch.zeros(rows, length, device=device, dtype=torch.long)
        self.log_probs = torch.zeros(rows, length, device=device, dtype=torch.float32)
        self.seen = (
            torch.zeros(rows, length, frames, device=device, dtype=dtype) if attention else None
        )

    def per_row(self) -> list[Tensor]:
        """What belongs to a row, as (rows, anything up to length, ...)."""
        single = [self.token, self.position, self.done, self.cap]
        many = [self.tokens, self.log_probs, *([] if self.seen is None else [self.seen])]
        return [*(tensor[:, None] for tensor in single), *many]


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
        self.layers = nn.ModuleList([_Layer(block) for block in stack.layers])
        self.final_norm = stack.final_layer_norm
        self.head = model.log_softmax.mlp
        model.log_softmax.mlp.log_softmax = False
        self.heads = int(stack.layers[0].first_sub_layer.num_attention_heads)
        self.hidden = int(self.embedding.embedding_dim)
        self.head_size = self.hidden // self.heads
        self.end, self.pad = int(model.tokenizer.eos), int(model.tokenizer.pad)
        self.max_length = int(model.transf_decoder.max_sequence_length)
        #: Which layer's attention places tokens in time: the last but one, as alignments go.
        self.placing_layer = max(0, len(self.layers) - 2)
        self._graphs = _Graphs()
        self.eval().requires_grad_(False)

    @property
    def device(self) -> torch.device:
        return self.positions.device

    @property
    def dtype(self) -> torch.dtype:
        return self.positions.dtype

    def max_tokens(self, prompt: Sequence[int], frames: int, delta: int) -> int:
        """NeMo's length cap: what may follow a prompt over so many frames of sound."""
        whole = self.max_length if delta < 0 else min(self.max_length, frames + delta)
        return max(0, whole - len(prompt))

    @torch.inference_mode()
    def greedy(
        self,
        encoded: Tensor,
        lengths: Sequence[int],
        requests: Sequence[Sequence[DecodeRequest]],
        *,
        attention: bool = False,
    ) -> list[list[Decoded]]:
        """For each piece, a text for each request, by always taking the likeliest token.

        ``encoded`` is (pieces, frames, hidden), of which the first ``lengths`` frames are sound.
        """
        wanted = max((len(row) for row in requests), default=0)
        if wanted == 0:
            return [[] for _ in requests]
        grid, origin = self.begin(encoded, lengths, requests, wanted, attention=attention)
        logits = self.prefill(grid, [requests[o[0]][o[1]] if o else None for o in origin])
        first_end = torch.softmax(logits.float(), -1)[:, self.end].tolist()
        self._advance(grid, logits)
        return self._generate(grid, requests, origin, first_end)

    def begin(
        self,
        encoded: Tensor,
        lengths: Sequence[int],
        requests: Sequence[Sequence[DecodeRequest]],
        slots: int,
        *,
        attention: bool,
    ) -> tuple[_Grid, list[tuple[int, int] | None]]:
        """Put a batch of sound into a grid; says, for each row, the piece and request it serves."""
        pieces, frames = encoded.shape[:2]
        longest = max(len(request.prompt) for row in requests for request in row)
        grid = self._grid(pieces, slots, frames, max(_FIRST_LENGTH, longest + 1), attention)
        for index, layer in enumerate(self.layers):
            both: Tensor = layer.get_submodule("sound_kv")(encoded)
            split = both.view(pieces, frames, 2, self.heads, self.head_size)
            grid.sound[index, :, :pieces, :, :frames] = split.permute(2, 0, 3, 1, 4)
        audible = torch.ones(grid.pieces, dtype=torch.long)
        audible[:pieces] = torch.tensor([max(1, n) for n in lengths])
        grid.audible.copy_(
            (torch.arange(grid.frames) < audible[:, None])[:, None, None, :].to(self.device)
        )
        origin: list[tuple[int, int] | None] = [None] * (grid.pieces * grid.slots)
        for piece, row in enumerate(requests):
            for slot in range(len(row)):
                origin[piece * grid.slots + slot] = (piece, slot)
        return grid, origin

    def prefill(self, grid: _Grid, asked: Sequence[DecodeRequest | None]) -> Tensor:
        """Run the prompt of each row; returns the scores (rows, vocabulary) of its first token."""
        stand_in = next(request for request in asked if request)
        prompts = [(request or stand_in).prompt for request in asked]
        longest = max(map(len, prompts))
        ids = torch.tensor([(*p, *(p[-1:] * (longest - len(p)))) for p in prompts])
        last = torch.tensor([len(p) - 1 for p in prompts])
        caps = torch.tensor([request.max_tokens if request else 0 for request in asked])
        grid.position.copy_(last)
        grid.cap.copy_(caps)
        grid.done.copy_(caps <= 0)
        grid.step.zero_()
        x = self._embed(ids.to(self.device), torch.arange(longest, device=self.device))
        rows, hidden = len(prompts), self.hidden

        for index, layer in enumerate(self.layers):

            def attend_text(qkv: Tensor, index: int = index) -> Tensor:
                q, k, v = qkv.view(rows, longest, 3, self.heads, self.head_size).unbind(2)
                grid.text[index, 0, :, :, :longest] = k.transpose(1, 2)
                grid.text[index, 1, :, :, :longest] = v.transpose(1, 2)
                y = F.scaled_dot_product_attention(
                    q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True
                )
                return y.transpose(1, 2).reshape(rows, longest, hidden)

            def attend_sound(q: Tensor, index: int = index) -> Tensor:
                return self._attend_sound(grid, q, index, grid.position)

            x = layer(x, attend_text, attend_sound)
        return self._logits(x[grid.rows, grid.position])

    def _generate(
        self,
        grid: _Grid,
        requests: Sequence[Sequence[DecodeRequest]],
        origin: list[tuple[int, int] | None],
        first_end: list[float],
    ) -> list[list[Decoded]]:
        found: list[list[Decoded | None]] = [[None] * len(row) for row in requests]
        poll = _POLL_STEPS.get(self.device.type, _POLL_STEPS_ELSEWHERE)
        width = max(len(r.prompt) for row in requests for r in row)
        even = all(len(r.prompt) == width for row in requests for r in row)
        taken = 1
        while True:
            full = width + taken > grid.length
            if taken == 1 or taken % poll == 0 or full:
                alive = ~grid.done.cpu().numpy()
                waiting = sum(o is not None for o in origin)
                if full or alive.sum() <= (1 - _COMPACT_SHARE) * waiting:
                    self._harvest(grid, requests, origin, first_end, ~alive, found)
                    if not alive.any():
                        break
                    length = grid.length * 2 if full else grid.length
                    grid, origin, first_end = self._move(grid, origin, first_end, alive, length)
            if self.device.type == "cuda":
                self._graphs.step(self, grid)
            else:
                self.step(grid, width + taken, even=even)
            taken += 1
        return [[text for text in row if text is not None] for row in found]

    def step(self, grid: _Grid, limit: int, *, even: bool) -> None:
        """Feed every row its last token and take the likeliest next one."""
        self._advance(grid, self.forward(grid, limit, even=even))

    def forward(self, grid: _Grid, limit: int, *, even: bool) -> Tensor:
        """Feed every row its last token; returns the scores (rows, vocabulary) of the next one.

        ``limit`` bounds what a row sees of its text; ``even`` says that all rows are of one
        length, so that nothing needs hiding.
        """
        x = self._embed(grid.token[:, None], grid.position[:, None])
        rows, hidden = x.shape[0], self.hidden
        visible = None
        if not even:
            visible = (grid.columns[:limit] <= grid.position[:, None])[:, None, None, :]

        for index, layer in enumerate(self.layers):

            def attend_text(qkv: Tensor, index: int = index) -> Tensor:
                q, k, v = qkv.view(rows, 3, self.heads, self.head_size).unbind(1)
                keys, values = grid.text[index]
                keys[grid.rows, :, grid.position] = k
                values[grid.rows, :, grid.position] = v
                y = F.scaled_dot_product_attention(
                    q[:, :, None], keys[:, :, :limit], values[:, :, :limit], attn_mask=visible
                )
                return y.view(rows, 1, hidden)

            def attend_sound(q: Tensor, index: int = index) -> Tensor:
                return self._attend_sound(grid, q, index, None)

            x = layer(x, attend_text, attend_sound)
        return self._logits(x[:, 0])

    def _attend_sound(self, grid: _Grid, q: Tensor, index: int, last: Tensor | None) -> Tensor:
        """All slots of a piece look at its sound at once; the placing layer notes where.

        ``last`` tells which query of a row produces its first token; None where there is one.
        """
        rows, length, hidden = q.shape
        q = q.view(grid.pieces, grid.slots * length, self.heads, self.head_size).transpose(1, 2)
        keys, values = grid.sound[index]
        if grid.seen is None or index != self.placing_layer:
            y = F.scaled_dot_product_attention(q, keys, values, attn_mask=grid.audible)
        else:
            scores = (q @ keys.transpose(-1, -2)) * self.head_size**-0.5
            weights = scores.masked_fill(~grid.audible, float("-inf")).softmax(-1)
            y = weights @ values
            seen = weights.mean(1).view(rows, length, grid.frames)
            now = seen[:, 0] if last is None else seen[grid.rows, last]
            grid.seen.index_copy_(1, grid.step, now[:, None].to(grid.seen.dtype))
        return y.transpose(1, 2).reshape(rows, length, hidden)

    def _embed(self, ids: Tensor, positions: Tensor) -> Tensor:
        embedded: Tensor = self.embedding_norm(self.embedding(ids) + self.positions[positions])
        return embedded

    def _logits(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(x if self.final_norm is None else self.final_norm(x))
        return logits

    def _advance(self, grid: _Grid, logits: Tensor) -> None:
        """Take the likeliest token of each row and note its probability, all in place."""
        scores, best = logits.float().max(-1)
        best = best.masked_fill(grid.done, self.pad)
        grid.tokens.index_copy_(1, grid.step, best[:, None])
        grid.log_probs.index_copy_(1, grid.step, (scores - logits.float().logsumexp(-1))[:, None])
        grid.step += 1
        grid.token.copy_(best)
        grid.position.add_(1).clamp_(max=len(self.positions) - 1)
        grid.done |= (best == self.end) | (grid.step >= grid.cap)

    def _harvest(
        self,
        grid: _Grid,
        requests: Sequence[Sequence[DecodeRequest]],
        origin: list[tuple[int, int] | None],
        first_end: Sequence[float],
        finished: NDArray[np.bool_],
        found: list[list[Decoded | None]],
    ) -> None:
        """Take finished texts out of the grid and forget their rows."""
        served = {row: o for row, o in enumerate(origin) if o is not None and finished[row]}
        caps = [requests[piece][slot].max_tokens for piece, slot in served.values()]
        texts = self.read(grid, list(served), caps, [first_end[row] for row in served])
        for (row, (piece, slot)), text in zip(served.items(), texts, strict=True):
            found[piece][slot] = text
            origin[row] = None

    def read(
        self, grid: _Grid, rows: Sequence[int], caps: Sequence[int], first_end: Sequence[float]
    ) -> list[Decoded]:
        """Copy the texts of some rows out of a grid, as plain values."""
        if not rows:
            return []
        index, reach = torch.tensor(rows, device=self.device), int(grid.step)
        tokens = grid.tokens[index, :reach].cpu().numpy()
        log_probs = grid.log_probs[index, :reach].cpu().numpy()
        seen = None if grid.seen is None else grid.seen[index, :reach].float().cpu().numpy()
        audible = grid.audible[:, 0, 0].sum(-1).tolist()
        texts = []
        for at, row in enumerate(rows):
            cap = min(caps[at], reach)
            ends = np.flatnonzero(tokens[at, :cap] == self.end)
            size = int(ends[0]) if len(ends) else cap
            frames = int(audible[row // grid.slots])
            texts.append(
                Decoded(
                    tokens=tuple(tokens[at, :size].tolist()),
                    log_probs=tuple(log_probs[at, :size].tolist()),
                    end_log_prob=float(log_probs[at, size]) if len(ends) else None,
                    no_speech=first_end[at],
                    attention=None if seen is None else seen[at, :size, :frames].copy(),
                )
            )
        return texts

    def _move(
        self,
        grid: _Grid,
        origin: list[tuple[int, int] | None],
        first_end: list[float],
        alive: NDArray[np.bool_],
        length: int,
    ) -> tuple[_Grid, list[tuple[int, int] | None], list[float]]:
        """Carry the rows that still run into a grid of fewer rows or more length, if that gains."""
        by_piece = alive.reshape(grid.pieces, grid.slots)
        keep = np.flatnonzero(by_piece.any(1))
        slots = int(by_piece.sum(1).max())
        pieces = self._round_pieces(len(keep))
        rows_now = grid.pieces * grid.slots
        if length == grid.length and pieces * slots > (1 - _COMPACT_SHARE) * rows_now:
            return grid, origin, first_end
        # A row that fills a hole in the new grid is a copy of another, and counts as finished.
        source, real = [], []
        for at, piece in enumerate([*keep, *([keep[0]] * (pieces - len(keep)))]):
            running = np.flatnonzero(by_piece[piece])
            for slot in range(slots):
                source.append(int(piece * grid.slots + running[min(slot, len(running) - 1)]))
                real.append(slot < len(running) and at < len(keep))
        new = self._copied(grid, source, pieces, slots, length)
        new.done |= ~torch.tensor(real, device=self.device)
        return (
            new,
            [origin[row] if is_real else None for row, is_real in zip(source, real, strict=True)],
            [first_end[row] for row in source],
        )

    def longer(self, grid: _Grid) -> _Grid:
        """The same rows with room for twice the text."""
        rows = range(grid.pieces * grid.slots)
        return self._copied(grid, list(rows), grid.pieces, grid.slots, 2 * grid.length)

    def _copied(
        self, grid: _Grid, source: Sequence[int], pieces: int, slots: int, length: int
    ) -> _Grid:
        """Some rows of a grid, in a new one."""
        rows = torch.tensor(source, device=self.device)
        from_pieces = rows[::slots] // grid.slots
        new = self._grid(pieces, slots, grid.frames, length, grid.seen is not None)
        new.sound.copy_(grid.sound[:, :, from_pieces])
        new.audible.copy_(grid.audible[from_pieces])
        new.text[:, :, :, :, : grid.length] = grid.text[:, :, rows]
        new.step.copy_(grid.step)
        for target, values in zip(new.per_row(), grid.per_row(), strict=True):
            target[:, : values.shape[1]] = values[rows]
        return new

    def _grid(self, pieces: int, slots: int, frames: int, length: int, attention: bool) -> _Grid:
        """A grid with at least this room: a fresh one on a CPU, a recorded shape on a GPU."""
        if self.device.type != "cuda":
            return _Grid(self, pieces, slots, frames, length, attention=attention)
        frames = -(-frames // _FRAMES_STEP) * _FRAMES_STEP
        return self._graphs.grid(self, self._round_pieces(pieces), slots, frames, length, attention)

    def _round_pieces(self, pieces: int) -> int:
        return 1 << (pieces - 1).bit_length() if self.device.type == "cuda" else pieces

    def forget(self) -> None:
        """Give back the memory of the shapes recorded so far."""
        self._graphs = _Graphs()


class _Graphs:
    """Grids of the shapes met so far, each with one recorded step, for CUDA."""

    def __init__(self) -> None:
        self._grids: dict[tuple[int, ...], _Grid] = {}
        self._recorded: dict[int, torch.cuda.CUDAGraph | None] = {}

    def grid(
        self, decoder: Decoder, pieces: int, slots: int, frames: int, length: int, attention: bool
    ) -> _Grid:
        key = (pieces, slots, frames, length, int(attention))
        if key not in self._grids:
            self._grids[key] = _Grid(decoder, pieces, slots, frames, length, attention=attention)
        return self._grids[key]

    def step(self, decoder: Decoder, grid: _Grid) -> None:
        """Do one step on a grid: as it is the first time, recorded from the second on."""
        if id(grid) not in self._recorded:
            self._recorded[id(grid)] = None
            decoder.step(grid, grid.length, even=False)
            return
        graph = self._recorded[id(grid)]
        if graph is None:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                decoder.step(grid, grid.length, even=False)
            self._recorded[id(grid)] = graph
        graph.replay()
