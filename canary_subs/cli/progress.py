"""Progress on a terminal: a line for each video with its stage, share and time left."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from canary_subs._text import printable
from canary_subs.cli import common
from canary_subs.model import Stage

#: Stages that do not know how far they are.
_UNMEASURED = frozenset({Stage.LOAD})


class VideoProgress:
    """Shows progress on standard error if that is a terminal; ``quiet``: prints nothing."""

    def __init__(self, *, quiet: bool = False) -> None:
        console = Console(stderr=True)
        self._quiet = quiet
        self._stdout_is_terminal = sys.stdout.isatty()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[stage]:<17}{task.percentage:>4.0f} %"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
            # Else rich would print on standard error what belongs into a file or a pipe.
            redirect_stdout=self._stdout_is_terminal,
        )
        self._lines: dict[Path, TaskID] = {}

    def __enter__(self) -> VideoProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def update(self, path: Path, stage: Stage, share: float) -> None:
        """Show that a stage of a video has done a share (0..1) of it."""
        self.show(path, common.STAGES[stage], None if stage in _UNMEASURED else share)

    def show(self, path: Path, text: str, share: float | None) -> None:
        """Show what is done with a file, in words; without a share the bar only moves."""
        total = None if share is None else 1.0
        if path not in self._lines:
            name = escape(printable(path.name))
            self._lines[path] = self._progress.add_task(name, total=total, stage=text)
        # rich takes total=None for "as before".
        task = self._progress.tasks[self._progress.task_ids.index(self._lines[path])]
        task.total = total
        self._progress.update(self._lines[path], completed=share or 0.0, stage=text)

    def end(self, path: Path) -> None:
        """Remove the line of a video."""
        if (line := self._lines.pop(path, None)) is not None:
            self._progress.remove_task(line)

    def print(self, text: str) -> None:
        """Print a line of results, above the bars if there are any."""
        if self._quiet:
            return
        if self._progress.disable or not self._stdout_is_terminal:
            print(text, flush=True)
        else:
            self._progress.console.out(text, highlight=False)
