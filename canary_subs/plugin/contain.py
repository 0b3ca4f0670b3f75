"""Containing a plugin's failures: whatever it raises becomes one line that names it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from types import CodeType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from canary_subs.errors import CanarySubsError, PluginError, PluginUnavailable, PluginUnusable

log = logging.getLogger(__name__)

T = TypeVar("T")


@contextmanager
def contained(plugin: str) -> Iterator[None]:
    """Turn whatever a plugin raises into one line that names it; our own errors pass.

    So does Ctrl-C, and the end of a generator that is closed.
    """
    try:
        yield
    except (CanarySubsError, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # SystemExit and asyncio's CancelledError are no Exceptions
        log.debug("plugin %s failed", plugin, exc_info=True)
        kind = (
            PluginUnavailable if isinstance(error, ConnectionError | TimeoutError) else PluginError
        )
        raise kind(f"plugin {plugin!r} failed: {in_one_line(error)}{_place(error)}") from error


class Contained:
    """An object of a plugin, every call on it contained.

    Iterators that it returns are contained while they run, and close with it.
    """

    def __init__(self, thing: Any, plugin: str) -> None:
        self._thing = thing
        self._plugin = plugin

    def __getattr__(self, name: str) -> Any:
        with contained(self._plugin):
            value = getattr(self._thing, name)
        return _Call(value, self._plugin) if callable(value) else value

    def __repr__(self) -> str:
        return repr(self._thing)


class _Call:
    """A function of a plugin."""

    def __init__(self, function: Callable[..., Any], plugin: str) -> None:
        self.function = function
        self.plugin = plugin

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        with contained(self.plugin):
            result = self.function(*args, **keywords)
            runs = isinstance(result, Iterator)
        return _running(result, self.plugin) if runs else result


def _running(items: Iterable[Any], plugin: str) -> Generator[Any, None, None]:
    with contained(plugin):
        try:
            yield from items
        finally:
            if (close := getattr(items, "close", None)) is not None:
                close()


def misbehaved(call: Any, message: str) -> PluginError:
    """The error for an answer that a plugin must not give, with the file and line to look at.

    ``call`` is the method that gave it, as `Contained` hands it out.
    """
    code = _of(call, "__code__")
    place = ""
    if isinstance(code, CodeType):
        place = f" ({Path(code.co_filename).name}, line {code.co_firstlineno})"
    return PluginError(f"plugin {getattr(call, 'plugin', '?')!r} failed: {message}{place}")


def each(call: Any, given: object, kind: type[T]) -> Iterator[T]:
    """What a plugin's call gave, one after the other, each checked to be a ``kind``.

    >>> tuple(each(layout.layout, layout.layout(request), Cue))
    """
    if not isinstance(given, Iterable) or isinstance(given, str | bytes):
        raise misbehaved(call, f"{_name(call)} must give {kind.__name__}s, not {shown(given)}")
    items = given if isinstance(given, Iterator) else _running(given, getattr(call, "plugin", "?"))
    for one in items:
        if not isinstance(one, kind):
            raise misbehaved(call, f"{_name(call)} must give {kind.__name__}s, not {shown(one)}")
        yield one


def shown(value: object, length: int = 60) -> str:
    """The beginning of a value's ``repr``, which a plugin's object may get wrong."""
    try:
        return repr(value)[:length]
    except Exception:
        return f"a {type(value).__name__}"


def wrong_field(value: Any) -> str | None:
    """What is wrong with the first field of a dataclass that is not of its type; None if none is.

    The content of mappings is not looked at.
    """
    hints = get_type_hints(type(value))
    for member in fields(value):
        given = getattr(value, member.name)
        if not _fits(given, hints[member.name]):
            return f"{member.name} must be {member.type}, not {shown(given)}"
    return None


def _fits(value: object, kind: Any) -> bool:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(kind))
    if origin is tuple:  # of one type and any length
        return isinstance(value, tuple) and all(_fits(one, get_args(kind)[0]) for one in value)
    return isinstance(value, origin or kind)


def _name(call: Any) -> str:
    return str(_of(call, "__name__") or "it")


def _of(call: Any, name: str) -> object:
    """An attribute of the function behind a call; None where it has none."""
    with suppress(Exception):
        return getattr(getattr(call, "function", call), name)
    return None


def in_one_line(error: BaseException) -> str:
    """An exception's type and text, without line breaks; our own errors are text enough."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # an exception's own __str__ may be wrong
        text = ""
    if isinstance(error, PluginError | PluginUnusable):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _place(error: BaseException) -> str:
    """Where a plugin raised, in its own file: " (plugin.py, line 12)"."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent != Path(__file__).parent]
    if not own:
        return ""
    # The first frame below ours is the plugin's; the last one in that file names the line.
    mine = [frame for frame in own if frame.filename == own[0].filename]
    return f" ({Path(mine[-1].filename).name}, line {mine[-1].lineno})"
