"""FastAPI with SQLAlchemy's asyncio sessions on asyncpg, in `async def` endpoints on uvloop."""

from __future__ import annotations

import os
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, HTTPException, Query, Response
from sqlalchemy import make_url, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from benchmarks.opponents.fastapi_models import Item, ItemIn, ItemOut, page_query

CONNECTIONS = 64
url = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg")
# Each request has one statement, which needs no transaction.
engine = create_async_engine(url, pool_size=CONNECTIONS, max_overflow=0, isolation_level="AUTOCOMMIT")
app = FastAPI()


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
) -> list[Item]:
    """A page with a link to the next one."""
    async with AsyncSession(engine) as session:
        rows = list(await session.scalars(page_query(limit, after, search)))
    if len(rows) > limit:
        rows.pop()
        response.headers["Link"] = f'</items?limit={limit}&after={rows[-1].id}>; rel="next"'
    return rows


@app.get("/export", response_model=list[ItemOut])
async def export() -> list[Item]:
    """All items as an array."""
    async with AsyncSession(engine) as session:
        return list(await session.scalars(select(Item).order_by(Item.id.desc())))


@app.get("/items/{key}", response_model=ItemOut)
async def read_item(key: UUID) -> Item:
    """One item, or 404."""
    async with AsyncSession(engine) as session:
        if item := await session.get(Item, key):
            return item
    raise HTTPException(404)


@app.post("/items", response_model=ItemOut, status_code=201)
async def create_item(given: ItemIn, response: Response) -> Item:
    """One INSERT … RETURNING."""
    item = Item(**given.model_dump())
    async with AsyncSession(engine, expire_on_commit=False) as session:
        session.add(item)
        await session.commit()
    response.headers["Location"] = f"/items/{item.id}"
    return item
