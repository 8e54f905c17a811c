"""The item."""

from django.db import models

from itemsvc.resources.indexes import SearchIndex
from itemsvc.resources.models import Resource

NAME_MAX_LENGTH = 255
DESCRIPTION_MAX_LENGTH = 10_000


class Item(Resource):
    """A named thing."""

    name = models.CharField(
        max_length=NAME_MAX_LENGTH, help_text="What it is called; white space around it is removed."
    )
    description = models.TextField(blank=True, default="", db_default="", max_length=DESCRIPTION_MAX_LENGTH)

    class Meta(Resource.Meta):
        indexes = (
            models.Index(fields=["name", "-id"], name="items_name"),
            SearchIndex("name", name="items_name_trigrams"),
        )

    def __str__(self) -> str:
        return self.name
