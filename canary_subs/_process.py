"""Settings for processes that are ours alone: the command line's and the worker's.

None of this happens when canary_subs is imported, since a process that imports it belongs to
somebody else's program.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType


def prepare() -> None:
    """Prepare this process; call it once, before torch or NeMo is imported."""
    use_passive_threads()
    leave_home_alone()


def safe_environment() -> dict[str, str]:
    """Return the environment for a Python child that imports nothing from the current folder.

    Relative entries of PYTHONPATH go, and empty ones, as in ``PYTHONPATH=:/opt/lib``: both mean
    the current folder. The child's own children are safe as well.
    """
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    places = environment.pop("PYTHONPATH", "").split(os.pathsep)
    if kept := [place for place in places if os.path.isabs(place)]:  # noqa: PTH117 - a text
        environment["PYTHONPATH"] = os.pathsep.join(kept)
    return environment


def use_passive_threads() -> None:
    """Let threads that wait for each other sleep instead of spin, unless the user chose.

    Beside ffmpeg, or any second program, spinning makes a small model ten times slower. torch
    reads these variables when it is imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_BLOCKTIME", "0")


def leave_home_alone() -> None:
    """Keep lhotse, which NeMo imports, from making ``~/.lhotse``.

    It makes the folder when it is imported, for a converter of SPHERE files, and has no setting
    against that.
    """
    if not any(isinstance(finder, _WithoutToolsFolder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WithoutToolsFolder())


class _WithoutToolsFolder:
    """Imports `lhotse.tools.env` with its function that makes the folder replaced."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "lhotse.tools.env":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _ToolsLoader(fullname, spec.loader.path)
        return spec


class _ToolsLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.__dict__["add_tools_to_path"] = lambda: None
