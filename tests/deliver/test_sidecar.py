"""Sidecar files: named for media servers, never replacing a file of the user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from canary_subs.deliver.sidecar import Sidecar
from canary_subs.errors import OutputError, Temporary
from canary_subs.model import Context, MediaInfo, Rendered, Track
from canary_subs.testing import media_info


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def video(folder: Path, name: str = "Film (2019).mkv") -> MediaInfo:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a video")
    return media_info(path)


def srt(data: bytes = b"x", track: str = "en", **more: Any) -> Rendered:
    return Rendered(track=Track.parse(track), suffix=".srt", data=data, **more)


def delivered(media: MediaInfo, *rendered: Rendered, **context: Any) -> list[str]:
    return list(Sidecar(Context(**context)).deliver(media, rendered))


@pytest.mark.parametrize(
    ("name", "rendered", "expected"),
    [
        ("Film (2019).mkv", srt(), "Film (2019).en.srt"),
        ("Film.mkv", srt(track="pt-BR"), "Film.pt-BR.srt"),
        ("Film.mkv", srt(track="en.forced"), "Film.en.forced.srt"),
        ("Film.mkv", srt(track="en.sdh"), "Film.en.sdh.srt"),
        ("Film.mkv", srt(track="de+en"), "Film.de+en.srt"),
        ("S01E02.1080p.x264.mkv", srt(), "S01E02.1080p.x264.en.srt"),
        ("no suffix", srt(), "no suffix.en.srt"),
        (".hidden", srt(), ".hidden.en.srt"),
        ("-rf; $(x) \n.mkv", srt(), "-rf; $(x) \n.en.srt"),
        ("\udce4.mkv", srt(), "\udce4.en.srt"),
    ],
)
def test_names(tmp_path: Path, name: str, rendered: Rendered, expected: str) -> None:
    assert delivered(video(tmp_path, name), rendered) == [str(tmp_path / expected)]
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
    media = video(tmp_path / "library/shows/one", "Film.mkv")
    folder = tmp_path / root if root else None
    places = delivered(media, srt(), out=tmp_path / "out", root=folder)
    assert places == [str(tmp_path / expected)]
    assert (tmp_path / expected).read_bytes() == b"x"


def test_what_is_there_is_found_and_kept(tmp_path: Path) -> None:
    media = video(tmp_path)
    own = tmp_path / "Film (2019).en.srt"
    own.write_bytes(b"the user's")
    sidecar = Sidecar(Context())
    assert sidecar.find(media, Track(("en",)), ".srt") == str(own)
    assert sidecar.find(media, Track(("de",)), ".srt") is None
    with pytest.raises(OutputError, match="is kept; use --overwrite"):
        delivered(media, srt(b"ours"))
    assert own.read_bytes() == b"the user's"


def test_delivered_twice_is_delivered_once(tmp_path: Path) -> None:
    media = video(tmp_path)
    assert delivered(media, srt()) == delivered(media, srt())
    assert names(tmp_path) == ["Film (2019).en.srt", "Film (2019).mkv"]


def test_overwrite_replaces(tmp_path: Path) -> None:
    media = video(tmp_path)
    own = tmp_path / "Film (2019).en.srt"
    own.write_bytes(b"old")
    assert Sidecar(Context(overwrite=True)).find(media, Track(("en",)), ".srt") is None
    delivered(media, srt(b"new"), overwrite=True)
    assert own.read_bytes() == b"new"


def test_further_files_of_a_format_are_placed_beside_it(tmp_path: Path) -> None:
    media = video(tmp_path)
    pair = Rendered(track=Track(("en",)), suffix=".sub", data=b"pictures", extra={".idx": b"times"})
    assert delivered(media, pair) == [str(tmp_path / "Film (2019).en.sub")]
    assert (tmp_path / "Film (2019).en.sub").read_bytes() == b"pictures"
    assert (tmp_path / "Film (2019).en.idx").read_bytes() == b"times"


def test_a_format_whose_further_file_cannot_be_written_is_not_found(tmp_path: Path) -> None:
    media = video(tmp_path)
    (tmp_path / "Film (2019).en.idx").write_bytes(b"the user's")
    pair = Rendered(track=Track(("en",)), suffix=".sub", data=b"x", extra={".idx": b"y"})
    with pytest.raises(OutputError, match=r"en\.idx"):
        delivered(media, pair)
    assert Sidecar(Context()).find(media, Track(("en",)), ".sub") is None
    assert (tmp_path / "Film (2019).en.idx").read_bytes() == b"the user's"


def test_a_file_that_fails_costs_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    media = video(tmp_path)
    for language in ("en", "fr"):
        (tmp_path / f"Film (2019).{language}.srt").write_bytes(b"the user's")
    places = []
    deliver = Sidecar(Context()).deliver(
        media, [srt(track=one) for one in ("en", "de", "fr", "es")]
    )
    with pytest.raises(OutputError, match=r"en\.srt"):
        for place in deliver:
            assert Path(place).read_bytes() == b"x"
            places.append(Path(place).name)
    assert places == ["Film (2019).de.srt", "Film (2019).es.srt"]
    assert "fr.srt" in caplog.text


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_that_name_is_one_line(tmp_path: Path, overwrite: bool) -> None:
    media = video(tmp_path)
    (tmp_path / "Film (2019).en.srt").mkdir()
    with pytest.raises(OutputError) as caught:
        delivered(media, srt(), overwrite=overwrite)
    assert "Film (2019).en.srt" in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_where_the_folder_should_be_is_one_line(tmp_path: Path) -> None:
    media = video(tmp_path)
    (tmp_path / "out").write_bytes(b"no folder")
    with pytest.raises(OutputError, match="cannot be written"):
        delivered(media, srt(), out=tmp_path / "out")


def test_a_name_too_long_is_reported_by_find_and_by_deliver(tmp_path: Path) -> None:
    media = video(tmp_path, "x" * 250 + ".mkv")
    with pytest.raises(OutputError, match="shorten the video's name"):
        Sidecar(Context()).find(media, Track(("en",)), ".srt")
    with pytest.raises(OutputError, match="shorten the video's name"):
        delivered(media, srt())


@pytest.mark.parametrize(
    ("number", "advice"),
    [(28, "free some space"), (13, "name another folder with --out"), (5, "can be reached")],
)
def test_every_failure_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("canary_subs.deliver.sidecar.write_atomic", fail)
    with pytest.raises(OutputError, match=advice) as caught:
        delivered(video(tmp_path), srt())
    assert isinstance(caught.value, Temporary)


def test_nothing_is_written_where_the_video_is_not(tmp_path: Path) -> None:
    """Its disk was unmounted, or its folder deleted, while it was worked on."""
    media = video(tmp_path / "disk")
    sidecar = Sidecar(Context())
    assert sidecar.find(media, Track(("en",)), ".srt") is None
    (tmp_path / "disk").rename(tmp_path / "away")
    with pytest.raises(OutputError, match="not there any more"):
        list(sidecar.deliver(media, [srt()]))
    assert not (tmp_path / "disk").exists()
    (tmp_path / "disk").mkdir()  # the empty mount point
    with pytest.raises(OutputError, match="not there any more"):
        list(sidecar.deliver(media, [srt()]))
    with pytest.raises(OutputError, match="not there any more"):
        delivered(media, srt(), out=tmp_path / "out")
    assert names(tmp_path / "disk") == [] and not (tmp_path / "out").exists()


def test_results_on_a_disk_that_is_gone_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = video(tmp_path / "videos")
    disk = tmp_path / "disk"
    disk.mkdir()
    sidecar = Sidecar(Context(out=disk / "out"))
    device = tmp_path.stat().st_dev
    monkeypatch.setattr("canary_subs.deliver.sidecar._device", lambda folder: device + 1)
    assert sidecar.find(media, Track(("en",)), ".srt") is None
    monkeypatch.setattr("canary_subs.deliver.sidecar._device", lambda folder: device)
    with pytest.raises(Temporary, match="on another disk now"):
        list(sidecar.deliver(media, [srt()]))
    assert names(disk) == []


@pytest.mark.parametrize("step", ["show", "show/season"])
def test_a_folder_that_became_a_link_is_not_written(tmp_path: Path, step: str) -> None:
    root, private = tmp_path / "root", tmp_path / "private"
    (private / "season").mkdir(parents=True)
    media = video(root / "show" / "season")
    for place in (private, private / "season"):
        (place / media.path.name).write_bytes(b"a video of somebody else")
    sidecar = Sidecar(Context(within=root))
    assert sidecar.find(media, Track(("en",)), ".srt") is None
    (root / step).rename(root / "moved")
    (root / step).symlink_to(private)
    if step == "show/season":
        assert (root / "show/season" / media.path.name).exists()
    with pytest.raises(OutputError, match="a link leads out of"):
        list(sidecar.deliver(media, [srt()]))
    assert not list(private.rglob("*.srt"))


def test_a_folder_that_becomes_a_link_while_it_is_opened_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, private = tmp_path / "root", tmp_path / "private"
    private.mkdir()
    media = video(root / "show")
    (private / media.path.name).write_bytes(b"a video of somebody else")
    resolve = os.path.realpath

    def resolve_then_swap(path: Any) -> Any:
        found = resolve(path)
        if Path(path) == root / "show":
            (root / "show").rename(root / "moved")
            (root / "show").symlink_to(private)
        return found

    monkeypatch.setattr("canary_subs._files.os.path.realpath", resolve_then_swap)
    with pytest.raises(OutputError, match="cannot be written"):
        delivered(media, srt(), within=root)
    assert names(private) == [media.path.name]


def test_a_link_among_the_results_is_not_followed(tmp_path: Path) -> None:
    media = video(tmp_path / "root/show")
    (tmp_path / "private").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/show").symlink_to(tmp_path / "private")
    with pytest.raises(OutputError, match="a link leads out of"):
        delivered(media, srt(), out=tmp_path / "out", root=tmp_path / "root")
    assert names(tmp_path / "private") == []


def test_what_cannot_be_written_is_found_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = video(tmp_path / "videos")
    english = Track(("en",))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        Sidecar(Context(out=tmp_path / "file/out")).find(media, english, ".srt")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / "videos")
    with pytest.raises(OutputError, match="cannot be written"):
        Sidecar(Context()).find(media, english, ".srt")
    assert Sidecar(Context(out=tmp_path / "out/x")).find(media, english, ".srt") is None
    (tmp_path / "videos" / "Film (2019).en.srt").write_bytes(b"is there, so nothing is written")
    assert Sidecar(Context()).find(media, english, ".srt") is not None


def test_a_link_to_nothing_is_there(tmp_path: Path) -> None:
    media = video(tmp_path)
    (tmp_path / "Film (2019).en.srt").symlink_to(tmp_path / "nothing")
    assert Sidecar(Context()).find(media, Track(("en",)), ".srt") is not None
