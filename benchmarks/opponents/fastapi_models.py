"""The FastAPI programs share SQLAlchemy's tables and pydantic's models."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import DateTime, FetchedValue, ForeignKey, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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


class Given(BaseModel):
    """A body has no other members."""

    model_config = ConfigDict(extra="forbid")


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000)]


class ItemIn(Given):
    """The body of a POST or PUT."""

    name: Name
    description: Description = ""


class ItemChange(Given):
    """The body of a PATCH."""

    name: Name = ""
    description: Description = ""


class OrderIn(Given):
    """The body of a POST."""

    customer: UUID
    status: Literal["open", "paid", "sent"] = "open"
    total: Annotated[Decimal, Field(max_digits=10, decimal_places=2)]
    placed_on: date
    gift: bool = False
    tags: Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=10)] = Field(default_factory=list)
    details: Any = Field(default_factory=dict)


class ItemOut(BaseModel):
    """The item in a response. With a response model FastAPI writes JSON by pydantic, its fastest way."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    description: str
    created_at: datetime


class OrderOut(BaseModel):
    """The order in a response."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    customer: UUID
    status: str
    total: Decimal
    placed_on: date
    gift: bool
    tags: list[str]
    details: Any
    created_at: datetime
