"""A file is whole or not there, and no file of anybody's is lost."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from canary_subs import _files as files
from canary_subs._files import write_atomic


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=["unnamed", "beside", "no links"])
def method(request: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each method that file systems allow."""
    name: str = request.param
    if name != "unnamed":
        monkeypatch.delattr(os, "O_TMPFILE")
    if name == "no links":

        def link(*args: Any, **kwargs: Any) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)
    return name


def test_it_holds_what_was_written_and_nothing_else_is_left(method: str, tmp_path: Path) -> None:
    for data in (b"", b"text", os.urandom(3_000_000)):
        write_atomic(tmp_path / "a.srt", data, replace=True)
        assert (tmp_path / "a.srt").read_bytes() == data
        assert names(tmp_path) == ["a.srt"]


def test_without_replace_what_is_there_stays(method: str, tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    write_atomic(path, b"first", replace=False)
    with pytest.raises(FileExistsError):
        write_atomic(path, b"second", replace=False)
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["a.srt"]


def test_a_link_that_leads_nowhere_counts_as_a_file(method: str, tmp_path: Path) -> None:
    link = tmp_path / "a.srt"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_atomic(link, b"x", replace=False)
    assert link.is_symlink()
    write_atomic(link, b"x", replace=True)
    assert not (tmp_path / "elsewhere").exists(), "written through a link"
    assert link.read_bytes() == b"x" and not link.is_symlink()


def test_the_umask_decides_who_may_read(method: str, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "a.srt", b"x", replace=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.srt").stat().st_mode) == 0o640


def test_the_longest_name_is_no_trouble(method: str, tmp_path: Path) -> None:
    path = tmp_path / ("x" * 251 + ".srt")
    write_atomic(path, b"x", replace=True)
    assert path.read_bytes() == b"x"


def test_a_folder_that_is_not_there_is_an_os_error(method: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "none" / "a.srt", b"x", replace=True)


def test_a_full_disk_leaves_nothing_behind(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(b"old")

    def full(file: int, data: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    for name in ("a.srt", "b.srt"):
        with pytest.raises(OSError, match="No space"):
            write_atomic(tmp_path / name, b"new", replace=True)
    assert names(tmp_path) == ["a.srt"]
    assert path.read_bytes() == b"old"


def test_nobody_ever_sees_a_part(method: str, tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    contents = {bytes([letter]) * 200_000 for letter in b"abc"}
    write_atomic(path, min(contents), replace=True)
    seen: set[bytes] = set()
    done = threading.Event()

    def poll() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=poll)
    reader.start()
    for data in sorted(contents) * 5:
        write_atomic(path, data, replace=True)
    done.set()
    reader.join()
    assert seen <= contents


def test_two_at_once_cannot_both_be_first(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    won: list[bytes] = []

    def write(data: bytes) -> None:
        try:
            write_atomic(path, data, replace=False)
            won.append(data)
        except FileExistsError:
            pass

    threads = [threading.Thread(target=write, args=(bytes([n]) * 1000,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [path.read_bytes()]


def test_killed_while_writing_nothing_is_visible(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from canary_subs import _files as files;"
        "files.os.fsync = lambda fd: os.kill(os.getpid(), signal.SIGKILL);"
        "files.write_atomic(Path(sys.argv[1]) / 'a.srt', b'x' * 9999, replace=False)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -9
    assert names(tmp_path) == []


def test_what_is_not_finished_is_hidden(tmp_path: Path) -> None:
    hidden = files._name_beside(tmp_path / "x")
    assert hidden.parent == tmp_path and hidden.name.startswith(".")
