"""Sidecar files: named for media servers, never over a file of the user's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from canary_subs.deliver.sidecar import Sidecar, SidecarOptions
from canary_subs.errors import OutputError, Temporary
from canary_subs.model import MediaInfo, Rendered
from canary_subs.testing import media_info


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def film(folder: Path, name: str = "Film (2019).mkv") -> MediaInfo:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a film")
    return media_info(path)


def srt(data: bytes = b"x", language: str = "en", **more: Any) -> Rendered:
    return Rendered(language=language, suffix=".srt", data=data, **more)


@pytest.mark.parametrize(
    ("name", "rendered", "expected"),
    [
        ("Film (2019).mkv", srt(), "Film (2019).en.srt"),
        ("Film.mkv", srt(language="pt-BR"), "Film.pt-BR.srt"),
        ("Film.mkv", srt(marks=("forced",)), "Film.en.forced.srt"),
        ("Film.mkv", srt(marks=("sdh",)), "Film.en.sdh.srt"),
        ("S01E02.1080p.x264.mkv", srt(), "S01E02.1080p.x264.en.srt"),
        ("no suffix", srt(), "no suffix.en.srt"),
        (".hidden", srt(), ".hidden.en.srt"),
        ("-rf; $(x) \n.mkv", srt(), "-rf; $(x) \n.en.srt"),
        ("\udce4.mkv", srt(), "\udce4.en.srt"),
    ],
)
def test_names(tmp_path: Path, name: str, rendered: Rendered, expected: str) -> None:
    place = Sidecar(SidecarOptions()).deliver(film(tmp_path, name), rendered)
    assert place == str(tmp_path / expected)
    assert names(tmp_path) == sorted([name, expected])


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("library", "out/shows/one/Film.en.srt"),
        (None, "out/Film.en.srt"),
        ("elsewhere", "out/Film.en.srt"),
        ("library/shows/one", "out/Film.en.srt"),
    ],
)
def test_results_keep_their_place_below_the_folder(
    tmp_path: Path, root: str | None, expected: str
) -> None:
    media = film(tmp_path / "library/shows/one", "Film.mkv")
    options = SidecarOptions(out=tmp_path / "out", root=tmp_path / root if root else None)
    assert Sidecar(options).deliver(media, srt()) == str(tmp_path / expected)
    assert (tmp_path / expected).read_bytes() == b"x"


def test_what_is_there_is_found_and_kept(tmp_path: Path) -> None:
    media = film(tmp_path)
    own = tmp_path / "Film (2019).en.srt"
    own.write_bytes(b"the user's")
    sidecar = Sidecar(SidecarOptions())
    assert sidecar.find(media, "en", ".srt") == str(own)
    assert sidecar.find(media, "de", ".srt") is None
    with pytest.raises(OutputError, match="is kept; use --overwrite"):
        sidecar.deliver(media, srt(b"ours"))
    assert own.read_bytes() == b"the user's"


def test_delivered_twice_is_delivered_once(tmp_path: Path) -> None:
    media = film(tmp_path)
    sidecar = Sidecar(SidecarOptions())
    assert sidecar.deliver(media, srt()) == sidecar.deliver(media, srt())


def test_overwrite_replaces(tmp_path: Path) -> None:
    media = film(tmp_path)
    own = tmp_path / "Film (2019).en.srt"
    own.write_bytes(b"old")
    sidecar = Sidecar(SidecarOptions(overwrite=True))
    assert sidecar.find(media, "en", ".srt") is None
    sidecar.deliver(media, srt(b"new"))
    assert own.read_bytes() == b"new"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_in_the_way_is_one_line(tmp_path: Path, overwrite: bool) -> None:
    media = film(tmp_path)
    (tmp_path / "Film (2019).en.srt").mkdir()
    with pytest.raises(OutputError) as caught:
        Sidecar(SidecarOptions(overwrite=overwrite)).deliver(media, srt())
    assert "Film (2019).en.srt" in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_where_the_folder_should_be_is_one_line(tmp_path: Path) -> None:
    media = film(tmp_path)
    (tmp_path / "out").write_bytes(b"no folder")
    sidecar = Sidecar(SidecarOptions(out=tmp_path / "out"))
    with pytest.raises(OutputError, match="cannot be written"):
        sidecar.deliver(media, srt())


def test_a_name_too_long_says_so_when_looked_for_and_when_written(tmp_path: Path) -> None:
    media = film(tmp_path, "x" * 250 + ".mkv")
    sidecar = Sidecar(SidecarOptions())
    with pytest.raises(OutputError, match="shorten the video's name"):
        sidecar.find(media, "en", ".srt")
    with pytest.raises(OutputError, match="shorten the video's name"):
        sidecar.deliver(media, srt())


@pytest.mark.parametrize(
    ("number", "advice"),
    [(28, "free some space"), (13, "name another folder with --out"), (5, "can be reached")],
)
def test_every_failure_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("canary_subs.deliver.sidecar.write_whole", fail)
    with pytest.raises(OutputError, match=advice) as caught:
        Sidecar(SidecarOptions()).deliver(film(tmp_path), srt())
    assert isinstance(caught.value, Temporary)
