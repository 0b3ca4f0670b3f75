"""The proof page of one video."""

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
class PageTrack:
    """One track of a video: its cues, its profile and the findings."""

    language: str
    cues: tuple[Cue, ...]
    profile: Profile
    findings: tuple[Finding, ...] = ()


def page(
    *,
    name: str,
    video: PurePath | None,
    duration_ms: int,
    tracks: Sequence[PageTrack],
    frame_rate: Fraction | None = None,
    peaks: Peaks | None = None,
    shots_ms: Sequence[int] = (),
    warnings: Sequence[str] = (),
) -> bytes:
    """The HTML file in UTF-8. Pure: equal arguments give equal bytes.

    ``name`` is the video's file name. ``video`` is its path relative to the page; without one, or
    if the browser cannot play it, the page asks for a file. ``shots_ms`` are the shot changes;
    ``warnings`` stand at the top.
    Raises `ValueError` for an absolute path and without any track.
    """
    if not tracks:
        raise ValueError("a proof page needs at least one track")
    data = assets.data_block(
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
    # The waveform library adds a style of its own, which carries this nonce. It need not be
    # secret: whatever could read it is in the page already.
    nonce = hashlib.sha256(data.encode()).hexdigest()[:32]
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
        warnings="".join(
            f'<p class="soft" role="note">{assets.escaped(warning)}</p>' for warning in warnings
        ),
        style=style,
        media=data,
        wavesurfer=wavesurfer,
        script=script,
    )
    return document.encode()


def _peaks(peaks: Peaks) -> dict[str, Any]:
    return {
        "values": base64.b64encode(peaks.values.tobytes()).decode(),
        "duration_ms": len(peaks.values) * peaks.step_samples * 1000 / peaks.sample_rate_hz,
    }


def _track(track: PageTrack) -> dict[str, Any]:
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
        # Arrays, since words are most of the page's bytes.
        "words": [[w.text, w.start_ms, w.end_ms, _share(w.confidence)] for w in cue.words],
    }


def _share(confidence: float | None) -> float | None:
    if confidence is None or not math.isfinite(confidence):
        return None
    return round(confidence, 3)
