"""The static files at /static/."""

from __future__ import annotations

from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware

#: The list of all files and the sources of the scripts. Only developers need them, and have them.
PRIVATE = ("/staticfiles.json", ".map")


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise's, without the private files. With DEBUG it serves them all."""

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: Any = None) -> None:
        """Called for each file when the service starts."""
        if not url.endswith(PRIVATE):
            super().add_file_to_dictionary(url, path, stat_cache)
