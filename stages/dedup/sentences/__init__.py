"""Spans of sentences that an earlier place has are removed."""
