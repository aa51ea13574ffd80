"""Signatures of texts, and groups of those that are alike."""
