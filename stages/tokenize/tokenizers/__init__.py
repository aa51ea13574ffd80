"""Tokenizers behind one interface: SentencePiece with a cache of words, and `tokenizer.json`."""
