"""Ids that are there twice are an error, before documents are compared."""
