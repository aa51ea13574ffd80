"""Books: Gutenberg and plain text files in, one document per book out (LLaMA section 2.1)."""
