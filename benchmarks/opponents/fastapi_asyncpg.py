"""FastAPI with asyncpg, in `async def` endpoints on uvloop."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import FastAPI, HTTPException, Query, Response

from benchmarks.opponents.schemas import ItemChange, ItemIn, ItemOut, OrderIn, OrderOut

CONNECTIONS = 10
ITEM = "id, name, description, created_at"
ORDER = "id, customer_id AS customer, status, total, placed_on, gift, tags, details, created_at"
Limit = Annotated[int, Query(ge=1, le=1000)]
pool: asyncpg.Pool


async def prepare(connection: asyncpg.Connection) -> None:
    """JSON columns are Python's values, as asyncpg's documentation has it."""
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Opens the pool once."""
    global pool
    sizes = {"min_size": CONNECTIONS, "max_size": CONNECTIONS}
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], init=prepare, **sizes) as pool:
        yield


app = FastAPI(lifespan=lifespan)


async def page(statement: str, limit: int, response: Response, *arguments: Any) -> list[dict[str, Any]]:
    """A page. One more row shows whether there is a next page."""
    rows = await pool.fetch(f"{statement} LIMIT $1", limit + 1, *arguments)
    if len(rows) > limit:
        rows.pop()
        response.headers["Link"] = f'<?limit={limit}&after={rows[-1]["id"]}>; rel="next"'
    return [dict(row) for row in rows]


async def one(statement: str, *arguments: Any) -> dict[str, Any]:
    """One row, or 404."""
    if row := await pool.fetchrow(statement, *arguments):
        return dict(row)
    raise HTTPException(404)


@app.get("/health")
async def health() -> dict[str, str]:
    """No database."""
    return {"status": "healthy"}


@app.get("/items", response_model=list[ItemOut])
async def list_items(
    response: Response, limit: Limit = 100, created_after: datetime | None = None
) -> list[dict[str, Any]]:
    """A page, newest first."""
    where, arguments = ("WHERE created_at > $2", [created_after]) if created_after else ("", [])
    return await page(f"SELECT {ITEM} FROM items_item {where} ORDER BY id DESC", limit, response, *arguments)


@app.get("/items/{key}", response_model=ItemOut)
async def read_item(key: UUID) -> dict[str, Any]:
    """One item."""
    return await one(f"SELECT {ITEM} FROM items_item WHERE id = $1", key)


@app.post("/items", response_model=ItemOut, status_code=201)
async def create_item(given: ItemIn, response: Response) -> dict[str, Any]:
    """One INSERT … RETURNING."""
    statement = f"INSERT INTO items_item (name, description) VALUES ($1, $2) RETURNING {ITEM}"
    row = await one(statement, given.name, given.description)
    response.headers["Location"] = f"/items/{row['id']}"
    return row


@app.put("/items/{key}", response_model=ItemOut)
async def replace_item(key: UUID, given: ItemIn) -> dict[str, Any]:
    """One UPDATE … RETURNING."""
    statement = f"UPDATE items_item SET name = $2, description = $3 WHERE id = $1 RETURNING {ITEM}"
    return await one(statement, key, given.name, given.description)


@app.patch("/items/{key}", response_model=ItemOut)
async def change_item(key: UUID, given: ItemChange) -> dict[str, Any]:
    """The given members."""
    values = given.model_dump(exclude_unset=True)
    sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, 2)) or "name = name"
    return await one(f"UPDATE items_item SET {sets} WHERE id = $1 RETURNING {ITEM}", key, *values.values())


@app.get("/sample/orders", response_model=list[OrderOut])
async def list_orders(response: Response, limit: Limit = 100) -> list[dict[str, Any]]:
    """A page, the latest first."""
    return await page(f"SELECT {ORDER} FROM sample_order ORDER BY placed_on DESC, id DESC", limit, response)


@app.get("/sample/orders/{key}", response_model=OrderOut)
async def read_order(key: UUID) -> dict[str, Any]:
    """One order."""
    return await one(f"SELECT {ORDER} FROM sample_order WHERE id = $1", key)


@app.post("/sample/orders", response_model=OrderOut, status_code=201)
async def create_order(given: OrderIn, response: Response) -> dict[str, Any]:
    """One INSERT … RETURNING."""
    columns = "customer_id, status, total, placed_on, gift, tags, details"
    statement = f"INSERT INTO sample_order ({columns}) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {ORDER}"
    row = await one(statement, *given.model_dump().values())
    response.headers["Location"] = f"/sample/orders/{row['id']}"
    return row
