"""JSON that is rendered already, and DRF's browsable API over an API that takes JSON only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import parsers, renderers, serializers

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView  # Which imports the default renderers, so this module.


class Rendered(bytes):
    """A response's data that is JSON already."""


class JSONRenderer(renderers.JSONRenderer):
    """Passes on what is rendered."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The JSON text."""
        if isinstance(data, Rendered):
            return data
        return super().render(data, accepted_media_type, renderer_context)


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """Shows the HTML form although no view parses form bodies.

    `static/itemsvc/json-forms.js`, loaded by the template, sends what was filled in as JSON.
    """

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Without an inline style for code blocks: the Content-Security-Policy allows none, and no view has a block."""
        context: dict[str, Any] = super().get_context(*args, **kwargs)
        return context | {"code_style": ""}

    def get_rendered_html_form(self, data: Any, view: APIView, method: str, request: Request) -> Any:
        """The form as HTML, or None where the method has none."""
        # DRF draws it only for a view with a form parser; the request has been parsed by now, so this changes no more
        # than that.
        if isinstance(getattr(data, "serializer", None), serializers.ListSerializer):
            data = None  # An array that was sent is no content of a form, but no reason to have none.
        own = view.parser_classes
        view.parser_classes = [*own, parsers.FormParser]
        try:
            return super().get_rendered_html_form(data, view, method, request)
        finally:
            view.parser_classes = own
