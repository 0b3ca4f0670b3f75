"""The file that is written: whole in itself, the same every time, and safe to open."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path, PurePath, PurePosixPath
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from canary_subs.model import Cue
from canary_subs.proof import IndexEntry, PageTrack, TrackSummary, assets, index, page
from tests.proof.tracks import PROFILE, english, german

HOSTILE = (
    "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\"'&amp; \u2028 ${x} $name"
)


def made(**changes: Any) -> bytes:
    video: dict[str, Any] = {
        "name": "video.webm",
        "video": PurePath("video.webm"),
        "duration_ms": 12_000,
        "tracks": [english(), german()],
    }
    return page(**{**video, **changes})


class Elements(HTMLParser):
    """Every element with its attributes, and the text of scripts, styles and the title."""

    def __init__(self, document: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: str | None = None
        self.feed(document.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._open = tag if tag in ("script", "style", "title", "h1", "bdi", "a", "td") else None

    def handle_endtag(self, tag: str) -> None:
        self._open = None

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.append((self._open, data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]

    def data(self) -> Any:
        return next(json.loads(text) for tag, text in self.texts if tag == "script")


def policy(elements: Elements) -> dict[str, list[str]]:
    (meta,) = (m for m in elements.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    directives = [part.split() for part in str(meta["content"]).split(";")]
    return {name: values for name, *values in directives}


def test_the_same_video_gives_the_same_bytes() -> None:
    assert made() == made()


def test_nothing_is_loaded_but_the_video() -> None:
    elements = Elements(made())
    for tag, attributes in elements.found:
        for name in ("src", "href", "data", "action", "srcset"):
            if (value := attributes.get(name)) is not None:
                assert (tag, value) == ("link", "data:,")
    rules = policy(elements)
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    assert set(rules["media-src"]) == {"'self'", "file:", "blob:"}
    assert "connect-src" not in rules


def test_only_our_own_scripts_and_styles_may_be_used() -> None:
    elements = Elements(made())
    rules = policy(elements)
    assert not any("unsafe" in value for values in rules.values() for value in values)

    def hashes(tag: str) -> set[str]:
        texts = [text for name, text in elements.texts if name == tag]
        digests = [hashlib.sha256(text.encode()).digest() for text in texts if text[0] != "{"]
        return {f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests}

    assert set(rules["script-src"]) == hashes("script")
    assert hashes("style") < set(rules["style-src"])
    assert not any(name.startswith("on") for _, a in elements.found for name in a)


def test_hostile_text_is_data_everywhere() -> None:
    track = PageTrack(
        language=HOSTILE,
        profile=PROFILE,
        cues=(Cue(start_ms=0, end_ms=900, lines=(HOSTILE,), speaker=HOSTILE),),
    )
    plain = [tag for tag, _ in Elements(made()).found]
    elements = Elements(made(name=HOSTILE, tracks=[track, german()]))
    assert [tag for tag, _ in elements.found] == plain
    video = elements.data()
    assert video["name"] == HOSTILE
    assert video["tracks"][0]["cues"][0]["lines"] == [HOSTILE]
    assert ("title", HOSTILE + ", proof") in elements.texts


def test_a_name_that_is_no_unicode_still_makes_a_page() -> None:
    name = b"fil\xe9m.mkv".decode("utf-8", "surrogateescape")
    elements = Elements(made(name=name, video=PurePath(name)))
    video = elements.data()
    assert video["name"] == name
    assert unquote_to_bytes(video["video"]) == b"./fil\xe9m.mkv"


@pytest.mark.parametrize(
    "path",
    ["a b.mp4", "50% #1?.mp4", "javascript:alert(1)", "https:/x.org/a", "../Über/ü.mkv", "-x.mp4"],
)
def test_the_video_is_linked_by_a_relative_url(path: str) -> None:
    url = Elements(made(video=PurePosixPath(path))).data()["video"]
    assert re.fullmatch(r"\./[\w./~%-]+", url)
    assert unquote_to_bytes(url).decode() == f"./{path}"


@pytest.mark.parametrize("path", ["/etc/passwd", "//host/share/video.mp4"])
def test_an_absolute_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a relative path"):
        made(video=PurePosixPath(path))


def test_a_page_without_tracks_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one track"):
        made(tracks=[])


def test_the_library_is_the_one_that_was_checked_and_keeps_its_licence() -> None:
    document = made().decode()
    vendor = Path(assets.__file__).parent / "vendor"
    assert (vendor / "wavesurfer.min.js").read_text() in document
    assert "Copyright (c)" in document
    assert (vendor / "wavesurfer.LICENSE").read_text() in document


def test_the_index_leads_to_every_video_and_runs_nothing() -> None:
    entries = [
        IndexEntry(
            name=HOSTILE,
            page=PurePath("a b/50%.html"),
            duration_ms=3_600_000,
            tracks=(TrackSummary(language="de", cues=1234, findings={HOSTILE: 2, "gap": 1}),),
        ),
        IndexEntry(name="clean.mkv", page=PurePath("clean.html"), duration_ms=1, tracks=()),
    ]
    document = index(entries, title=HOSTILE)
    elements = Elements(document)
    assert elements.all("script") == elements.all("img") == []
    assert policy(elements)["default-src"] == ["'none'"]
    assert [a["href"] for a in elements.all("a")] == ["./a%20b/50%25.html", "./clean.html"]
    assert ("bdi", HOSTILE) in elements.texts
    assert ("bdi", "a b") in elements.texts
    shown = html.unescape(document.decode())
    assert "1,234" in shown
    assert f"{HOSTILE} 2, gap 1" in shown
    assert "2 videos, 3 findings" in shown


def test_the_index_begins_with_what_needs_most_work() -> None:
    def video(name: str, *counts: int) -> IndexEntry:
        tracks = tuple(
            TrackSummary(language="en", cues=9, findings={"gap": n, "flash": n}) for n in counts
        )
        return IndexEntry(name=name, page=PurePath(f"{name}.html"), tracks=tracks)

    videos = [
        video("clean", 0),
        video("b bad", 1, 2),
        video("worst", 4),
        IndexEntry(name="not counted", page=PurePath("not counted.html")),
        video("A bad", 3),
    ]
    document = index(videos)
    order = [text for tag, text in Elements(document).texts if tag == "bdi"][1:]  # after the title
    assert order == ["worst", "A bad", "b bad", "not counted", "clean"]
    assert "no report" in document.decode()


def test_a_video_whose_page_is_gone_is_listed_without_a_link() -> None:
    tracks = (TrackSummary(language="en", cues=2, findings={}),)
    elements = Elements(index([IndexEntry(name=HOSTILE, tracks=tracks)]))
    assert elements.all("a") == []
    assert ("bdi", HOSTILE) in elements.texts
