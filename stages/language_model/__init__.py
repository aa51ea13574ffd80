"""The language models of perplexity: trained, and their cut-offs measured, as CCNet does."""
