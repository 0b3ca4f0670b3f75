"""Build the wheel and the sdist, and run a short part of the suite against each.

The tests come from the unpacked sdist. For the sdist its own package is tested; for the wheel that
folder is taken away, and the installed wheel is what they find. Dependencies are those of the
running environment; the source tree is never on the path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "build" / "dist"

#: No model, no browser: what shows that a file is missing from a package. The first two are
#: enough for the sdist, of which the wheel was built.
SHORT = (
    "tests/config",
    "tests/formats",
    "tests/cli",
    "tests/proof/test_page.py",
    "tests/test_api.py",
)
#: What the wheel must be able to do by itself, model included.
VIDEO = "examples/videos/german.mkv"


def main() -> int:
    """Build, then run; the status is that of the first run that fails."""
    shutil.rmtree(DIST, ignore_errors=True)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(DIST), str(ROOT)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    [wheel], [sdist] = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(DIST / "unpacked", filter="data")
    [source] = (DIST / "unpacked").iterdir()
    installed = DIST / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--target", str(installed), str(wheel)], check=True)
    status = test(sdist, source, source, SHORT[:2])
    shutil.move(source / "canary_subs", DIST / "canary_subs-of-the-sdist")
    return status or test(wheel, source, installed, SHORT) or subtitle(source, installed)


def test(package: Path, source: Path, home: Path, short: tuple[str, ...]) -> int:
    """Run these tests in ``source`` with the package that lies in ``home``."""
    environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    where = [sys.executable, "-c", "import canary_subs; print(canary_subs.__file__)"]
    found = subprocess.run(
        where, cwd=source, env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert Path(found.strip()).is_relative_to(home), found
    print(f"{package.name}:", flush=True)
    missing = [name for name in SHORT if not (source / name).exists()]
    assert not missing, f"not in the sdist: {missing}"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *short]
    return subprocess.run(command, cwd=source, env=environment, check=False).returncode


def subtitle(source: Path, home: Path) -> int:
    """Subtitle an example with the installed package and the model that it carries."""
    out = DIST / "subtitles"
    command = [sys.executable, "-m", "canary_subs", "run", str(source / VIDEO), "--model", "demo"]
    own = {"XDG_STATE_HOME": str(DIST / "state"), "XDG_CONFIG_HOME": str(DIST / "config")}
    done = subprocess.run(
        [*command, "--to", "original,en", "--out", str(out)],
        cwd=DIST,
        env={**os.environ, **own, "PYTHONPATH": str(home)},
        check=False,
    )
    return done.returncode or int(len(list(out.glob("german.*.srt"))) != 2)


if __name__ == "__main__":
    sys.exit(main())
