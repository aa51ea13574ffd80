"""Pages that Wikipedia cites in, their captures out of CommonCrawl's archives: index, ranged reads, WARC files."""
