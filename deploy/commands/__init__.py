"""One module per command: `run(context)` does it, raises DeployError when it cannot."""
