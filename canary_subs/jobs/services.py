"""Runs the services of plugins beside the daemon, each in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from canary_subs.config.schema import Config
from canary_subs.model import Choice
from canary_subs.plugin.manager import Plugins

log = logging.getLogger(__name__)

#: How long to wait before each restart of a service that failed; after the last one it is given up.
_RESTARTS_S = (1.0, 5.0, 30.0, 120.0)
#: How long services may take to end.
_STOP_S = 1.0


@contextmanager
def running(config: Config, plugins: Plugins) -> Iterator[None]:
    """Run the services that ``[service] run`` names inside the block.

    A service that fails is logged and restarted a few times; the daemon goes on without it.
    """
    stop = threading.Event()
    threads = []
    for name in config.service.run:
        options = config.options.get("service", {}).get(name, {})
        threads.append(
            threading.Thread(
                target=_keep_running,
                args=(Choice(name=name, options=options), plugins, stop),
                name=f"service {name}",
                daemon=True,
            )
        )
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        end = time.monotonic() + _STOP_S
        for thread in threads:
            thread.join(timeout=max(0.0, end - time.monotonic()))


def _keep_running(choice: Choice, plugins: Plugins, stop: threading.Event) -> None:
    for wait_s in (*_RESTARTS_S, None):
        try:
            plugins.use("service", choice).run(stop)
            if not stop.is_set():
                log.warning("service %s ended by itself", choice.name)
            return
        except Exception as error:
            if stop.is_set():
                return
            if wait_s is None:
                log.error("service %s failed again and is given up: %s", choice.name, error)
                return
            log.error("service %s failed: %s; restarting in %g s", choice.name, error, wait_s)
        if stop.wait(wait_s):
            return
