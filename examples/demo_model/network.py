"""The demonstration model's shape, and its .nemo file, laid out as canary-1b-v2's is.

Imports torch and NeMo inside functions only.
"""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.demo_model.speech import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from torch import Tensor, nn

#: One frame of the encoder.
FRAME_MS = 80

WIDTH = 144
ENCODER_LAYERS = 4
DECODER_LAYERS = 3
MAX_TOKENS = 512

_NEMO = "nemo.collections.asr"

PREPROCESSOR = {
    "_target_": f"{_NEMO}.modules.AudioToMelSpectrogramPreprocessor",
    "sample_rate": SAMPLE_RATE_HZ,
    "normalize": "per_feature",
    "window_size": 0.025,
    "window_stride": 0.01,
    "window": "hann",
    "features": 80,
    "n_fft": 512,
    "log": True,
    "dither": 1e-5,
    "pad_to": 0,
}
ENCODER = {
    "_target_": f"{_NEMO}.modules.ConformerEncoder",
    "feat_in": 80,
    "feat_out": -1,
    "n_layers": ENCODER_LAYERS,
    "d_model": WIDTH,
    "use_bias": False,
    "subsampling": "dw_striding",
    "subsampling_factor": 8,
    "subsampling_conv_channels": 32,
    "ff_expansion_factor": 4,
    # Absolute positions: so small a decoder finds its place in 30 s of like sentences only where
    # the encoder says when it is; with rel_pos it skips and repeats from 10 s on.
    "self_attention_model": "abs_pos",
    "n_heads": 4,
    "att_context_size": [-1, -1],
    "xscaling": False,
    "pos_emb_max_len": 5000,
    "conv_kernel_size": 9,
    # Batches of very different lengths would spoil the running statistics of batch_norm.
    "conv_norm_type": "layer_norm",
    "dropout": 0.0,
    "dropout_pre_encoder": 0.0,
    "dropout_emb": 0.0,
    "dropout_att": 0.0,
}


def _tokenizer(folder: Path) -> dict[str, Any]:
    return {
        "dir": str(folder),
        "type": "bpe",
        "custom_tokenizer": {
            "_target_": "nemo.collections.common.tokenizers.canary_tokenizer.CanaryBPETokenizer"
        },
    }


def canary_config(tokenizer_folder: Path) -> dict[str, Any]:
    """The configuration of the EncDecMultiTaskModel."""
    slots = {
        "decodercontext": "",
        "source_lang": "<|en|>",
        "target_lang": "<|en|>",
        "emotion": "<|emo:undefined|>",
        "pnc": "<|pnc|>",
        "itn": "<|noitn|>",
        "diarize": "<|nodiarize|>",
        "timestamp": "<|notimestamp|>",
    }
    return {
        "target": f"{_NEMO}.models.aed_multitask_models.EncDecMultiTaskModel",
        "name": "canary-subs-demo",
        "sample_rate": SAMPLE_RATE_HZ,
        "prompt_format": "canary2",
        "prompt_defaults": [
            {"role": "user", "slots": slots},
            {"role": "user_partial", "slots": {"decodercontext": ""}},
        ],
        "model_defaults": {"asr_enc_hidden": WIDTH, "lm_enc_hidden": WIDTH, "lm_dec_hidden": WIDTH},
        "tokenizer": _tokenizer(tokenizer_folder),
        "preprocessor": PREPROCESSOR,
        "encoder": ENCODER,
        "transf_encoder": None,
        "transf_decoder": {
            "_target_": f"{_NEMO}.modules.transformer.get_nemo_transformer",
            "model_name": None,
            "pretrained": False,
            "encoder": None,
            "pre_ln_final_layer_norm": True,
            "config_dict": {
                "max_sequence_length": MAX_TOKENS,
                "num_token_types": 0,
                "embedding_dropout": 0.1,
                "learn_positional_encodings": False,
                "hidden_size": WIDTH,
                "inner_size": 4 * WIDTH,
                "num_layers": DECODER_LAYERS,
                "num_attention_heads": 4,
                "ffn_dropout": 0.1,
                "attn_score_dropout": 0.0,
                "attn_layer_dropout": 0.1,
                "hidden_act": "relu",
                "pre_ln": True,
                "vocab_size": None,
            },
        },
        "head": {
            "_target_": f"{_NEMO}.parts.submodules.token_classifier.TokenClassifier",
            "num_layers": 1,
            "activation": "relu",
            "log_softmax": True,
            "hidden_size": WIDTH,
            "num_classes": None,
            "dropout": 0.0,
            "use_transformer_init": True,
        },
        "decoding": {
            "strategy": "greedy",
            "return_best_hypothesis": True,
            "beam": {"beam_size": 1, "len_pen": 0.0, "max_generation_delta": 50},
            "greedy": {"temperature": None, "n_samples": 1, "max_generation_delta": 50},
        },
        "loss": {
            "_target_": "nemo.collections.common.losses.SmoothedCrossEntropyLoss",
            "label_smoothing": 0.0,
            "pad_id": None,
        },
    }


def aligner_config(tokenizer_folder: Path, vocabulary_size: int) -> dict[str, Any]:
    """The configuration of the EncDecCTCModelBPE that gives transcripts their word times."""
    return {
        "target": f"{_NEMO}.models.ctc_bpe_models.EncDecCTCModelBPE",
        "name": "canary-subs-demo-aligner",
        "sample_rate": SAMPLE_RATE_HZ,
        "log_prediction": False,
        "ctc_reduction": "mean_volume",
        "tokenizer": _tokenizer(tokenizer_folder),
        "preprocessor": PREPROCESSOR,
        "encoder": ENCODER,
        "decoder": {
            "_target_": f"{_NEMO}.modules.ConvASRDecoder",
            "feat_in": WIDTH,
            "num_classes": vocabulary_size,
            "vocabulary": [],
        },
        "decoding": {"strategy": "greedy"},
    }


def quiet() -> None:
    """Keep NeMo from talking on import and on building models."""
    import logging

    for name in (
        "nv_one_logger",
        "nv_one_logger.training_telemetry",
        "nv_one_logger.api",
        "nv_one_logger.core",
    ):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    from nemo.utils import logging as nemo_logging

    nemo_logging.setLevel(logging.ERROR)


def new_canary(tokenizer_folder: Path) -> Any:
    """An untrained EncDecMultiTaskModel of the demonstration model's shape."""
    quiet()
    from nemo.collections.asr.models import EncDecMultiTaskModel
    from nemo.utils.app_state import AppState
    from omegaconf import OmegaConf

    # Set by an earlier restore_from, it makes the constructor look for a side model in that file.
    AppState().model_restore_path = None
    return EncDecMultiTaskModel(OmegaConf.create(canary_config(tokenizer_folder)))


def new_aligner(tokenizer_folder: Path, canary: Any, head: nn.Linear, columns: Tensor) -> Any:
    """The CTC side model: a copy of canary's encoder, and `head`.

    The rows of head are the tokens in `columns`, then the blank.
    Tokens outside `columns` (the special ones) get a probability of nothing.
    """
    import torch
    from nemo.collections.asr.models import EncDecCTCModelBPE
    from omegaconf import OmegaConf

    size = canary.tokenizer.vocab_size
    model = EncDecCTCModelBPE(OmegaConf.create(aligner_config(tokenizer_folder, size)))
    model.encoder.load_state_dict(canary.encoder.state_dict())
    layer = model.decoder.decoder_layers[0]
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.fill_(-1e3)
        rows = torch.cat([columns, torch.tensor([size])])
        layer.weight[rows, :, 0] = head.weight
        layer.bias[rows] = head.bias
    return model


def pack(canary: Any, aligner: Any, path: Path) -> None:
    """Write both models into one .nemo, with 16-bit weights, where restore_from looks for them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _unpacked(aligner, folder, "timestamps_asr_")
        _unpacked(canary, folder, "")
        partial = path.with_suffix(".partial")
        with tarfile.open(partial, "w:", format=tarfile.USTAR_FORMAT) as tar:
            for member in sorted(folder.iterdir()):
                tar.add(member, arcname=f"./{member.name}", filter=_anonymous)
        partial.replace(path)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same weights give the same file, whoever packs them and whenever."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def _unpacked(model: Any, folder: Path, prefix: str) -> None:
    """Save a model as NeMo does and lay its members into folder, two of them under a prefix."""
    import torch
    from omegaconf import OmegaConf

    with tempfile.TemporaryDirectory() as name:
        archive = Path(name) / "model.nemo"
        model.save_to(str(archive))
        with tarfile.open(archive) as tar:
            tar.extractall(name, filter="data")
        archive.unlink()
        for member in Path(name).iterdir():
            if member.name == "model_weights.ckpt":
                weights = torch.load(member, map_location="cpu", weights_only=True)
                torch.save(_halved(weights), folder / f"{prefix}{member.name}")
            elif member.name == "model_config.yaml":
                config = OmegaConf.load(member)
                config.tokenizer.dir = "tokenizer"  # where it lay is nobody's business
                OmegaConf.save(config, folder / f"{prefix}{member.name}")
            else:
                member.rename(folder / member.name)


def _halved(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights in 16 bits, those that are one still one; the preprocessor's filters as they are."""
    seen: dict[tuple[int, int], Tensor] = {}
    return {
        name: seen.setdefault((value.data_ptr(), value.numel()), value.half())
        if value.is_floating_point() and not name.startswith("preprocessor.")
        else value
        for name, value in weights.items()
    }
