"""Renderers for JSON that is rendered already, and for the browsable API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import parsers, renderers, serializers

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView  # Which imports the default renderers, so this module.


class Rendered(bytes):
    """The data of a response, as JSON text."""


class JSONRenderer(renderers.JSONRenderer):
    """Leaves ``Rendered`` data as it is."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The JSON text."""
        if isinstance(data, Rendered):
            return data
        return super().render(data, accepted_media_type, renderer_context)


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """Shows HTML forms, although no view parses form bodies: `static/itemsvc/json-forms.js` sends them as JSON."""

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
