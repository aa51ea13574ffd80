"""Known phrases, n-grams and windows, found in texts."""
