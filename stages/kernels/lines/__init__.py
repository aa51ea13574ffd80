"""Texts line by line."""
