"""Wikipedia: MediaWiki XML dumps in, documents of plain text out."""
