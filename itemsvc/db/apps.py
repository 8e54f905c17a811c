"""The app that has the database's commands."""

from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    """The app of `manage.py migrate`."""

    name = "itemsvc.db"
