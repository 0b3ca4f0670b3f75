"""The benchmark compares like with like, and counts right."""

import json

import numpy as np
import pytest

from canary_subs.canary import bench
from canary_subs.errors import UnknownName
from canary_subs.model import Request
from tests.canary.conftest import clip


def test_all_programs_write_the_same_tokens_and_every_cell_is_measured() -> None:
    report = bench.run(
        "tiny", pieces=1, piece_s=1.0, tokens=6, turns=1, device="cpu", precision_name="fp32"
    )
    assert report.same_tokens is True
    for stage, languages in (
        ("encode", 1),
        ("decode", 1),
        ("decode", 4),
        ("whole", 1),
        ("whole", 4),
    ):
        assert report.seconds(bench.OURS, stage, languages)
        assert report.seconds(bench.NEMO, stage, languages)
    assert report.seconds(bench.TRANSFORMERS, "decode", 4)
    assert report.ratio(bench.NEMO, "align", 1)
    assert "| whole | 4 |" in report.table()
    assert json.loads(json.dumps(report.as_json()))["same_tokens"] is True


def test_figures_follow_from_the_times() -> None:
    def timed(program: str, seconds: float) -> bench.Timed:
        return bench.Timed(program=program, stage="whole", languages=1, seconds=seconds)

    report = bench.Report(
        architecture="x", device="cpu", precision="fp32", pieces=4, piece_s=30.0, tokens=9, turns=1,
        same_tokens=True, matmul_flops=1e9, needed_flops=1e8,
        timed=(timed(bench.OURS, 2.0), timed(bench.NEMO, 5.0)),
    )  # fmt: skip
    assert report.ratio(bench.NEMO, "whole", 1) == 2.5
    assert report.ratio(bench.TRANSFORMERS, "whole", 1) is None
    assert report.rtfx(bench.OURS, 1) == 60
    assert report.roofline_share == pytest.approx(0.05)
    assert report.library(600, 0.4, 1) == pytest.approx((10.0, 4.0))


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(UnknownName, match="canary-180m-flash"):
        bench.run("canary-9b")


def test_formats_are_compared_with_fp32(v2_file: object) -> None:
    pieces = [Request(clip=clip(1.5, seed=3), source="en", targets=("en",))]
    reports = bench.compare_formats(str(v2_file), pieces, device="cpu", formats=("bf16", "int4"))
    assert [report.precision for report in reports] == ["fp32", "bf16", "int4"]
    whole, half, quarter = (report.weights_bytes for report in reports)
    assert reports[0].changed == 0
    assert half < 0.6 * whole and quarter < whole


def test_ten_minutes_of_paths_take_little_memory() -> None:
    import tracemalloc

    from canary_subs.canary import align

    draw = np.random.default_rng(0)
    tracemalloc.start()
    for _ in range(20):  # 30 s each
        scores = draw.standard_normal((375, 241)).astype(np.float32)
        align.best_paths([scores], [np.ones(241, dtype=bool)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
