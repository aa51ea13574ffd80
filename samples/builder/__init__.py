"""The builders of the sample dumps, one module per source; see samples/README.md."""
