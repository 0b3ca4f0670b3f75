"""Compare the precisions of an engine's model on a video: time, memory and words."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from canary_subs.errors import UsageError
from canary_subs.media import tracks
from canary_subs.model import Plan, Request
from canary_subs.pipeline.engine import PlanEngine
from canary_subs.pipeline.segments import Audio, cut, probe
from canary_subs.plugin.hookspecs import Segmenter
from canary_subs.plugin.manager import Plugins


@dataclass(frozen=True, kw_only=True)
class PrecisionReport:
    """What one precision costs on a video."""

    precision: str
    load_seconds: float
    seconds: float
    #: Device memory that the model's card states; None if it states none.
    memory_bytes: int | None
    #: Highest memory of a CUDA device while recognising; None on other devices.
    peak_bytes: int | None
    #: Word errors against the texts of the first precision, as a share of its words.
    changed: float


def compare_precisions(video: Path, plan: Plan, plugins: Plugins) -> list[PrecisionReport]:
    """Transcribe a video in each precision that the card of the plan's model names.

    Closes ``plugins`` between the precisions, so that one model at a time is in memory. Raises
    `MediaError`, `ModelError`, `UsageError` where nobody speaks.
    """
    engine = PlanEngine(plan, plugins)
    card = engine.card
    memory = dict(card.memory_bytes) if card is not None else {}
    requests = _requests(video, plan, engine, plugins)
    reports: list[PrecisionReport] = []
    reference: list[str] = []
    for precision in memory or (plan.context.precision,):
        plugins.close()
        began = time.perf_counter()
        one = PlanEngine(replace(plan, context=replace(plan.context, precision=precision)), plugins)
        _ = one.session
        loaded = time.perf_counter()
        with _PeakMemory(plan.context.device) as peak:
            found = one.recognise(requests)
        words = [word for utterances in found for said in utterances for word in said.text.split()]
        reference = reference or words
        reports.append(
            PrecisionReport(
                precision=precision,
                load_seconds=loaded - began,
                seconds=time.perf_counter() - loaded,
                memory_bytes=memory.get(precision),
                peak_bytes=peak.bytes,
                changed=Levenshtein.distance(reference, words) / max(1, len(reference)),
            )
        )
    return reports


def _requests(video: Path, plan: Plan, engine: PlanEngine, plugins: Plugins) -> list[Request]:
    media, source = probe(video, plugins)
    track = tracks.choose(media, language=plan.spoken, index=plan.audio_track).track
    spoken = plan.spoken or track.language
    if spoken is None:
        raise UsageError(f"{video}: its spoken language is not tagged; name it with --from")
    engine.require(spoken, spoken)
    segmenter: Segmenter = plugins.use("segmenter", plan.segmenter, plan.context)
    audio = Audio(media=media, track=track, source=source, stop=threading.Event())
    with audio.clips() as clips:
        segments: Iterable[Request] = (
            Request(clip=clip, spoken=spoken, targets=(spoken,), options=engine.request_options)
            for clip in cut(clips, segmenter, engine.session.max_segment_ms)
        )
        requests = list(segments)
    if not requests:
        raise UsageError(f"{video}: nobody speaks in it; name another video")
    return requests


class _PeakMemory:
    """Measures the highest memory of a CUDA device inside the block."""

    def __init__(self, device: str) -> None:
        self._device = device
        self.bytes: int | None = None

    def __enter__(self) -> _PeakMemory:
        import torch

        if self._on_cuda():
            torch.cuda.reset_peak_memory_stats()
        return self

    def __exit__(self, *error: object) -> None:
        import torch

        if self._on_cuda():
            self.bytes = torch.cuda.max_memory_allocated()

    def _on_cuda(self) -> bool:
        import torch

        return torch.cuda.is_available() and self._device.startswith(("auto", "cuda"))
