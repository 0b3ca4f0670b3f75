"""A stranger's plugins in a folder of their own, and the command line that finds them there."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from canary_subs import cli
from canary_subs.testing import write_video

PLUGINS = Path(__file__).parent / "plugins"


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


class Bench:
    """A folder with plugins, a configuration that names it, and videos."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.config = home / "canary-subs.toml"
        self._capsys = capsys
        self._settings: dict[str, str] = {}
        (home / "plugins").mkdir()
        self.set(plugins=f'"{home / "plugins"}"')

    def install(self, *names: str, under: str | None = None) -> None:
        """Copy plugins into the folder, the only one ``under`` another name."""
        for name in names:
            shutil.copy(PLUGINS / f"{name}.py", self.home / "plugins" / f"{under or name}.py")

    def set(self, **settings: str) -> None:
        """Set keys of the configuration, values as TOML."""
        self._settings |= settings
        lines = [f"{key} = {value}" for key, value in self._settings.items()]
        self.config.write_text("\n".join(lines) + "\n")

    def use_fakes(self) -> None:
        """Choose the fakes for everything that would need a model."""
        self.install("fakes")
        self.set(engine='"fake"', segmenter='"fake"', layout='"fake"')

    def video(self, name: str = "Film.mkv", *speech: tuple[int, int], tagged: str = "en") -> Path:
        """A video of the fakes."""
        return write_video(self.home / name, *(speech or ((0, 4000), (6000, 9000))), tagged=tagged)

    def run(self, command: str, *arguments: str | Path) -> Run:
        """Run a command of canary-subs with the configuration."""
        given = [command, *map(str, arguments), "--config", str(self.config)]
        try:
            status = cli.main(given)
        except SystemExit as end:  # argparse
            status = int(end.code or 0)
        out, err = self._capsys.readouterr()
        return Run(status=status, out=out, err=err)


@pytest.fixture
def bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Bench:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Bench(tmp_path, capsys)
