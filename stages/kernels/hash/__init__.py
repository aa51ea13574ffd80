"""Hashes of texts, and tables of hashes."""
