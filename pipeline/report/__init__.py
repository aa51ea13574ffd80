"""The report of a run: one HTML file of its own, with charts, examples and tables, that opens offline."""
