"""The Whisper models that have a name, and what a model can do.

Parameters: the READMEs of openai/whisper and huggingface/distil-whisper. Both publish their weights
under the MIT licence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from canary_subs import ModelCard

DEFAULT_MODEL = "small"

#: In the order of the models' language tokens; the last one came with large-v3.
LANGUAGES = tuple(
    """en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th
    ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa
    si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln
    ha ba jv su yue""".split()
)

#: Where the model's own code for a language is not its BCP-47 tag.
CODES = {"jv": "jw"}

#: Parameters by name. "distil" models know English only, "turbo" does not translate.
PARAMETERS = {
    "tiny": 39_000_000,
    "tiny.en": 39_000_000,
    "base": 74_000_000,
    "base.en": 74_000_000,
    "small": 244_000_000,
    "small.en": 244_000_000,
    "medium": 769_000_000,
    "medium.en": 769_000_000,
    "large-v1": 1_550_000_000,
    "large-v2": 1_550_000_000,
    "large-v3": 1_550_000_000,
    "turbo": 809_000_000,
    "distil-small.en": 166_000_000,
    "distil-medium.en": 394_000_000,
    "distil-large-v2": 756_000_000,
    "distil-large-v3": 756_000_000,
    "distil-large-v3.5": 756_000_000,
}

#: Other names for the same models.
ALIASES = {"large": "large-v3", "large-v3-turbo": "turbo"}

#: Bytes to download, for models whose files were weighed.
DOWNLOADS = {"base": 147_882_941}

#: Precision -> bytes of a parameter, best first; in int8 a part of the weights stays in fp32.
BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "int8": 1.5}

#: What a session needs beside its weights: a batch in flight and the runtime itself.
WORKING_BYTES = 500_000_000


def card(name: str) -> ModelCard:
    """The card of a known name, of a folder, or of a name on the hub."""
    parameters = PARAMETERS.get(ALIASES.get(name, name), 0) or _parameters(Path(name))
    return ModelCard(
        name=name,
        licence="MIT" if known(name) else "unknown",
        commercial=known(name),
        pairs=frozenset(_pairs(name)),
        parameters=parameters,
        size_bytes=0 if Path(name).is_dir() else DOWNLOADS.get(name),
        memory_bytes={
            precision: int(parameters * each) + WORKING_BYTES for precision, each in BYTES.items()
        }
        if parameters
        else {},
    )


def known(name: str) -> bool:
    """Whether it is the name of a published model."""
    return ALIASES.get(name, name) in PARAMETERS


def _pairs(name: str) -> Iterator[tuple[str, str]]:
    """(spoken, target) of a model; (x, x) is transcription."""
    name = ALIASES.get(name, name)
    plain = Path(name).name
    languages = _languages(Path(name)) if Path(name).is_dir() else LANGUAGES[:-1]
    if plain.endswith(".en") or "distil" in plain:
        languages = ("en",)
    elif known(name) and (name.startswith("large-v3") or name == "turbo"):
        languages = LANGUAGES
    for language in languages:
        yield language, language
        if "turbo" not in plain and language != "en":
            yield language, "en"


def _languages(folder: Path) -> tuple[str, ...]:
    """The languages of a model in CTranslate2's format; English alone has no language tokens."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        count = len(config.get("lang_ids") or ())
    except (OSError, ValueError, AttributeError):
        return LANGUAGES[:-1]  # loading says what is wrong with it
    return LANGUAGES[:count] if count else ("en",)


def _parameters(folder: Path) -> int:
    """About how many parameters a folder's model has, from its size: weights are published in
    16 bits."""
    try:
        return (folder / "model.bin").stat().st_size // 2
    except OSError:
        return 0
