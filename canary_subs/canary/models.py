"""The Canary models that are known by name: what each may be used for, can do, and needs.

Facts are those of the models' own cards on the hub. A `.nemo` file of one's own gets a card made
from what the archive says about itself.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from canary_subs import _hub as hub
from canary_subs.canary.archive import read_archive
from canary_subs.errors import ModelError, UnknownName
from canary_subs.model import ModelCard, Timing

#: Numeric formats, best first, with the bytes that a parameter takes on average: norms,
#: convolutions and embeddings stay in 16 bits where the matrices are narrower.
BYTES_PER_PARAMETER = {"fp32": 4.0, "bf16": 2.0, "int8": 1.08, "int4": 0.63}

#: What a session needs beside its weights: one 30 s segment in flight and the runtime itself.
WORKING_BYTES = 700_000_000

DEFAULT_MODEL = "nvidia/canary-1b-v2"

_FOUR = ("de", "en", "es", "fr")
_TWENTY_FIVE = tuple(
    "bg cs da de el en es et fi fr hr hu it lt lv mt nl pl pt ro ru sk sl sv uk".split()
)


@dataclass(frozen=True, kw_only=True)
class CanaryCard:
    """What is known about a model before it is loaded."""

    name: str
    parameters: int
    #: Parameters of the CTC model packed with it, which times the words.
    ctc_parameters: int = 0
    licence: str
    commercial: bool
    languages: tuple[str, ...]
    #: "canary" (5 tokens) or "canary2" (9 tokens).
    prompt: str
    #: How the times of transcribed words are found.
    timestamps: Timing
    #: Whether it can be asked for text without punctuation and capitals.
    plain_text: bool = True
    longest_ms: int = 40_000
    #: Bytes to download; 0 where nothing is downloaded.
    size_bytes: int = 0

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Pairs (spoken, written): every language with itself, and to and from English."""
        pairs = {(language, language) for language in self.languages}
        if "en" in self.languages:
            pairs |= {("en", language) for language in self.languages}
            pairs |= {(language, "en") for language in self.languages}
        return frozenset(pairs)

    @property
    def public(self) -> ModelCard:
        """The card as every engine gives it."""
        return ModelCard(
            name=self.name,
            licence=self.licence,
            commercial=self.commercial,
            pairs=self.pairs,
            parameters=self.parameters + self.ctc_parameters,
            size_bytes=self.size_bytes,
            memory_bytes={name: self.memory_bytes(name) for name in BYTES_PER_PARAMETER},
        )

    def memory_bytes(self, precision: str) -> int:
        """Device memory for its weights and one 30 s segment, in one of `BYTES_PER_PARAMETER`."""
        weights = (self.parameters + self.ctc_parameters) * BYTES_PER_PARAMETER[precision]
        return int(weights) + WORKING_BYTES


_KNOWN = (
    CanaryCard(
        name="nvidia/canary-1b-v2",
        parameters=978_000_000,
        ctc_parameters=600_000_000,
        licence="CC-BY-4.0",
        commercial=True,
        languages=_TWENTY_FIVE,
        prompt="canary2",
        timestamps=Timing.CTC,
        plain_text=False,
        size_bytes=6_360_000_000,
    ),
    CanaryCard(
        name="nvidia/canary-1b-flash",
        parameters=883_000_000,
        licence="CC-BY-4.0",
        commercial=True,
        languages=_FOUR,
        prompt="canary2",
        timestamps=Timing.FRAMES,
        size_bytes=3_540_000_000,
    ),
    CanaryCard(
        name="nvidia/canary-180m-flash",
        parameters=182_000_000,
        licence="CC-BY-4.0",
        commercial=True,
        languages=_FOUR,
        prompt="canary2",
        timestamps=Timing.FRAMES,
        size_bytes=737_000_000,
    ),
    CanaryCard(
        name="nvidia/canary-1b",
        parameters=1_000_000_000,
        licence="CC-BY-NC-4.0",
        commercial=False,
        languages=_FOUR,
        prompt="canary",
        timestamps=Timing.ATTENTION,
        size_bytes=4_070_000_000,
    ),
    CanaryCard(
        name="demo",
        parameters=3_400_000,
        ctc_parameters=2_300_000,
        licence="Apache-2.0",
        commercial=True,
        languages=_FOUR,
        prompt="canary2",
        timestamps=Timing.CTC,
        longest_ms=20_000,
    ),
)


def known() -> tuple[CanaryCard, ...]:
    """The models that have a name here."""
    return _KNOWN


def find(name: str) -> CanaryCard:
    """The card of a known name (the hub's owner may be left out) or of a `.nemo` file.

    Raises as `check` and `fetch`, and `ModelError` for a file that is not a Canary.
    """
    check(name)
    if (card := _of_name(name)) is not None:
        return card
    return _card_of_file(Path(name) if _is_path(name) else fetch(name))


def check(name: str) -> None:
    """Refuse the name of no model, without opening a file or asking the hub.

    Raises `UnknownName`, and `ModelError` for the path of a file that is not there.
    """
    if _of_name(name) is not None:
        return
    if _is_path(name):
        if not os.path.exists(name):  # noqa: PTH110 - as in `_is_path`
            raise ModelError(f"{name}: there is no such model file; check the path")
        if not Path(name).is_file():
            raise ModelError(f"{name} is not a file; give the path of a .nemo archive")
        return
    if hub.may_have(name):
        return
    near = difflib.get_close_matches(name, [card.name.rpartition("/")[2] for card in _KNOWN], n=1)
    raise UnknownName(
        f"no model is called {name!r}"
        + (f"; did you mean {near[0]!r}?" if near else "")
        + " Known models: "
        + ", ".join(card.name for card in _KNOWN)
        + "; or give the path of a .nemo file."
    )


def _of_name(name: str) -> CanaryCard | None:
    for card in _KNOWN:
        if name in (card.name, card.name.rpartition("/")[2]):
            return card
    return None


def _is_path(name: str) -> bool:
    # False, where pathlib would raise, for what can be no path.
    return name.endswith(".nemo") or os.path.exists(name)  # noqa: PTH110


def locate(name: str) -> Path:
    """The `.nemo` file of a model, downloaded where it must be. Raises as `find` and `fetch`."""
    if name == "demo":
        from canary_subs.demo import MODEL_PATH

        return MODEL_PATH
    check(name)
    if (card := _of_name(name)) is not None:
        return fetch(card.name)
    return Path(name) if _is_path(name) else fetch(name)


def fetch(name: str) -> Path:
    """Get a model of the hub into the hub's own cache, once, and say where it lies.

    Raises as `hub.fetch`.
    """
    file = name.rpartition("/")[2] + ".nemo"
    advice = (
        f"fetch it once with `canary-subs models --fetch {name}` where there is a network, or copy "
        f"{file} here and give its path as the model, or try the built-in `--model demo`"
    )
    return hub.fetch(name, file, advice)


def _card_of_file(path: Path) -> CanaryCard:
    """A card for a file: that of the known model whose name it bears, else what the file says."""
    archive = read_archive(path)
    for card in _KNOWN:
        if path.stem == card.name.rpartition("/")[2]:
            return card
    if archive.ctc_config is not None:
        timestamps = Timing.CTC
    elif archive.prompt == "canary2" and archive.has_frame_tokens:
        timestamps = Timing.FRAMES
    else:
        timestamps = Timing.ATTENTION
    return CanaryCard(
        name=str(path),
        parameters=archive.weights_bytes // 4,
        ctc_parameters=archive.ctc_weights_bytes // 4,
        licence="unknown",
        commercial=False,
        languages=archive.languages,
        prompt=archive.prompt,
        timestamps=timestamps,
    )
