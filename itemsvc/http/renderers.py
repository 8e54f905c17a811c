"""Renderers for JSON that is rendered already, and for the browsable API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from rest_framework import parsers, renderers, serializers

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView  # Which imports the default renderers, so this module.


#: The largest number of rows that a form lists for a foreign key.
MAX_OPTIONS = 50


class Rendered(bytes):
    """The data of a response, as JSON text."""


class JSONRenderer(renderers.JSONRenderer):
    """Leaves ``Rendered`` data as it is."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The JSON text."""
        if isinstance(data, Rendered):
            return data
        return super().render(data, accepted_media_type, renderer_context)


class HTMLFormRenderer(renderers.HTMLFormRenderer):
    """Shows a foreign key as a text field if there are too many rows to choose from."""

    def render_field(self, field: Any, parent_style: Any) -> Any:
        """The field as HTML."""
        key = field._field
        if isinstance(key, serializers.PrimaryKeyRelatedField) and not key.read_only and _has_many(key.get_queryset()):
            key.style = {**key.style, "base_template": "input.html", "input_type": "text"}
        return super().render_field(field, parent_style)


def _has_many(rows: QuerySet | None) -> bool:
    return rows is not None and len(rows.values_list("pk")[: MAX_OPTIONS + 1]) > MAX_OPTIONS


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """Shows HTML forms, although no view parses form bodies: `static/itemsvc/json-forms.js` sends them as JSON."""

    form_renderer_class = HTMLFormRenderer

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Removes the inline style for code blocks, which the Content-Security-Policy forbids. No view has code."""
        context: dict[str, Any] = super().get_context(*args, **kwargs)
        return context | {"code_style": ""}

    def get_rendered_html_form(self, data: Any, view: APIView, method: str, request: Request) -> Any:
        """The form as HTML, or None if the method has no form."""
        if isinstance(getattr(data, "serializer", None), serializers.ListSerializer):
            data = None  # A form cannot show the array that was sent, so it is empty.
        # DRF renders a form only for a view with a form parser. The request has been parsed already.
        own = view.parser_classes
        view.parser_classes = [*own, parsers.FormParser]
        try:
            return super().get_rendered_html_form(data, view, method, request)
        finally:
            view.parser_classes = own
