"""The report's arithmetic, on figures that are known."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import ceiling, figures, load, page, report, runner, targets
from benchmarks.programs import PRODUCT


def sample(per_second: float, p99_ms: float = 1.0, errors: int = 0, alive: bool = True, cpu_us: float = 100.0) -> Any:
    return {
        "per_second": per_second, "p50_ms": p99_ms / 2, "p99_ms": p99_ms,
        "cpu_us": cpu_us, "memory_mb": 50.0, "errors": errors, "alive": alive,
    }  # fmt: skip


@pytest.fixture
def cells() -> figures.Cells:
    ours = [sample(rate, p99) for rate, p99 in ((900, 4), (1000, 6), (1500, 5))]
    theirs = [sample(rate, p99) for rate, p99 in ((190, 12), (210, 10), (200, 8))]
    return {"list@8": {"itemsvc": ours, "fastapi_sync": theirs}, "list@64": {"itemsvc": ours, "fastapi_sync": theirs}}


def results(cells: figures.Cells, **more: Any) -> dict[str, Any]:
    return {"cells": cells, **more}


def test_a_figure_is_the_median_with_its_range(cells: figures.Cells) -> None:
    assert figures.figure(cells, "list@8", "itemsvc", "per_second") == figures.Range(1000, 900, 1500)


def test_a_ratio_is_of_medians(cells: figures.Cells) -> None:
    assert figures.ratio(cells, "list@8", "itemsvc", "fastapi_sync", "per_second") == 5.0
    assert figures.ratio(cells, "list@8", "itemsvc", "fastapi_sync", "p99_ms") == 0.5


def test_a_paired_ratio_is_the_median_of_each_rounds(cells: figures.Cells) -> None:
    pairs = figures.paired(cells, "list@8", "itemsvc", "fastapi_sync", "per_second")
    assert pairs == figures.Estimate(1000 / 210, None)


@pytest.mark.parametrize(
    # The order statistics of the published tables for the median's 95 % interval.
    ("count", "ranks"),
    [(5, None), (6, (1, 6)), (8, (1, 8)), (9, (2, 8)), (10, (2, 9)), (15, (4, 12)), (20, (6, 15)), (25, (8, 18))],
)
def test_a_medians_interval_is_of_order_statistics(count: int, ranks: tuple[int, int] | None) -> None:
    values = [float(number) for number in range(count, 0, -1)]
    assert figures.Estimate.of(values) == figures.Estimate((count + 1) / 2, ranks)


def test_what_is_undone_is_held_against_the_default_of_its_round() -> None:
    default = [sample(rate, cpu_us=1e5 / rate) for rate in (500, 1000, 2000, 800, 1600, 900, 1100)]
    slower = [sample(one["per_second"] * 0.9, cpu_us=one["cpu_us"] * 1.25) for one in default]
    [table] = report.reports(results({}, without={"get@8": {"default": default, "a step": slower}}))
    title = "GET /items/{id}"
    assert table.rows == [
        [title, "default", "1,000", "", "100", ""],
        [title, "a step", "900", "-10.0% (-10.0% to -10.0%)", "125", "+25.0% (+25.0% to +25.0%)"],
    ]


def test_a_feature_is_held_against_the_default_that_ran_beside_it() -> None:
    default = [sample(rate, cpu_us=1e5 / rate) for rate in (500, 1000, 2000, 800, 1600, 900, 1100)]
    slower = [sample(one["per_second"] * 0.9, cpu_us=one["cpu_us"] * 1.25) for one in default]
    programs = {"default": [], figures.beside("a feature"): default, "a feature": slower, "absent": [sample(0)]}
    [table] = report.reports(results({}, features={"get@8": programs}))
    changes = ["1,000 → 900", "-10.0% (-10.0% to -10.0%)", "100 → 125", "+25.0% (+25.0% to +25.0%)"]
    assert table.rows == [
        ["GET /items/{id}", "a feature", *changes, "not within 5 %"],
        ["GET /items/{id}", "absent", *["invalid → invalid", "invalid"] * 2, "not decided"],
    ]


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.95, 1.02), "within 5 %"),
        ((0.949, 1.02), "not decided"),
        ((0.9, 0.95), "not decided"),
        ((0.9, 0.949), "not within 5 %"),
        (None, "not decided"),
    ],
)
def test_a_verdict_takes_the_whole_interval(interval: tuple[float, float] | None, verdict: str) -> None:
    assert figures.within(figures.Estimate(0.96, interval)) == verdict


def test_each_feature_runs_directly_before_or_after_the_default() -> None:
    servers: Any = [SimpleNamespace(program=SimpleNamespace(name=name)) for name in ("default", "a", "b", "c")]
    source, first = random.Random(1), set()
    for _ in range(20):
        turns = [(name, server.program.name) for name, server in runner.in_pairs(servers, source)]
        for pair in zip(turns[::2], turns[1::2], strict=True):
            [name] = {server for _, server in pair} - {"default"}
            assert set(pair) == {(name, name), (figures.beside(name), "default")}
            first.add(pair[0][0])
        assert {server for _, server in turns} == {"default", "a", "b", "c"}
    assert first == {name for one in "abc" for name in (one, figures.beside(one))}


@pytest.mark.parametrize("bad", [sample(200, errors=1), sample(0), sample(200, alive=False)])
def test_one_bad_round_makes_the_cell_count_for_nobody(cells: figures.Cells, bad: Any) -> None:
    cells["list@8"]["fastapi_sync"].append(bad)
    assert figures.figure(cells, "list@8", "fastapi_sync", "per_second") is None
    [verdict] = [one for one in targets.judge(results(cells)) if not one.title.startswith("p99")]
    assert (verdict.value, verdict.met) == (None, False)
    assert "invalid" in report.reports(results(cells))[0].markdown()


def test_targets_are_met_at_their_bound_and_not_below(cells: figures.Cells) -> None:
    assert [(one.title, one.met) for one in targets.judge(results(cells))] == [
        ("GET /items?limit=100, 8 clients", True),
        ("p99, GET /items?limit=100, 64 clients", True),
    ]
    cells["list@8"]["itemsvc"][1]["per_second"] = 999
    assert not report.met(results(cells))


def test_the_export_is_held_against_the_array() -> None:
    def export(first: float, total: float, grown: float) -> list[dict[str, Any]]:
        return [{"first_byte_s": first, "total_s": total, "growth_mb": grown, "errors": 0, "alive": True}]

    met = {"itemsvc": export(0.1, 0.9, 20), "fastapi_sync": export(2, 3, 200)}
    assert [one.met for one in targets.judge_export(met)] == [True, True, True]
    missed = {"itemsvc": export(0.2, 1.1, 26), "fastapi_sync": export(2, 3, 200)}
    assert [one.met for one in targets.judge_export(missed)] == [False, False, False]


def test_deep_and_large_pages_are_held_against_the_first_of_the_smallest_table() -> None:
    def page(rows: int, depth: int, ms: float) -> dict[str, Any]:
        return {"rows": rows, "depth": depth, "p50_ms": [ms, ms, 100]}

    found = targets.judge_pages([page(1000, 0, 1.0), page(100_000, 0, 1.1), page(100_000, 90_000, 1.3)])
    assert [(one.value, one.met) for one in found] == [(1.3, False), (1.1, True)]


def test_a_million_requests_of_a_millisecond_cost_a_thousand_vcpu_seconds() -> None:
    assert figures.dollars_per_million(1000) == pytest.approx(1000 / 3600 * 0.04048)


def test_every_kind_of_wrks_errors_counts() -> None:
    kinds = ("connect", "read", "write", "status", "timeout")
    line = {"requests": 300, "seconds": 1.5, "bytes": 1, "p50_ms": 1, "p99_ms": 2, "max_ms": 3}
    seen = load.parse(json.dumps(line | dict.fromkeys(kinds, 1)))
    assert (seen.errors, seen.per_second) == (5, 200.0)


def test_pgbenchs_figure_is_the_one_without_connecting() -> None:
    output = "number of failed transactions: 0 (0.000%)\ninitial connection time = 3 ms\ntps = 1234.5 (without …)\n"
    assert ceiling.parse(output) == 1234.5
    with pytest.raises(RuntimeError):
        ceiling.parse(output.replace("transactions: 0", "transactions: 7"))


def test_the_products_environment_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    environment = PRODUCT.environment_for("postgres://nobody@/none")
    assert not {"LOG_LEVEL", "DEBUG", "WEB_CONCURRENCY", "GUNICORN_THREADS"} & set(environment)


def test_the_page_has_the_tables_and_plots_of_a_run(cells: figures.Cells, tmp_path: Path) -> None:
    machine = dict.fromkeys(("date", "revision", "cpus", "cpu", "memory", "kernel", "python"), "known")
    settings = {"kind": "benchmark", "rows": 1000, "rounds": 3, "minutes": 1.5}
    written, results_path = tmp_path / "page.md", page.ROOT / "benchmarks" / "results" / "none.json"
    written.write_text(page.PAGE.read_text())
    for _ in range(2):
        page.update(results(cells, machine=machine, settings=settings), results_path, written)
    text = written.read_text()
    assert text.count("| GET /items?limit=100, 8 clients | 5 (≥ 5) |") == 1
    assert text.endswith(page.PAGE.read_text()[-500:])


def test_the_page_shows_no_quick_runs_plots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(page, "ROOT", tmp_path)
    for name in ("benchmark-pages.svg", "benchmark-quick-pages.svg", "benchmark.json"):
        (tmp_path / name).touch()
    assert page.plots(tmp_path / "benchmark.json") == ["![pages](../benchmark-pages.svg)"]
    assert page.plots(tmp_path / "benchmark-quick.json") == ["![pages](../benchmark-quick-pages.svg)"]
