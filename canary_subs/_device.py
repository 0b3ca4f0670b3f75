"""The devices that torch computes on: by name, and how much memory is free there."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from canary_subs.errors import ModelError


def device_of(name: str) -> torch.device:
    """The device of a name; "auto" is the GPU if the machine has one.

    Raises `ModelError` for a device that this machine, or this torch, does not have.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(
            f"no device is called {name!r}; use auto, cpu, cuda, cuda:1 or mps"
        ) from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        have = torch.cuda.device_count()
        hint = (
            f"this machine shows {have}"
            if have
            else f"torch {torch.__version__} sees no GPU here; install the driver and a torch "
            "built for CUDA, or use --device cpu"
        )
        raise ModelError(f"device {name} is not there: {hint}")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ModelError("device mps is not there; use --device cpu")
    if device.type not in ("cpu", "cuda", "mps"):
        raise ModelError(f"device {name!r} is not supported; use auto, cpu, cuda, cuda:1 or mps")
    return device


def free_bytes(device: torch.device) -> int:
    """Free memory of a device; for a CPU, what main memory has available."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8_000_000_000
