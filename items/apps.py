"""The app."""

from django.apps import AppConfig


class ItemsConfig(AppConfig):
    """Items."""

    name = "items"
