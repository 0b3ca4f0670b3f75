from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary_subs.errors import NoAudio, UsageError
from canary_subs.media import tracks
from canary_subs.model import AudioTrack, MediaInfo


def _track(
    index: int,
    language: str | None = None,
    title: str | None = None,
    *marks: str,
) -> AudioTrack:
    return AudioTrack(
        index=index,
        codec="aac",
        channels=2,
        sample_rate_hz=48_000,
        language=language,
        title=title,
        default="default" in marks,
        dispositions=frozenset(marks),
    )


def _video(*audio: AudioTrack) -> MediaInfo:
    return MediaInfo(
        path=Path("video.mkv"), size_bytes=1, mtime_ns=0, duration_ms=1_000, audio=audio
    )


def _chosen(video: MediaInfo, language: str | None = None) -> int:
    return tracks.choose(video, language=language).track.index


def test_no_sound() -> None:
    with pytest.raises(NoAudio, match=r"video\.mkv has no audio track"):
        tracks.choose(_video())


def test_the_language_wins_over_the_default() -> None:
    video = _video(_track(0, "de", None, "default"), _track(1, "en"), _track(2, "fr"))
    assert _chosen(video) == 0
    assert _chosen(video, "en") == 1
    assert _chosen(video, "fr") == 2


def test_an_exact_language_wins_over_its_kin() -> None:
    video = _video(_track(0, "pt"), _track(1, "pt-BR"))
    assert _chosen(video, "pt-BR") == 1
    assert _chosen(video, "pt") == 0
    assert _chosen(video, "pt-PT") == 0


def test_default_then_original_then_first() -> None:
    assert _chosen(_video(_track(0), _track(1, None, None, "default"))) == 1
    assert _chosen(_video(_track(0), _track(1, None, None, "original"))) == 1
    assert _chosen(_video(_track(0), _track(1))) == 0


@pytest.mark.parametrize(
    "aside",
    [
        _track(0, "en", None, "default", "comment"),
        _track(0, "en", None, "default", "visual_impaired"),
        _track(0, "en", None, "default", "clean_effects"),
        _track(0, "en", "Director's Commentary", "default"),
        _track(0, "en", "Audiokommentar mit dem Regisseur", "default"),
        _track(0, "en", "Commentaire audio", "default"),
        _track(0, "en", "Comentarios del director", "default"),
        _track(0, "en", "Audio Description", "default"),
        _track(0, "en", "English (AD)", "default"),
        _track(0, "en", "Hörfilmfassung", "default"),
        _track(0, "en", "Descriptive", "default"),
        _track(0, "en", "Isolated Score", "default"),
    ],
    ids=lambda track: track.title or sorted(track.dispositions)[0],
)
def test_asides_are_left_out_even_as_the_default(aside: AudioTrack) -> None:
    dialogue = _track(1, "en", "Stereo")
    choice = tracks.choose(_video(aside, dialogue))
    assert choice.track is dialogue
    assert str(tracks.aside(aside)) in choice.why
    assert tracks.choose(_video(aside, dialogue), language="en").track is dialogue
    assert tracks.choose(_video(aside)).track is aside, "where there is nothing else"


@pytest.mark.parametrize("title", ["Stereo", "Surround 5.1", "Deutsch", "Adagio", "Madrid", None])
def test_ordinary_titles_are_no_asides(title: str | None) -> None:
    assert tracks.aside(_track(0, "en", title)) is None


def test_a_track_that_names_no_language_may_be_in_it() -> None:
    video = _video(_track(0, "de", None, "default"), _track(1))
    assert _chosen(video, "en") == 1


def test_no_track_in_the_language_is_said_and_not_guessed() -> None:
    video = _video(_track(0, "de", None, "default"), _track(1, "fr"))
    with pytest.raises(
        NoAudio, match=r"no audio in en \(it has audio track 0 \(de\), audio track 1 \(fr\)\)"
    ):
        tracks.choose(video, language="en")


def test_the_only_track_is_taken_whatever_its_tag() -> None:
    assert _chosen(_video(_track(0, "de")), "en") == 0


def test_by_index() -> None:
    video = _video(_track(0), _track(1, "en", "Commentary"))
    assert tracks.choose(video, index=1, language="de").track.index == 1
    for index in (2, -1):
        with pytest.raises(
            UsageError, match=r'it has audio track 0, audio track 1 \(en, "Commentary"\)'
        ):
            tracks.choose(video, index=index)


@given(
    languages=st.lists(st.sampled_from([None, "de", "en", "pt-BR"]), min_size=1, max_size=5),
    comments=st.sets(st.integers(0, 4)),
    wanted=st.sampled_from([None, "de", "en", "pt"]),
)
def test_a_commentary_is_never_taken_beside_dialogue(
    languages: list[str | None], comments: set[int], wanted: str | None
) -> None:
    audio = [
        _track(index, language, None, *(["comment"] if index in comments else []))
        for index, language in enumerate(languages)
    ]
    try:
        choice = tracks.choose(_video(*audio), language=wanted)
    except NoAudio:
        assert wanted is not None
        return
    assert choice.why
    if any(tracks.aside(track) is None for track in audio):
        assert tracks.aside(choice.track) is None
