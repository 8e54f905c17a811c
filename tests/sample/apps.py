"""The app."""

from django.apps import AppConfig


class SampleConfig(AppConfig):
    """Resources of the shapes that teams have."""

    name = "tests.sample"
    label = "sample"
