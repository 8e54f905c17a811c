"""Renderers for JSON that is rendered already, and for the browsable API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db.models import IntegerField, QuerySet
from django.utils.html import escape, format_html
from django.utils.safestring import mark_safe
from rest_framework import parsers, renderers, serializers

from itemsvc.http.links import path_below

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView  # Which imports the default renderers, so this module.


#: What is wrong for screen readers in DRF's own template.
REPLACED = (
    ("<html>", '<html lang="en">'),
    ('<div class="content-main" role="main"', '<div class="content-main" role="region"'),
    ('<div class="region"  aria-label', '<div class="region" role="region" aria-label'),
    ('info" aria-label', 'info" role="region" aria-label'),
)
#: The key of a row of a list, in JSON that is indented and escaped.
KEY = r"^(        &quot;{}&quot;: (?:&quot;)?)([0-9a-f-]+)"
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


def render_as_json(request: Request) -> None:
    """Makes JSON of the response, whatever the request asked for."""
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type


class HTMLFormRenderer(renderers.HTMLFormRenderer):
    """Names each input by its label. Shows a foreign key as a text field if there are too many rows to choose from."""

    def render_field(self, field: Any, parent_style: Any) -> Any:
        """The field as HTML."""
        own = field._field
        if isinstance(own, serializers.PrimaryKeyRelatedField) and not own.read_only and _has_many(own.get_queryset()):
            own.style = {**own.style, "base_template": "input.html", "input_type": "text"}
        name = format_html('name="{}"', field.name)
        # The forms of the filters have the ids that begin with id_.
        names = format_html('id="field_{}" name="{}"', field.name, field.name)
        if _is_numeric(own):
            names += mark_safe(' data-type="number"')
        label = format_html('<label for="field_{}" class="col-sm-2', field.name)
        html = super().render_field(field, parent_style)
        # It was safe before, and what is put in is escaped.
        return mark_safe(html.replace('<label class="col-sm-2', label, 1).replace(name, names, 1))  # noqa: S308


def _is_numeric(field: serializers.Field) -> bool:
    """Whether its options are numbers, which a form sends as text."""
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        rows = None if field.read_only else field.get_queryset()
        return rows is not None and isinstance(rows.model._meta.pk, IntegerField)
    return isinstance(field, serializers.ChoiceField) and all(isinstance(key, int) for key in field.choices)


def _linked(content: str, request: Request, view: APIView) -> str:
    """The content as HTML, in which the keys of a list's rows are links, if there is a view for them."""
    queryset = getattr(view, "queryset", None)
    if queryset is None:
        return content

    def link(found: re.Match[str]) -> str:
        path = path_below(request, found[2])
        return f'{found[1]}<a href="{escape(path)}">{found[2]}</a>' if path else found[0]

    key = re.compile(KEY.format(re.escape(queryset.model._meta.pk.name)), re.MULTILINE)
    # The content is escaped, and so is what is put in.
    return mark_safe(key.sub(link, escape(content)))  # noqa: S308


def _has_many(rows: QuerySet | None) -> bool:
    return rows is not None and len(rows.values_list("pk")[: MAX_OPTIONS + 1]) > MAX_OPTIONS


class BrowsableAPIRenderer(renderers.BrowsableAPIRenderer):
    """Shows HTML forms, although no view parses form bodies: `static/itemsvc/json-forms.js` sends them as JSON."""

    form_renderer_class = HTMLFormRenderer

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Adds links to rows. Removes the inline style for code blocks, which the Content-Security-Policy forbids."""
        context: dict[str, Any] = super().get_context(*args, **kwargs)
        headers = context["response_headers"] | getattr(context["view"], "page_headers", {})
        content = _linked(context["content"], context["request"], context["view"])
        return context | {"code_style": "", "response_headers": headers, "content": content}

    def render(self, *args: Any, **kwargs: Any) -> Any:
        """The page. DRF's template has no block for what is replaced here."""
        page = super().render(*args, **kwargs)
        for old, new in REPLACED:
            page = page.replace(old, new)
        return page

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
