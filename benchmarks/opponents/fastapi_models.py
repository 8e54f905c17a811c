"""The FastAPI programs share SQLAlchemy's table and pydantic's models."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import DateTime, FetchedValue, Select, Text, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """SQLAlchemy's registry."""


class Item(Base):
    """The service's own table."""

    __tablename__ = "items_item"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=FetchedValue())


class ItemIn(BaseModel):
    """The body of a POST."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    description: Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000)] = ""


class ItemOut(BaseModel):
    """The item in a response. With a response model FastAPI writes JSON by pydantic, its fastest way."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    description: str
    created_at: datetime


def page_query(limit: int, after: UUID | None, search: str | None) -> Select[tuple[Item]]:
    """A page by key, newest first. One more row shows whether there is a next page."""
    query = select(Item).order_by(Item.id.desc()).limit(limit + 1)
    if after:
        query = query.where(Item.id < after)
    if search:
        query = query.where(func.upper(Item.name).contains(search.upper()))
    return query
