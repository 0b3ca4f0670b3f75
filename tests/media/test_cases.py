"""Files that were once read wrongly, and what is to be made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from canary_subs.errors import DamagedMedia, EncryptedMedia, MediaError
from canary_subs.media.shots import shots_ms
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
    assert "read up to 00:00:33" in warning


@pytest.mark.parametrize("write", [cases.dsf, cases.dff], ids=["dsf", "dff"])
def test_one_bit_sound_of_music_archives(
    write: Callable[[Path, int, int], Path], tmp_path: Path
) -> None:
    media = probed(write(tmp_path / "music", 1_000, 2))
    samples, warnings = heard(media, media.audio[0])
    assert len(samples) == pytest.approx(32_000, abs=100)
    spectrum = np.abs(np.fft.rfft(samples[:16_000]))
    assert int(np.argmax(spectrum[50:])) + 50 == pytest.approx(1_000, abs=2)
    assert warnings == []


def test_a_shorten_file_is_not_called_something_else(tmp_path: Path) -> None:
    """Nothing writes them any more; a damaged one is damaged, not "a playlist or a picture"."""
    path = tmp_path / "concert.shn"
    path.write_bytes(b"ajkg\x02" + bytes(5000))
    media = probed(path)
    assert media.audio[0].codec == "shorten"
    with pytest.raises(DamagedMedia, match=r"concert\.shn: audio track 0 is damaged"):
        heard(media, media.audio[0])


def _loudness_alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How alike the loudness of two sounds is over time, in steps of 50 ms."""
    steps = min(len(one), len(other)) // 800
    levels = [
        np.sqrt(np.mean(sound[: steps * 800].reshape(steps, 800) ** 2, axis=1))
        for sound in (one, other)
    ]
    return float(np.corrcoef(*levels)[0, 1])


def test_each_program_of_a_broadcast_has_its_own_clock(tmp_path: Path) -> None:
    media = probed(cases.two_programs(tmp_path))
    once = spoken()
    for track in media.audio:
        samples, warnings = heard(media, track)
        assert len(samples) == pytest.approx(20 * 16_000, abs=1_600)
        assert _loudness_alike(samples, once[: len(samples)]) > 0.95
        assert warnings == []
    assert [track.picture for track in media.audio] == [0, 1]
    assert [track.start_ms for track in media.audio] == [101_392, 5_001_392]


def test_shots_of_the_picture_of_the_program(tmp_path: Path) -> None:
    media = probed(cases.two_programs(tmp_path))
    for track in media.audio:
        assert all(0 <= at <= 20_500 for at in shots_ms(media, track))


@pytest.mark.parametrize("arguments", [(), ("-movflags", "+frag_keyframe+empty_moov")])
def test_an_encrypted_track(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    media = probed(cases.encrypted(tmp_path, *arguments))
    with pytest.raises(EncryptedMedia, match="is encrypted: it can only be played with its key"):
        heard(media, media.audio[0])


def test_a_scrambled_broadcast(tmp_path: Path) -> None:
    path = cases.converted(tmp_path / "scrambled.ts", "-c:v", "copy", "-c:a", "ac3")
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(1)
    for at in range(0, len(data), 188):
        if data[at + 1] & 0x1F == 1 and data[at + 2] in (0, 1):  # the picture and the sound
            data[at + 3] |= 0x80
            header = 5 + data[at + 4] if data[at + 3] & 0x20 else 4
            data[at + header : at + 188] = random.bytes(188 - header)
    path.write_bytes(data)
    media = probed(path)
    with pytest.raises(EncryptedMedia, match=r"scrambled\.ts: audio track 0 .* is encrypted"):
        heard(media, media.audio[0])
