"""Stores are synced to disk at every step; in memory that costs nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


def memory_folder() -> Path:
    """A new folder on a file system in memory, if there is one."""
    return Path(
        tempfile.mkdtemp(prefix="canary-subs-test-", dir=MEMORY if MEMORY.is_dir() else None)
    )


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    folder = memory_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
