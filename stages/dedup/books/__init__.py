"""Books that a longer one contains are removed."""
