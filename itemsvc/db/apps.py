"""The app of the database's commands."""

from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    """`manage.py migrate`, safe beside another one."""

    name = "itemsvc.db"
