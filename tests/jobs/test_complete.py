"""An incomplete file is recognised as such."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from canary_subs.jobs.complete import being_written, has_complete_structure
from tests.crash import stage


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("videos")
    return {
        ending: stage.video(folder / f"f{ending}", 2, 1, picture=True).read_bytes()
        for ending in (".mkv", ".mp4", ".mov", ".avi")
    } | {".wav": stage.wav(folder / "f.wav", 2, 1).read_bytes()}


@pytest.mark.parametrize("ending", [".mkv", ".mp4", ".mov", ".avi", ".wav"])
def test_complete_files_are_complete_and_no_part_of_them_is(
    videos: dict[str, bytes], tmp_path: Path, ending: str
) -> None:
    data, path = videos[ending], tmp_path / "f"
    path.write_bytes(data)
    assert has_complete_structure(path)
    chance = random.Random(1)
    # The outermost structure sees any cut; the last bytes of an AVI may be padding.
    for length in [1, 9, 100, 1000, *(chance.randrange(1, len(data) - 2) for _ in range(40))]:
        path.write_bytes(data[:length])
        assert not has_complete_structure(path), length


def test_a_preallocated_file_is_not_complete(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"")
    os.truncate(path, 10_000)
    assert not has_complete_structure(path)


@pytest.mark.parametrize("head", [b"G" + b"\0" * 187, b"ID3\4", b"\xff\xfb\x90\x64", b"OggS"])
def test_an_unknown_container_counts_as_complete(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "f"
    path.write_bytes(head * 100)
    assert has_complete_structure(path)


def test_a_live_recording_without_a_length_is_complete(tmp_path: Path) -> None:
    ebml = b"\x1aE\xdf\xa3\x84\x42\x86\x81\x01"
    path = tmp_path / "f"
    path.write_bytes(ebml + b"\x18S\x80g" + b"\x01\xff\xff\xff\xff\xff\xff\xff" + b"\xec\x80" * 50)
    assert has_complete_structure(path)


def test_a_downloaders_companion_file_counts(videos: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "f.mkv"
    path.write_bytes(videos[".mkv"])
    notes = tmp_path / "f.mkv.aria2"
    notes.write_bytes(b"x")
    assert not has_complete_structure(path)
    notes.unlink()
    assert has_complete_structure(path)


def test_any_garbage_is_handled(tmp_path: Path, videos: dict[str, bytes]) -> None:
    chance = random.Random(2)
    path = tmp_path / "f"
    for data in videos.values():
        for _ in range(30):
            broken = bytearray(data[: chance.randrange(1, 5000)])
            for _ in range(chance.randrange(1, 30)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            path.write_bytes(broken)
            assert has_complete_structure(path) in (True, False)


def test_endless_boxes_end(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"\0\0\0\x08ftyp" + b"\0\0\0\x08free" * 50_000)
    assert has_complete_structure(path) in (True, False)


def test_a_writer_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x")
    assert not being_written(path)
    with path.open("ab"):
        assert being_written(path)
    assert not being_written(path)
    with path.open("rb"):
        assert not being_written(path)
    assert not being_written(tmp_path / "none")
