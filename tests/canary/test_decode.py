"""Our decode loop against NeMo's greedy search, token by token."""

import copy
import math
from typing import Any, cast

import numpy as np
import pytest
import torch

from canary_subs.canary import precision
from canary_subs.canary.cuda_graphs import CudaGraphs
from canary_subs.canary.decode import Decoder
from canary_subs.canary.decode_state import Decoded, DecodeRequest, DecodeState
from canary_subs.canary.prompt import Prompter
from tests.benchmarks.random_models import build
from tests.canary.conftest import TINY, nemo_greedy, tiny, until_end

LANGUAGES = ["en", "de", "fr", "es"]


def sound(model: Any, lengths: list[int], seed: int = 0) -> Any:
    torch.manual_seed(seed)
    size = model.transf_decoder.hidden_size
    return torch.randn(len(lengths), max(lengths), size) * 1.5


def requests(model: Any, decoder: Decoder, targets: list[str], frames: int, delta: int = 50) -> Any:
    prompter = Prompter(model)
    prompts = [prompter.ids("en", target) for target in targets]
    return [
        DecodeRequest(prompt=p, max_tokens=decoder.max_tokens(p, frames, delta)) for p in prompts
    ]


def on_this_machine(decoder: Decoder) -> Decoder:
    """As a session holds it; NeMo's model, whose layers it shares, stays as it is."""
    held: Any = precision.apply(copy.deepcopy(decoder), "fp32", torch.device("cpu"))
    return cast(Decoder, held)


@pytest.mark.parametrize("targets", [["en"], LANGUAGES], ids=["one language", "four languages"])
def test_tokens_equal_nemo_greedy_in_a_ragged_batch(variant: Any, targets: list[str]) -> None:
    lengths = [17, 3, 9, 1, 12, 17]
    encoded = sound(variant, lengths)
    nemo = nemo_greedy(variant, encoded, lengths)
    decoder = on_this_machine(Decoder(variant))
    wanted = requests(variant, decoder, targets, frames=17)
    found = decoder.greedy(encoded, lengths, [wanted] * len(lengths), attention=len(targets) > 1)
    sizes = set()
    for slot, request in enumerate(wanted):
        for segment, ids in enumerate(nemo(request.prompt)):
            expected, truncated = until_end(ids, decoder.end)
            assert found[segment][slot].tokens == expected
            assert found[segment][slot].truncated == truncated
            sizes.add(len(expected))
    assert len(sizes) > 1, "texts of one length prove little"


@pytest.mark.parametrize("delta", [0, 3, -1])
def test_tokens_equal_nemo_greedy_at_the_length_cap(delta: int) -> None:
    model = tiny("canary2", ending=0.0)
    lengths = [14, 10]
    encoded = sound(model, lengths, seed=5)
    decoder = on_this_machine(Decoder(model))
    wanted = requests(model, decoder, ["en", "de"], frames=14, delta=delta)
    found = decoder.greedy(encoded, lengths, [wanted, wanted])
    cut = 0
    for slot, request in enumerate(wanted):
        for segment, ids in enumerate(nemo_greedy(model, encoded, lengths, delta)(request.prompt)):
            expected, truncated = until_end(ids, decoder.end)
            assert found[segment][slot].tokens == expected
            assert found[segment][slot].truncated == truncated
            cut += truncated
    assert cut, "nothing was cut off"


def test_prompts_of_different_lengths_do_not_disturb_each_other() -> None:
    model = tiny("one tokenizer")
    lengths = [17, 8, 12]
    encoded = sound(model, lengths, seed=2)
    decoder = Decoder(model)
    short = requests(model, decoder, ["en"], frames=17)[0]
    # Context before the prompt, as canary2 allows, makes it longer.
    long = DecodeRequest(prompt=(short.prompt[0], 30, 31, 32, *short.prompt[1:]), max_tokens=40)
    found = decoder.greedy(encoded, lengths, [[short, long], [long], [short]])
    nemo = nemo_greedy(model, encoded, lengths, delta=-1)
    for segment, row in enumerate([[short, long], [long], [short]]):
        for slot, request in enumerate(row):
            expected, _ = until_end(
                nemo(request.prompt)[segment][: request.max_tokens], decoder.end
            )
            assert found[segment][slot].tokens == expected


def test_probabilities_are_those_of_a_forward_pass() -> None:
    model = tiny("canary2")
    lengths = [15, 11]
    encoded = sound(model, lengths, seed=4)
    decoder = Decoder(model)
    wanted = requests(model, decoder, ["en"], frames=15)
    found = [row[0] for row in decoder.greedy(encoded, lengths, [wanted, wanted])]
    for segment, text in enumerate(found):
        ids = torch.tensor([[*wanted[0].prompt, *text.tokens]])
        frames = encoded[segment : segment + 1, : lengths[segment]]
        with torch.inference_mode():
            states = model.transf_decoder(
                input_ids=ids,
                decoder_mask=torch.ones_like(ids).float(),
                encoder_embeddings=frames,
                encoder_mask=torch.ones(1, frames.shape[1]),
            )
            scores = model.log_softmax.mlp.last_linear_layer(states)[0].log_softmax(-1)
        start = len(wanted[0].prompt) - 1
        assert text.no_speech == pytest.approx(math.exp(scores[start, decoder.end]), rel=1e-4)
        for at, (token, log_prob) in enumerate(zip(text.tokens, text.log_probs, strict=True)):
            assert log_prob == pytest.approx(float(scores[start + at, token]), abs=1e-3)
        if not text.truncated:
            last = float(scores[start + len(text.tokens), decoder.end])
            assert text.end_log_prob == pytest.approx(last, abs=1e-3)


def test_attention_is_that_of_nemo_and_hides_padding() -> None:
    model = tiny("canary2")
    lengths = [16, 5]
    encoded = sound(model, lengths, seed=6)
    decoder = Decoder(model)
    wanted = requests(model, decoder, ["en", "de"], frames=16)
    found = decoder.greedy(encoded, lengths, [wanted, wanted], attention=True)
    for segment, row in enumerate(found):
        for slot, text in enumerate(row):
            assert text.cross_attention is not None
            assert text.cross_attention.shape == (len(text.tokens), lengths[segment])
            prompt = wanted[slot].prompt
            ids = torch.tensor([[*prompt, *text.tokens]])
            frames = encoded[segment : segment + 1, : lengths[segment]]
            with torch.inference_mode():
                _, attended = model.transf_decoder.decoder(
                    model.transf_decoder.embedding(ids),
                    torch.ones_like(ids).float(),
                    frames,
                    torch.ones(1, frames.shape[1]),
                )
            layer = attended[decoder.timing_layer][0].mean(0)
            expected = layer[len(prompt) - 1 : len(prompt) - 1 + len(text.tokens)]
            torch.testing.assert_close(
                torch.from_numpy(text.cross_attention), expected, atol=1e-4, rtol=1e-3
            )


def test_a_batch_of_nothing_and_rows_that_may_write_nothing() -> None:
    model = tiny("canary2")
    decoder = Decoder(model)
    encoded = sound(model, [4])
    assert decoder.greedy(encoded, [4], [[]]) == [[]]
    prompt = Prompter(model).ids("en", "en")
    (row,) = decoder.greedy(encoded, [4], [[DecodeRequest(prompt=prompt, max_tokens=0)]])
    assert row[0].tokens == () and row[0].truncated


def test_bf16_keeps_the_shapes_and_runs() -> None:
    model = tiny("canary2")
    lengths = [9, 4]
    encoded = sound(model, lengths)
    reference = Decoder(model)
    wanted = requests(model, reference, ["en"], frames=9)
    decoder = Decoder(build(TINY)).to(torch.bfloat16)
    found = decoder.greedy(encoded.to(torch.bfloat16), lengths, [wanted, wanted], attention=True)
    for row, frames in zip(found, lengths, strict=True):
        text: Decoded = row[0]
        assert all(log_prob <= 0 for log_prob in text.log_probs)
        assert text.cross_attention is not None and text.cross_attention.shape[1] == frames


def test_states_that_are_used_again_give_the_same_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a GPU does but for the recording: padded states, used by one batch after another."""
    model = tiny("canary2")
    plain, reusing = Decoder(model), Decoder(model)
    monkeypatch.setattr(Decoder, "uses_graphs", property(lambda self: self is reusing))
    monkeypatch.setattr("canary_subs.canary.decode._POLL_STEPS", {})
    sizes = set()

    def step(graphs: CudaGraphs, decoder: Decoder, state: DecodeState) -> None:
        sizes.add(state.size)
        decoder.step(state, state.size.length, same_length=False)

    monkeypatch.setattr(CudaGraphs, "step", step)
    for seed, lengths in enumerate([[17, 3, 9, 1, 12], [5, 16, 2, 11, 4, 8], [6]]):
        encoded = sound(model, lengths, seed=seed)
        wanted = requests(model, plain, LANGUAGES[:2], frames=17)
        asked = [wanted[: 1 + row % 2] for row in range(len(lengths))]
        expected = plain.greedy(encoded, lengths, asked, attention=True)
        found = reusing.greedy(encoded, lengths, asked, attention=True)
        for ours, theirs in zip(found, expected, strict=True):
            assert [text.tokens for text in ours] == [text.tokens for text in theirs]
            for one, other in zip(ours, theirs, strict=True):
                assert one.cross_attention is not None and other.cross_attention is not None
                np.testing.assert_allclose(
                    one.cross_attention, other.cross_attention, atol=1e-5, strict=True
                )
    segments = {size.segments for size in sizes}
    assert segments <= {1, 2, 4, 8} and len(segments) > 1, "batches shrink by powers of two"
    assert {size.frames for size in sizes} == {64}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here to record graphs on")
@pytest.mark.parametrize("targets", [["en"], LANGUAGES])
def test_recorded_steps_on_a_gpu_give_the_same_tokens(targets: list[str]) -> None:
    model = tiny("canary2")
    lengths = [17, 3, 9, 1, 12]
    encoded = sound(model, lengths)
    on_cpu = Decoder(model)
    wanted = requests(model, on_cpu, targets, frames=17)
    expected = on_cpu.greedy(encoded, lengths, [wanted] * 5, attention=True)
    on_gpu = Decoder(build(TINY, seed=3)).to("cuda")
    on_gpu.load_state_dict(on_cpu.state_dict())
    for _ in range(3):  # the first run records, the next ones replay
        found = on_gpu.greedy(encoded.to("cuda"), lengths, [wanted] * 5, attention=True)
        for ours, theirs in zip(found, expected, strict=True):
            assert [t.tokens for t in ours] == [t.tokens for t in theirs]
