"""Whose process it is: ours is prepared for torch and NeMo, another program's stays as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

THREADS = ("OMP_WAIT_POLICY", "KMP_BLOCKTIME")


def run(code: str, home: Path, **more: str) -> str:
    """What a fresh process prints, with a home folder and without our settings of threads."""
    environment = {name: value for name, value in os.environ.items() if name not in THREADS}
    environment |= {"HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path), **more}
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


@pytest.mark.parametrize(
    "statement",
    [
        "import canary_subs",
        "import canary_subs.canary, canary_subs.sounds",
        "from canary_subs.plugin.manager import load; load()",
    ],
)
def test_a_program_that_imports_us_keeps_its_environment(statement: str, tmp_path: Path) -> None:
    code = (
        "import os, sys; before, finders = dict(os.environ), list(sys.meta_path)\n"
        f"{statement}\n"
        "print(dict(os.environ) == before, list(sys.meta_path) == finders)"
    )
    assert run(code, tmp_path) == "True True"


@pytest.mark.parametrize(
    "start",
    [
        "from canary_subs.cli import main; main(['models', '--help'])",
        "from canary_subs.jobs.worker import main; main()",
    ],
    ids=["command line", "worker"],
)
def test_processes_of_ours_let_waiting_threads_sleep(start: str, tmp_path: Path) -> None:
    # The worker fails at once, as its standard input is empty.
    code = (
        "import contextlib, os, sys\n"
        "with contextlib.suppress(BaseException), open(os.devnull, 'w') as sys.stdout:\n"
        f"    {start}\n"
        "sys.stdout = sys.__stdout__\n"
        f"print(*(os.environ.get(name) for name in {THREADS}), 'torch' in sys.modules)"
    )
    assert run(code, tmp_path) == "PASSIVE 0 False"
    assert run(code, tmp_path, OMP_WAIT_POLICY="ACTIVE") == "ACTIVE 0 False", "the user's choice"


def test_nemo_makes_no_lhotse_folder_in_a_process_of_ours(tmp_path: Path) -> None:
    code = (
        "from canary_subs import _process; _process.prepare()\n"
        "from canary_subs.canary.load import nemo_asr; nemo_asr()\n"
        "import sys; print('lhotse' in sys.modules)"
    )
    assert run(code, tmp_path) == "True", "NeMo needs lhotse no more: _process can do without"
    assert not (tmp_path / ".lhotse").exists()
