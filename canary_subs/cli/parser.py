"""argparse with "did you mean" for commands and options, and the flags of every command."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from canary_subs._text import nearest_name
from canary_subs.errors import CanarySubsError

Commands = argparse._SubParsersAction


class Parser(argparse.ArgumentParser):
    """An `argparse.ArgumentParser` that suggests the nearest command or option."""

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Parse; what is left over is an error of the command that was given, not of the top."""
        parsed, rest = self.parse_known_args(args, namespace)
        if rest:
            getattr(parsed, "parser", self).refuse(rest)
        return parsed

    def refuse(self, rest: Sequence[str]) -> NoReturn:
        """End with the first argument that has no meaning."""
        option = next((one.partition("=")[0] for one in rest if one.startswith("-")), None)
        if option is None:
            self.error(f"too many arguments: {' '.join(rest)}")
        near = nearest_name(option, (one for one in self._option_string_actions if len(one) > 2))
        self.error(f"there is no option {option}{f'; did you mean {near}?' if near else ''}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, Commands) and value not in action.choices:
            near = nearest_name(str(value), action.choices)
            hint = f"did you mean {near!r}?" if near else "canary-subs --help lists them"
            raise argparse.ArgumentError(None, f"there is no command {value!r}; {hint}")
        super()._check_value(action, value)


def add_verbosity(parser: argparse.ArgumentParser, *, top: bool = False) -> None:
    """Add the flags for how much is printed; a command's own win over those before it."""
    default: Any = False if top else argparse.SUPPRESS
    group = parser.add_argument_group("output")
    for flags, text in (
        (("-q", "--quiet"), "print errors only"),
        (("-v", "--verbose"), "print what is being done, too"),
        (("--debug",), "print all log lines, and tracebacks of errors"),
    ):
        group.add_argument(*flags, action="store_true", default=default, help=text)


def exit_statuses() -> str:
    """The table of exit statuses, from the errors themselves."""
    rows = {
        0: "Done, or nothing to do.",
        1: "A video failed, a plugin failed, or a check found something.",
        130: "Interrupted with Ctrl-C.",
    }
    for error in _errors(CanarySubsError):
        if "exit_code" in vars(error) and error.exit_code not in rows:
            rows[error.exit_code] = (error.__doc__ or "").splitlines()[0]
    lines = (f"  {status:<5} {text}" for status, text in sorted(rows.items()))
    return "\n".join(("exit status:", *lines))


def _errors(cls: type[CanarySubsError]) -> Iterator[type[CanarySubsError]]:
    for below in cls.__subclasses__():
        yield below
        yield from _errors(below)
