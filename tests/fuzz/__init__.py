"""Seeded mutations of small inputs in, every outcome that is neither a result nor one line of a known error out."""
