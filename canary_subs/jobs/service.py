"""Files for running the daemon as a service: a systemd unit, a Dockerfile, a compose file."""

from __future__ import annotations

import os
import re
import sys
from importlib.resources import files
from pathlib import Path
from string import Template

import canary_subs
from canary_subs.config.layers import FILE_VARIABLE, PREFIX, Settings
from canary_subs.errors import ConfigError, UsageError

#: Seconds that a stop may take before the service manager uses force: our 10 and a margin.
_STOP_S = 20

#: Where a container has its state and its configuration.
_STATE, _CONFIG = "/var/lib/canary-subs", "/etc/canary-subs.toml"

_CPU_INDEX = "--index-url https://download.pytorch.org/whl/cpu "

_NVIDIA = """\
    deploy:
      resources:
        reservations:
          devices:
            - {driver: nvidia, count: 1, capabilities: [gpu]}
"""


def unit(settings: Settings) -> str:
    """Return a systemd unit (systemd.service(5), systemd.exec(5)) for the watched folders.

    It may write into them (or into ``out``) and its own state, nothing else. Raises `ConfigError`
    if no configuration file names folders.
    """
    config = settings.config
    file, folders = _file(settings), _folders(settings)
    writable = [config.out.absolute()] if config.out is not None else [*folders]
    state = "Environment=XDG_STATE_HOME=/var/lib\n"
    if config.queue.store is not None:
        writable.append(config.queue.store.absolute().parent)
        state = ""
    return _filled(
        "canary-subs.service",
        folders=_words(folders),
        program=_word(str(Path(sys.executable).with_name("canary-subs"))),
        configuration=_word(f"{FILE_VARIABLE}={file}"),
        state=state,
        usage_error=UsageError.exit_code,
        stop_s=_STOP_S,
        writable=_words(writable),
    )


def dockerfile(*, cuda: bool) -> str:
    """Return a Dockerfile for the source tree; PyPI's torch for Linux is the one with CUDA."""
    return _filled(
        "Dockerfile",
        version=canary_subs.__version__,
        state=_STATE,
        configuration=_CONFIG,
        index="" if cuda else _CPU_INDEX,
        file_variable=FILE_VARIABLE,
        prefix=PREFIX,
    )


def compose(settings: Settings, *, cuda: bool) -> str:
    """Return a compose.yaml for that Dockerfile; folders have the same paths inside as outside.

    Raises `ConfigError` if no configuration file names folders.
    """
    file, folders = _file(settings), _folders(settings)
    if settings.config.out is not None:
        folders.append(settings.config.out.absolute())
    mounts = _mount(file, Path(_CONFIG)) + "        read_only: true\n"
    mounts += "".join(_mount(folder, folder) for folder in dict.fromkeys(folders))
    return _filled(
        "compose.yaml",
        uid=os.getuid() or 1000,
        stop_s=_STOP_S,
        state=_STATE,
        mounts=mounts,
        devices=_NVIDIA if cuda else "",
    )


def _filled(name: str, **values: object) -> str:
    text = (files(__package__) / "templates" / name).read_text("utf-8")
    return Template(text).substitute(values)


def _file(settings: Settings) -> Path:
    """Return the configuration file: a service, run by another user, needs one."""
    if not settings.files:
        raise ConfigError("a service needs a configuration file; write one and name it by --config")
    return Path(settings.files[0].name)


def _folders(settings: Settings) -> list[Path]:
    folders = [folder.absolute() for folder in settings.config.watch.folders]
    if not folders:
        raise ConfigError("a service needs folders to watch; set [watch] folders")
    return folders


def _mount(source: Path, target: Path) -> str:
    return (
        "      - type: bind\n"
        f"        source: {_yaml(str(source))}\n"
        f"        target: {_yaml(str(target))}\n"
    )


def _words(paths: list[Path]) -> str:
    return " ".join(_word(str(path)) for path in paths)


def _word(text: str) -> str:
    """Return a word of a unit file: "%" is doubled, and what would split it is escaped."""
    if "\n" in text:
        raise ConfigError(f"{text!r} cannot stand in a unit file")
    text = text.replace("%", "%%")
    if not re.search(r"[\s\"'\\;]", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _yaml(text: str) -> str:
    # Single quotes keep everything but themselves; compose itself interprets "$".
    return "'" + text.replace("'", "''").replace("$", "$$") + "'"
