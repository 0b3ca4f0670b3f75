"""Health and Prometheus metrics over HTTP, on loopback only."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import canary_subs
from canary_subs.errors import ConfigError, StoreError
from canary_subs.jobs.store import Store
from canary_subs.jobs.supervisor import Supervisor


@contextmanager
def serve(address: str, store: Store, supervisor: Supervisor) -> Iterator[int]:
    """Answer ``/metrics`` and ``/health`` at "127.0.0.1:9464" inside the block; yields the port.

    Raises `ConfigError` if the address is taken.
    """
    host, _, port = address.rpartition(":")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, "text/plain; version=0.0.4", render(store, supervisor))
            elif self.path == "/health":
                status, text = health(store, supervisor)
                self._answer(status, "application/json", text)
            else:
                self._answer(404, "text/plain", "only /metrics and /health exist\n")

        def _answer(self, status: int, kind: str, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass  # a scrape every few seconds is not worth a line

    try:
        server = ThreadingHTTPServer((host.strip("[]"), int(port)), Handler)
    except OSError as error:
        raise ConfigError(
            f"[service] metrics: {address} cannot be listened on ({error.strerror}); "
            "choose another port"
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def health(store: Store, supervisor: Supervisor) -> tuple[int, str]:
    """Return HTTP status and a JSON line: 200 while the daemon can work, otherwise 503 and why."""
    try:
        paused = store.queue.paused()
    except StoreError as error:
        return 503, json.dumps({"healthy": False, "reason": str(error)}) + "\n"
    if supervisor.start_failure is not None:
        return 503, json.dumps({"healthy": False, "reason": supervisor.start_failure}) + "\n"
    return 200, json.dumps({"healthy": True, "paused": paused or supervisor.pause_reason}) + "\n"


def render(store: Store, supervisor: Supervisor) -> str:
    """Return the metrics in Prometheus' text format 0.0.4."""
    lines = [
        "# HELP canary_subs_info The running version.",
        "# TYPE canary_subs_info gauge",
        f'canary_subs_info{{version="{canary_subs.__version__}"}} 1',
        "# HELP canary_subs_jobs Jobs by state.",
        "# TYPE canary_subs_jobs gauge",
    ]
    try:
        counts = store.views.counts()
        seconds = store.views.video_seconds()
    except StoreError:
        return "\n".join([*lines[:3], "canary_subs_store_up 0"]) + "\n"
    lines += [f'canary_subs_jobs{{state="{state}"}} {count}' for state, count in counts.items()]
    lines += [
        "# HELP canary_subs_video_seconds Playing time of all finished videos.",
        "# TYPE canary_subs_video_seconds gauge",
        f"canary_subs_video_seconds {seconds:.3f}",
        "# HELP canary_subs_paused Whether work is paused (by hand, out of hours, busy).",
        "# TYPE canary_subs_paused gauge",
        f"canary_subs_paused {int(supervisor.pause_reason is not None)}",
        "# HELP canary_subs_store_up Whether the job store can be read.",
        "# TYPE canary_subs_store_up gauge",
        "canary_subs_store_up 1",
    ]
    return "\n".join(lines) + "\n"
