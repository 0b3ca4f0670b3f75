"""Progress on a terminal: a line a film with stage, share and time left; elsewhere nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from canary_subs._text import printable
from canary_subs.model import Stage


class FilmProgress:
    """Told from the recognising thread; shows itself on standard error if that is a terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[stage]:<10}{task.percentage:>4.0f} %"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._lines: dict[Path, TaskID] = {}

    def __enter__(self) -> FilmProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def tell(self, path: Path, stage: Stage, share: float) -> None:
        """A film has come this far (share 0..1)."""
        if path not in self._lines:
            name = escape(printable(path.name))
            self._lines[path] = self._progress.add_task(name, total=1.0, stage=stage.value)
        self._progress.update(self._lines[path], completed=share, stage=stage.value)

    def end(self, path: Path) -> None:
        """A film is finished, one way or another."""
        if (line := self._lines.pop(path, None)) is not None:
            self._progress.remove_task(line)

    def print(self, text: str) -> None:
        """A line of results, above the bars where there are any."""
        if self._progress.disable or not sys.stdout.isatty():
            print(text, flush=True)
        else:
            self._progress.console.out(text, highlight=False)
