#!/usr/bin/env python
"""Django's command-line utility."""

import os
import sys


def main() -> None:
    """Runs one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itemsvc.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415  (may be missing)
    except ImportError:
        sys.exit("Django is not installed here. Run `make run` once, or activate .venv.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
