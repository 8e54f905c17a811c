"""A resource with the kinds of columns that the sample's others do not have, and its URLs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import path

from itemsvc.resources.filters import ResourceFilter
from itemsvc.resources.serializers import ResourceSerializer
from itemsvc.resources.views import ResourceDetailView, ResourceListView
from itemsvc.urls import handler400, handler403, handler404, handler500
from tests.sample import urls
from tests.sample.models import Reading

__all__ = ("handler400", "handler403", "handler404", "handler500", "urlpatterns")


class ReadingSerializer(ResourceSerializer):
    """One long integer is a string, and the decimal is a number."""

    class Meta:
        model = Reading
        exclude = ("version",)
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "serial": {"coerce_to_string": True},
            "ratio": {"coerce_to_string": False},
        }


class ReadingFilter(ResourceFilter):
    """By columns that may be null."""

    class Meta:
        model = Reading
        fields = ("line", "count", "weight", "grade", "starts_at", "taken_at", "batch", "passed", "slug")


class ReadingList(ResourceListView):
    """Readings, newest first, or by another column."""

    queryset = Reading.objects.all()
    serializer_class = ReadingSerializer
    filterset_class = ReadingFilter
    orderings = ("-created_at", "created_at", "serial", "-grade")


class GoodReadingList(ReadingList):
    """A part of them."""

    queryset = Reading.objects.filter(grade=Reading.Grade.GOOD)


class ReadingDetail(ResourceDetailView):
    """One reading."""

    queryset = Reading.objects.all()
    serializer_class = ReadingSerializer


urlpatterns = [
    *urls.urlpatterns,
    path("readings", ReadingList.as_view(), name="reading-list"),
    path("good-readings", GoodReadingList.as_view(), name="good-reading-list"),
    path("readings/<uuid:pk>", ReadingDetail.as_view(), name="reading-detail"),
]
