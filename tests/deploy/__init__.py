"""`python -m deploy`, one file per command; every failure is provoked, and what still serves is asked."""
