"""FastAPI with SQLAlchemy and psycopg2, in `def` endpoints, which run in FastAPI's 40 threads."""

from __future__ import annotations

import os
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, HTTPException, Query, Response
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from benchmarks.opponents.fastapi_models import Item, ItemIn, ItemOut, page_query

THREADS = 40
# Each thread needs a connection: with fewer, 64 clients wait for ever. Each request has one statement, which needs no
# transaction.
engine = create_engine(
    os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg2:", 1),
    pool_size=THREADS,
    max_overflow=0,
    isolation_level="AUTOCOMMIT",
)
app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    """Uses no database. It is `def`, as in a synchronous program; FastAPI async has it on the event loop."""
    return {"status": "healthy"}


@app.get("/items", response_model=list[ItemOut])
def list_items(
    response: Response,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: UUID | None = None,
    search: str | None = None,
) -> list[Item]:
    """A page with a link to the next one."""
    with Session(engine) as session:
        rows = list(session.scalars(page_query(limit, after, search)))
    if len(rows) > limit:
        rows.pop()
        response.headers["Link"] = f'</items?limit={limit}&after={rows[-1].id}>; rel="next"'
    return rows


@app.get("/export", response_model=list[ItemOut])
def export() -> list[Item]:
    """All items as an array."""
    with Session(engine) as session:
        return list(session.scalars(select(Item).order_by(Item.id.desc())))


@app.get("/items/{key}", response_model=ItemOut)
def read_item(key: UUID) -> Item:
    """One item, or 404."""
    with Session(engine) as session:
        if item := session.get(Item, key):
            return item
    raise HTTPException(404)


@app.post("/items", response_model=ItemOut, status_code=201)
def create_item(given: ItemIn, response: Response) -> Item:
    """One INSERT … RETURNING."""
    item = Item(**given.model_dump())
    with Session(engine, expire_on_commit=False) as session:
        session.add(item)
        session.commit()
    response.headers["Location"] = f"/items/{item.id}"
    return item
