"""Equal documents are removed."""
