"""Names of subtitle files as media servers and their helpers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary_subs.formats.filename import Named, parse_name
from canary_subs.model import TrackKind

FULL, FORCED, SDH = TrackKind

#: Name beside the video, the video's stem, the language, the kind.
BESIDE_A_VIDEO = [
    # Jellyfin and Emby.
    ("Film.srt", "Film", None, FULL),
    ("Film (1986).default.srt", "Film (1986)", None, FULL),
    ("Film (1986).default.en.forced.ass", "Film (1986)", "en", FORCED),
    ("Film (1986).en.sdh.srt", "Film (1986)", "en", SDH),
    ("Film (1986).English SDH.en.default.srt", "Film (1986)", "en", FULL),
    ("Film (1986).Director's Commentary.de.vtt", "Film (1986)", "de", FULL),
    ("Film.German + English.de.srt", "Film", "de", FULL),
    ("Film.de+en.srt", "Film", None, FULL),
    ("Film.hi.srt", "Film", "hi", FULL),
    ("Film.en.hi.srt", "Film", "en", SDH),
    ("Film.hi.en.srt", "Film", "en", SDH),
    ("Film.hi.hi.srt", "Film", "hi", SDH),
    ("Film.hi.cc.srt", "Film", "hi", SDH),
    ("Film.foreign.fr.srt", "Film", "fr", FORCED),
    ("Film.cc.srt", "Film", None, SDH),
    # Plex.
    ("Avatar (2009).eng.srt", "Avatar (2009)", "en", FULL),
    ("Avatar (2009).en.sdh.forced.srt", "Avatar (2009)", "en", FORCED),
    ("Avatar (2009).pt-BR.forced.srt", "Avatar (2009)", "pt-BR", FORCED),
    ("Avatar (2009).fr.cc.srt", "Avatar (2009)", "fr", SDH),
    ("Grey's Anatomy (2005) - s01e01.zh-TW.ass", "Grey's Anatomy (2005) - s01e01", "zh-TW", FULL),
    # Kodi.
    ("Up.2009.de.srt", "Up.2009", "de", FULL),
    ("Up.ger.forced.srt", "Up", "de", FORCED),
    ("Up.My title.pt_BR.default.srt", "Up", "pt-BR", FULL),
    # Bazarr.
    ("Show - S01E02 - It WEBDL-1080p.en.hi.srt", "Show - S01E02 - It WEBDL-1080p", "en", SDH),
    ("Show.S01E02.720p.WEB.x264.zh-Hant.srt", "Show.S01E02.720p.WEB.x264", "zh-Hant", FULL),
    # Any case of letters; suffixes that are part of a longer ending.
    ("Film.DE-at.FORCED.SRT", "Film", "de-AT", FORCED),
    ("Film.en.full.srt", "Film", "en", FULL),
    ("Film.en.avid-ds.txt", "Film", "en", FULL),
    # Three letters without a code of two are words.
    ("Film.directors.cut.srt", "Film", None, FULL),
]

NOT_OF_THE_VIDEO = [
    ("Film 2.de.srt", "Film"),
    ("Filmde.srt", "Film"),
    ("Film-de.srt", "Film"),
    ("film.de.srt", "Film"),
    ("Other.de.srt", "Film"),
    ("Alien.3.en.srt", "Alien"),
    ("Blade.Runner.2049.en.srt", "Blade.Runner"),
    ("Film", "Film"),
    ("", "Film"),
]

ALONE = [
    ("Film.de.srt", "de", FULL),
    ("Film.2020.pt-BR.forced.srt", "pt-BR", FORCED),
    ("Film.ger.SDH.vtt", "de", SDH),
    ("Film.en.foreign.default.srt", "en", FORCED),
    ("Film.en.hi.srt", "en", SDH),
    ("Film.en.forced.hi.srt", "en", FORCED),
    ("Film.hi.srt", "hi", FULL),
    ("Film.hi.cc.srt", "hi", SDH),
    ("Say.hi.de.srt", "de", FULL),
    ("Film.cc.srt", None, SDH),
    ("Film.srt", None, FULL),
    ("de.srt", None, FULL),
    ("srt", None, FULL),
    ("", None, FULL),
    ("Film.directors.cut.srt", None, FULL),
    ("Film.en.1080p.srt", None, FULL),
]


@pytest.mark.parametrize(("name", "stem", "language", "kind"), BESIDE_A_VIDEO)
def test_a_name_beside_a_video(name: str, stem: str, language: str | None, kind: TrackKind) -> None:
    assert parse_name(name, stem) == Named(language=language, kind=kind)


@pytest.mark.parametrize(("name", "stem"), NOT_OF_THE_VIDEO)
def test_the_name_of_another_video(name: str, stem: str) -> None:
    assert parse_name(name, stem) is None


@pytest.mark.parametrize(("name", "language", "kind"), ALONE)
def test_a_name_alone(name: str, language: str | None, kind: TrackKind) -> None:
    assert parse_name(name) == Named(language=language, kind=kind)


@given(st.text(max_size=30), st.none() | st.text(max_size=5))
def test_any_name_is_read(name: str, stem: str | None) -> None:
    parse_name(name, stem)
