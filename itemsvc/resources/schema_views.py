"""The views of the OpenAPI document and of the page that shows it."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from itemsvc.http.renderers import render_as_json
from itemsvc.resources import schema  # noqa: F401  (registers its extensions)


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document, as JSON unless the client asks for YAML.

    It depends on no caller and no parameter, and takes as long as a hundred small requests. So a process makes it once
    in each form.
    """

    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer]  # noqa: RUF012  (typed as a list)
    _made: ClassVar[dict[tuple[str, int | None], Response]] = {}
    _making = threading.Lock()

    def _get_schema_response(self, request: Request) -> HttpResponse:
        form = _form(request)
        # drf-spectacular loads its extensions at the first generation. A second one at the same time would fail.
        # It prints what it cannot describe, which `make lint` shows; the log has lines of JSON alone.
        with self._making, GENERATOR_STATS.silence():
            if form not in self._made:
                self._made[form] = self._make(request)
        made = self._made[form]
        return HttpResponse(made.content, headers=dict(made.items()))

    def _make(self, request: Request) -> Response:
        """The rendered document."""
        response: Any = super()._get_schema_response(request)  # type: ignore[no-untyped-call]
        response.accepted_renderer = request.accepted_renderer
        response.accepted_media_type = request.accepted_media_type
        response.renderer_context = self.get_renderer_context()
        response.render()
        return response  # type: ignore[no-any-return]


def _form(request: Request) -> tuple[str, int | None]:
    """What the text depends on: the media type, and the indent of JSON. A client may name any other parameter."""
    renderer = request.accepted_renderer
    context = {"indent": 4}  # What drf-spectacular takes where a client names none.
    indent = renderer.get_indent(request.accepted_media_type, context) if isinstance(renderer, JSONRenderer) else None
    return renderer.media_type, indent


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI."""

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The allowed methods. DRF's own response has no template for this view's renderer."""
        return HttpResponse(headers={"Allow": ", ".join(self.allowed_methods)})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """An error is JSON."""
        if getattr(response, "exception", False):
            render_as_json(request)
        return super().finalize_response(request, response, *args, **kwargs)
