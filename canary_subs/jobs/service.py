"""Texts for running the daemon as a service: a systemd unit, a Dockerfile, a compose file."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import canary_subs
from canary_subs.config import FILE_VARIABLE, Settings
from canary_subs.errors import ConfigError

#: How long a stop may take, in seconds, before the service manager uses force: our 10 and some.
_STOP_S = 20


def unit(settings: Settings, config_file: Path | None = None) -> str:
    """A systemd unit (systemd.service(5), systemd.exec(5)) for the watched folders.

    It may write into them (or into ``out``), its own state and nothing else. Raises `ConfigError`
    where no folder is configured.
    """
    config = settings.config
    folders = [Path(folder).absolute() for folder in config.watch.folders]
    if not folders:
        raise ConfigError("a service needs folders to watch; set [watch] folders")
    writable = [config.out.absolute()] if config.out is not None else folders
    state = config.queue.store.absolute().parent if config.queue.store else None
    if state is not None:
        writable.append(state)
    program = Path(sys.executable).with_name("canary-subs")
    environment = [f"{FILE_VARIABLE}={config_file.absolute()}"] if config_file else []
    if state is None:
        environment.append("XDG_STATE_HOME=/var/lib")
    environment += ["XDG_CACHE_HOME=/var/cache/canary-subs", "HF_HOME=/var/cache/canary-subs/hub"]
    lines = [
        "# Made by `canary-subs service`. Before the first start: useradd --system canary-subs,",
        "# and let that user write into the folders below.",
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
    """A Dockerfile for the daemon; on PyPI torch's own build for Linux is the one with CUDA."""
    index = "" if cuda else " --extra-index-url https://download.pytorch.org/whl/cpu"
    torch = "torch" if cuda else "torch==2.13.0+cpu"
    return f"""\
FROM python:3.11-slim
RUN useradd --system --create-home --home-dir /var/lib/canary-subs canary-subs \\
    && python -m venv /opt/canary-subs \\
    && /opt/canary-subs/bin/pip install --no-cache-dir{index} {torch} \\
       canary-subs=={canary_subs.__version__}
ENV PATH=/opt/canary-subs/bin:$PATH XDG_STATE_HOME=/var/lib HF_HOME=/var/lib/canary-subs/hub
USER canary-subs
VOLUME ["/var/lib/canary-subs", "/films"]
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["canary-subs", "status", "--json"]
ENTRYPOINT ["canary-subs"]
CMD ["watch", "/films"]
"""


def compose(folders: Sequence[Path], *, cuda: bool) -> str:
    """A compose.yaml beside that Dockerfile; every folder is mounted below /films."""
    mounts = [(folder.absolute(), Path("/films") / folder.absolute().name) for folder in folders]
    inside = [target for _, target in mounts]
    if len(set(inside)) < len(inside):
        raise ConfigError("two watched folders have the same name; rename one, or mount by hand")
    lines = [
        "services:",
        "  canary-subs:",
        "    build: .",
        "    restart: unless-stopped",
        "    init: true",
        f"    stop_grace_period: {_STOP_S}s",
        "    read_only: true",
        "    cap_drop: [ALL]",
        "    security_opt: [no-new-privileges]",
        "    tmpfs: [/tmp]",
        "    volumes:",
        "      - state:/var/lib/canary-subs",
        *(
            line
            for source, target in mounts
            for line in (
                "      - type: bind",
                f"        source: {_yaml(str(source))}",
                f"        target: {_yaml(str(target))}",
            )
        ),
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
