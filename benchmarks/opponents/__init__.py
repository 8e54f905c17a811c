"""The same API over the same table, each by its framework's own documentation and at its best settings."""
