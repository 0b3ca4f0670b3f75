"""Files that were once read wrongly, and what is to be made of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from canary_subs.errors import MediaError
from tests.media import cases
from tests.media.cases import Case, heard, likeness, spoken
from tests.media.videos import probed


@pytest.mark.parametrize(
    "case",
    [cases.pcm24, cases.flac32, cases.bad_cover, cases.bad_picture],
    ids=lambda case: case.__name__,
)
def test_all_of_the_sound_and_no_complaint(case: Case, tmp_path: Path) -> None:
    media = probed(case(tmp_path))
    samples, warnings = heard(media, media.audio[0])
    assert likeness(samples, spoken()) > 0.9
    assert warnings == []


def test_an_ogg_of_two_that_is_read_as_one(tmp_path: Path) -> None:
    media = probed(cases.chained_alike(tmp_path))
    samples, warnings = heard(media, media.audio[0])
    once = spoken()
    assert len(samples) == pytest.approx(2 * len(once), abs=1_600)
    assert likeness(samples, once) > 0.9
    assert warnings == []


def test_two_readings_that_disagree_about_the_codec(tmp_path: Path) -> None:
    """As FFmpeg 5.1, which takes 24-bit PCM in MP4 for 16-bit PCM."""
    media = probed(cases.pcm24(tmp_path))
    other = replace(media.audio[0], codec="pcm_s16le")
    with pytest.raises(MediaError, match=r"is in pcm_s16le, but ffmpeg .* for pcm_s24le"):
        heard(media, other)


def test_sound_that_is_lost_in_the_middle(tmp_path: Path) -> None:
    path = cases.flac32(tmp_path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 10] = bytes(len(data) // 10)  # 3.3 s
    path.write_bytes(data)
    media = probed(path)
    samples, (warning,) = heard(media, media.audio[0])
    assert len(samples) == pytest.approx(len(spoken()), abs=1_600)
    assert warning.startswith("audio track 0 is damaged: 3.")
    assert "heard up to 00:00:33" in warning
