"""Rehearses the whole AWS deployment on one machine. See docs/rehearsal.md."""
