"""Wikipedia: MediaWiki XML dumps in, documents of plain text out."""

from stages.ingest.wikipedia.stage import WikipediaIngest

__all__ = ["WikipediaIngest"]
