"""The whole AWS deployment, rehearsed on one machine: see docs/rehearsal.md."""
