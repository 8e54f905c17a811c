"""The bodies and responses of the Python programs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


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
