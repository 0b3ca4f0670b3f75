"""The benchmark compares like with like, and counts right."""

import json
from dataclasses import replace

import pytest

from canary_subs.errors import UnknownName
from tests.benchmarks import engine
from tests.benchmarks.report import NEMO, OURS, TRANSFORMERS, TRANSFORMERS_BATCH, Report, Timed


def test_all_programs_write_the_same_tokens_and_every_cell_is_measured() -> None:
    report = engine.run(
        "tiny", segments=2, segment_s=1.0, tokens=24, rounds=1, device="cpu", precision_name="fp32"
    )
    assert report.same_tokens is True
    # Otherwise any two programs would agree.
    assert report.distinct_tokens >= 8
    for stage, languages in (
        ("encode", 1),
        ("decode", 1),
        ("decode", 4),
        ("whole", 1),
        ("whole", 4),
    ):
        assert report.seconds(OURS, stage, languages)
        assert report.seconds(NEMO, stage, languages)
    assert report.seconds(TRANSFORMERS, "decode", 4)
    assert report.seconds(TRANSFORMERS_BATCH, "decode", 4)
    assert report.ratio(NEMO, "align", 1)
    assert "| whole | 4 |" in report.table()
    assert json.loads(json.dumps(report.as_json()))["same_tokens"] is True


def report_of(*timed: Timed) -> Report:
    return Report(
        architecture="x", device="cpu", precision="fp32", segments=4, segment_s=30.0, tokens=9,
        rounds=1, same_tokens=True, distinct_tokens=20, matmul_flops=1e9, needed_flops=1e8,
        timed=timed,
    )  # fmt: skip


def timed(program: str, seconds: float) -> Timed:
    return Timed(program=program, stage="whole", languages=1, seconds=seconds)


def test_figures_follow_from_the_times() -> None:
    report = report_of(timed(OURS, 2.0), timed(NEMO, 5.0))
    assert report.ratio(NEMO, "whole", 1) == 2.5
    assert report.ratio(TRANSFORMERS, "whole", 1) is None
    assert report.rtfx(OURS, 1) == 60
    assert report.roofline_share == pytest.approx(0.05)
    assert report.library(600, 0.4, 1) == pytest.approx((10.0, 4.0))


def test_what_was_promised_is_required() -> None:
    assert report_of(timed(OURS, 2.0), timed(NEMO, 5.0)).shortfalls() == []
    slow = report_of(timed(OURS, 4.0), timed(NEMO, 5.0))
    assert slow.shortfalls() == ["NeMo / ours, whole, 1: 1.25, not 1.6"]
    assert "same tokens" in replace(report_of(), same_tokens=False).shortfalls()[0]
    assert "different tokens" in replace(report_of(), distinct_tokens=1).shortfalls()[0]


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(UnknownName, match="canary-180m-flash"):
        engine.run("canary-9b")
