"""Making many things by one request: all of them or none."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import generics
from rest_framework.serializers import BaseSerializer

MAX_ITEMS = 1000


class BulkCreateMixin(generics.GenericAPIView):
    """A POST may be an array of 1 to MAX_ITEMS; what is wrong with it is said by index."""

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer:
        """One that takes an array if it is given one."""
        if isinstance(kwargs.get("data"), list):
            kwargs |= {"many": True, "allow_empty": False, "max_length": MAX_ITEMS}
        serializer: BaseSerializer = super().get_serializer(*args, **kwargs)
        return serializer


def one_or_many(serializer: Any) -> PolymorphicProxySerializer:
    """One of this serializer class, or an array of them, for the schema."""
    return PolymorphicProxySerializer(
        f"OneOrMany{serializer.__name__.removesuffix('Serializer')}s",
        [serializer, serializer(many=True)],
        resource_type_field_name=None,
        many=False,
    )
