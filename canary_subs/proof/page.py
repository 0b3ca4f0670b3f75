"""The page of one film."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import PurePath
from string import Template
from typing import Any

from canary_subs.model import Cue, Finding, Profile
from canary_subs.proof import assets
from canary_subs.proof.peaks import Peaks


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """One language of a film: its cues, the rules that it follows and what the check found."""

    language: str
    cues: tuple[Cue, ...]
    profile: Profile
    findings: tuple[Finding, ...] = ()


def page(
    *,
    name: str,
    video: PurePath | None,
    duration_ms: int,
    tracks: Sequence[Track],
    frame_rate: Fraction | None = None,
    peaks: Peaks | None = None,
    shots_ms: Sequence[int] = (),
) -> bytes:
    """The whole HTML file, UTF-8. Pure: the same film gives the same bytes.

    ``name`` is the video's file name. ``video`` is its path relative to the page; without one, or
    where the browser cannot play it, the page asks for a file. ``shots_ms`` are the picture's
    cuts. Raises `ValueError` for an absolute path and where there is no track.
    """
    if not tracks:
        raise ValueError("a proof page needs at least one track")
    film = assets.data_block(
        {
            "name": name,
            "stem": PurePath(name).stem,
            "video": None if video is None else assets.link(video),
            "duration_ms": duration_ms,
            "frame_rate": None
            if frame_rate is None
            else [frame_rate.numerator, frame_rate.denominator],
            "peaks": None if peaks is None else _peaks(peaks),
            "shots_ms": sorted(shots_ms),
            "tracks": [_track(track) for track in tracks],
        }
    )
    style = assets.style("tokens.css", "page.css")
    script = assets.script()
    wavesurfer = assets.wavesurfer()
    # The waveform library writes a style of its own, which it marks with this. It need not be
    # secret: whatever could read it stands in the page already.
    nonce = hashlib.sha256(film.encode()).hexdigest()[:32]
    policy = assets.policy(
        [
            ("script-src", f"{assets.source_hash(wavesurfer)} {assets.source_hash(script)}"),
            ("style-src", f"{assets.source_hash(style)} 'nonce-{nonce}'"),
            ("media-src", "'self' file: blob:"),
            ("img-src", "data:"),
        ]
    )
    document = Template(assets.text("page.html")).substitute(
        policy=policy,
        nonce=nonce,
        name=assets.escaped(name),
        style=style,
        film=film,
        wavesurfer=wavesurfer,
        script=script,
    )
    return document.encode()


def _peaks(peaks: Peaks) -> dict[str, Any]:
    return {
        "values": base64.b64encode(peaks.values.tobytes()).decode(),
        "duration_ms": len(peaks.values) * peaks.step_samples * 1000 / peaks.sample_rate_hz,
    }


def _track(track: Track) -> dict[str, Any]:
    return {
        "language": track.language,
        "profile": asdict(track.profile),
        "cues": [_cue(cue) for cue in track.cues],
        "findings": [asdict(finding) for finding in track.findings],
    }


def _cue(cue: Cue) -> dict[str, Any]:
    return {
        "start_ms": cue.start_ms,
        "end_ms": cue.end_ms,
        "lines": cue.lines,
        "speaker": cue.speaker,
        # Rows, since they are most of the page's bytes.
        "words": [[w.text, w.start_ms, w.end_ms, _share(w.confidence)] for w in cue.words],
    }


def _share(confidence: float | None) -> float | None:
    if confidence is None or not math.isfinite(confidence):
        return None
    return round(confidence, 3)
