"""The boilerplate lines that a main-content extractor leaves in a page's text: found by a forest of trees, and cut."""
