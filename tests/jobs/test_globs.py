"""Which names are taken."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_subs.config.schema import Config, Watch
from canary_subs.jobs.globs import excluded, matches, private_folder, temporary
from canary_subs.jobs.walk import refusal


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("*.mkv", "a/b.MKV", True),
        ("*.mkv", "a.mkv.txt", False),
        ("*.mkv", "line\nbreak.mkv", True),
        ("a/*.mkv", "a/b.mkv", True),
        ("a/*.mkv", "a/c/b.mkv", False),
        ("a/**/*.mkv", "a/b.mkv", True),
        ("a/**/*.mkv", "a/c/d/b.mkv", True),
        ("/a/*.mkv", "a/b.mkv", True),
        ("a/**", "a/b/c", True),
        ("**/sample/*", "sample/x", True),
        ("?.mkv", "ab.mkv", False),
        ("[a-c].mkv", "b.mkv", True),
        ("[!a-c].mkv", "b.mkv", False),
        ("[!a-c].mkv", "d.mkv", True),
        ("[z-a]", "[z-a]", True),
        ("a.b", "axb", False),
        ("(x)+|$", "(x)+|$", True),
    ],
)
def test_globs(glob: str, path: str, fits: bool) -> None:
    assert matches(path, (glob,)) == (glob if fits else None)


def test_the_matching_glob_is_returned() -> None:
    assert matches("x/sample.mkv", ("*.avi", "x/*.avi", "sample.*", "x/*")) == "sample.*"
    assert matches("x/video.mkv", ("*.avi", "x/*.avi", "sample.*", "x/*")) == "x/*"


def test_a_folder_excludes_all_in_it() -> None:
    assert excluded("Extras/deep/a.mkv", ("extras",)) == "extras"
    assert excluded("videos/a.mkv", ("extras",)) is None
    assert excluded("x/extras/a.mkv", ("x/extras",)) == "x/extras"


@settings(deadline=None)
@given(st.text(alphabet="ab*?[]!/^\\-~&|", max_size=12), st.text(max_size=8))
def test_no_glob_breaks_anything(glob: str, path: str) -> None:
    assert matches(path, (glob,)) in (glob, None)


@pytest.mark.parametrize(
    "glob",
    [
        "*a" * 40 + "b", "**a" * 40 + "b", "**/a" * 40 + "b", "*?" * 100 + "b", "[a]*" * 40 + "b",
        "x/" + "**/*a" * 40 + "b",
    ],
)  # fmt: skip
def test_no_glob_takes_long(glob: str) -> None:
    began = time.perf_counter()
    assert matches("a" * 200, (glob,)) is None
    assert matches("x/" + "a/" * 1000 + "a" * 200, (glob,)) is None
    assert time.perf_counter() - began < 1


def as_pattern(glob: str) -> str:
    """A glob as the regular expression that defines it; short ones only."""
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = re.findall(r"\*\*/?|.", glob, re.DOTALL)
    return "".join(meanings.get(token) or re.escape(token) for token in tokens)


@settings(deadline=None, max_examples=500)
@given(
    st.lists(st.sampled_from(["*", "**", "**/", "?", "a", "b", "/"]), max_size=7),
    st.text(alphabet="ab/", max_size=7),
)
def test_a_glob_means_its_regular_expression(parts: list[str], below: str) -> None:
    glob = "".join(parts).lstrip("/")
    subject = below if "/" in glob else below.rpartition("/")[2]
    expected = re.fullmatch(as_pattern(glob), subject, re.DOTALL) is not None
    assert (matches(below, (glob,)) is not None) == expected


@settings(deadline=None)
@given(
    st.text(
        alphabet=st.characters(exclude_characters="*?[/", exclude_categories=["Cs"]), min_size=1
    )
)
def test_a_plain_glob_is_its_own_name(name: str) -> None:
    assert matches(name, (name,)) == name


@pytest.mark.parametrize(
    "name",
    [
        "a.mkv.part", "a.mkv.crdownload", "a.mkv.!qB", ".a.mkv.Xy12", "~a.mkv", "a.mkv~",
        "a.mkv.TMP", "._a.mkv", ".syncthing.a.mkv.tmp", "a.mkv.filepart", ".canary-subs-1.part",
    ],
)  # fmt: skip
def test_unfinished_files_have_a_reason(name: str) -> None:
    assert temporary(name)
    assert refusal(name, Config(watch=Watch(include=("*",))))


@pytest.mark.parametrize(
    "name", ["a.mkv", "-rf.mkv", "100%.mp4", "part.mkv", "a.part1.mkv", " .ts"]
)
def test_videos_have_none(name: str) -> None:
    assert refusal(name, Config()) is None


@pytest.mark.parametrize("name", ["a.srt", "a.nfo", "a", "mkv", "a.en.srt", "a.json"])
def test_what_is_not_included_is_refused(name: str) -> None:
    assert refusal(name, Config()) == "its name is not among [watch] include"


def test_the_systems_own_folders() -> None:
    for name in ("@eaDir", "$RECYCLE.BIN", ".Trash-1000", "lost+found"):
        assert private_folder(name)
    assert not private_folder("videos")
