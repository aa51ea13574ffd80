"""Kernels behind the perplexity of texts: KenLM's tables, and what SentencePiece's table of characters holds."""
