"""Deploys a commit to ECS: see `python -m deploy --help`."""
