"""A run in, a page for a browser of this machine out: its documents by source, rule, value, language, words and URL."""
