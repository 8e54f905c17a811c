"""Checks before the measurement that all programs give the same responses."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.load import Request
from benchmarks.plan import Data
from benchmarks.servers import Server

STATUS = {"post": 201}
CREATED = ("name", "description")


class Differs(SystemExit):
    """A program gives another response. This ends the run."""


def compare(servers: list[Server], data: Data, endpoints: list[str]) -> None:
    """Raises Differs unless all servers give the same responses as the first one."""
    for endpoint in endpoints:
        expected = None
        for server in servers:
            got = ask(server, data, endpoint)
            expected = expected or got
            if got != expected:
                raise Differs(f"{server.program.title}, {endpoint}: {_excerpt(got)}; expected {_excerpt(expected)}")


def ask(server: Server, data: Data, endpoint: str) -> Any:
    """The value of the endpoint's JSON; for a POST, the given members. Raises Differs for a wrong status."""
    request = data.requests(server.program, endpoint)[0]
    status, body, _ = server.answer(request)
    if status != STATUS.get(endpoint, 200):
        raise Differs(f"{server.program.title}, {endpoint}: status {status}, {_excerpt(body)}")
    value = json.loads(body)
    if endpoint == "post":
        read = server.answer(Request("GET", f"/items/{value['id']}{server.program.slash}"))[1]
        if json.loads(read) != value:
            raise Differs(f"{server.program.title}: what was made is not what is read: {_excerpt(value)}")
        return {name: value[name] for name in CREATED}
    # The tutorial wraps its page.
    return value["results"] if isinstance(value, dict) and "results" in value else value


def _excerpt(value: Any) -> str:
    return str(value)[:300]
