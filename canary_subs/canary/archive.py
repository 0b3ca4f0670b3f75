"""Safe reading of `.nemo` files, which may come from an untrusted source.

A `.nemo` is a tar of a YAML configuration, PyTorch weights and SentencePiece models. Everything
that could reach outside it is refused before NeMo sees it: members that are links, devices or
have paths out of the archive, more bytes than its size allows, classes that are not NeMo's, and
artifacts that name other files. Nothing here imports torch or NeMo.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any

from canary_subs.errors import ModelError

CONFIG = "model_config.yaml"
WEIGHTS = "model_weights.ckpt"
CTC_CONFIG = "timestamps_asr_model_config.yaml"
CTC_WEIGHTS = "timestamps_asr_model_weights.ckpt"

CANARY_CLASS = "EncDecMultiTaskModel"

#: Sections that describe training: useless here, and the likeliest to name foreign files.
TRAINING_SECTIONS = (
    "train_ds",
    "validation_ds",
    "test_ds",
    "optim",
    "spec_augment",
    "init_from_pretrained_model",
    "init_from_nemo_model",
    "init_from_ptl_ckpt",
)

_ALLOWED_TARGETS = ("nemo.collections.asr.", "nemo.collections.common.", "nemo.core.")
_MAX_CONFIG_BYTES = 4_000_000
_MAX_TOKENIZER_BYTES = 64_000_000
_LANGUAGE_TOKEN = re.compile(r"<\|([a-z]{2})(?:-[A-Z]{2})?\|>")


@dataclass(frozen=True, kw_only=True)
class Archive:
    """What a `.nemo` file says about itself."""

    path: Path
    config: Mapping[str, Any]
    #: The configuration of the CTC model packed with it, as canary-1b-v2 has one.
    ctc_config: Mapping[str, Any] | None
    weights_bytes: int
    ctc_weights_bytes: int
    #: The first hex digits of a hash over configuration, size and samples of the weights.
    fingerprint: str

    @property
    def prompt(self) -> str:
        """The prompt format: "canary" or "canary2"."""
        return str(self.config.get("prompt_format", ""))

    @cached_property
    def tokens(self) -> frozenset[str]:
        """Every token of its vocabulary."""
        import sentencepiece

        tokens: set[str] = set()
        for name in _tokenizer_files(self.config.get("tokenizer", {})):
            processor = sentencepiece.SentencePieceProcessor()
            try:
                with open_members(self.path) as members:
                    processor.LoadFromSerializedProto(members.read(name, _MAX_TOKENIZER_BYTES))
            except (RuntimeError, OSError, TypeError) as error:
                raise ModelError(f"{self.path}: its tokenizer {name} cannot be read") from error
            tokens.update(processor.IdToPiece(i) for i in range(processor.GetPieceSize()))
        return frozenset(tokens)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that it has a token for, and a tokenizer where each has its own."""
        spoken = {match[1] for token in self.tokens if (match := _LANGUAGE_TOKEN.fullmatch(token))}
        tokenizer = self.config.get("tokenizer", {})
        if tokenizer.get("type") == "agg":
            spoken &= {str(name).partition("-")[0] for name in tokenizer.get("langs", {})}
        return tuple(sorted(spoken))

    @property
    def has_frame_tokens(self) -> bool:
        """Whether it can write times as tokens, ``<|0|>`` and on."""
        return {"<|0|>", "<|1|>", "<|timestamp|>"} <= self.tokens


class Members:
    """The members of an open archive that passed all checks, by name without leading ``./``."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._path = path
        self._infos = dict(_checked(path, tar))

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def size(self, name: str) -> int:
        """Bytes of a member; 0 where there is none."""
        return self._infos[name].size if name in self._infos else 0

    def open(self, name: str) -> IO[bytes]:
        """A seekable stream of a member. Raises `ModelError` where it is missing."""
        info = self._infos.get(name)
        stream = self._tar.extractfile(info) if info else None
        if stream is None:
            raise ModelError(f"{self._path} is not a whole model: it has no {name}")
        return stream

    def read(self, name: str, limit_bytes: int) -> bytes:
        """All bytes of a member. Raises `ModelError` where it is missing or over the limit."""
        if self.size(name) > limit_bytes:
            raise ModelError(f"{self._path}: {name} is too large to be what it is called")
        with self.open(name) as stream:
            return stream.read()


@contextmanager
def open_members(path: Path) -> Iterator[Members]:
    """Open an archive and check every member. Raises `ModelError`."""
    if not path.exists():
        raise ModelError(f"{path}: there is no such model file; check the path")
    if not path.is_file():
        raise ModelError(f"{path} is not a file; give the path of a .nemo archive")
    try:
        with tarfile.open(path, "r:*") as tar:
            yield Members(path, tar)
    except PermissionError as error:
        raise ModelError(f"{path}: may not be read by this user; change its permissions") from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ModelError(
            f"{path} is not a .nemo archive, or was cut short ({path.stat().st_size} bytes); "
            "get it again"
        ) from error


def read_archive(path: Path) -> Archive:
    """Check that a `.nemo` file is a complete Canary and nothing else, and describe it.

    Raises `ModelError` where it is missing, cut short, foreign, or reaches outside itself.
    """
    with open_members(path) as members:
        config = _read_config(path, members, CONFIG)
        kind = str(config.get("target", "")).rpartition(".")[2]
        if kind != CANARY_CLASS:
            raise ModelError(
                f"{path} holds a {kind or 'model without a class'}, not a Canary "
                f"({CANARY_CLASS}); `canary-subs models` lists models that work"
            )
        if config.get("prompt_format") not in ("canary", "canary2"):
            raise ModelError(
                f"{path}: its prompt format {config.get('prompt_format')!r} is neither "
                "'canary' nor 'canary2'"
            )
        if WEIGHTS not in members:
            raise ModelError(f"{path} is not a whole model: it has no {WEIGHTS}; get it again")
        packed = CTC_CONFIG in members and CTC_WEIGHTS in members
        return Archive(
            path=path,
            config=config,
            ctc_config=_read_config(path, members, CTC_CONFIG) if packed else None,
            weights_bytes=members.size(WEIGHTS),
            ctc_weights_bytes=members.size(CTC_WEIGHTS) if packed else 0,
            fingerprint=_fingerprint(members),
        )


def read_ctc_config(path: Path) -> Mapping[str, Any]:
    """The checked configuration of a CTC model's `.nemo` file. Raises `ModelError`."""
    with open_members(path) as members:
        return _read_config(path, members, CONFIG)


def _checked(path: Path, tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    total, on_disk = 0, path.stat().st_size
    for info in tar:
        name = PurePosixPath(info.name)
        if name.is_absolute() or ".." in name.parts or "\\" in info.name or "\0" in info.name:
            raise ModelError(
                f"{path}: member {info.name!r} points out of the archive; do not use it"
            )
        if info.isdir():
            continue
        if not info.isreg():
            raise ModelError(f"{path}: member {info.name!r} is a link or device; do not use it")
        total += info.size
        # Weights hardly compress; a tar that grows more than this is a bomb.
        if total > 20 * on_disk + _MAX_CONFIG_BYTES:
            raise ModelError(f"{path}: it would unpack to more than 20 times its size")
        yield str(name), info


def _read_config(path: Path, members: Members, name: str) -> Mapping[str, Any]:
    import yaml

    if name not in members:
        raise ModelError(f"{path} is not a NeMo model: it has no {name}")
    try:
        config = yaml.safe_load(io.BytesIO(members.read(name, _MAX_CONFIG_BYTES)))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{path}: {name} is not a configuration that can be read") from error
    if isinstance(config, dict) and isinstance(config.get("model"), dict):
        config = config["model"]
    if not isinstance(config, dict):
        raise ModelError(f"{path}: {name} is not a model's configuration")
    config = {key: value for key, value in config.items() if key not in TRAINING_SECTIONS}
    for key, value in _leaves(config):
        if key in ("_target_", "target") and not str(value).startswith(_ALLOWED_TARGETS):
            raise ModelError(f"{path}: it asks for the foreign class {value!r}; do not use it")
        if key in ("_partial_", "_args_", "cls") or "${oc." in str(value):
            raise ModelError(f"{path}: its configuration uses {value!r} for {key}; do not use it")
        if str(value).startswith("nemo:") and str(value)[5:] not in members:
            raise ModelError(f"{path} is not a whole model: it lacks {str(value)[5:]}")
    for artifact in _tokenizer_paths(config.get("tokenizer", {})):
        if not artifact.startswith("nemo:"):
            raise ModelError(
                f"{path}: its tokenizer {artifact!r} lies outside of it; do not use it"
            )
    return config


def _leaves(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _leaves(value, str(name))
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value, key)
    else:
        yield key, node


def _tokenizer_paths(tokenizer: Any) -> Iterator[str]:
    """Files that a tokenizer section names, those of every language where each has its own."""
    if not isinstance(tokenizer, dict):
        return
    for key in ("model_path", "vocab_path", "spe_tokenizer_vocab"):
        if tokenizer.get(key):
            yield str(tokenizer[key])
    for section in (tokenizer.get("langs") or {}).values():
        yield from _tokenizer_paths(section)


def _tokenizer_files(tokenizer: Any) -> list[str]:
    return [
        path.removeprefix("nemo:")
        for path in _tokenizer_paths(tokenizer)
        if path.endswith(".model")
    ]


def _fingerprint(members: Members) -> str:
    """A hash that differs between models, without reading gigabytes: sizes and weight samples."""
    digest = hashlib.sha256()
    for name in sorted(members):
        digest.update(f"{name}\0{members.size(name)}\0".encode())
    digest.update(members.read(CONFIG, _MAX_CONFIG_BYTES))
    with members.open(WEIGHTS) as weights:
        for part in range(8):
            weights.seek(members.size(WEIGHTS) * part // 8)
            digest.update(weights.read(65536))
    return digest.hexdigest()[:12]
