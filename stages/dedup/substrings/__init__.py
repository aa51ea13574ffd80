"""Spans of words that an earlier place has are removed."""
