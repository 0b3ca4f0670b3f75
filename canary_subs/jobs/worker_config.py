"""What the daemon and its worker process agree on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from canary_subs.config.layers import Settings

#: Exit status: the store cannot be used; no video is to blame.
STORE_FAILED = 75
#: Exit status: the configured providers cannot be used; trying again does not help.
UNUSABLE = 78


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """Everything that the worker process is started with."""

    settings: Settings
    store: Path
    owner: str
    #: How long to keep the model loaded without work.
    idle_s: float
    #: The watched folders, whose jobs alone it takes; none: any.
    roots: tuple[Path, ...] = ()
