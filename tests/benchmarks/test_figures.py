"""The report's arithmetic, on figures that are known."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import programs, report, rows
from benchmarks.programs import ASYNCPG, OURS, SYNC
from benchmarks.results import Results, Sample, Verdict, figures, goals, judge, markdown, section

GET = rows.Row("GET", rows.get_one, (OURS, SYNC), (rows.Goal(SYNC, 5),))
P99 = replace(GET, title="p99", goals=(rows.Goal(SYNC, 0.5),), clients=64)
OTHER = rows.Row("other", rows.get_one, (ASYNCPG,), (rows.Goal(OURS, 0.2, "GET"),))


def samples(*rates: float, errors: int = 0) -> list[Sample]:
    return [Sample(rate, 1000 / rate, 100, errors) for rate in rates]


@pytest.fixture
def measured() -> dict[str, dict[str, list[Sample]]]:
    ours, theirs = samples(900, 1000, 1500), samples(190, 210, 200)
    cells = {OURS.title: ours, SYNC.title: theirs}
    return {"GET": cells, "p99": dict(cells), "other": {ASYNCPG.title: theirs}}


def test_a_figure_is_the_median_with_its_range(measured: Results) -> None:
    assert figures(measured, "GET", OURS.title, "per_second") == [900, 1000, 1500]


def test_goals_compare_medians_and_are_met_at_their_bound(measured: dict[str, dict[str, list[Sample]]]) -> None:
    assert judge(measured, [GET, P99, OTHER]) == [
        Verdict("GET", SYNC.title, 5, "≥ 5", True),
        Verdict("p99", SYNC.title, 0.2, "≤ 0.5", True),
        Verdict("other", f"{OURS.title}, GET", 0.2, "≥ 0.2", True),
    ]
    measured["GET"][OURS.title] = samples(900, 999, 1500)
    assert not judge(measured, [GET])[0].met


@pytest.mark.parametrize("bad", [samples(200, errors=1), [Sample(0, 0, 0, 0)]])
def test_one_bad_round_makes_the_cell_count_for_nobody(
    measured: dict[str, dict[str, list[Sample]]], bad: list[Sample]
) -> None:
    measured["GET"][SYNC.title] += bad
    [verdict] = judge(measured, [GET])
    assert (verdict.ratio, verdict.met) == (None, False)
    assert "invalid" in markdown(goals([verdict]))
    assert "invalid" in markdown(section(measured, [GET]))


def test_a_section_has_a_column_for_each_program(measured: Results) -> None:
    assert section(measured, [GET]) == [
        ["requests per second", OURS.title, SYNC.title, f"CPU µs, {OURS.title}"],
        ["GET", "1,000 (900 to 1,500)", "200 (190 to 210)", "100"],
    ]


def test_the_products_environment_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    environment = OURS.environment_for("postgres://nobody@/none")
    assert not {"LOG_LEVEL", "DEBUG", "WEB_CONCURRENCY", "GUNICORN_THREADS"} & set(environment)


def test_the_page_has_the_goals_of_a_run(measured: Results, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(report.DOCS.read_text())
    for _ in range(2):
        report.update(page, markdown(goals(judge(measured, [GET]))))
    assert page.read_text().count(f"| GET | {SYNC.title} | 5.00 | ≥ 5 | met |") == 1
    assert page.read_text().endswith(report.DOCS.read_text()[-300:])


def test_a_part_of_a_run_has_what_its_goals_refer_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "missing", lambda: [programs.FASTIFY])
    chosen = command.chosen(rows.SECTIONS, Namespace(quick=True, only="one order"))
    assert [row.title for of in chosen.values() for row in of] == [rows.GET_ONE, "GET one order"]
    assert programs.FASTIFY not in chosen["Real clients"][0].programs
