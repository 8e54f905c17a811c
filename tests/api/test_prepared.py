"""Statements that a session prepares once: the same rows, whatever becomes of what it has prepared."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from psycopg2.errors import UndefinedColumn

from itemsvc.db.postgresql.base import MAX_PREPARED
from tests.support.service import Service

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ONE = "SELECT name FROM sample_gadget WHERE name = %s"


@pytest.fixture
def session() -> Iterator[Any]:
    """A connection of the service's own kind, with one gadget in its table."""
    session: Any = connections.create_connection("default")
    session.settings_dict = connections["default"].settings_dict
    session.fetch(
        "INSERT INTO sample_gadget (name, description) VALUES (%s, %s) RETURNING id", ["o'ak", ""], repeatable=False
    )
    yield session
    session.close()


def prepared(session: Any) -> list[str]:
    """The texts that its server keeps for it."""
    with session.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [text for (text,) in cursor.fetchall()]


def find(session: Any, name: str = "o'ak") -> list[Any]:
    return session.fetch(ONE, [name], repeatable=True)


def test_a_text_is_prepared_once(session: Any) -> None:
    assert [find(session), find(session, "'; --"), find(session)] == [[("o'ak",)], [], [("o'ak",)]]
    assert [text.partition(" AS ")[2] for text in prepared(session)].count(ONE.replace("%s", "$1")) == 1


def test_a_text_that_is_not_to_be_prepared_is_sent_as_it_is(session: Any) -> None:
    assert session.fetch(ONE, ["o'ak"], repeatable=True, prepared=False) == [("o'ak",)]
    assert ONE.replace("%s", "$1") not in [text.partition(" AS ")[2] for text in prepared(session)]


def test_a_large_result_is_whole_and_its_uuids_are_texts(session: Any) -> None:
    rows = session.fetch("SELECT generate_series(1, 1000), uuidv7()", (), repeatable=True)
    assert [number for number, _ in rows] == list(range(1, 1001))
    assert all(isinstance(key, str) for _, key in rows)


def test_a_session_that_has_reached_its_age_is_opened_again(session: Any) -> None:
    def number() -> Any:
        return session.fetch("SELECT pg_backend_pid()", (), repeatable=True)

    before = number()
    assert number() == before
    session.close_at = time.monotonic()
    assert number() != before


def test_a_write_finds_each_time_whether_its_session_has_ended(session: Any) -> None:
    for _ in range(2):
        [(ended,)] = session.fetch("SELECT pg_backend_pid()", (), repeatable=True)
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
        [(number,)] = session.fetch("SELECT pg_backend_pid()", (), repeatable=False)
        assert number != ended


def test_a_session_whose_autocommit_was_left_off_is_not_used(session: Any) -> None:
    session.set_autocommit(False)
    find(session)
    assert session.get_autocommit()


def test_no_more_is_kept_than_the_server_has_room_for(session: Any) -> None:
    for number in range(3 * MAX_PREPARED):
        assert session.fetch(f"SELECT {number}, name FROM sample_gadget", (), repeatable=True) == [(number, "o'ak")]
    assert 0 < len(prepared(session)) <= MAX_PREPARED
    assert find(session)


def test_a_pooler_that_changes_the_session_between_two_requests(session: Any) -> None:
    find(session)
    with session.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert [find(session), find(session, "elm"), find(session)] == [[("o'ak",)], [], [("o'ak",)]]


def test_a_pooler_whose_session_knows_the_statement_already(session: Any) -> None:
    find(session)
    session._prepared.clear()
    assert find(session) == [("o'ak",)]


def test_what_cannot_be_prepared_is_sent_as_it_is(session: Any) -> None:
    # The server does not know what type an unknown value has; the driver's text tells.
    assert session.fetch("SELECT %s || %s", ["a", "b"], repeatable=True) == [("ab",)]


def test_an_error_of_the_statement_is_its_own(session: Any) -> None:
    with pytest.raises(UndefinedColumn):
        session.fetch("SELECT nome FROM sample_gadget", (), repeatable=True)
    assert find(session)


def test_a_session_that_ended_is_followed_by_one_that_prepares_anew(session: Any) -> None:
    find(session)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [session.connection.info.backend_pid])
    assert find(session) == [("o'ak",)]
    assert len(prepared(session)) == 1


def test_a_migration_may_change_a_columns_type_under_a_running_service(start_service: Any) -> None:
    service: Service = start_service()
    key = service.post("/gadgets", json={"name": "oak"}).json()["id"]
    assert service.get(f"/gadgets/{key}").json()["name"] == "oak"
    service.execute("ALTER TABLE sample_gadget ALTER COLUMN name TYPE text")
    try:
        assert [service.get(f"/gadgets/{key}").json()["name"] for _ in range(3)] == ["oak"] * 3
        assert service.post("/gadgets", json={"name": "elm"}).json()["name"] == "elm"
        assert not [line for line in service.log_lines() if line["level"] in ("WARNING", "ERROR")]
    finally:
        service.execute("ALTER TABLE sample_gadget ALTER COLUMN name TYPE varchar(255)")
