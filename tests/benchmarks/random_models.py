"""Canaries with random weights: the exact architectures for measuring, tiny ones for tests.

They write nonsense, at the speed and in the memory of the real ones. Run as
``python -m tests.benchmarks.random_models canary-180m-flash out.nemo``.
"""

from __future__ import annotations

import argparse
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from canary_subs.canary.load import nemo_asr
from canary_subs.errors import UnknownName


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes that make an architecture."""

    encoder_layers: int
    encoder_size: int
    encoder_heads: int
    decoder_layers: int
    decoder_size: int
    decoder_heads: int
    decoder_inner: int
    #: Subwords of one language's tokenizer, or of the only one.
    vocabulary: int
    prompt: str = "canary2"
    #: Whether every language has a tokenizer of its own.
    aggregate: bool = True
    mels: int = 128
    channels: int = 256
    max_length: int = 1024
    pre_norm: bool = True
    languages: tuple[str, ...] = ("en", "de", "es", "fr")
    #: Encoder layers of the CTC model packed with it; 0 for none.
    ctc_layers: int = 0


SHAPES = {
    "canary-1b": Shape(
        encoder_layers=24, encoder_size=1024, encoder_heads=8,
        decoder_layers=24, decoder_size=1024, decoder_heads=8, decoder_inner=4096,
        vocabulary=1024, prompt="canary",
    ),
    "canary-1b-flash": Shape(
        encoder_layers=32, encoder_size=1024, encoder_heads=8,
        decoder_layers=4, decoder_size=1024, decoder_heads=8, decoder_inner=4096,
        vocabulary=1024,
    ),
    "canary-180m-flash": Shape(
        encoder_layers=17, encoder_size=512, encoder_heads=8,
        decoder_layers=4, decoder_size=1024, decoder_heads=8, decoder_inner=4096,
        vocabulary=1024,
    ),
    "canary-1b-v2": Shape(
        encoder_layers=32, encoder_size=1024, encoder_heads=8,
        decoder_layers=8, decoder_size=1024, decoder_heads=8, decoder_inner=4096,
        vocabulary=16384, aggregate=False,
    ),
    "tiny": Shape(
        encoder_layers=2, encoder_size=32, encoder_heads=4,
        decoder_layers=2, decoder_size=48, decoder_heads=4, decoder_inner=64,
        vocabulary=120, mels=40, channels=16, max_length=96,
    ),
}  # fmt: skip

_PROMPT_DEFAULTS = {
    "canary": {
        "source_lang": "<|en|>",
        "task": "<|transcribe|>",
        "target_lang": "<|en|>",
        "pnc": "<|pnc|>",
    },
    "canary2": {
        "decodercontext": "",
        "source_lang": "<|en|>",
        "target_lang": "<|en|>",
        "emotion": "<|emo:undefined|>",
        "pnc": "<|pnc|>",
        "itn": "<|noitn|>",
        "timestamp": "<|notimestamp|>",
        "diarize": "<|nodiarize|>",
    },
}

#: Sentences that the tokenizers are trained on; any will do.
_WORDS = (
    "the quick brown fox jumps over lazy dogs while seven wizards bake blue bread and sing about "
    "rain der schnelle braune Fuchs springt über faule Hunde le renard brun saute par dessus el "
    "zorro marrón salta sobre perros perezosos"
).split()


def build(shape: Shape, *, seed: int = 0) -> Any:
    """An `EncDecMultiTaskModel` of that shape, in evaluation mode."""
    import torch
    from omegaconf import OmegaConf

    models = nemo_asr()
    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        config = OmegaConf.create(_config(shape, Path(folder)))
        model = models.EncDecMultiTaskModel(config)
        # The artifacts live in the folder, which goes; what is needed of them is in memory.
    return model.eval().requires_grad_(False)


def save(name: str, path: Path, *, seed: int = 0) -> None:
    """Write a random model of an architecture in `SHAPES` as a `.nemo`. Raises `UnknownName`."""
    if name not in SHAPES:
        raise UnknownName(f"no architecture {name!r}; there are {', '.join(SHAPES)}")
    import torch
    from omegaconf import OmegaConf

    shape, models = SHAPES[name], nemo_asr()
    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        config = OmegaConf.create(_config(shape, folder / "canary"))
        models.EncDecMultiTaskModel(config).save_to(str(folder / "canary.nemo"))
        parts = {"model": folder / "canary.nemo"}
        if shape.ctc_layers:
            config = OmegaConf.create(_ctc_config(shape, folder / "ctc"))
            models.EncDecCTCModelBPE(config).save_to(str(folder / "ctc.nemo"))
            parts["timestamps_asr_model"] = folder / "ctc.nemo"
        _merge(parts, path)


def save_ctc(name: str, path: Path, *, seed: int = 0) -> None:
    """Write the random CTC model of an architecture in `SHAPES` as a `.nemo` of its own."""
    import torch
    from omegaconf import OmegaConf

    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        config = OmegaConf.create(_ctc_config(SHAPES[name], Path(folder)))
        nemo_asr().EncDecCTCModelBPE(config).save_to(str(path))


def _merge(parts: Mapping[str, Path], path: Path) -> None:
    """Put several `.nemo` files into one, configuration and weights under each one's prefix."""
    with tarfile.open(path, "w") as merged:
        for prefix, part in parts.items():
            with tarfile.open(part) as tar:
                for member in tar:
                    stream = tar.extractfile(member)
                    name = member.name.removeprefix("./")
                    if name.startswith("model_"):
                        name = prefix + name.removeprefix("model")
                    if stream is not None:
                        member.name = name
                        merged.addfile(member, stream)


def _config(shape: Shape, folder: Path) -> dict[str, Any]:
    inner = shape.decoder_size
    return {
        "target": "nemo.collections.asr.models.aed_multitask_models.EncDecMultiTaskModel",
        "sample_rate": 16000,
        "prompt_format": shape.prompt,
        "prompt_defaults": [{"role": "user", "slots": _PROMPT_DEFAULTS[shape.prompt]}],
        "model_defaults": {
            "asr_enc_hidden": shape.encoder_size, "lm_enc_hidden": inner, "lm_dec_hidden": inner,
        },
        "tokenizer": _tokenizer(shape, folder),
        "preprocessor": _preprocessor(shape),
        "encoder": _encoder(shape, shape.encoder_layers),
        "transf_encoder": {
            "_target_": "nemo.collections.asr.modules.transformer.transformer_encoders"
            ".TransformerEncoder",
            "num_layers": 0, "hidden_size": inner, "inner_size": shape.decoder_inner,
            "num_attention_heads": shape.decoder_heads,
        },
        "transf_decoder": {
            "_target_": "nemo.collections.asr.modules.transformer.get_nemo_transformer",
            "model_name": None, "pretrained": False, "encoder": None, "pre_ln_final_layer_norm":
            True,
            "config_dict": {
                "max_sequence_length": shape.max_length, "num_token_types": 0,
                "embedding_dropout": 0.0, "learn_positional_encodings": False,
                "hidden_size": inner, "inner_size": shape.decoder_inner,
                "num_layers": shape.decoder_layers,
                "num_attention_heads": shape.decoder_heads, "ffn_dropout": 0.0,
                "attn_score_dropout": 0.0, "attn_layer_dropout": 0.0, "hidden_act": "relu",
                "pre_ln": shape.pre_norm, "vocab_size": None,
            },
        },
        "head": {
            "_target_": "nemo.collections.asr.parts.submodules.token_classifier.TokenClassifier",
            "num_layers": 1, "activation": "relu", "log_softmax": True, "hidden_size": inner,
            "num_classes": None, "dropout": 0.0, "use_transformer_init": True,
        },
        "loss": {
            "_target_": "nemo.collections.common.losses.smoothed_cross_entropy"
            ".SmoothedCrossEntropyLoss",
            "label_smoothing": 0.0, "pad_id": None,
        },
        "decoding": {
            "strategy": "beam",
            "beam": {"beam_size": 1, "len_pen": 0.0, "max_generation_delta": 50},
        },
    }  # fmt: skip


def _ctc_config(shape: Shape, folder: Path) -> dict[str, Any]:
    tokenizer = _tokenizer(replace(shape, aggregate=False), folder)
    return {
        "target": "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE",
        "sample_rate": 16000,
        "tokenizer": tokenizer,
        "preprocessor": _preprocessor(shape),
        "encoder": _encoder(shape, shape.ctc_layers),
        "decoder": {
            "_target_": "nemo.collections.asr.modules.ConvASRDecoder",
            "feat_in": shape.encoder_size,
            "num_classes": -1,
            "vocabulary": [],
        },
        "decoding": {"strategy": "greedy"},
    }


def _preprocessor(shape: Shape) -> dict[str, Any]:
    return {
        "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
        "sample_rate": 16000, "normalize": "per_feature", "window_size": 0.025,
        "window_stride": 0.01, "window": "hann", "features": shape.mels, "n_fft": 512,
        "log": True, "frame_splicing": 1, "dither": 1e-5, "pad_to": 0, "pad_value": 0.0,
    }  # fmt: skip


def _encoder(shape: Shape, layers: int) -> dict[str, Any]:
    return {
        "_target_": "nemo.collections.asr.modules.ConformerEncoder",
        "feat_in": shape.mels, "feat_out": -1, "n_layers": layers,
        "d_model": shape.encoder_size, "subsampling": "dw_striding", "subsampling_factor": 8,
        "subsampling_conv_channels": shape.channels, "causal_downsampling": False,
        "ff_expansion_factor": 4, "self_attention_model": "rel_pos",
        "n_heads": shape.encoder_heads, "att_context_size": [-1, -1], "xscaling": False,
        "untie_biases": True, "pos_emb_max_len": 5000, "conv_kernel_size": 9,
        "conv_norm_type": "batch_norm", "dropout": 0.0, "dropout_pre_encoder": 0.0,
        "dropout_emb": 0.0, "dropout_att": 0.0,
    }  # fmt: skip


def _special_tokens(shape: Shape) -> list[str]:
    flags = ["itn", "timestamp", "diarize"]
    return [
        "<|endoftext|>", "<|startoftranscript|>", "<|nospeech|>", "<pad>", "<|pnc|>", "<|nopnc|>",
        "<|startofcontext|>", "<|emo:undefined|>", "<|transcribe|>", "<|translate|>",
        *(f"<|{language}|>" for language in shape.languages),
        *(f"<|{no}{flag}|>" for flag in flags for no in ("", "no")),
        *(f"<|{frame}|>" for frame in range(500)),
    ]  # fmt: skip


def _tokenizer(shape: Shape, folder: Path) -> dict[str, Any]:
    common = "nemo.collections.common.tokenizers.canary_tokenizer."
    special = _special_tokens(shape)
    if not shape.aggregate:
        one = _sentencepiece(folder / "all", shape.vocabulary, special)
        return {**one, "custom_tokenizer": {"_target_": common + "CanaryBPETokenizer"}}
    langs = {"spl_tokens": _sentencepiece(folder / "special", len(special) + 3, special, ["a"])}
    for language in shape.languages:
        langs[language] = _sentencepiece(folder / language, shape.vocabulary, [])
    return {
        "type": "agg",
        "dir": None,
        "langs": langs,
        "custom_tokenizer": {"_target_": common + "CanaryTokenizer"},
    }


def _sentencepiece(
    folder: Path, subwords: int, symbols: list[str], sentences: Sequence[str] = ()
) -> dict[str, Any]:
    """Train a tokenizer of so many subwords, on made-up words if no sentences are given."""
    import io
    import random

    import sentencepiece

    folder.mkdir(parents=True)
    draw = random.Random(subwords)
    letters = "abcdefghijklmnopqrstuvwxyzäöüßéèñ"
    sentences = sentences or [" ".join(draw.sample(_WORDS, 8)) for _ in range(200)]
    if subwords - len(symbols) > 300:
        sentences = [
            " ".join("".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(10))
            for _ in range(subwords * 2)
        ]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        vocab_size=subwords,
        model_type="bpe",
        user_defined_symbols=symbols,
        bos_id=-1,
        eos_id=-1,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(model.getvalue())
    vocabulary = [processor.IdToPiece(i) for i in range(processor.GetPieceSize())]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    (folder / "tokenizer.vocab").write_text(
        "\n".join(f"{piece}\t0" for piece in vocabulary), encoding="utf-8"
    )
    return {
        "type": "bpe",
        "dir": str(folder),
        "model_path": str(folder / "tokenizer.model"),
        "vocab_path": str(folder / "vocab.txt"),
        "spe_tokenizer_vocab": str(folder / "tokenizer.vocab"),
    }


#: Small as "tiny", built as canary-1b-v2 is: one tokenizer, and a CTC model packed with it.
SHAPES["tiny-v2"] = replace(SHAPES["tiny"], aggregate=False, vocabulary=700, ctc_layers=2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a Canary with random weights.")
    parser.add_argument("architecture", choices=SHAPES)
    parser.add_argument("path", type=Path, help="the .nemo file to write")
    chosen = parser.parse_args()
    save(chosen.architecture, chosen.path)
