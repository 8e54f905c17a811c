"""FastAPI with SQLAlchemy and psycopg2, in `def` endpoints, which run in FastAPI's 40 threads."""

from __future__ import annotations

import os
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, HTTPException, Query, Response
from sqlalchemy import DateTime, FetchedValue, ForeignKey, Numeric, Text, create_engine, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.opponents.schemas import ItemChange, ItemIn, ItemOut, OrderIn, OrderOut

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
Limit = Annotated[int, Query(ge=1, le=1000)]


class Base(DeclarativeBase):
    """SQLAlchemy's registry."""


class Made(Base):
    """What the database sets."""

    __abstract__ = True
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=FetchedValue())


class Item(Made):
    """The service's own table."""

    __tablename__ = "items_item"
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)


class Customer(Made):
    """Whom an order is for."""

    __tablename__ = "sample_customer"


class Order(Made):
    """The sample app's table."""

    __tablename__ = "sample_order"
    customer: Mapped[UUID] = mapped_column("customer_id", ForeignKey(Customer.id))
    status: Mapped[str] = mapped_column(Text)
    total: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    placed_on: Mapped[date]
    gift: Mapped[bool]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)


def page(query: Any, limit: int, response: Response) -> list[Any]:
    """A page. One more row shows whether there is a next page."""
    with Session(engine) as session:
        rows = list(session.scalars(query.limit(limit + 1)))
    if len(rows) > limit:
        rows.pop()
        response.headers["Link"] = f'<?limit={limit}&after={rows[-1].id}>; rel="next"'
    return rows


def one(table: Any, key: UUID) -> Any:
    """One row, or 404."""
    with Session(engine) as session:
        if row := session.get(table, key):
            return row
    raise HTTPException(404)


def create(row: Any, path: str, response: Response) -> Any:
    """One INSERT … RETURNING."""
    with Session(engine, expire_on_commit=False) as session:
        session.add(row)
        session.commit()
    response.headers["Location"] = f"{path}/{row.id}"
    return row


def change(key: UUID, values: dict[str, Any]) -> Item:
    """One UPDATE … RETURNING, or 404."""
    statement = update(Item).where(Item.id == key).values(**values).returning(Item)
    with Session(engine) as session:
        if item := session.scalars(statement).first():
            return item
    raise HTTPException(404)


@app.get("/health")
def health() -> dict[str, str]:
    """Uses no database. It is `def`, as in a synchronous program."""
    return {"status": "healthy"}


@app.get("/items", response_model=list[ItemOut])
def list_items(response: Response, limit: Limit = 100, created_after: datetime | None = None) -> list[Item]:
    """A page, newest first."""
    query = select(Item).order_by(Item.id.desc())
    return page(query.where(Item.created_at > created_after) if created_after else query, limit, response)


@app.get("/items/{key}", response_model=ItemOut)
def read_item(key: UUID) -> Item:
    """One item."""
    return one(Item, key)


@app.post("/items", response_model=ItemOut, status_code=201)
def create_item(given: ItemIn, response: Response) -> Item:
    """A new item."""
    return create(Item(**given.model_dump()), "/items", response)


@app.put("/items/{key}", response_model=ItemOut)
def replace_item(key: UUID, given: ItemIn) -> Item:
    """All members."""
    return change(key, given.model_dump())


@app.patch("/items/{key}", response_model=ItemOut)
def change_item(key: UUID, given: ItemChange) -> Item:
    """The given members."""
    return change(key, given.model_dump(exclude_unset=True))


@app.get("/sample/orders", response_model=list[OrderOut])
def list_orders(response: Response, limit: Limit = 100) -> list[Order]:
    """A page, the latest first."""
    return page(select(Order).order_by(Order.placed_on.desc(), Order.id.desc()), limit, response)


@app.get("/sample/orders/{key}", response_model=OrderOut)
def read_order(key: UUID) -> Order:
    """One order."""
    return one(Order, key)


@app.post("/sample/orders", response_model=OrderOut, status_code=201)
def create_order(given: OrderIn, response: Response) -> Order:
    """A new order."""
    return create(Order(**given.model_dump()), "/sample/orders", response)
