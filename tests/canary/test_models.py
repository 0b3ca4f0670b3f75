"""Names of models, and what becomes of them where the hub is away or knows no such model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import huggingface_hub.constants
import pytest

from canary_subs import _hub as hub_files
from canary_subs.canary import models
from canary_subs.errors import ModelError, Temporary, UnknownName
from tests.canary.conftest import engine, opened


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hub_files, "_out_of_reach", {})
    # The hub's client waits 23 s between its attempts.
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)


@contextmanager
def hub(
    monkeypatch: pytest.MonkeyPatch, status: int, headers: dict[str, str] | None = None
) -> Iterator[list[str]]:
    """A hub that answers everything with one status; yields what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _ask_at(monkeypatch, server.server_port)
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()


def _ask_at(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    constants = huggingface_hub.constants
    path = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"http://127.0.0.1:{port}{path}")


@pytest.mark.parametrize("name", ["nvidia/canary-180m-flash", "somebody/canary-of-their-own"])
def test_a_hub_out_of_reach_may_pass(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _ask_at(monkeypatch, 9)  # nothing listens there
    with pytest.raises(ModelError, match=f"{name} is not on this machine") as caught:
        opened(name)
    assert isinstance(caught.value, Temporary)
    assert "refused" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hub_in_trouble_may_pass_and_is_not_asked_by_every_video(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with hub(monkeypatch, 503) as asked:
        with pytest.raises(ModelError, match="cannot be reached") as first:
            models.fetch("nvidia/canary-180m-flash")
        often = len(asked)
        with pytest.raises(ModelError) as second:
            models.fetch("nvidia/canary-180m-flash")
        assert often == len(asked) > 0
        assert str(first.value) == str(second.value)
        assert isinstance(first.value, Temporary) and isinstance(second.value, Temporary)
        monkeypatch.setattr(hub_files, "_ASK_AGAIN_S", 0.0)
        with pytest.raises(ModelError):
            models.fetch("nvidia/canary-180m-flash")
        assert len(asked) > often


@pytest.mark.parametrize("code", ["RepoNotFound", "EntryNotFound", "GatedRepo"])
def test_a_model_that_the_hub_does_not_give_does_not_pass(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = 403 if code == "GatedRepo" else 404
    with (
        hub(monkeypatch, status, {"X-Error-Code": code}),
        pytest.raises(ModelError, match=r"the hub has no file canary-none\.nemo") as caught,
    ):
        models.fetch("nobody/canary-none")
    assert not isinstance(caught.value, Temporary)


def test_a_hub_that_may_not_be_asked_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE forbids") as caught:
        models.fetch("nvidia/canary-180m-flash")
    assert not isinstance(caught.value, Temporary)


def test_a_cache_that_cannot_be_written_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, local_files_only: bool = False) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", full)
    with pytest.raises(ModelError, match=r"No space left on device.*set HF_HOME") as caught:
        models.fetch("nvidia/canary-180m-flash")
    assert isinstance(caught.value, Temporary)


def test_names_are_judged_without_asking_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object, **more: object) -> str:
        raise AssertionError("asked")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", never)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    broken = tmp_path / "mine.nemo"
    broken.write_bytes(b"no archive")
    for name in ("demo", "canary-1b-v2", "nvidia/canary-1b", "who/knows-it", str(broken)):
        engine(name)
    with pytest.raises(ModelError, match="there is no such model file"):
        engine(tmp_path / "none.nemo")
    with pytest.raises(ModelError, match="is not a file"):
        engine(tmp_path)
    with pytest.raises(UnknownName, match="did you mean 'canary-1b-v2'"):
        engine("canary-1b-v3")
    for name in ("", "a/b/c", "-x/y", "../x", "a b/c", "https://x/y", "\0", "x" * 5000):
        with pytest.raises(UnknownName, match="no model is called"):
            models.check(name)
