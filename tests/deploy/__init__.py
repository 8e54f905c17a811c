"""Tests of `python -m deploy`. Each failure really happens, and the test then checks which release serves."""
