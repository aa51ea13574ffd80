"""Texts word by word."""
