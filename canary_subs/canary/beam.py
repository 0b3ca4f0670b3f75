"""Beam search that is right for batches: several texts of each row are weighed against each other.

NeMo's repeats the encodings of a batch in the wrong order, so that rows read each other's sound;
with one row it finds what this finds.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from canary_subs.canary.decode import Decoded, Decoder, DecodeRequest

_NEVER = -1e30


@torch.inference_mode()
def beam_search(
    decoder: Decoder,
    encoded: Tensor,
    lengths: Sequence[int],
    requests: Sequence[Sequence[DecodeRequest]],
    width: int,
    *,
    attention: bool = False,
) -> list[list[Decoded]]:
    """As `Decoder.greedy`, keeping the ``width`` likeliest texts until all have ended."""
    wanted = max((len(row) for row in requests), default=0)
    if wanted == 0:
        return [[] for _ in requests]
    # Each wanted text has `width` slots of its own, all of them beside the same sound.
    copies = [[request for request in row for _ in range(width)] for row in requests]
    grid, origin = decoder.begin(encoded, lengths, copies, wanted * width, attention=attention)
    asked = [copies[o[0]][o[1]] if o else None for o in origin]
    scores = decoder.prefill(grid, asked).float().log_softmax(-1)
    first_end = scores[:, decoder.end].exp().tolist()
    groups, vocabulary = len(origin) // width, scores.shape[-1]
    caps = grid.cap.view(groups, width)
    prompt = grid.position.clone()
    total = torch.full((groups, width), _NEVER, device=decoder.device)
    total[:, 0] = 0.0
    ended = (caps <= 0).clone()
    taken = 0
    while True:
        reach = int(prompt.max()) + taken + 1
        top, tokens = scores.view(groups, width, vocabulary).topk(min(width, vocabulary), -1)
        # A text that has ended goes on in one way, which costs nothing.
        top = top.masked_fill(ended[..., None], _NEVER)
        top[..., 0] = top[..., 0].masked_fill(ended, 0.0)
        tokens = tokens.masked_fill(ended[..., None], decoder.pad)
        total, choice = (total[..., None] + top).flatten(1).topk(width, -1)
        parent = choice // top.shape[-1]
        rows = (parent + torch.arange(groups, device=decoder.device)[:, None] * width).flatten()
        token = tokens.flatten(1).gather(1, choice).flatten()
        was_ended = ended.gather(1, parent)
        picked = scores[rows, token].masked_fill(was_ended.flatten(), 0.0)
        for tensor in grid.per_row():
            tensor.copy_(tensor[rows].clone())
        grid.text.copy_(grid.text[:, :, rows].clone())
        grid.tokens[:, taken], grid.log_probs[:, taken] = token, picked
        grid.token.copy_(token)
        taken += 1
        ended = was_ended | (token.view(groups, width) == decoder.end) | (taken >= caps)
        if bool(ended.all()):
            break
        if reach + 1 > grid.length:
            grid = decoder.longer(grid)
        grid.position.copy_(prompt + taken)
        grid.step.fill_(taken)
        scores = decoder.forward(grid, reach + 1, even=False).float().log_softmax(-1)
    grid.step.fill_(taken)
    best = total.argmax(-1) + torch.arange(groups, device=decoder.device) * width
    found = []
    for piece, row in enumerate(requests):
        chosen = best[piece * wanted : piece * wanted + len(row)].tolist()
        found.append(
            decoder.read(
                grid, chosen, [r.max_tokens for r in row], [first_end[at] for at in chosen]
            )
        )
    return found
