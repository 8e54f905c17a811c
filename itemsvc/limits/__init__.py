"""Rate limits. They are counted in PostgreSQL, so that they hold for all processes and tasks together."""
