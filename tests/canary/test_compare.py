"""Precisions are compared on the same segments."""

from pathlib import Path

from canary_subs.canary.compare import compare_precisions
from canary_subs.model import Request
from tests.canary.conftest import clip


def test_precisions_are_compared_with_fp32(v2_file: Path) -> None:
    requests = [Request(clip=clip(1.5, seed=3), spoken="en", targets=("en",))]
    reports = compare_precisions(str(v2_file), requests, device="cpu", precisions=("bf16", "int4"))
    assert [report.precision for report in reports] == ["fp32", "bf16", "int4"]
    whole, half, quarter = (report.weights_bytes for report in reports)
    assert reports[0].changed == 0
    assert half < 0.6 * whole and quarter < whole
