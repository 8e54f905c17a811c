"""The front door: it answers a resource's planned operations without Django's handler. README.md explains it."""
