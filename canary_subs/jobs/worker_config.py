"""What the daemon and the process that recognises agree on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from canary_subs.config.layers import Settings

#: The exit status that says: the store cannot be used; no film is to blame.
STORE_FAILED = 75
#: The exit status that says: what is chosen cannot be used; trying again does not help.
UNUSABLE = 78


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """What the parent wants of its child."""

    settings: Settings
    store: Path
    owner: str
    #: How long to keep the model loaded without work.
    idle_s: float
