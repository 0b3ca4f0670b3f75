"""The example videos: their truth is whole, in order, and made of what the model never met."""

import json
from pathlib import Path
from typing import Any

import av
import pytest

from examples.demo_model.grammar import sentences

FOLDER = Path(__file__).parents[2] / "examples" / "videos"
TRUTHS = sorted(FOLDER.glob("*.json"))
HELD_OUT = {wording for one in sentences(held_out=True) for wording in one.texts}


def _load(path: Path) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return truth


def test_together_they_are_small() -> None:
    assert TRUTHS
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 4_000_000


@pytest.mark.parametrize("path", TRUTHS, ids=lambda path: path.stem)
def test_the_truth_fits_the_video(path: Path) -> None:
    truth = _load(path)
    with av.open(str(FOLDER / truth["video"])) as container:
        assert len(container.streams.audio) == len(truth["tracks"])
        assert container.duration is not None
        duration_ms = container.duration / 1000
        assert len(container.chapters()) == len(truth["chapters"])
    for track in truth["tracks"]:
        times = [
            time
            for sentence in track["sentences"]
            for word in sentence["words"]
            for time in (word["start_ms"], word["end_ms"])
        ]
        assert all(isinstance(time, int) for time in times)
        assert times == sorted(times)
        assert times[0] > 0
        assert times[-1] <= duration_ms
        for sentence in track["sentences"]:
            assert sentence["text"] in HELD_OUT
            assert " ".join(word["text"] for word in sentence["words"]) == sentence["text"]
