"""Beam search: NeMo's for one row, and the same for a row whatever stands beside it."""

from typing import Any

import pytest
import torch

from canary_subs.canary.beam import beam_search
from canary_subs.canary.decode import Decoder
from tests.canary.conftest import tiny, until_end
from tests.canary.test_decode import requests, sound


def nemo_beam(model: Any, encoded: Any, prompt: tuple[int, ...], width: int) -> list[int]:
    from nemo.collections.asr.modules.transformer.transformer_generators import (
        BeamSearchSequenceGenerator,
    )

    search = BeamSearchSequenceGenerator(
        model.transf_decoder.embedding,
        model.transf_decoder.decoder,
        model.log_softmax,
        beam_size=width,
        len_pen=0.0,
        pad=model.tokenizer.pad,
        bos=model.tokenizer.bos,
        eos=model.tokenizer.eos,
        max_sequence_length=model.transf_decoder.max_sequence_length,
        max_delta_length=50,
    )
    found = search(
        decoder_input_ids=torch.tensor([prompt]),
        encoder_hidden_states=encoded,
        encoder_input_mask=torch.ones(1, encoded.shape[1]),
    )
    return found[0, len(prompt) :].tolist()


@pytest.mark.parametrize("width", [2, 4])
def test_a_row_equals_nemo_and_does_not_mind_its_neighbours(width: int) -> None:
    model = tiny("canary2")
    lengths = [13, 6, 10]
    encoded = sound(model, lengths, seed=8)
    alone = []
    for segment, frames in enumerate(lengths):
        decoder = Decoder(model)
        wanted = requests(model, decoder, ["en", "de"], frames)
        one = encoded[segment : segment + 1, :frames]
        ((first, second),) = beam_search(decoder, one, [frames], [wanted], width)
        alone.append((first.tokens, second.tokens))
        model.log_softmax.mlp.log_softmax = True
        for request, text in zip(wanted, (first, second), strict=True):
            expected, endless = until_end(nemo_beam(model, one, request.prompt, width), decoder.end)
            if not endless:
                assert text.tokens == expected
    decoder = Decoder(model)
    batch = [requests(model, decoder, ["en", "de"], frames) for frames in lengths]
    together = beam_search(decoder, encoded, lengths, batch, width, attention=True)
    assert [tuple(text.tokens for text in row) for row in together] == alone


def test_more_width_never_finds_a_less_likely_text() -> None:
    model = tiny("canary2")
    lengths = [12, 9, 7]
    encoded = sound(model, lengths, seed=1)
    decoder = Decoder(model)
    batch = [requests(model, decoder, ["en"], frames) for frames in lengths]
    greedy = decoder.greedy(encoded, lengths, batch)
    narrow = beam_search(decoder, encoded, lengths, batch, 1)
    wide = beam_search(decoder, encoded, lengths, batch, 5)
    for (one,), (same,), (best,) in zip(greedy, narrow, wide, strict=True):
        assert same.tokens == one.tokens
        assert _total(best) >= _total(one) - 1e-3


def _total(text: Any) -> float:
    return sum(text.log_probs) + (text.end_log_prob or 0.0)
