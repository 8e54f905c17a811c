"""A view that takes a file in a form, or JSON, as a team would write it; and the service's own URLs."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, FileField, Serializer
from rest_framework.views import APIView

from itemsvc.http.parsers import StrictJSONParser
from itemsvc.urls import handler400, handler403, handler404, handler500  # noqa: F401


class Upload(Serializer):
    """A title, and a file where it is a form."""

    title = CharField()
    file = FileField(required=False)


class UploadView(APIView):
    """Says what arrived."""

    parser_classes = (MultiPartParser, StrictJSONParser)
    resource = "uploads"

    def post(self, request: Request) -> Response:
        """The title, and the file's name, size and kind."""
        upload = Upload(data=request.data)
        upload.is_valid(raise_exception=True)
        file: Any = upload.validated_data.get("file")
        about = file and {"name": file.name, "size": file.size, "sum": sum(file.read()), "kind": type(file).__name__}
        return Response({"title": upload.validated_data["title"], "file": about})


urlpatterns = [path("uploads", UploadView.as_view()), path("", include("itemsvc.urls"))]
