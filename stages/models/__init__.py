"""Model files: found, checked and applied to texts."""
