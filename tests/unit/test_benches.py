"""The arithmetic of `make bench`: ratios, verdicts, what is written, and what the load generator said."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.bench.__main__ import main
from tests.bench.bare_exports import BareExport, Plan, shares, written
from tests.bench.bare_exports import read as read_plan
from tests.bench.door import check_kept
from tests.bench.findings import Aim, Findings, Machine, MissingError, Row
from tests.bench.scaling import side_by_side
from tests.bench.stand import growth, sample
from tests.bench.worker import percentile
from tests.bench.wrk import read, wrk

HERE = Machine(datetime(2026, 11, 26, 18, 0, tzinfo=UTC), (0.5,), 2, "Linux", "3.11.2", "20a46c0")
AT_LEAST, AT_MOST = Aim(0.4), Aim(2, is_ceiling=True)


def a_row(
    ours: Sequence[float] = (50, 90, 40), theirs: Sequence[float] = (100, 100, 100), aim: Aim | None = AT_LEAST
) -> Row:
    return Row("webhooks accepted", "a second", ours, "a bare function", theirs, aim)


def test_the_ratio_is_the_median_of_rounds() -> None:
    # The medians' own ratio would be 40 / 100.
    assert a_row((40, 30, 60), (40, 100, 100)).ratio == pytest.approx(0.6)


def test_rounds_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        _ = a_row((1, 2), (1,)).ratio


@pytest.mark.parametrize(
    ("aim", "figure", "is_met"),
    [(AT_LEAST, 0.4, True), (AT_LEAST, 0.39, False), (AT_MOST, 2.0, True), (AT_MOST, 2.01, False)],
)
def test_an_aim_is_a_floor_or_a_ceiling(aim: Aim, figure: float, is_met: bool) -> None:
    assert aim.is_met_by(figure) is is_met


def test_a_figure_alone_is_judged_by_itself() -> None:
    assert a_row((1, 2, 9), (), AT_MOST).is_met
    assert not a_row((1, 3, 9), (), AT_MOST).is_met


def test_a_row_without_an_aim_is_never_missed() -> None:
    assert a_row((0.001,), (1,), None).is_met


def test_a_missed_aim_ends_with_one(tmp_path: Path) -> None:
    assert published(tmp_path, a_row((10, 10, 10)))[0] == 1
    assert published(tmp_path, a_row())[0] == 0


def test_what_was_found_is_written_with_its_machine(tmp_path: Path) -> None:
    _, written, shown = published(tmp_path, a_row())
    assert written["machine"] | {"load": None} == {
        "date": "2026-11-26T18:00:00+00:00",
        "load": None,
        "cores": 2,
        "system": "Linux",
        "python": "3.11.2",
        "commit": "20a46c0",
    }
    assert len(written["machine"]["load"]) == 2
    assert written["rows"] == [
        {
            "what": "webhooks accepted",
            "unit": "a second",
            "ours": [50, 90, 40],
            "beside": "a bare function",
            "theirs": [100, 100, 100],
            "figure": 50,
            "ratio": 0.5,
            "aim": "≥ 0.4",
            "is_met": True,
        }
    ]
    assert all(text in shown for text in ("webhooks accepted", "a bare function", "0.50", "≥ 0.4", "met", "a note"))


def test_the_commit_and_the_cores_are_told() -> None:
    here = Machine.here()
    assert here.cores > 0
    assert here.commit


def published(folder: Path, *rows: Row) -> tuple[int, dict[str, Any], str]:
    console = Console(record=True, width=200, file=(folder / "shown").open("w", encoding="utf-8"))
    code = Findings("door", "The door", HERE, rows, ["a note"]).publish(console, folder)
    console.file.close()
    return code, json.loads((folder / "door.json").read_text(encoding="utf-8")), console.export_text()


def test_an_unknown_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dor"], {}) == 2
    assert "no benchmark dor" in capsys.readouterr().err


def test_the_worst_of_several_benches_counts() -> None:
    async def fine(*, is_small: bool) -> int:
        return 0

    async def missed(*, is_small: bool) -> int:
        return int(is_small)

    assert main(["--small"], {"fine": fine, "missed": missed}) == 1
    assert main([], {"fine": fine, "missed": missed}) == 0


def test_what_is_missing_is_told_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    async def lacking(*, is_small: bool) -> int:
        raise MissingError("needs wrk")

    assert main([], {"door": lacking}) == 2
    assert capsys.readouterr().err == "door: not measured, needs wrk\n"


def test_without_wrk_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingError, match="apt-get install wrk"):
        wrk()


def test_what_wrk_said_is_read() -> None:
    said = (
        "Running 2s test @ http://127.0.0.1:8080\n  1 threads and 64 connections\n\n"
        '{"requests":1000,"microseconds":2000000,"not_ok":40,"broken":2,"p50":5100,"p99":20300}\n'
    )
    load = read(said)
    assert (load.answered, load.refused, load.broken) == (960, 40, 2)
    assert (load.per_second, load.p50, load.p99) == (480, 5.1, 20.3)


@pytest.mark.parametrize(("acknowledged", "accepted", "records"), [(100, 99, 99), (100, 165, 165), (100, 110, 109)])
def test_acknowledged_and_not_kept_is_an_error(acknowledged: int, accepted: int, records: int) -> None:
    with pytest.raises(RuntimeError, match="was not kept"):
        check_kept(acknowledged, accepted, records)


def test_what_was_on_its_way_may_be_kept() -> None:
    check_kept(100, 100, 100)
    check_kept(100, 164, 164)


def test_one_number_is_found_among_the_metrics() -> None:
    exposition = '# TYPE webhooks counter\nwebhooks_total{outcome="accepted"} 7\nwebhooks_total{outcome="parked"} 2\n'
    assert sample(exposition, "webhooks_total", outcome="parked") == 2
    assert sample(exposition, "webhooks_total", outcome="refused") == 0


def test_memory_that_a_start_needs_is_no_growth() -> None:
    assert growth([10, 90, 100, 100, 100, 100, 101, 101]) == pytest.approx(1.01)
    assert growth([10, 50, 100, 100, 200, 200, 300, 300]) == 3
    assert growth([100]) == 1


def test_commits_are_spread_evenly_over_the_calls() -> None:
    assert shares(10, 4) == [2, 3, 2, 3]
    assert sum(shares(3, 8)) == 3


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    export = BareExport(1, 2, 3, "north", {"external_reference": "a"}, {"name": "b"})
    plan = Plan((export,), at_once=16, commits=9)
    assert read_plan(written(plan, tmp_path / "plan.json")) == plan


def test_a_percentile_lies_between_the_figures() -> None:
    assert percentile([float(figure) for figure in range(101)], 99) == 99


def test_more_workers_must_be_faster_only_where_there_are_cores() -> None:
    rates, costs = {1: [10.0], 2: [11.0]}, {1: [5.0], 2: [5.5]}
    few = side_by_side("exports, 2 workers", "processor", "ms", 2, rates, costs, HERE)
    many = side_by_side("exports, 2 workers", "processor", "ms", 2, rates, costs, replace(HERE, cores=8))
    assert [row.is_met for row in few] == [True, True]
    assert [row.is_met for row in many] == [False, True]
