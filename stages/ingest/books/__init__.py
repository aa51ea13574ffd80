"""Books: Gutenberg and plain text files in, one document per book out (LLaMA section 2.1)."""

from stages.ingest.books.stage import BooksIngest

__all__ = ["BooksIngest"]
