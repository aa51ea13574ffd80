"""Documents to packed tokens: the tokenizer trained, texts encoded, shuffled and packed, and read back."""
