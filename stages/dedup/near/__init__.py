"""Near duplicates are removed, also those of what an earlier run kept."""
