"""Stages beside peers, on the same input and one core, in one run: `python -m benchmarks`."""
