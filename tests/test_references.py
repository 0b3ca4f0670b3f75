"""Names in docstrings and comments exist: a review found (D12) one of a module that was gone."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import canary_subs

PACKAGE = Path(canary_subs.__file__).parent
PARTS = [path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()]
#: `part.module.name`, in back quotes, as docstrings write it.
NAME = re.compile(rf"`((?:hookspecs|{'|'.join(PARTS)})(?:\.\w+)+)(?:\(\))?`")


def exists(name: str) -> bool:
    """Whether a dotted name below the package can be reached."""
    parts = name.split(".")
    if parts[0] == "hookspecs":  # as the packages of providers write it
        parts.insert(0, "plugin")
    for count in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(f"canary_subs.{'.'.join(parts[:count])}")
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            known = getattr(found, "__annotations__", {})
            if not hasattr(found, part):
                return part in known
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize(
    "file",
    sorted(PACKAGE.rglob("*.py")),
    ids=lambda file: str(file.relative_to(PACKAGE)),
)
def test_names_in_docstrings_exist(file: Path) -> None:
    named = {match[1] for match in NAME.finditer(file.read_text())}
    assert [name for name in sorted(named) if not exists(name)] == []
