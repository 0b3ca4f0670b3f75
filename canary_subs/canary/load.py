"""Load NeMo modules from a checked `.nemo` archive, without log noise and side effects.

NeMo's own restoring changes the working directory and unpacks the weights to TMPDIR. Here only
the small members are unpacked; the weights are read from the archive, as tensors only.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from canary_subs.canary import archive as nemo_file
from canary_subs.errors import ModelError

#: NeMo keeps what it restores in a global state: only one model can be restored at a time.
_RESTORING = threading.Lock()

_CTC_CLASSES = ("EncDecCTCModelBPE", "EncDecHybridRNNTCTCBPEModel")


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model in evaluation mode, fp32 and main memory."""

    #: An `EncDecMultiTaskModel`.
    model: Any
    #: The CTC model for word times that is packed with it; None without one.
    ctc: Any | None
    archive: nemo_file.Archive


@cache
def nemo_asr() -> Any:
    """NeMo's speech models, imported without log noise (10 s and 700 MB the first time)."""
    for name in ("nv_one_logger", "training_telemetry", "api", "core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
        logging.getLogger(f"nv_one_logger.{name}").setLevel(logging.CRITICAL)
    # Hydra reports every factory function in a configuration as a failure to find a class.
    logging.getLogger("hydra").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nemo.collections.asr import models
        from nemo.utils import logging as nemo_logging
    nemo_logging.setLevel(logging.ERROR)
    return models


def load(path: Path) -> Loaded:
    """Restore a Canary, and the CTC model packed with it. Raises `ModelError`."""
    archive = nemo_file.read_archive(path)
    models = nemo_asr()
    config = {**archive.config, "restore_timestamps_model": False}
    model = _restore(path, models.EncDecMultiTaskModel, config, weights=nemo_file.WEIGHTS)
    ctc = None
    if archive.ctc_config is not None:
        ctc = _restore_ctc(path, archive.ctc_config, weights=nemo_file.CTC_WEIGHTS)
    return Loaded(model=model, ctc=ctc, archive=archive)


def load_ctc(path: Path) -> Any:
    """Restore a CTC model from a file of its own. Raises `ModelError`."""
    return _restore_ctc(path, nemo_file.read_ctc_config(path), weights=nemo_file.WEIGHTS)


def _restore_ctc(path: Path, config: Mapping[str, Any], *, weights: str) -> Any:
    name = str(config.get("target", "")).rpartition(".")[2]
    if name not in _CTC_CLASSES:
        raise ModelError(
            f"{path}: {name or 'a model without a class'} is not a CTC model with words"
        )
    return _restore(path, getattr(nemo_asr(), name), config, weights=weights)


def _restore(path: Path, kind: Any, config: Mapping[str, Any], *, weights: str) -> Any:
    import torch
    from omegaconf import OmegaConf

    with nemo_file.open_members(path) as members, tempfile.TemporaryDirectory() as folder:
        for name in members:
            if not name.endswith((nemo_file.WEIGHTS, nemo_file.CTC_WEIGHTS)):
                target = Path(folder, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(members.read(name, 64_000_000))
        try:
            with _being_restored(path, Path(folder)), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = kind.from_config_dict(OmegaConf.create(dict(config)))
                with members.open(weights) as stream:
                    state = torch.load(stream, map_location="cpu", weights_only=True)
                model.load_state_dict(state, strict=True)
        except (MemoryError, KeyboardInterrupt, ModelError):
            raise
        except Exception as error:  # NeMo, OmegaConf and torch raise anything at bad files
            raise ModelError(f"{path} cannot be loaded: {_first_line(error)}") from error
    return model.float().eval().requires_grad_(False)


@contextmanager
def _being_restored(path: Path, folder: Path) -> Iterator[None]:
    """Point NeMo at the artifacts, and reset that afterwards: it would break the next model."""
    from nemo.utils.app_state import AppState

    with _RESTORING:
        state = AppState()
        state.is_model_being_restored = True
        state.nemo_file_folder = str(folder)
        state.model_restore_path = str(path.resolve())
        try:
            yield
        finally:
            state.is_model_being_restored = False
            state.nemo_file_folder = None
            state.model_restore_path = None


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
