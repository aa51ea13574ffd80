"""The filter: documents judged one by one, by a list of rules."""
