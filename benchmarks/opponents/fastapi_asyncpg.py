"""FastAPI with asyncpg, in `async def` endpoints on uvloop."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import FastAPI, HTTPException, Query, Response

from benchmarks.opponents.fastapi_models import ItemIn, ItemOut

CONNECTIONS = 10
COLUMNS = "id, name, description, created_at"
pool: asyncpg.Pool


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Opens the pool once."""
    global pool
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    """No database."""
    return {"status": "healthy"}


@app.get("/items", response_model=list[ItemOut])
async def list_items(
    response: Response,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: UUID | None = None,
    search: str | None = None,
) -> list[dict[str, Any]]:
    """A page by key, newest first. One more row shows whether there is a next page."""
    arguments: list[Any] = [limit + 1]
    conditions = []
    if after:
        arguments.append(after)
        conditions.append(f"id < ${len(arguments)}")
    if search:
        arguments.append(f"%{search.upper()}%")
        conditions.append(f"upper(name) LIKE ${len(arguments)}")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = await pool.fetch(f"SELECT {COLUMNS} FROM items_item {where} ORDER BY id DESC LIMIT $1", *arguments)
    if len(rows) > limit:
        rows.pop()
        response.headers["Link"] = f'</items?limit={limit}&after={rows[-1]["id"]}>; rel="next"'
    return [dict(row) for row in rows]


@app.get("/export", response_model=list[ItemOut])
async def export() -> list[dict[str, Any]]:
    """All items as an array."""
    return [dict(row) for row in await pool.fetch(f"SELECT {COLUMNS} FROM items_item ORDER BY id DESC")]


@app.get("/items/{key}", response_model=ItemOut)
async def read_item(key: UUID) -> dict[str, Any]:
    """One item, or 404."""
    if row := await pool.fetchrow(f"SELECT {COLUMNS} FROM items_item WHERE id = $1", key):
        return dict(row)
    raise HTTPException(404)


@app.post("/items", response_model=ItemOut, status_code=201)
async def create_item(given: ItemIn, response: Response) -> dict[str, Any]:
    """One INSERT … RETURNING."""
    row = await pool.fetchrow(
        f"INSERT INTO items_item (name, description) VALUES ($1, $2) RETURNING {COLUMNS}", given.name, given.description
    )
    response.headers["Location"] = f"/items/{row['id']}"
    return dict(row)
