"""The engine as configuration sees it: a model's name, where its files are, how it is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from canary_subs import (
    Context,
    DeviceTooSmall,
    Engine,
    ModelCard,
    ModelError,
    ModelUnavailable,
    PluginUnusable,
    Session,
    UnknownName,
)
from canary_subs_whisper import models
from canary_subs_whisper.options import WhisperOptions
from canary_subs_whisper.session import WhisperSession

#: Precision -> CTranslate2's compute type. The narrow ones compute in 16 bits on a GPU.
_COMPUTE = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16", "int8": "int8"}

_CONVERT = (
    "convert it again with ct2-transformers-converter "
    "--copy_files tokenizer.json preprocessor_config.json"
)


class WhisperEngine(Engine):
    """A Whisper model by name, in a folder in CTranslate2's format, or on the hub."""

    def __init__(self, options: WhisperOptions, context: Context) -> None:
        self._options = options
        self.name = context.model or models.DEFAULT_MODEL
        if not (models.known(self.name) or Path(self.name).is_dir() or _may_be_on_hub(self.name)):
            names = ", ".join([*models.PARAMETERS, *models.ALIASES])
            raise UnknownName(
                f"whisper knows no model {self.name!r}; name a folder in CTranslate2's format, "
                f"a model on the hub as OWNER/NAME, or one of {names}"
            )

    def pairs(self) -> Iterable[tuple[str, str]]:
        return models.card(self.name).pairs

    def models(self) -> Iterable[ModelCard]:
        return [models.card(name) for name in dict.fromkeys([self.name, *models.PARAMETERS])]

    def fetch(self, context: Context) -> None:
        _locate(self.name)

    def open(self, context: Context) -> Session:
        """Raises `ModelError`, and `PluginUnusable` where faster-whisper is not installed."""
        _require()
        import ctranslate2
        from faster_whisper import WhisperModel

        device, _, index = context.device.partition(":")
        if device not in ("auto", "cpu", "cuda"):
            raise ModelError(f"whisper cannot compute on {device!r}; use --device cpu or cuda")
        if device == "auto":
            device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        compute = _compute_type(context.precision, device)
        folder = _locate(self.name)
        if not (folder / "tokenizer.json").is_file():
            raise ModelError(f"{folder} has no tokenizer.json; {_CONVERT}")
        self._check_memory(device, context.precision)
        try:
            loaded: Any = WhisperModel(
                str(folder), device, int(index or 0), compute, cpu_threads=self._options.threads
            )
        except (OSError, RuntimeError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            if "out of memory" in reason:
                raise DeviceTooSmall(
                    f"whisper {self.name} does not fit in the memory of {context.device}; use "
                    "--precision int8, a smaller model, or --device cpu"
                ) from error
            if "compute type" in reason:
                raise ModelError(
                    f"whisper cannot compute in {context.precision} on {device}; use --precision "
                    "auto"
                ) from error
            raise ModelError(
                f"{folder} cannot be loaded as a Whisper model in CTranslate2's format ({reason}); "
                f"copy it again, or {_CONVERT}"
            ) from error
        if loaded.model.n_mels != 80 and not (folder / "preprocessor_config.json").is_file():
            raise ModelError(f"{folder} has no preprocessor_config.json; {_CONVERT}")
        name = f"{Path(self.name).name}@{_fingerprint(folder)}"
        return WhisperSession(loaded, name, models.card(self.name).pairs, self._options)

    def _check_memory(self, device: str, precision: str) -> None:
        """Raise `DeviceTooSmall` where main memory cannot hold it; a GPU refuses by itself."""
        memory = models.card(self.name).memory_bytes
        needs = memory.get("int8" if precision == "auto" else precision, 0)
        free = _free_bytes()
        if device == "cpu" and 0 < free < needs:
            raise DeviceTooSmall(
                f"whisper {self.name} needs {needs / 1e9:.1f} GB and {free / 1e9:.1f} GB is free; "
                "close what else uses it, or use --precision int8 or a smaller model"
            )


def _free_bytes() -> int:
    """What main memory has available; 0 where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(x.split()[1]) * 1024 for x in lines if x.startswith("MemAvailable:")), 0)


def _require() -> None:
    try:
        import faster_whisper  # noqa: F401
    except ImportError as error:
        raise PluginUnusable(
            f"whisper needs `pip install faster-whisper` ({error}); then try again"
        ) from error


def _may_be_on_hub(name: str) -> bool:
    owner, slash, rest = name.partition("/")
    return bool(owner and slash and rest) and "/" not in rest and not name.startswith((".", "~"))


def _compute_type(precision: str, device: str) -> str:
    """What CTranslate2 calls a precision; "auto" is what is fastest without loss of accuracy."""
    if precision == "auto":
        return "float16" if device == "cuda" else "int8"
    if precision not in _COMPUTE:
        raise UnknownName(
            f"whisper has no precision {precision!r}; use auto, {', '.join(_COMPUTE)}"
        )
    compute = _COMPUTE[precision]
    return "int8_float16" if (compute, device) == ("int8", "cuda") else compute


def _locate(name: str) -> Path:
    """The folder of a model; downloads it where it is not here. Raises `ModelError`."""
    if Path(name).is_dir():
        return Path(name)
    _require()
    from faster_whisper.utils import download_model

    known = "large-v3-turbo" if name == "turbo" else name
    try:
        folder = Path(download_model(known, local_files_only=True))
        if (folder / "model.bin").is_file():  # else its download was interrupted
            return folder
    except (OSError, ValueError):
        pass
    try:
        return Path(download_model(known))
    except Exception as error:  # the hub's client raises errors of several HTTP libraries
        reason = str(error).strip().partition("\n")[0][:100]
        if type(error).__name__ in ("RepositoryNotFoundError", "HFValidationError"):
            raise ModelError(f"the hub has no model {name!r} ({reason})") from error
        raise ModelUnavailable(
            f"model {name} is not on this machine and cannot be downloaded ({reason}); try again, "
            "or name a folder that holds it"
        ) from error


def _fingerprint(folder: Path) -> str:
    """What tells one model's files from another's: the size, the beginning and the end."""
    digest = hashlib.sha256()
    with (folder / "model.bin").open("rb") as file:
        digest.update(file.read(1 << 20))
        size = file.seek(0, 2)
        file.seek(max(0, size - (1 << 20)))
        digest.update(file.read())
    digest.update(str(size).encode())
    return digest.hexdigest()[:8]
