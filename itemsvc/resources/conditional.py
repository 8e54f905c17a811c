"""Conditional requests (RFC 9110, section 13): `ETag`, `If-None-Match`, `If-Match`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework import generics, mixins, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, ListSerializer

from itemsvc.db import returning
from itemsvc.http.errors import error
from itemsvc.http.renderers import Rendered
from itemsvc.resources.etags import item_etag, list_etag, versions
from itemsvc.resources.one_statement import overrides, saves_in_one_statement

READ_METHODS = ("GET", "HEAD")
ANY = "*"
#: The column of a model that counts its changes.
VERSION = "version"

TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
# Possessive, so that no header makes it try again and again.
TAGS = re.compile(rf"[ \t,]*+{TAG.pattern}(?:[ \t]*+,[ \t,]*+(?:{TAG.pattern})?)*+[ \t]*+")

IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$'},
    OpenApiParameter.HEADER,
    description="Only if this is its ETag still, so that nobody else's change is undone; `*`: whatever it is.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of what the caller has: 304 if it is the same."
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=[200, 201], description="Stands for these very bytes of JSON."
)


class PreconditionFailed(APIException):
    """412: If-Match names another version than there is."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "It has been changed since: its ETag is another one."
    default_code = "precondition_failed"


class ETagMixin(generics.GenericAPIView):
    """Gives JSON answers an ETag, and answers 304 where the caller has them already.

    HTML has none: it shows more than the data.
    """

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """The tag is made of the bytes, so once they are rendered."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(response, Response) and response.status_code in (200, 201):
            if is_json(request):
                response.add_post_render_callback(lambda rendered: self._tag(request, rendered))
            elif hasattr(_instance_of(response.data), VERSION):  # The page shows what the JSON of one row has.
                self.page_headers = {"ETag": etag_of(response.data, JSONRenderer().render(response.data))}
        return response

    def _tag(self, request: Request, response: Any) -> HttpResponseBase | None:
        etag = etag_of(response.data, response.content) or _page_etag(response)
        if etag is None:
            return None
        response["ETag"] = etag
        if request.method not in READ_METHODS:
            return None
        wanted = request.META.get("HTTP_IF_MATCH", ANY)
        if wanted != ANY and etag not in TAG.findall(wanted):
            return error(PreconditionFailed.status_code, PreconditionFailed.default_detail)
        if is_known_to_client(request.META, etag):
            _empty(response)
        return None


class ConditionalWriteMixin(mixins.UpdateModelMixin, mixins.DestroyModelMixin, ETagMixin):
    """PUT, PATCH and DELETE of a model with a `version`: the database decides whether the row is still the caller's.

    One statement decides and writes. If a team's code writes (`perform_update`, `perform_destroy`, the serializer's
    `save` or `update`, the model's `save` or `delete`, a receiver), the row is locked first, and written in the same
    transaction.

    Without If-Match the last write wins, and a PATCH changes only what it names.
    """

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """DRF's; raises PreconditionFailed, or Http404 for a row that was deleted meanwhile."""
        if self._updates_in_one_statement():
            return super().update(request, *args, **kwargs)
        with self._locked():
            response: Response = super().update(request, *args, **kwargs)
            refresh_version(response)
        return response

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """DRF's; raises what ``update`` raises."""
        own = type(self).perform_destroy is not ConditionalWriteMixin.perform_destroy
        if not (own or self._overrides_delete()):
            return super().destroy(request, *args, **kwargs)
        with self._locked():
            return super().destroy(request, *args, **kwargs)

    def perform_update(self, serializer: BaseSerializer) -> None:
        """Writes what was validated."""
        if not self._updates_in_one_statement():
            serializer.save()
            return
        changed = returning.update(self._unchanged(serializer.instance), serializer.validated_data)
        if not changed:
            self._refuse()
        # In place, because the instance also has what the queryset adds to a row.
        vars(serializer.instance).update(vars(changed[0]))

    def perform_destroy(self, instance: Model) -> None:
        """Deletes the row."""
        if self._overrides_delete():
            instance.delete()
            return
        deleted, _ = self._unchanged(instance).delete()
        if not deleted:
            self._refuse()

    def _updates_in_one_statement(self) -> bool:
        own = type(self).perform_update is not ConditionalWriteMixin.perform_update
        return not own and saves_in_one_statement(self.get_serializer_class(), "update")

    def _overrides_delete(self) -> bool:
        rows = self.get_queryset()
        return overrides(rows.model, "delete") or type(rows).delete is not QuerySet.delete

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """A transaction in which nobody else changes the row; raises PreconditionFailed."""
        with transaction.atomic():
            instance = self.get_object()
            # By its key alone, because a queryset with DISTINCT or GROUP BY can lock no row.
            list(type(instance)._base_manager.select_for_update().filter(pk=instance.pk))
            if not self._unchanged(instance).exists():
                self._refuse()
            yield

    def _unchanged(self, instance: Any) -> QuerySet:
        """The row if, at the moment of the statement, it is as the caller wants it."""
        rows = self.filter_queryset(self.get_queryset()).filter(pk=instance.pk)
        wanted, unwanted = read_if_match(self.request), read_if_none_match(self.request.META)
        if unwanted == [ANY]:
            return rows.none()
        if not hasattr(instance, VERSION):
            return rows if wanted == [ANY] else rows.none()  # It has no ETag that could be named.
        if wanted != [ANY]:
            rows = rows.filter(version__in=versions(wanted))
        return rows.exclude(version__in=versions(tag.removeprefix("W/") for tag in unwanted)) if unwanted else rows

    def _refuse(self) -> NoReturn:
        self.get_object()  # Raises Http404 where it is gone.
        raise PreconditionFailed


def refresh_version(response: Response) -> None:
    """Reads the version of the row in a response again, because the database has raised it."""
    instance = _instance_of(response.data)
    if hasattr(instance, VERSION):
        instance.refresh_from_db(fields=[VERSION])


def read_if_match(request: Request) -> list[str]:
    """Its entity tags, or `["*"]`, also where there is none.

    Raises ValidationError for a malformed one: to go on without it could undo somebody's change.
    """
    text = request.META.get("HTTP_IF_MATCH", ANY)
    if text == ANY:
        return [ANY]
    if not TAGS.fullmatch(text):
        raise ValidationError({"If-Match": ["Must be * or entity tags as an ETag has them, in their quotes."]})
    return TAG.findall(text)


def read_if_none_match(headers: Mapping[str, Any]) -> list[str]:
    """Its entity tags, or `["*"]`; what is malformed is none, so that the caller gets the whole answer."""
    text: str = headers.get("HTTP_IF_NONE_MATCH", "")
    return [ANY] if text == ANY else TAG.findall(text)


def is_known_to_client(headers: Mapping[str, Any], etag: str) -> bool:
    """Whether If-None-Match names this tag; ``headers`` are a request's in its WSGI environ."""
    had = read_if_none_match(headers)
    return had == [ANY] or etag in [tag.removeprefix("W/") for tag in had]


def is_json(request: Request) -> bool:
    """Whether the answer is JSON; the browsable API's HTML shows more than the data."""
    return isinstance(getattr(request, "accepted_renderer", None), JSONRenderer)


def etag_of(data: Any, body: bytes) -> str | None:
    """The tag of a serializer's data and its JSON; None where it is not of one versioned row."""
    version = getattr(_instance_of(data), VERSION, None)
    return None if version is None else item_etag(version, body)


def _instance_of(data: Any) -> Any:
    return getattr(getattr(data, "serializer", None), "instance", None)


def _page_etag(response: Any) -> str | None:
    if response.status_code != 200:
        return None
    is_page = isinstance(response.data, Rendered) or isinstance(
        getattr(response.data, "serializer", None), ListSerializer
    )
    return list_etag(response.content, response.get("Link", "")) if is_page else None


def _empty(response: Any) -> None:
    """Makes it a 304, with the Content-Length that the whole answer has, or else Django would claim 0."""
    response["Content-Length"] = str(len(response.content))
    response.status_code, response.content = status.HTTP_304_NOT_MODIFIED, b""
    del response["Content-Type"]
