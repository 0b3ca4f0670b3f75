"""Texts for running the daemon as a service: a systemd unit, a Dockerfile, a compose file."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import canary_subs
from canary_subs.config.layers import FILE_VARIABLE, PREFIX, Settings
from canary_subs.errors import ConfigError, UsageError

#: How long a stop may take, in seconds, before the service manager uses force: our 10 and some.
_STOP_S = 20

#: Where a container has its state and its configuration.
_STATE, _CONFIG = "/var/lib/canary-subs", "/etc/canary-subs.toml"


def unit(settings: Settings) -> str:
    """A systemd unit (systemd.service(5), systemd.exec(5)) for the watched folders.

    It may write into them (or into ``out``), its own state and nothing else. Raises `ConfigError`
    where no configuration file names folders.
    """
    config = settings.config
    file, folders = _file(settings), _folders(settings)
    writable = [config.out.absolute()] if config.out is not None else [*folders]
    state = config.queue.store.absolute().parent if config.queue.store else None
    if state is not None:
        writable.append(state)
    program = Path(sys.executable).with_name("canary-subs")
    environment = [f"{FILE_VARIABLE}={file}"]
    if state is None:
        environment.append("XDG_STATE_HOME=/var/lib")
    environment += ["XDG_CACHE_HOME=/var/cache/canary-subs", "HF_HOME=/var/cache/canary-subs/hub"]
    lines = [
        "# Made by `canary-subs service`. Before the first start: useradd --system canary-subs;",
        "# let that user read the configuration and write into the folders below.",
        "[Unit]",
        "Description=Subtitles for every video that lands in a folder",
        "Wants=network-online.target",
        "After=network-online.target remote-fs.target",
        f"RequiresMountsFor={' '.join(_quoted(str(folder)) for folder in folders)}",
        "",
        "[Service]",
        "Type=exec",
        f"ExecStart={_quoted(str(program))} watch",
        *(f"Environment={_quoted(one)}" for one in environment),
        "Restart=on-failure",
        "RestartSec=10",
        # What was asked cannot be asked: a mistake in the configuration.
        f"RestartPreventExitStatus={UsageError.exit_code}",
        f"TimeoutStopSec={_STOP_S}",
        "KillMode=mixed",
        "OOMPolicy=continue",
        "User=canary-subs",
        "StateDirectory=canary-subs",
        "StateDirectoryMode=0700",
        "CacheDirectory=canary-subs",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
        "ProtectSystem=strict",
        "ProtectHome=read-only",
        f"ReadWritePaths={' '.join(_quoted(str(place)) for place in writable)}",
        "PrivateTmp=yes",
        "ProtectClock=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "LockPersonality=yes",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        # The network is for fetching models and for plugins that notify.
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "UMask=0022",
        "Nice=10",
        "IOSchedulingClass=idle",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"


def dockerfile(*, cuda: bool) -> str:
    """A Dockerfile for the source tree; torch's own build for Linux is the one with CUDA."""
    index = "" if cuda else " --extra-index-url https://download.pytorch.org/whl/cpu"
    torch = "torch" if cuda else "torch==2.13.0+cpu"
    return f"""\
# Made by `canary-subs service` {canary_subs.__version__}; to be built in its source tree.
FROM python:3.11-slim
# Who owns the films, so that subtitles can be written beside them.
ARG UID=1000
RUN useradd --uid $UID --create-home --home-dir {_STATE} canary-subs \\
    && python -m venv /opt/canary-subs \\
    && /opt/canary-subs/bin/pip install --no-cache-dir{index} {torch}
COPY pyproject.toml README.md LICENSE /src/
COPY canary_subs /src/canary_subs
RUN /opt/canary-subs/bin/pip install --no-cache-dir{index} /src
ENV PATH=/opt/canary-subs/bin:$PATH HF_HOME={_STATE}/hub
ENV {FILE_VARIABLE}={_CONFIG} {PREFIX}QUEUE_STORE={_STATE}/jobs.sqlite
USER canary-subs
VOLUME ["{_STATE}"]
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["canary-subs", "status", "--json"]
ENTRYPOINT ["canary-subs"]
CMD ["watch"]
"""


def compose(settings: Settings, *, cuda: bool) -> str:
    """A compose.yaml beside that Dockerfile; folders are mounted where the configuration has them.

    Raises `ConfigError` where no configuration file names folders.
    """
    file, folders = _file(settings), _folders(settings)
    if settings.config.out is not None:
        folders.append(settings.config.out.absolute())
    lines = [
        "services:",
        "  canary-subs:",
        "    build:",
        "      context: .",
        f"      args: {{UID: {os.getuid() or 1000}}}  # who owns the films",
        "    restart: unless-stopped",
        "    init: true",
        f"    stop_grace_period: {_STOP_S}s",
        "    read_only: true",
        "    cap_drop: [ALL]",
        "    security_opt: [no-new-privileges]",
        "    tmpfs: [/tmp]",
        "    volumes:",
        f"      - state:{_STATE}",
        *_mount(file, Path(_CONFIG)),
        "        read_only: true",
        *(line for folder in dict.fromkeys(folders) for line in _mount(folder, folder)),
    ]
    if cuda:
        lines += [
            "    deploy:",
            "      resources:",
            "        reservations:",
            "          devices:",
            "            - {driver: nvidia, count: 1, capabilities: [gpu]}",
        ]
    return "\n".join([*lines, "volumes:", "  state:"]) + "\n"


def _file(settings: Settings) -> Path:
    """The configuration file, which a service reads under another user's name."""
    if not settings.files:
        raise ConfigError("a service needs a configuration file; write one and name it by --config")
    return Path(settings.files[0].name)


def _folders(settings: Settings) -> list[Path]:
    folders = [folder.absolute() for folder in settings.config.watch.folders]
    if not folders:
        raise ConfigError("a service needs folders to watch; set [watch] folders")
    return folders


def _mount(source: Path, target: Path) -> list[str]:
    return [
        "      - type: bind",
        f"        source: {_yaml(str(source))}",
        f"        target: {_yaml(str(target))}",
    ]


def _quoted(text: str) -> str:
    """A word of a unit file: '%' is doubled, and what would split it is escaped."""
    if "\n" in text:
        raise ConfigError(f"{text!r} cannot stand in a unit file")
    text = text.replace("%", "%%")
    if not re.search(r"[\s\"'\\;]", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _yaml(text: str) -> str:
    # Single quotes keep everything but themselves; '$' is compose's own.
    return "'" + text.replace("'", "''").replace("$", "$$") + "'"
