"""The same API over the same table in other frameworks, by their documentation and with their best settings."""
