"""A look into a run: tables of tokens, filters and languages, one document's story, damaged files."""
