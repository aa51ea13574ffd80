"""Texts of evaluation benchmarks are cut out of documents."""
