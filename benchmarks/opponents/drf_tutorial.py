"""Django REST Framework as in its tutorial: a ModelViewSet, page numbers with a count, default settings."""

from __future__ import annotations

import os
from typing import ClassVar

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from benchmarks.opponents.table.database import databases

settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    # The settings of `django-admin startproject` with the tutorial's additions.
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "rest_framework",
        "benchmarks.opponents.table",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    DATABASES=databases(),
    ROOT_URLCONF=__name__,
    STATIC_URL="static/",
    USE_TZ=True,
    REST_FRAMEWORK={
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
        "PAGE_SIZE": 100,
        "DEFAULT_FILTER_BACKENDS": ["rest_framework.filters.SearchFilter"],
    },
)
application = get_wsgi_application()

# Models and views need the settings above.
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from rest_framework import routers, serializers, viewsets  # noqa: E402

from benchmarks.opponents.table.models import Item  # noqa: E402


class ItemSerializer(serializers.ModelSerializer):
    """All fields."""

    class Meta:
        model = Item
        fields = ("id", "name", "description", "created_at")


class ItemViewSet(viewsets.ModelViewSet):
    """All operations of a viewset."""

    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    search_fields: ClassVar = ["name"]


class ExportViewSet(viewsets.ReadOnlyModelViewSet):
    """All items as an array."""

    queryset = Item.objects.all()
    serializer_class = ItemSerializer
    pagination_class = None


def health(request: HttpRequest) -> JsonResponse:
    """No database."""
    return JsonResponse({"status": "healthy"})


router = routers.DefaultRouter()
router.register("items", ItemViewSet)
router.register("export", ExportViewSet, basename="export")
urlpatterns = [path("health", health), path("", include(router.urls))]
