"""One module per command. `run(context)` runs it, and raises DeployError when it fails."""
