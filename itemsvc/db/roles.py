"""The service's database role, which reads and writes rows and can change nothing else.

`manage.py migrate` makes it, as the schema's owner. docs/decisions/11-database-roles.md says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

#: Readiness reads this table; only migrate writes it.
HISTORY = MigrationRecorder.Migration._meta.db_table

# Attributes, memberships and possessions that let a role change more than rows.
POWERS = """
    SELECT 'has SUPERUSER, CREATEDB, CREATEROLE, REPLICATION or BYPASSRLS' FROM pg_roles
      WHERE rolname = %(role)s AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)
    UNION ALL SELECT 'is a member of ' || m.roleid::regrole FROM pg_auth_members m
      WHERE m.member = to_regrole(quote_ident(%(role)s))
    UNION ALL SELECT 'owns ' || d.classid::regclass || ' ' || d.objid FROM pg_shdepend d
      WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = to_regrole(quote_ident(%(role)s)) AND d.deptype = 'o'
"""
# Rights that the role has from PUBLIC, or that another role granted.
TOO_MUCH = """
    SELECT 'create temporary tables' WHERE has_database_privilege(%(role)s, current_database(), 'TEMP')
    UNION ALL SELECT 'create schemas' WHERE has_database_privilege(%(role)s, current_database(), 'CREATE')
    UNION ALL SELECT 'create tables' WHERE has_schema_privilege(%(role)s, 'public', 'CREATE')
    UNION ALL SELECT 'truncate or maintain ' || c.oid::regclass FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND has_table_privilege(%(role)s, c.oid, 'TRUNCATE, REFERENCES, TRIGGER, MAINTAIN')
"""
# Only the owner's own relations: it may have no right to grant those of an extension.
RELATIONS = """
    SELECT relname, relkind = 'S' FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
      AND relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
"""

GRANTS = (
    "REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC, {role}",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}",
    "GRANT CONNECT ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA public TO {role}",
    "REVOKE ALL ON TABLE {tables} FROM {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE {tables} TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON TABLE {history} FROM {role}",
    "REVOKE ALL ON SEQUENCE {sequences} FROM {role}",
    "GRANT USAGE ON SEQUENCE {sequences} TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {role}",
)


def provide(connection: BaseDatabaseWrapper, role: str, password: str) -> None:
    """Creates or updates ``role``, which may log in and read and write the rows of the public schema.

    It runs in one transaction, and may run again. Without a password, the role keeps its own. The server gets a
    verifier instead of the password, because statements may be logged. Raises CommandError if the role could do more.
    """
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        _refuse(cursor, role, POWERS, "{role} cannot be the service's role: it {what}.")
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        secret = password and encrypt_password(password, role, connection.connection, "scram-sha-256")
        login = sql.SQL("{} ROLE {} LOGIN").format(sql.SQL(verb), sql.Identifier(role))
        cursor.execute(login + sql.SQL(" PASSWORD {}").format(sql.Literal(secret)) if secret else login)
        for statement in _grants(cursor, role):
            cursor.execute(statement)
        _refuse(cursor, role, TOO_MUCH, "{role} may {what}: as the owner, revoke that from it or from PUBLIC.")


def limit(connection: BaseDatabaseWrapper, role: str, limits: Mapping[str, int]) -> None:
    """Sets limits, in milliseconds, on the role's new sessions in this database. "" is the connection's own role."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        names = {
            "role": sql.Identifier(role) if role else sql.SQL("CURRENT_USER"),
            "database": sql.Identifier(cursor.fetchone()[0]),
        }
        for name, value in limits.items():
            statement = sql.SQL("ALTER ROLE {role} IN DATABASE {database} SET {name} = {value}")
            cursor.execute(statement.format(**names, name=sql.Identifier(name), value=sql.Literal(f"{value}ms")))


def _refuse(cursor: Any, role: str, query: str, sentence: str) -> None:
    cursor.execute(query, {"role": role})
    if found := [what for (what,) in cursor.fetchall()]:
        raise CommandError(sentence.format(role=role, what=", ".join(found[:3])))


def _grants(cursor: Any, role: str) -> Iterator[sql.Composed]:
    """The statements that revoke earlier grants and grant the service's."""
    cursor.execute(RELATIONS)
    relations = cursor.fetchall()
    listed = {
        "tables": [name for name, is_sequence in relations if not is_sequence],
        "sequences": [name for name, is_sequence in relations if is_sequence],
        "history": [name for name, _ in relations if name == HISTORY],
    }
    cursor.execute("SELECT current_database()")
    names: dict[str, sql.Composable] = {
        key: sql.SQL(", ").join(sql.Identifier("public", name) for name in found) for key, found in listed.items()
    }
    names |= {"role": sql.Identifier(role), "database": sql.Identifier(cursor.fetchone()[0])}
    for statement in GRANTS:
        if all(found for key, found in listed.items() if f"{{{key}}}" in statement):
            yield sql.SQL(statement).format(**names)
