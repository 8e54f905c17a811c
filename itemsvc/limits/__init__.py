"""How often something may happen, counted in PostgreSQL, so that it holds across processes and tasks."""
