"""What each precision of a Canary costs and saves on this machine, on the same segments."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from rapidfuzz.distance import Levenshtein

from canary_subs.canary import precision
from canary_subs.canary.engine import CanaryEngine
from canary_subs.canary.models import BYTES_PER_PARAMETER
from canary_subs.model import Context, Request
from canary_subs.plugin.hookspecs import NoOptions


@dataclass(frozen=True, kw_only=True)
class PrecisionReport:
    """What one precision costs on one model and some segments."""

    precision: str
    #: Bytes of the weights as they are in memory.
    weights_bytes: int
    #: Highest device memory while recognising; None if the device does not report it.
    peak_bytes: int | None
    seconds: float
    #: Word errors against the texts of fp32, as a share of their words.
    changed: float


def compare_precisions(
    model: str,
    requests: Sequence[Request],
    *,
    device: str = "auto",
    precisions: Sequence[str] = tuple(BYTES_PER_PARAMETER),
) -> list[PrecisionReport]:
    """Recognise the same segments in each precision; fp32 comes first and is the measure.

    Raises what `CanaryEngine.open` raises.
    """
    where = precision.device_of(device)
    reports: list[PrecisionReport] = []
    reference: list[str] = []
    for form in ("fp32", *(form for form in precisions if form != "fp32")):
        context = Context(model=model, device=device, precision=form)
        session = CanaryEngine(NoOptions(), context).open(context)
        if where.type == "cuda":
            torch.cuda.reset_peak_memory_stats(where)
        start = time.perf_counter()
        found = session.recognise(requests)
        seconds = time.perf_counter() - start
        words = [word.text for row in found for one in row for word in one.words]
        reference = reference or words
        reports.append(
            PrecisionReport(
                precision=form,
                weights_bytes=_weights_bytes(session),
                peak_bytes=torch.cuda.max_memory_allocated(where) if where.type == "cuda" else None,
                seconds=seconds,
                changed=Levenshtein.distance(reference, words) / max(1, len(reference)),
            )
        )
        session.close()
    return reports


def _weights_bytes(session: Any) -> int:
    """Bytes of all weights; a saved copy also holds those that torch packs out of sight."""
    saved = io.BytesIO()
    states = {**session.decoder.state_dict(prefix="decoder."), **session.encoder.state_dict()}
    for name, value in states.items():
        if isinstance(value, torch.Tensor) and value.is_mkldnn:  # cannot be saved as it is
            states[name] = value.to_dense()
    torch.save(states, saved)
    return saved.tell()
