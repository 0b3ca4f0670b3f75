"""The JSON format against its own description."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from canary_subs import formats
from canary_subs.formats.json import JsonOptions, JsonWriter
from canary_subs.formats.reading import parse
from canary_subs.model import Document, Track
from canary_subs.testing import plugins
from tests.formats.documents import USUAL, cue, document, documents, thorough, utterance, word


def test_the_file() -> None:
    data = JsonWriter(JsonOptions(indent=0)).write(replace(USUAL, provenance={"b": "1", "a": "2"}))
    assert data.decode() == (
        '{"format": "canary-subs", "version": 1, '
        '"media": {"name": "video.mkv", "duration_ms": 60000, "frame_rate": "24000/1001"}, '
        '"language": "de", "languages": ["de"], "kind": "full", '
        '"source_language": "en", "engine": "canary", "model": "demo", '
        '"provenance": {"b": "1", "a": "2"}, '
        '"utterances": [{"start_ms": 1000, "end_ms": 2000, "language": "en", '
        '"text": "Guten Tag.", "timing": "ctc", "flags": ["dense", "looping"], '
        '"words": [{"text": "Guten", "start_ms": 1000, "end_ms": 1400, "confidence": 0.988}, '
        '{"text": "Tag.", "start_ms": 1500, "end_ms": 2000, "confidence": null}]}, '
        '{"start_ms": 3000, "end_ms": 4000, "language": "en", "text": "Bis dann mal.", '
        '"timing": "source", "flags": ["dense", "looping"], '
        '"words": [{"text": "Bis", "start_ms": 3000, "end_ms": 3200, "confidence": null}, '
        '{"text": "dann", "start_ms": 3250, "end_ms": 3600, "confidence": null}, '
        '{"text": "mal.", "start_ms": 3700, "end_ms": 4000, "confidence": null}]}], '
        '"cues": [{"start_ms": 1000, "end_ms": 2500, "lines": ["Guten Tag."], "speaker": null}, '
        '{"start_ms": 3000, "end_ms": 4230, "lines": ["Bis dann", "mal."], "speaker": null}]}\n'
    )


@pytest.mark.parametrize("name", ["en", "en.sdh", "en.forced", "de+en"])
def test_the_track_is_written_and_read(name: str) -> None:
    track = Track.parse(name)
    data = JsonWriter(JsonOptions()).write(replace(USUAL, track=track))
    found = parse(data, plugins(formats), name="x.json")
    assert found.track == track
    assert found.language == track.language


@pytest.mark.parametrize(
    "changes",
    [
        {"languages": None},
        {"languages": []},
        {"languages": ["de", 5]},
        {"languages": "de"},
        {"kind": None},
        {"kind": "loud"},
        {"kind": ["full"]},
    ],
)
def test_a_file_that_does_not_state_its_track_is_read(changes: dict[str, object]) -> None:
    stored = json.loads(JsonWriter(JsonOptions()).write(USUAL)) | changes
    found = parse(json.dumps(stored).encode(), plugins(formats), name="x.json")
    assert found.track is None
    assert found.language == "de"
    assert [cue.text for cue in found.cues] == [cue.text for cue in USUAL.cues]


def test_what_is_not_a_number_is_null() -> None:
    odd = utterance(word("a", 0, 1, float("nan")), word("b", 1, 2, float("inf")))
    read = json.loads(JsonWriter(JsonOptions()).write(document(utterances=(odd,))))
    assert [w["confidence"] for w in read["utterances"][0]["words"]] == [None, None]


def test_lone_surrogates_do_not_break_the_file() -> None:
    doc = document(cue(0, 900, "a\ud800b 👧"), name="\udcff.mkv")
    read = json.loads(JsonWriter(JsonOptions()).write(doc))
    assert read["cues"][0]["lines"] == ["a\ufffdb 👧"]
    assert read["media"]["name"] == "\ufffd.mkv"


@thorough
@given(documents())
def test_what_was_written_is_read(doc: Document) -> None:
    data = JsonWriter(JsonOptions()).write(doc)
    assert not data.startswith(b"\xef\xbb\xbf") and b"\r" not in data
    read = json.loads(data)
    clean = [
        {
            "start_ms": c.start_ms,
            "end_ms": c.end_ms,
            "lines": [_utf8(line) for line in c.lines],
            "speaker": None if c.speaker is None else _utf8(c.speaker),
        }
        for c in doc.cues
    ]
    assert read["cues"] == clean


def _utf8(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
