"""Beam search that is right for batches: several texts of each request compete.

NeMo's repeats the encodings of a batch in the wrong order, so that rows attend to each other's
audio; with one row it finds the same texts as this.

Dimensions are named in `decode_state`, and two more: W is the width of the beam and G = R / W the
number of requests.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from canary_subs.canary.decode import Decoder
from canary_subs.canary.decode_state import Decoded, DecodeRequest

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
    # Each request has W slots of its own, all of them beside the same audio.
    copies = [[request for request in row for _ in range(width)] for row in requests]
    state, owners = decoder.begin(encoded, lengths, copies, wanted * width, attention=attention)
    by_row = [copies[owner[0]][owner[1]] if owner else None for owner in owners]
    scores = decoder.prefill(state, by_row).float().log_softmax(-1)  # (R, V)
    no_speech = scores[:, decoder.end].exp().tolist()
    groups, vocabulary = len(owners) // width, scores.shape[-1]  # G, V
    first_row = torch.arange(groups, device=decoder.device) * width  # (G,)
    caps = state.max_tokens.view(groups, width)  # (G, W)
    last_of_prompt = state.position.clone()  # (R,)
    total = torch.full((groups, width), _NEVER, device=decoder.device)  # (G, W)
    total[:, 0] = 0.0
    ended = (caps <= 0).clone()  # (G, W)
    taken = 0
    while True:
        reach = int(last_of_prompt.max()) + taken + 1
        candidates = scores.view(groups, width, vocabulary)  # (G, W, V)
        top, tokens = candidates.topk(min(width, vocabulary), -1)  # (G, W, K) each, K <= W
        # A text that has ended goes on in one way only, which costs nothing.
        top = top.masked_fill(ended[..., None], _NEVER)
        top[..., 0] = top[..., 0].masked_fill(ended, 0.0)
        tokens = tokens.masked_fill(ended[..., None], decoder.pad)
        total, choice = (total[..., None] + top).flatten(1).topk(width, -1)  # (G, W) each
        parent = choice // top.shape[-1]  # (G, W)
        rows = (parent + first_row[:, None]).flatten()  # (R,)
        token = tokens.flatten(1).gather(1, choice).flatten()  # (R,)
        was_ended = ended.gather(1, parent)  # (G, W)
        log_probs = scores[rows, token].masked_fill(was_ended.flatten(), 0.0)  # (R,)
        state.reorder(rows)
        state.tokens[:, taken], state.log_probs[:, taken] = token, log_probs
        state.token.copy_(token)
        taken += 1
        ended = was_ended | (token.view(groups, width) == decoder.end) | (taken >= caps)
        if bool(ended.all()):
            break
        if reach + 1 > state.size.length:
            state = decoder.lengthened(state)
        state.position.copy_(last_of_prompt + taken)
        state.step.fill_(taken)
        logits = decoder.forward(state, reach + 1, same_length=False)  # (R, V)
        scores = logits.float().log_softmax(-1)
    state.step.fill_(taken)
    best = total.argmax(-1) + first_row  # (G,)
    found = []
    for segment, row in enumerate(requests):
        chosen = best[segment * wanted : segment * wanted + len(row)].tolist()
        found.append(
            state.read(
                chosen,
                [request.max_tokens for request in row],
                [no_speech[at] for at in chosen],
                decoder.end,
            )
        )
    return found
