"""Health and Prometheus metrics over HTTP, on loopback only."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import canary_subs
from canary_subs.errors import ConfigError, StoreError
from canary_subs.jobs.store import Store
from canary_subs.jobs.supervisor import Supervisor
from canary_subs.jobs.watch import Watcher

#: Connections that are open at once.
_CONNECTIONS = 16
#: How long the watcher and the store may give no sign. A scan of a slow share takes long.
WATCHER_S, STORE_S = 900.0, 120.0


@contextmanager
def serve(
    address: str, store: Store, supervisor: Supervisor, watcher: Watcher | None = None
) -> Iterator[int]:
    """Answer ``/metrics`` and ``/health`` at "127.0.0.1:9464" inside the block; yields the port.

    Raises `ConfigError` if the address is taken.
    """
    host, _, port = address.rpartition(":")

    class Handler(BaseHTTPRequestHandler):
        #: Seconds that a client may take for each part of its request.
        timeout = 5

        def do_GET(self) -> None:
            if not _known_host(self.headers.get("Host")):
                self._answer(403, "text/plain", "ask for localhost or 127.0.0.1\n")
            elif self.path == "/metrics":
                self._answer(200, "text/plain; version=0.0.4", render(store, supervisor))
            elif self.path == "/health":
                status, text = health(store, supervisor, watcher)
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
        server = _Server((host.strip("[]"), int(port)), Handler)
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


class _Server(ThreadingHTTPServer):
    """Keeps few connections open: for a new one beyond that, the oldest is closed."""

    def __init__(self, *arguments: Any) -> None:
        self._open: list[socket.socket] = []
        self._open_lock = threading.Lock()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.append(request)
            surplus = self._open[:-_CONNECTIONS]
        for oldest in surplus:
            with suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)  # its thread then closes it
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock, suppress(ValueError):
            self._open.remove(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that went away, or was too slow


def _known_host(header: str | None) -> bool:
    """Whether a request names this machine: a page of the web that is led here names itself."""
    if header is None:  # no browser
        return True
    host = header[: header.index("]") + 1] if "]" in header else header.partition(":")[0]
    return host.lower() in ("127.0.0.1", "localhost", "[::1]")


def health(store: Store, supervisor: Supervisor, watcher: Watcher | None = None) -> tuple[int, str]:
    """Return HTTP status and a JSON line: 200 while the daemon can work, otherwise 503 and why.

    ``seconds`` says how long ago watcher, store and worker last gave a sign; None: not yet.
    """
    now = time.monotonic()
    seconds = {
        "watcher": _ago(now, watcher.sign_at if watcher else None),
        "store": _ago(now, supervisor.store_sign_at),
        "worker": _ago(now, supervisor.progress_at),
    }
    facts: dict[str, Any] = {"seconds": seconds}
    try:
        facts["paused"] = store.queue.paused() or supervisor.pause_reason
        reason = supervisor.start_failure or _stands_still(supervisor, seconds)
    except StoreError as error:
        reason = str(error)
    if reason is not None:
        facts["reason"] = reason
    return (503 if reason else 200), json.dumps({"healthy": reason is None, **facts}) + "\n"


def _stands_still(supervisor: Supervisor, seconds: Mapping[str, float | None]) -> str | None:
    """Return what has given no sign for too long; None if nothing."""
    for name, limit_s in (("watcher", WATCHER_S), ("store", STORE_S)):
        if (ago_s := seconds[name]) is not None and ago_s > limit_s:
            return f"the {name} has given no sign for {ago_s:.0f} s"
    if (still_s := supervisor.still_s) > supervisor.patience_s:
        return f"work is due, and nothing has progressed for {still_s:.0f} s"
    return None


def _ago(now: float, at: float | None) -> float | None:
    return None if at is None else round(now - at, 1)


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
