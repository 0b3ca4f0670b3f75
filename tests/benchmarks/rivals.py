"""NeMo's `transcribe()`, NeMo's CTC search and transformers' Canary, on the engine's weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from canary_subs.canary import align
from canary_subs.canary.prompt import Prompter
from tests.benchmarks.random_models import Shape
from tests.benchmarks.report import NEMO, OURS, TRANSFORMERS, TRANSFORMERS_BATCH

Audio = Sequence[NDArray[np.float32]]
#: Program, stage and number of languages.
Cell = tuple[str, str, int]
Work = dict[Cell, Callable[[], Any]]
#: Segments, their languages, and the tokens of each text.
Tokens = list[list[tuple[int, ...]]]
#: Number of languages -> the languages.
Languages = Mapping[int, Sequence[str]]


class Nemo:
    """NeMo's own greedy decoding, one language a call, as it offers it."""

    def __init__(self, model: Any, audio: Audio) -> None:
        self.model, self._audio = model, audio
        decoding = model.cfg.decoding
        decoding.strategy = "greedy"
        model.change_decoding_strategy(decoding)
        self.encoded, self.mask = self.encode()

    @torch.inference_mode()
    def encode(self) -> tuple[Any, Any]:
        """Encoder states (segments, frames, width), and which frames are not padding."""
        batch = torch.from_numpy(np.stack(self._audio)).to(self.model.device)
        lengths = torch.full((len(batch),), batch.shape[1], device=batch.device)
        _, _, encoded, mask = self.model(input_signal=batch, input_signal_length=lengths)
        return encoded, mask

    def decode(self, language: str) -> Any:
        """Ids after the prompt (segments, tokens), of English speech in a language."""
        prompt = Prompter(self.model).ids("en", language)
        ids = torch.tensor([prompt] * len(self.encoded), device=self.encoded.device)
        found = self.model.decoding.decoding.greedy_search(
            decoder_input_ids=ids,
            encoder_hidden_states=self.encoded,
            encoder_input_mask=self.mask,
        )[0]
        return found[:, len(prompt) :]

    def transcribe(self, language: str) -> None:
        """Everything from audio to text."""
        self.model.transcribe(
            audio=list(self._audio),
            batch_size=len(self._audio),
            verbose=False,
            source_lang="en",
            target_lang=language,
            pnc="yes",
            task="asr" if language == "en" else "ast",
        )

    def work(self, languages: Languages) -> Work:
        """What to measure."""
        work: Work = {}
        for count, chosen in languages.items():
            work[NEMO, "encode", count] = partial(_each, lambda _: self.encode(), chosen)
            work[NEMO, "decode", count] = partial(_each, self.decode, chosen)
            work[NEMO, "whole", count] = partial(_each, self.transcribe, chosen)
        return work

    def tokens(self, languages: Sequence[str]) -> Tokens:
        """The tokens of each segment in each language."""
        return _by_segment([self.decode(language).tolist() for language in languages])


class Transformers:
    """transformers' Canary with the decoder of a NeMo model, fed with NeMo's encoder states."""

    def __init__(self, nemo: Nemo, shape: Shape, tokens: int) -> None:
        self._nemo, self._tokens = nemo, tokens
        self._model = _converted(nemo.model, shape).to(nemo.encoded.dtype).to(nemo.encoded.device)

    def decode(self, languages: Sequence[str]) -> Any:
        """Ids after the prompt (segments * languages, tokens), all in one batch."""
        from transformers.models.parakeet.modeling_parakeet import ParakeetEncoderModelOutput

        encoded, mask = self._nemo.encoded, self._nemo.mask.bool()
        prompter = Prompter(self._nemo.model)
        prompts = [prompter.ids("en", language) for language in languages]
        ids = torch.tensor(prompts * len(encoded), device=encoded.device)
        found = self._model.generate(
            encoder_outputs=ParakeetEncoderModelOutput(
                last_hidden_state=encoded.repeat_interleave(len(languages), 0),
                attention_mask=mask.repeat_interleave(len(languages), 0),
            ),
            decoder_input_ids=ids,
            max_new_tokens=self._tokens,
            do_sample=False,
            num_beams=1,
        )
        return found[:, ids.shape[1] :]

    def work(self, languages: Languages) -> Work:
        """What to measure: one call a language, and one batch for all."""
        work: Work = {}
        for count, chosen in languages.items():
            each = [(language,) for language in chosen]
            work[TRANSFORMERS, "decode", count] = partial(_each, self.decode, each)
            if count > 1:
                work[TRANSFORMERS_BATCH, "decode", count] = partial(self.decode, chosen)
        return work

    def tokens(self, languages: Sequence[str]) -> Tokens:
        """The tokens of each segment in each language, by one call a language."""
        return _by_segment([self.decode((language,)).tolist() for language in languages])

    def batch_tokens(self, languages: Sequence[str]) -> Tokens:
        """The same, by one batch."""
        texts = [tuple(text) for text in self.decode(languages).tolist()]
        count = len(languages)
        return [texts[first : first + count] for first in range(0, len(texts), count)]


def _each(call: Callable[[Any], Any], values: Sequence[Any]) -> None:
    for value in values:
        call(value)


def _by_segment(by_language: Sequence[Sequence[Sequence[int]]]) -> Tokens:
    return [list(map(tuple, texts)) for texts in zip(*by_language, strict=True)]


def _converted(nemo: Any, shape: Shape) -> Any:
    """transformers' Canary with the decoder of NeMo's model; its encoder is not used."""
    from transformers import CanaryConfig, CanaryForConditionalGeneration

    stack = nemo.transf_decoder
    vocabulary = stack.embedding.token_embedding.num_embeddings
    config = CanaryConfig(
        encoder_config={
            "model_type": "parakeet_encoder",
            "num_hidden_layers": 1,
            "hidden_size": 64,
            "intermediate_size": 64,
            "num_attention_heads": 2,
        },
        decoder_config={
            "vocab_size": vocabulary,
            "hidden_size": shape.decoder_size,
            "intermediate_size": shape.decoder_inner,
            "num_hidden_layers": shape.decoder_layers,
            "num_attention_heads": shape.decoder_heads,
            "num_key_value_heads": shape.decoder_heads,
            "head_dim": shape.decoder_size // shape.decoder_heads,
            "max_position_embeddings": 1024,
        },
        vocab_size=vocabulary,
        pad_token_id=int(nemo.tokenizer.pad),
        eos_token_id=int(nemo.tokenizer.eos),
        tie_word_embeddings=False,  # the random head is not the embedding
    )
    model = CanaryForConditionalGeneration(config).eval()
    decoder = model.model.decoder
    pairs = [
        (decoder.embed_tokens, stack.embedding.token_embedding),
        (decoder.embedding_layernorm, stack.embedding.layer_norm),
        (decoder.norm, stack.decoder.final_layer_norm),
    ]
    for theirs, ours in zip(decoder.layers, stack.decoder.layers, strict=True):
        pairs += [
            (theirs.input_layernorm, ours.layer_norm_1),
            (theirs.post_attention_layernorm, ours.layer_norm_2),
            (theirs.final_layernorm, ours.layer_norm_3),
            (theirs.mlp.fc1, ours.third_sub_layer.dense_in),
            (theirs.mlp.fc2, ours.third_sub_layer.dense_out),
        ]
        for attention, layer in (
            (theirs.self_attn, ours.first_sub_layer),
            (theirs.encoder_attn, ours.second_sub_layer),
        ):
            pairs += [
                (attention.q_proj, layer.query_net),
                (attention.k_proj, layer.key_net),
                (attention.v_proj, layer.value_net),
                (attention.o_proj, layer.out_projection),
            ]
    for target, source in pairs:
        target.load_state_dict(source.state_dict())
    # The same waves, but in another order of columns.
    waves = stack.embedding.position_embedding.pos_enc
    decoder.pos_emb.positional_embedding = waves * shape.decoder_size**0.5
    head = nemo.log_softmax.mlp.last_linear_layer
    model.get_output_embeddings().load_state_dict(head.state_dict(), strict=False)
    if model.get_output_embeddings().bias is None:
        raise RuntimeError("transformers' Canary has lost the bias of its head")
    return model


def alignment(segments: int, frames: int, tokens: int, vocabulary: int) -> Work:
    """CTC paths of texts through random scores, from scores to path; ours and NeMo's."""
    from nemo.collections.asr.parts.utils.aligner_utils import viterbi_decoding

    tokens = min(tokens, frames // 2)
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(segments, frames, vocabulary + 1, generator=generator).log_softmax(-1)
    texts = torch.randint(0, vocabulary, (segments, tokens), generator=generator)
    columns = torch.full((segments, 2 * tokens + 1), vocabulary)
    columns[:, 1::2] = texts
    plain = columns.numpy()

    def ours() -> list[NDArray[np.int32]]:
        emissions = [scores[i].numpy()[:, plain[i]] for i in range(segments)]
        return align.best_paths(emissions, [align.may_skip(row) for row in plain])

    def nemo() -> Any:
        return viterbi_decoding(
            scores,
            columns,
            torch.full((segments,), frames),
            torch.full((segments,), columns.shape[1]),
            torch.device("cpu"),
        )

    return {(OURS, "align", 1): ours, (NEMO, "align", 1): nemo}
