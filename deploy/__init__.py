"""From a commit to a serving revision on ECS, step by step: `python -m deploy --help`."""
