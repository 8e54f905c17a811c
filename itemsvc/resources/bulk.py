"""Making many things by one request: all of them or none."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import RawPostDataException
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import generics, mixins
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from itemsvc.resources.conditional import refresh_version
from itemsvc.resources.one_statement import saves_in_one_statement

MAX_ITEMS = 1000


class BulkCreateMixin(mixins.CreateModelMixin, generics.GenericAPIView):
    """A POST may be an array of 1 to MAX_ITEMS; what is wrong with it is said by index."""

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer:
        """One that takes an array if it is given one."""
        if isinstance(kwargs.get("data"), list):
            kwargs |= {"many": True, "allow_empty": False, "max_length": MAX_ITEMS}
        serializer: BaseSerializer = super().get_serializer(*args, **kwargs)
        return serializer

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The 201 response. If a team's code writes more than the row, that may have raised the row's version."""
        if saves_in_one_statement(self.get_serializer_class(), "create"):
            return super().create(request, *args, **kwargs)
        with transaction.atomic():
            response: Response = super().create(request, *args, **kwargs)
            refresh_version(response)
        return response


def is_array(request: Request) -> bool:
    """Whether the body is an array, which its first character says before it is parsed."""
    try:
        return request.body.lstrip()[:1] == b"["
    except RawPostDataException:  # A team's code has parsed it already.
        return isinstance(request.data, list)


def one_or_many(serializer: Any) -> PolymorphicProxySerializer:
    """One of this serializer class, or an array of them, for the schema."""
    return PolymorphicProxySerializer(
        f"OneOrMany{serializer.__name__.removesuffix('Serializer')}s",
        [serializer, serializer(many=True)],
        resource_type_field_name=None,
        many=False,
    )
