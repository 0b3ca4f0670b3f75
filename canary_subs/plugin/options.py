"""Tables of options to dataclasses, checked against their annotations.

Known annotations: bool, int, float, str, Path, enums of strings, Literal, tuple[X, ...] and
X | None. A value is never converted into another type: "yes" is not a bool and 1.5 is not an int;
only a whole number may stand for a float, as in every language that writes numbers.
"""

from __future__ import annotations

import dataclasses
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from canary_subs._text import nearest_name
from canary_subs.errors import ConfigError

T = TypeVar("T")

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_PLAIN: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Path: "a path",
}


def build(cls: type[T], mapping: Mapping[str, object], where: str) -> T:
    """Make ``cls`` (a dataclass) from a table; ``where`` names the table for a person.

    Raises `ConfigError` for a key that ``cls`` does not know, a value of another type, and a value
    that ``cls`` itself refuses by raising.
    """
    known = kinds(cls)
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        if key not in known:
            raise ConfigError(f"{where} knows no {key!r}{nearest(key, known)}")
        values[key] = check(known[key], value, f"{where}: {key}")
    try:
        return cls(**values)
    except Exception as error:  # the options of a plugin may check themselves, and err
        raise ConfigError(f"{where}: {error}") from error


def kinds(cls: type[Any]) -> dict[str, Any]:
    """The fields of a dataclass that its maker may set, and their annotations."""
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls) if field.init}


def nearest(name: str, known: Iterable[str]) -> str:
    """What to add to "knows no NAME": the nearest known name, or all of them where none is near."""
    names = list(known)
    if close := nearest_name(name, names):
        return f"; did you mean {close!r}?"
    return f"; it knows {', '.join(sorted(names))}" if names else "; it has no options"


def check(kind: Any, value: object, where: str) -> object:
    """``value`` as the annotation ``kind`` wants it. Raises `ConfigError`."""
    optional, kind = without_none(kind)
    if value is None and optional:
        return None
    origin = typing.get_origin(kind)
    if origin is tuple and isinstance(value, (list, tuple)):
        inner = typing.get_args(kind)[0]
        return tuple(check(inner, item, where) for item in value)
    if origin is typing.Literal or _is_enum(kind):
        if isinstance(value, str):
            return _pick(kind, value, where)
    elif kind is Path and isinstance(value, (str, Path)):
        return _path(str(value), where)
    elif kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if abs(value) <= sys.float_info.max:  # neither infinite, nor a whole number beyond it
            return float(value)
    elif kind in (bool, int, str) and type(value) is kind:  # a bool is an int to isinstance
        return value
    raise ConfigError(f"{where} is {describe(kind)}, not {_shown(value)}")


def _shown(value: object) -> str:
    """A wrong value for a message; it may be of any size, nested to any depth."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits; a deep table
        return f"this {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:200]}..."


def parse(kind: Any, text: str, where: str) -> object:
    """``text``, as an environment variable or a flag holds it, in the annotation's kind.

    Lists are separated by commas; nothing at all is None where the annotation allows it.
    """
    optional, kind = without_none(kind)
    if optional and not text:
        return None
    raw: object = text
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        parts = [part.strip() for part in text.split(",")]
        return tuple(parse(inner, part, where) for part in parts if part)
    if kind is bool and text.lower() in _TRUE | _FALSE:
        raw = text.lower() in _TRUE
    elif kind in (int, float):
        try:
            raw = kind(text)
        except ValueError:
            raw = text
    return check(kind, raw, where)


def describe(kind: Any) -> str:
    """An annotation in words: "a whole number", "one of: a, b", "a list, each a text"."""
    optional, kind = without_none(kind)
    if optional:
        return f"{describe(kind)}, or left out"
    if typing.get_origin(kind) is tuple:
        return f"a list, each {describe(typing.get_args(kind)[0])}"
    if typing.get_origin(kind) is typing.Literal or _is_enum(kind):
        return f"one of: {', '.join(_members(kind))}"
    return _PLAIN[kind]


def without_none(kind: Any) -> tuple[bool, Any]:
    """Whether an annotation allows None, and the annotation without it."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        rest = [arg for arg in typing.get_args(kind) if arg is not type(None)]
        if len(rest) == 1:
            return True, rest[0]
    return False, kind


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _members(kind: Any) -> list[str]:
    return [str(member) for member in (kind if _is_enum(kind) else typing.get_args(kind))]


def _pick(kind: Any, value: str, where: str) -> object:
    if value not in _members(kind):
        near = nearest_name(value, _members(kind))
        hint = f"; did you mean {near!r}?" if near else ""
        raise ConfigError(f"{where} is {describe(kind)}, not {value!r}{hint}")
    return kind(value) if _is_enum(kind) else value


def _path(text: str, where: str) -> Path:
    if not text or "\0" in text:
        raise ConfigError(f"{where} is a path, not {text!r}")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{where}: {error}") from error
