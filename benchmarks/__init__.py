"""`make bench`: what the service can do, measured against what a team would pick instead."""
